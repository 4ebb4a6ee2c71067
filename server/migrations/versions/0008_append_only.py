"""PostgreSQL refuses to change or remove records too, as SQLite has from the first step."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = ("inspections", "routings", "opinions", "decisions", "expected_versions", "match_events")
REFUSE = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% are append-only', TG_TABLE_NAME; END $$
"""


def upgrade() -> None:
    """Put the triggers there, again where an earlier step made the table anew."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text(REFUSE))
        for table in TABLES:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
        return
    for table in TABLES:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER IF NOT EXISTS {table}_no_{change.lower()} BEFORE {change} "
                f"ON {table} BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END"
            )
