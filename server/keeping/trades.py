"""Which long work this capability does."""

from collections.abc import Mapping
from functools import partial

from server.jobs import Trade
from server.keeping.orphans import orphans
from server.keeping.retention import retention
from server.keeping.scrub import scrub
from server.parts import Parts
from server.progress import JobKind


def trades(here: Parts) -> Mapping[JobKind, Trade]:
    """Each with the route that opens it: the narrowest of those that begin it."""
    return {
        JobKind.SCRUB: Trade(make=partial(scrub, here), route="POST /archive/scrub"),
        JobKind.ORPHANS: Trade(make=partial(orphans, here), route="POST /archive/orphans/remove"),
        JobKind.RETENTION: Trade(
            make=partial(retention, here), route="POST /archive/retention/delete"
        ),
    }
