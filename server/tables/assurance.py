"""Costs, certificates, what the rules made of each inspection, and what raised alarms. All append-only.

A certificate is never changed: that it was revoked or put on hold stands in rows of their own.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from server.tables.base import Counter, Instant, metadata

policies = Table(
    "policies",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False),
    Column("author", String(128), nullable=False),
    Column("why", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
)

certificates = Table(
    "certificates",
    metadata,
    Column("certificate_id", String(128), primary_key=True),
    Column("category", String(32), nullable=False),
    Column("station", String(128)),
    Column("content", Text, nullable=False),
    Column("made_by", String(128), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

revocations = Table(
    "revocations",
    metadata,
    Column("certificate_id", ForeignKey("certificates.certificate_id"), primary_key=True),
    Column("revoked_by", String(128), nullable=False),
    Column("reason", Text, nullable=False),
    Column("revoked_at", Instant, nullable=False),
)

# One row for each inspection, written when it is kept: what is counted must not need its JSON.
rulings = Table(
    "rulings",
    metadata,
    Column("ruling", Counter, primary_key=True),
    Column("inspection_id", ForeignKey("inspections.inspection_id"), nullable=False, unique=True),
    Column("category", String(32), nullable=False),
    Column("station", String(128), nullable=False),
    Column("standard", String(128), nullable=False),
    Column("releases", Text, nullable=False),
    Column("costs_sha256", String(64), nullable=False),
    Column("certificate", String(128)),
    Column("automatic", Boolean, nullable=False),
    # Only a certificate is, or would be, missing for its automatic resale.
    Column("candidate", Boolean, nullable=False),
    Column("grade", String(1), nullable=False),
    Column("disposition", String(16), nullable=False),
    Column("risk", Float),
    # With which probability it was to be drawn for a blind look, its number, and whether it was.
    Column("share", Float, nullable=False),
    Column("number", Float, nullable=False),
    Column("drawn", Boolean, nullable=False),
    # The smallest share that any candidate of resale could have had then, under these costs and
    # under any: cases are thinned to it, so that none weighs more than another.
    Column("least_share", Float, nullable=False),
    Column("floor_share", Float, nullable=False),
    Column("greatest_loss", Float, nullable=False),
    # What the expected return said that it is worth as new.
    Column("item_value", Float),
    Column("photo_refused", Boolean, nullable=False),
    Column("ruled_at", Instant, nullable=False),
)
Index("ix_rulings_scope", rulings.c.category, rulings.c.station, rulings.c.ruling)
Index("ix_rulings_category", rulings.c.category, rulings.c.ruling)
Index(
    "ix_rulings_certificate",
    rulings.c.certificate,
    rulings.c.ruling,
    sqlite_where=text("certificate IS NOT NULL"),
    postgresql_where=text("certificate IS NOT NULL"),
)
Index(
    "ix_rulings_drawn",
    rulings.c.category,
    rulings.c.ruling,
    sqlite_where=text("drawn"),
    postgresql_where=text("drawn"),
)

# Number 0 is what a certificate was proved on: later batches are compared with it.
drift_checks = Table(
    "drift_checks",
    metadata,
    Column("drift_check", Counter, primary_key=True),
    Column("certificate_id", ForeignKey("certificates.certificate_id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("through_ruling", BigInteger, nullable=False),
    Column("batch", Text, nullable=False),
    Column("signs", Text, nullable=False),
    Column("checked_at", Instant, nullable=False),
    UniqueConstraint("certificate_id", "number"),
)

alarms = Table(
    "alarms",
    metadata,
    Column("alarm", Counter, primary_key=True),
    Column("certificate_id", ForeignKey("certificates.certificate_id"), nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("sign", Text, nullable=False),
    Column("raised_at", Instant, nullable=False),
)

clearances = Table(
    "clearances",
    metadata,
    Column("alarm", ForeignKey("alarms.alarm"), primary_key=True),
    Column("cleared_by", String(128), nullable=False),
    Column("reason", Text, nullable=False),
    # Wrong decisions that were known then: only further ones raise the alarm again.
    Column("forgiven", Integer, nullable=False),
    Column("cleared_at", Instant, nullable=False),
)
