"""Expected returns and reference photos."""

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expected returns and reference photos."""
