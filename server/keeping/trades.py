"""Which long work this capability does."""

from collections.abc import Mapping
from functools import partial

from server.jobs import Trade
from server.keeping.scrub import scrub
from server.parts import Parts
from server.progress import JobKind


def trades(here: Parts) -> Mapping[JobKind, Trade]:
    """Each with the route that opens it."""
    return {JobKind.SCRUB: Trade(make=partial(scrub, here), route="POST /archive/scrub")}
