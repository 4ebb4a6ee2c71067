"""Accounts, tokens and stations that enrol by a code."""

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Accounts, tokens and stations that enrol by a code."""
