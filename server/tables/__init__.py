"""What is kept, and where. Records stand as the JSON that was sent; columns beside it are for finding.

Append-only: inspections, routings, opinions, decisions. What may change (cases, standings) can be
derived from them again.
"""

from server.tables.arrivals import (
    arrivals,
    expected_contacts,
    expected_returns,
    expected_versions,
    imports,
    match_events,
    reference_photos,
)
from server.tables.base import Counter, Instant, metadata
from server.tables.doors import accounts, failed_attempts, sessions, stations
from server.tables.keeping import jobs
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
    "arrivals",
    "cases",
    "decisions",
    "expected_contacts",
    "expected_returns",
    "expected_versions",
    "failed_attempts",
    "imports",
    "inspection_photos",
    "inspections",
    "match_events",
    "jobs",
    "metadata",
    "opinions",
    "photos",
    "reference_photos",
    "routings",
    "sessions",
    "skips",
    "standings",
    "stations",
]
