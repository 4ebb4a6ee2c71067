"""What keeping things takes: deletions, holds, rules, what the scrub found, and long jobs.

Append-only: deletions, holds, retention_rules, openings.
"""

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, String, Table, Text, text

from server.tables.base import Counter, Instant, metadata

jobs = Table(
    "jobs",
    metadata,
    Column("job", Counter, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("started_by", String(128), nullable=False),
    Column("state", String(16), nullable=False),
    Column("arguments", Text, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger),
    Column("unit", String(16), nullable=False),
    Column("rate_per_s", Float, nullable=False),
    Column("result", Text, nullable=False),
    Column("error", Text),
    Column("cancelled_by", String(128)),
    Column("started_at", Instant, nullable=False),
    Column("beat_at", Instant, nullable=False),
    Column("finished_at", Instant),
)
# One at a time of each kind, whichever process asks.
Index(
    "ix_jobs_running",
    jobs.c.kind,
    unique=True,
    sqlite_where=text("state = 'running'"),
    postgresql_where=text("state = 'running'"),
)

scrubs = Table(
    "scrubs",
    metadata,
    Column("scrub", Counter, primary_key=True),
    # The last hash that was looked at: where it goes on after a restart.
    Column("reached", String(64), nullable=False),
    Column("photos", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("damaged", BigInteger, nullable=False),
    Column("missing", BigInteger, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant, index=True),
)

# The photo as it is wanted back: one line a photo, open until the same bytes come again.
faults = Table(
    "faults",
    metadata,
    Column("sha256", ForeignKey("photos.sha256"), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("station", String(128), nullable=False, index=True),
    Column("found_at", Instant, nullable=False),
    Column("asked_at", Instant),
    Column("repaired_at", Instant, index=True),
)

# No key to photos: an orphan's hash stands there as well.
deletions = Table(
    "deletions",
    metadata,
    Column("deletion", Counter, primary_key=True),
    Column("sha256", String(64), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("rule", String(128), nullable=False),
    Column("deleted_by", String(128), nullable=False),
    Column("deleted_at", Instant, nullable=False, index=True),
)

retention_rules = Table(
    "retention_rules",
    metadata,
    Column("version", Counter, primary_key=True),
    Column("record", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("edited_by", String(128), nullable=False),
    Column("edited_at", Instant, nullable=False),
)

holds = Table(
    "holds",
    metadata,
    Column("hold", Counter, primary_key=True),
    Column("return_code", String(200), nullable=False, index=True),
    Column("event", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("told_by", String(128), nullable=False),
    Column("told_at", Instant, nullable=False),
)

openings = Table(
    "openings",
    metadata,
    Column("opening", Counter, primary_key=True),
    Column("sha256", ForeignKey("photos.sha256"), nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("opened_by", String(128), nullable=False),
    Column("opened_at", Instant, nullable=False, index=True),
)
