"""Backups as long work: begun on the command line, watched there and on the page of jobs."""

from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from server.backup.take import Source, take
from server.jobs import Trade
from server.parts import Parts
from server.progress import JobKind, Work


def trades(here: Parts) -> Mapping[JobKind, Trade]:
    """Whoever may have the archive scrubbed may end a backup and repeat it, to the same place."""
    return {JobKind.BACKUP: Trade(make=partial(_backup, here), route="POST /archive/scrub")}


def _backup(here: Parts, arguments: Mapping[str, Any]) -> Work:
    source = Source(
        settings=here.settings,
        database=here.database,
        archive=here.archive,
        version=version("secondlook"),
        clock=here.clock,
    )
    return partial(take, source, Path(arguments["target"]))
