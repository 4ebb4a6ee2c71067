"""What keeping things takes: long jobs and how far they are."""

from sqlalchemy import BigInteger, Column, Float, Index, String, Table, Text, text

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
