"""Photos and the append-only records: inspections, routings, opinions, decisions; and where each item stands."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table, Text, text

from server.tables.base import Counter, Instant, metadata

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
Index("ix_opinions_reviewer_given_at", opinions.c.reviewer, opinions.c.given_at)

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
