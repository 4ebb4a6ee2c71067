"""What is kept, and where. Records stand as the JSON that was sent; columns beside it are for finding.

Append-only: inspections, routings, opinions, decisions. What may change (cases, standings) can be
derived from them again.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.types import TypeDecorator


class Instant(TypeDecorator[datetime]):
    """A moment: goes in with a time zone, is kept in UTC, comes out in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse what has no time zone: nobody could say later when it was."""
        del dialect
        if value is not None and value.tzinfo is None:
            raise ValueError(f"an instant should have a time zone, got {value}")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite forgets the zone, PostgreSQL gives the session's."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)

# SQLite counts rows by itself only in a column that is exactly INTEGER.
Counter = BigInteger().with_variant(Integer(), "sqlite")

accounts = Table(
    "accounts",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("password_hash", String(256), nullable=False),
    Column("role", String(32), nullable=False),
    Column("demo", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("closed_at", Instant),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("account", ForeignKey("accounts.name"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

failed_attempts = Table(
    "failed_attempts",
    metadata,
    Column("attempt", Counter, primary_key=True),
    Column("name", String(128), nullable=False),
    Column("address", String(64), nullable=False),
    Column("failed_at", Instant, nullable=False, index=True),
)

stations = Table(
    "stations",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("enrolled_at", Instant, nullable=False),
)

photos = Table(
    "photos",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("media_type", String(32), nullable=False),
    Column("station", String(128), nullable=False),
    Column("stored_at", Instant, nullable=False),
)

inspections = Table(
    "inspections",
    metadata,
    Column("inspection_id", String(128), primary_key=True),
    Column("content_sha256", String(64), nullable=False),
    Column("supersedes", String(128), index=True),
    Column("return_code", String(200), nullable=False, index=True),
    Column("station", String(128), nullable=False),
    Column("record", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
)

inspection_photos = Table(
    "inspection_photos",
    metadata,
    Column("inspection_id", ForeignKey("inspections.inspection_id"), primary_key=True),
    Column("sha256", ForeignKey("photos.sha256"), primary_key=True, index=True),
)

routings = Table(
    "routings",
    metadata,
    Column("routing", Counter, primary_key=True),
    Column("inspection_id", ForeignKey("inspections.inspection_id"), nullable=False, index=True),
    Column("record", Text, nullable=False),
    Column("judgement", Text, nullable=False),
    Column("routed_at", Instant, nullable=False),
)

opinions = Table(
    "opinions",
    metadata,
    Column("opinion_id", String(128), primary_key=True),
    Column("inspection_id", ForeignKey("inspections.inspection_id"), nullable=False, index=True),
    Column("reviewer", ForeignKey("accounts.name"), nullable=False),
    Column("record", Text, nullable=False),
    Column("given_at", Instant, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", String(128), primary_key=True),
    Column("inspection_id", ForeignKey("inspections.inspection_id"), nullable=False, index=True),
    # Unique: a decision is corrected once; who corrects again names the correction.
    Column("supersedes", ForeignKey("decisions.decision_id"), unique=True),
    Column("record", Text, nullable=False),
    Column("decided_at", Instant, nullable=False),
)
# One first decision an inspection: a second one must name what it corrects.
Index(
    "ix_decisions_first",
    decisions.c.inspection_id,
    unique=True,
    sqlite_where=text("supersedes IS NULL"),
    postgresql_where=text("supersedes IS NULL"),
)

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

standings = Table(
    "standings",
    metadata,
    Column("arrival", Counter, primary_key=True),
    Column("inspection_id", ForeignKey("inspections.inspection_id"), nullable=False, unique=True),
    Column("category", String(32), nullable=False),
    Column("grade", String(1), nullable=False),
    Column("disposition", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("superseded_by", String(128)),
    Column("search_text", Text, nullable=False),
)
for _column in ("category", "grade", "disposition", "state"):
    Index(f"ix_standings_{_column}_arrival", standings.c[_column], standings.c.arrival)
