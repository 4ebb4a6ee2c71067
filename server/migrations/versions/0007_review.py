"""Cases of several kinds, second opinions and drafts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OPEN = "closed_at IS NULL"
MOMENT = sa.DateTime(timezone=True)
MOMENTS = ("opened_at", "closed_at", "held_until", "skipped_at")
BATCH = 1000
DUE_AFTER = timedelta(hours=72)


def upgrade() -> None:
    """Cases get an id of their own; an old case's is its inspection's, so that its address stays."""
    kept_cases = _taken("cases", "inspection_id, stake, opened_at, closed_at, holder, held_until")
    kept_skips = _taken("skips", "inspection_id, reviewer, skipped_at")
    op.drop_table("skips")
    op.drop_table("cases")
    _create_cases()
    for name in OF_A_PERSON:
        _create_of_a_person(name)
    op.create_index("ix_opinions_reviewer_given_at", "opinions", ["reviewer", "given_at"])
    _bring_back(kept_cases, kept_skips)
    for name in ("kept_cases", "kept_skips"):
        op.execute(f"DROP TABLE {name}")
    if op.get_bind().dialect.name == "sqlite":
        _forbid_changes()


def _taken(table: str, columns: str) -> sa.TableClause:
    op.execute(f"CREATE TABLE kept_{table} AS SELECT {columns} FROM {table}")  # noqa: S608 - constants
    kinds: dict[str, sa.types.TypeEngine[Any]] = dict.fromkeys(MOMENTS, MOMENT)
    kinds["stake"] = sa.Float()
    names = columns.split(", ")
    return sa.table(
        f"kept_{table}", *(sa.column(name, kinds.get(name, sa.String())) for name in names)
    )


def _create_cases() -> None:
    op.create_table(
        "cases",
        sa.Column("case_id", sa.String(length=128), nullable=False),
        sa.Column("inspection_id", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("stake", sa.Float(), nullable=False),
        sa.Column("rank", sa.Float(), nullable=False),
        sa.Column("overdue", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("deadline", MOMENT, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("holder", sa.String(length=128), nullable=True),
        sa.Column("held_until", MOMENT, nullable=True),
        sa.Column("reserved_for", sa.String(length=128), nullable=True),
        sa.Column("reserved_until", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["inspection_id"],
            ["inspections.inspection_id"],
            name=op.f("fk_cases_inspection_id_inspections"),
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], ["accounts.name"], name=op.f(f"fk_cases_{column}_accounts")
            )
            for column in ("holder", "reserved_for")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_cases")),
    )
    for column in ("inspection_id", "holder", "reserved_for"):
        op.create_index(f"ix_cases_{column}", "cases", [column])
    for name, columns, where in (
        ("ix_cases_queue", ["overdue", "rank"], f"{OPEN} AND kind <> 'dispute'"),
        ("ix_cases_disputes", ["overdue", "rank"], f"{OPEN} AND kind = 'dispute'"),
        ("ix_cases_due", ["deadline"], f"{OPEN} AND NOT overdue"),
        ("ix_cases_open_kind", ["inspection_id", "kind"], OPEN),
    ):
        op.create_index(
            name,
            "cases",
            columns,
            unique=name == "ix_cases_open_kind",
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )


OF_A_PERSON = {
    "skips": (("skipped_at", MOMENT),),
    "commitments": (
        ("grade", sa.String(length=1)),
        ("disposition", sa.String(length=16)),
        ("committed_at", MOMENT),
    ),
    "drafts": (("content", sa.Text()), ("saved_at", MOMENT)),
}


def _create_of_a_person(name: str) -> None:
    op.create_table(
        name,
        sa.Column("case_id", sa.String(length=128), nullable=False),
        sa.Column("reviewer", sa.String(length=128), nullable=False),
        *(sa.Column(column, kind, nullable=False) for column, kind in OF_A_PERSON[name]),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.case_id"], name=op.f(f"fk_{name}_case_id_cases")
        ),
        sa.ForeignKeyConstraint(
            ["reviewer"], ["accounts.name"], name=op.f(f"fk_{name}_reviewer_accounts")
        ),
        sa.PrimaryKeyConstraint("case_id", "reviewer", name=op.f(f"pk_{name}")),
    )


CASES = sa.table(
    "cases",
    *(sa.column(name, sa.String()) for name in ("case_id", "inspection_id", "kind", "holder")),
    *(sa.column(name, sa.Float()) for name in ("stake", "rank")),
    *(sa.column(name, MOMENT) for name in ("deadline", "opened_at", "closed_at", "held_until")),
)
SKIPS = sa.table(
    "skips",
    sa.column("case_id", sa.String()),
    sa.column("reviewer", sa.String()),
    sa.column("skipped_at", MOMENT),
)


def _bring_back(kept_cases: sa.TableClause, kept_skips: sa.TableClause) -> None:
    connection = op.get_bind()
    rows = connection.execute(sa.select(kept_cases)).mappings()
    for some in rows.partitions(BATCH):
        connection.execute(sa.insert(CASES), [_case(**row) for row in some])
    connection.execute(
        sa.insert(SKIPS).from_select(
            ["case_id", "reviewer", "skipped_at"],
            sa.select(kept_skips.c.inspection_id, kept_skips.c.reviewer, kept_skips.c.skipped_at),
        )
    )


def _case(
    *, inspection_id: str, stake: float, opened_at: datetime, **others: object
) -> dict[str, object]:
    # SQLite forgets the zone; what is kept there is UTC.
    opened = opened_at.replace(tzinfo=opened_at.tzinfo or UTC)
    return {
        "case_id": inspection_id,
        "inspection_id": inspection_id,
        "kind": "review",
        "stake": stake,
        "rank": stake - opened.timestamp() / 3600,
        "deadline": opened_at + DUE_AFTER,
        "opened_at": opened_at,
        **others,
    }


def _forbid_changes() -> None:
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER commitments_no_{change.lower()} BEFORE {change} ON commitments "
            "BEGIN SELECT RAISE(ABORT, 'commitments are append-only'); END"
        )
