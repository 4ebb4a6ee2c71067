"""What is kept, and where. Records stand as the JSON that was sent; columns beside it are for finding.

Append-only: inspections, routings, opinions, decisions, the chain, access_log. What may change (cases,
standings) can be derived from them again.
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
from server.tables.assurance import (
    alarms,
    certificates,
    clearances,
    drift_checks,
    policies,
    revocations,
    rulings,
)
from server.tables.base import Counter, Instant, metadata
from server.tables.doors import (
    access_log,
    accounts,
    api_tokens,
    enrolment_codes,
    failed_attempts,
    identities,
    one_time_links,
    sessions,
    stations,
)
from server.tables.keeping import jobs
from server.tables.queue import cases, commitments, drafts, skips
from server.tables.records import (
    FACETS,
    chain,
    decisions,
    inspection_photos,
    inspections,
    opinions,
    photos,
    routings,
    standing_marks,
    standings,
)

__all__ = [
    "FACETS",
    "Counter",
    "Instant",
    "access_log",
    "accounts",
    "alarms",
    "api_tokens",
    "arrivals",
    "cases",
    "certificates",
    "chain",
    "clearances",
    "commitments",
    "decisions",
    "drafts",
    "drift_checks",
    "enrolment_codes",
    "expected_contacts",
    "expected_returns",
    "expected_versions",
    "failed_attempts",
    "identities",
    "imports",
    "inspection_photos",
    "inspections",
    "jobs",
    "match_events",
    "metadata",
    "one_time_links",
    "opinions",
    "photos",
    "policies",
    "reference_photos",
    "revocations",
    "routings",
    "rulings",
    "sessions",
    "skips",
    "standing_marks",
    "standings",
    "stations",
]
