"""Which long work this capability does."""

from collections.abc import Mapping
from functools import partial

from server.jobs import Trade
from server.parts import Parts
from server.progress import JobKind
from server.returns.check_chain import check_chain


def trades(here: Parts) -> Mapping[JobKind, Trade]:
    """Each with the route that opens it."""
    return {JobKind.VERIFY: Trade(make=partial(check_chain, here), route="POST /chain/verify")}
