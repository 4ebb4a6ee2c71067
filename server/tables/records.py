"""Photos, the append-only records and their chain, and where each item stands, in columns to search by."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, String, Table, Text, text

from server.tables.base import Counter, Instant, metadata

photos = Table(
    "photos",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("media_type", String(32), nullable=False),
    Column("station", String(128), nullable=False),
    Column("stored_at", Instant, nullable=False),
    # `sealed` is set when it comes, whatever else it is follows from who names it.
    Column("kind", String(16), nullable=False, server_default="item"),
    # Which of the server's keys opens it; none for what is not sealed.
    Column("key_id", String(32)),
    # A sealed original is destroyed then, whatever the rules say later.
    Column("ends_at", Instant),
    # Deleted under a rule, and the file gone: two steps, so that a crash between them is seen.
    Column("deleted_at", Instant),
    Column("removed_at", Instant),
)
# How fast the archive grows, read from the index alone.
Index("ix_photos_stored_at_size_bytes", photos.c.stored_at, photos.c.size_bytes)
Index(
    "ix_photos_leaving",
    photos.c.sha256,
    sqlite_where=text("deleted_at IS NOT NULL AND removed_at IS NULL"),
    postgresql_where=text("deleted_at IS NOT NULL AND removed_at IS NULL"),
)
Index(
    "ix_photos_ending",
    photos.c.ends_at,
    sqlite_where=text("ends_at IS NOT NULL"),
    postgresql_where=text("ends_at IS NOT NULL"),
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
    # What it is there: item, label, thumbnail or sealed.
    Column("kind", String(16), nullable=False, server_default="item"),
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

# What happened, in one line: see server/chain.py.
chain = Table(
    "chain",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("name", String(128), nullable=False),
    # Canonical JSON that names the records by their hashes.
    Column("content", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
)
Index("ix_chain_name", chain.c.name, chain.c.kind, unique=True)

standings = Table(
    "standings",
    metadata,
    # When it was received, in microseconds since 1970, and the next free number where two came at
    # once: the list's order and its dates are one column, which every index below ends in.
    Column("arrival", BigInteger, primary_key=True, autoincrement=False),
    Column("inspection_id", ForeignKey("inspections.inspection_id"), nullable=False, unique=True),
    Column("return_code", String(200), nullable=False),
    Column("order_code", String(200)),
    Column("sku", String(200)),
    Column("serial", String(200)),
    Column("station", String(128), nullable=False),
    Column("operator", String(128)),
    Column("category", String(32), nullable=False),
    Column("grade", String(1), nullable=False),
    Column("disposition", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("finished_at", Instant, nullable=False),
    Column("superseded_by", String(128)),
    # What the list shows of the record: defects as `stain:2,scratch:1`, the first photo's thumbnail.
    Column("found", String(200), nullable=False),
    Column("looked", Boolean, nullable=False),
    Column("thumbnail_sha256", String(64)),
    Column("search_text", Text, nullable=False),
)
FACETS = ("category", "grade", "disposition", "state")
"""Columns of few values: each search by another column finds them in its own index."""
for _column in (*FACETS, "station", "operator"):
    _others = [standings.c[facet] for facet in FACETS if facet != _column]
    Index(f"ix_standings_{_column}", standings.c[_column], standings.c.arrival, *_others)
Index(
    "ix_standings_finished_at",
    standings.c.finished_at,
    standings.c.arrival,
    *(standings.c[facet] for facet in FACETS),
)
for _column in ("return_code", "order_code", "sku", "serial"):
    Index(f"ix_standings_{_column}", standings.c[_column], standings.c.arrival)

# `defect:stain`, `reason:close_call`: what an inspection may have several of.
standing_marks = Table(
    "standing_marks",
    metadata,
    Column("mark", String(64), primary_key=True),
    Column("arrival", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
# Beside them stands `standing_words`, the index of the free text: see server/words.py.
