"""Who may come in, by what, and who changed that."""

from sqlalchemy import Boolean, Column, ForeignKey, String, Table, Text, UniqueConstraint

from server.tables.base import Counter, Instant, metadata

accounts = Table(
    "accounts",
    metadata,
    Column("name", String(128), primary_key=True),
    # Empty where nobody can sign in by password: not set yet, or another house looks after it.
    Column("password_hash", String(256), nullable=False),
    Column("role", String(32), nullable=False),
    Column("demo", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("signed_in_at", Instant),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("account", ForeignKey("accounts.name"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("seen_at", Instant, nullable=False),
    Column("address", String(64), nullable=False),
    Column("device", String(256), nullable=False),
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
    Column("seen_at", Instant),
    Column("revoked_at", Instant),
)

enrolment_codes = Table(
    "enrolment_codes",
    metadata,
    Column("code_hmac", String(64), primary_key=True),
    # Without one, the station says its own name.
    Column("station", String(128)),
    Column("made_by", String(128), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("token", Counter, primary_key=True),
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("account", ForeignKey("accounts.name"), nullable=False, index=True),
    Column("name", String(128), nullable=False),
    # The scopes' values with spaces between.
    Column("scopes", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("seen_at", Instant),
    Column("revoked_at", Instant),
)

one_time_links = Table(
    "one_time_links",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    # None for the first start's: whoever opens it chooses a name and becomes administrator.
    Column("account", ForeignKey("accounts.name"), index=True),
    Column("made_by", String(128), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

identities = Table(
    "identities",
    metadata,
    Column("issuer", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("account", ForeignKey("accounts.name"), nullable=False),
    Column("linked_at", Instant, nullable=False),
    UniqueConstraint("account"),
)

access_log = Table(
    "access_log",
    metadata,
    Column("entry", Counter, primary_key=True),
    Column("happened_at", Instant, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("address", String(64), nullable=False),
    Column("change", String(32), nullable=False),
    # The account or station that it is about.
    Column("subject", String(128), nullable=False, index=True),
    Column("detail", Text, nullable=False),
)
