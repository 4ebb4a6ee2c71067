"""Who may come in."""

from sqlalchemy import Boolean, Column, ForeignKey, String, Table

from server.tables.base import Counter, Instant, metadata

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
