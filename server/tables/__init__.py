"""What is kept, and where. Records stand as the JSON that was sent; columns beside it are for finding.

Append-only: inspections, routings, opinions, decisions. What may change (cases, standings) can be
derived from them again.
"""

from server.tables.base import Counter, Instant, metadata
from server.tables.doors import accounts, failed_attempts, sessions, stations
from server.tables.queue import cases, skips
from server.tables.records import (
    decisions,
    inspection_photos,
    inspections,
    opinions,
    photos,
    routings,
    standings,
)

__all__ = [
    "Counter",
    "Instant",
    "accounts",
    "cases",
    "decisions",
    "failed_attempts",
    "inspection_photos",
    "inspections",
    "metadata",
    "opinions",
    "photos",
    "routings",
    "sessions",
    "skips",
    "standings",
    "stations",
]
