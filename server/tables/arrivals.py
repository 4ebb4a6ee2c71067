"""What is announced before it comes, what really came, and how the new items look.

Append-only: versions of expected returns, and the events of matching. The rest can be derived from
them, except contacts, which are personal and can be forgotten.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from server.tables.base import Counter, Instant, metadata

expected_returns = Table(
    "expected_returns",
    metadata,
    Column("return_code", String(200), primary_key=True),
    # The list's order: given once, rising.
    Column("entry", BigInteger, nullable=False, unique=True),
    # The supply's order: given anew with each change, rising in the order of commits.
    Column("change", BigInteger, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("record", Text, nullable=False),
    Column("category", String(32), nullable=False),
    Column("order_code", String(200)),
    Column("sku", String(200), index=True),
    Column("serial_key", String(200), index=True),
    Column("tracking_key", String(200), index=True),
    Column("state", String(16), nullable=False),
    Column("search_text", Text, nullable=False),
)
Index("ix_expected_returns_state_entry", expected_returns.c.state, expected_returns.c.entry)

# Personal data, apart from everything else: nothing that is searched, exported or sent to stations.
expected_contacts = Table(
    "expected_contacts",
    metadata,
    Column("return_code", ForeignKey("expected_returns.return_code"), primary_key=True),
    Column("contact", Text, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

expected_versions = Table(
    "expected_versions",
    metadata,
    Column("return_code", ForeignKey("expected_returns.return_code"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("record", Text, nullable=False),
    Column("contact_changed", Boolean, nullable=False),
    Column("told_by", String(128), nullable=False),
    Column("told_at", Instant, nullable=False),
)

imports = Table(
    "imports",
    metadata,
    Column("import_id", String(64), primary_key=True),
    Column("file_name", String(200), nullable=False),
    # The file as it was sent, until it is kept or given up.
    Column("content", LargeBinary),
    Column("state", String(16), nullable=False),
    Column("told_by", String(128), nullable=False),
    Column("uploaded_at", Instant, nullable=False, index=True),
    Column("finished_at", Instant),
    # Counts and bad rows, as JSON.
    Column("outcome", Text, nullable=False),
)

arrivals = Table(
    "arrivals",
    metadata,
    Column("arrival", Counter, primary_key=True),
    Column("inspection_id", ForeignKey("inspections.inspection_id"), nullable=False, unique=True),
    # The code as it was scanned, without what people and carriers write differently.
    Column("scanned_key", String(200), nullable=False, index=True),
    # None: nobody has announced it yet.
    Column("return_code", ForeignKey("expected_returns.return_code"), index=True),
    Column("arrived_at", Instant, nullable=False),
)
Index(
    "ix_arrivals_unknown",
    arrivals.c.arrival,
    sqlite_where=text("return_code IS NULL"),
    postgresql_where=text("return_code IS NULL"),
)

match_events = Table(
    "match_events",
    metadata,
    Column("event", Counter, primary_key=True),
    Column("inspection_id", ForeignKey("inspections.inspection_id"), nullable=False, index=True),
    Column("return_code", ForeignKey("expected_returns.return_code"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("ground", String(16), nullable=False),
    # None: the server itself.
    Column("told_by", String(128)),
    Column("happened_at", Instant, nullable=False),
)

reference_photos = Table(
    "reference_photos",
    metadata,
    Column("reference", Counter, primary_key=True),
    Column("sku", String(200), nullable=False),
    Column("shot", String(32), nullable=False),
    Column("sha256", ForeignKey("photos.sha256"), nullable=False, index=True),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("origin", String(16), nullable=False),
    # Where it was taken from, when the origin is an item that a person graded A.
    Column("inspection_id", ForeignKey("inspections.inspection_id")),
    Column("added_by", String(128), nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("removed_by", String(128)),
    Column("removed_at", Instant),
    UniqueConstraint("sku", "shot", "sha256"),
)
