"""What stations work by: expected returns, standards, policies and releases, only what changed, signed."""
