"""Cases for people, who holds them, and what people are in the middle of."""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, String, Table, Text, false, text

from server.tables.base import Instant, metadata

cases = Table(
    "cases",
    metadata,
    Column("case_id", String(128), primary_key=True),
    Column("inspection_id", ForeignKey("inspections.inspection_id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("stake", Float, nullable=False),
    # server/cases.py has the formula. Higher is served first, and all overdue ones before that.
    Column("rank", Float, nullable=False),
    Column("overdue", Boolean, nullable=False, server_default=false()),
    Column("deadline", Instant, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("holder", ForeignKey("accounts.name"), index=True),
    Column("held_until", Instant),
    # A hint, no lease: whose browser has loaded it already. Others are served it last.
    Column("reserved_for", ForeignKey("accounts.name"), index=True),
    Column("reserved_until", Instant),
)

OPEN = "closed_at IS NULL"
FOR_EVERYBODY = f"{OPEN} AND kind <> 'dispute'"
FOR_LEADS = f"{OPEN} AND kind = 'dispute'"
NOT_YET_OVERDUE = f"{OPEN} AND NOT overdue"


def _partial(name: str, where: str, *columns: str, unique: bool = False) -> None:
    Index(
        name,
        *(cases.c[column] for column in columns),
        unique=unique,
        sqlite_where=text(where),
        postgresql_where=text(where),
    )


_partial("ix_cases_queue", FOR_EVERYBODY, "overdue", "rank")
_partial("ix_cases_disputes", FOR_LEADS, "overdue", "rank")
_partial("ix_cases_due", NOT_YET_OVERDUE, "deadline")
# At most one open case of a kind for an inspection; closed ones stay.
_partial("ix_cases_open_kind", OPEN, "inspection_id", "kind", unique=True)

skips = Table(
    "skips",
    metadata,
    Column("case_id", ForeignKey("cases.case_id"), primary_key=True),
    Column("reviewer", ForeignKey("accounts.name"), primary_key=True),
    Column("skipped_at", Instant, nullable=False),
)

# What a person said of an audited item before seeing what the machine said. Never changed.
commitments = Table(
    "commitments",
    metadata,
    Column("case_id", ForeignKey("cases.case_id"), primary_key=True),
    Column("reviewer", ForeignKey("accounts.name"), primary_key=True),
    Column("grade", String(1), nullable=False),
    Column("disposition", String(16), nullable=False),
    Column("committed_at", Instant, nullable=False),
)

drafts = Table(
    "drafts",
    metadata,
    Column("case_id", ForeignKey("cases.case_id"), primary_key=True),
    Column("reviewer", ForeignKey("accounts.name"), primary_key=True),
    Column("content", Text, nullable=False),
    Column("saved_at", Instant, nullable=False),
)
