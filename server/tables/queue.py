"""Cases for people and who holds them."""

from sqlalchemy import Column, Float, ForeignKey, Index, Table, text

from server.tables.base import Instant, metadata

cases = Table(
    "cases",
    metadata,
    Column("inspection_id", ForeignKey("inspections.inspection_id"), primary_key=True),
    Column("stake", Float, nullable=False),
    Column("rank", Float, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("holder", ForeignKey("accounts.name"), index=True),
    Column("held_until", Instant),
)
Index(
    "ix_cases_open",
    cases.c.rank,
    sqlite_where=text("closed_at IS NULL"),
    postgresql_where=text("closed_at IS NULL"),
)

skips = Table(
    "skips",
    metadata,
    Column("inspection_id", ForeignKey("cases.inspection_id"), primary_key=True),
    Column("reviewer", ForeignKey("accounts.name"), primary_key=True),
    Column("skipped_at", Instant, nullable=False),
)
