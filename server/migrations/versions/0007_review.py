"""Cases of several kinds, second opinions and drafts."""

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Cases of several kinds, second opinions and drafts."""
