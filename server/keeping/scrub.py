"""The scrub: every kept photo is read again and compared with its hash, slowly, and from where it left."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import Connection

from server.custody import Deletion, add_deletions
from server.errors import NothingThere
from server.inventory import alone
from server.keeping import queries
from server.keeping.queries import Scrub
from server.parts import Parts
from server.progress import Progress, Unit, Work

BATCH = 50
"""Photos between two notes of how far it came: a restart reads at most these again."""
DAMAGED, MISSING = "damaged", "missing"
BY = "scrub"

log = structlog.get_logger(__name__)


def scrub(here: Parts, arguments: Mapping[str, Any]) -> Work:
    """`fresh` begins from the start; `mb_per_s` is how fast it may read, none for as fast as it goes."""

    def work(progress: Progress) -> Mapping[str, Any]:
        found = _begin(here, fresh=bool(arguments.get("fresh")))
        with here.database.reading() as connection:
            total = queries.total_bytes(connection)
        progress.plan(max(total, found.bytes), Unit.BYTES, done=found.bytes)
        pace = _Pace(progress, arguments.get("mb_per_s"))
        while rows := _next(here, found.reached):
            whole: list[str] = []
            for row in rows:
                fault = _looked_at(here, row, pace)
                found = _counted(found, row, fault)
                progress.facts |= {"damaged": found.damaged, "missing": found.missing}
                whole += [] if fault else [row.sha256]
            with here.database.writing() as connection:
                queries.note_scrub(connection, found)
                queries.repair(connection, whole, here.clock())
        with here.database.writing() as connection:
            queries.note_scrub(connection, replace(found, finished_at=here.clock()))
        return {"photos": found.photos, "damaged": found.damaged, "missing": found.missing}

    return work


def _begin(here: Parts, *, fresh: bool) -> Scrub:
    with here.database.writing() as connection:
        begun = None if fresh else queries.last_scrub(connection, finished=False)
        return begun or queries.begin_scrub(connection, here.clock())


def _next(here: Parts, after: str) -> list[Any]:
    with here.database.reading() as connection:
        return queries.rows_between(connection, after, None, BATCH)


class _Pace:
    """Reads no faster than it may: the disk belongs to those who bring photos."""

    def __init__(self, progress: Progress, mb_per_s: float | None) -> None:
        self.progress = progress
        self._per_s = (mb_per_s or 0) * 10**6
        self._began = time.monotonic()
        self._read_bytes = 0

    def read(self, size_bytes: int) -> None:
        """So much was read. Raises JobStopped."""
        self.progress.advance(size_bytes)
        self._read_bytes += size_bytes
        if self._per_s:
            ahead_s = self._read_bytes / self._per_s - (time.monotonic() - self._began)
            if ahead_s > 0.01:
                self.progress.pause(ahead_s)


def _looked_at(here: Parts, row: Any, pace: _Pace) -> str | None:  # noqa: ANN401 - a database row
    fault = _fault(here, row.sha256, pace)
    return fault and _settle(here, row.sha256, row.station)


def _counted(found: Scrub, row: Any, fault: str | None) -> Scrub:  # noqa: ANN401 - a database row
    return replace(
        found,
        reached=row.sha256,
        photos=found.photos + 1,
        bytes=found.bytes + row.size_bytes,
        damaged=found.damaged + (fault == DAMAGED),
        missing=found.missing + (fault == MISSING),
    )


def _fault(here: Parts, sha256: str, pace: _Pace | None = None) -> str | None:
    seen = hashlib.sha256()
    try:
        for block in here.archive.storage.blocks(sha256):
            seen.update(block)
            if pace:
                pace.read(len(block))
    except NothingThere:
        return MISSING
    return None if seen.hexdigest() == sha256 else DAMAGED


def _settle(here: Parts, sha256: str, station: str) -> str | None:
    """Look once more while nobody else may bring or remove it; what is damaged is set aside, and asked for."""
    with here.database.writing() as connection:
        alone(connection, [sha256])
        if not queries.kept_among(connection, [sha256]):
            return None
        fault = _fault(here, sha256)
        if fault is None:
            return None
        log.error(
            "photo is not as it came",
            fault=fault,
            sha256=sha256,
            path=here.archive.storage.where(sha256),
        )
        return note_fault(here, connection, sha256, fault, station)


def note_fault(here: Parts, connection: Connection, sha256: str, fault: str, station: str) -> str:
    """Ask for it again; gives what it is known as.

    A damaged one leaves a trace, so that the same bytes coming just now are not lost with it.
    """
    now = here.clock()
    known = queries.add_fault(connection, sha256, kind=fault, station=station, now=now)
    if fault == DAMAGED:
        trace = Deletion(
            sha256=sha256,
            kind=DAMAGED,
            size_bytes=here.archive.storage.size_bytes(sha256) or 0,
            rule="damaged: in quarantine",
            deleted_by=BY,
            deleted_at=now,
        )
        add_deletions(connection, [trace])
        here.archive.storage.set_aside(sha256)
    return known
