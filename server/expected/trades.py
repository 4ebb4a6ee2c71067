"""Which long work this capability does."""

from collections.abc import Mapping
from functools import partial

from server.expected.imports import keeping
from server.jobs import Trade
from server.parts import Parts
from server.progress import JobKind


def trades(here: Parts) -> Mapping[JobKind, Trade]:
    """Each with the route that opens it."""
    route = "POST /expected/imports/{import_id}/keep"
    return {JobKind.IMPORT: Trade(make=partial(keeping, here), route=route)}
