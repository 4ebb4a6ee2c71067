"""Columns to search by and the chain of decisions."""

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns to search by and the chain of decisions."""
