"""Which photos are kept: the rows beside the files, and the one order in which both come and go.

A photo arrives: its file first, then its row. It leaves: its row is marked, then its file goes. Both
may happen to one hash at the same time, in two processes, and no acknowledged photo may be lost:
whoever brings one looks at its traces before and, in the transaction that notes it, once more. A
removal leaves a trace in the same transaction that holds the lock while the file goes; a photo that
was removed on the way is refused, and comes again.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from server.database import Database
from server.errors import RemovedMeanwhile
from server.tables import deletions, faults, photos


class PhotoKind(StrEnum):
    """What a photo is kept for; retention has a rule for each."""

    ITEM = "item"
    LABEL = "label"
    THUMBNAIL = "thumbnail"
    SEALED = "sealed"
    REFERENCE = "reference"
    UNCLAIMED = "unclaimed"


@dataclass(frozen=True, kw_only=True)
class Trace:
    """What was known of a hash at one moment; another trace means that a removal came between."""

    deletion: int = 0
    """The last one recorded; 0 for none."""
    removed_at: datetime | None = None
    """When its file went, as long as it is gone."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A photo whose arrival was completed, and that was not deleted since."""

    size_bytes: int
    media_type: str


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A photo whose file is safe in the archive, to be noted."""

    sha256: str
    size_bytes: int
    media_type: str
    brought_by: str
    """The station, or the account that uploaded it."""
    trace: Trace
    """What was known before its file was written."""
    kind: PhotoKind = PhotoKind.ITEM
    key_id: str | None = None
    """Which key opens it, where it is sealed."""
    ends_at: datetime | None = None
    """When it is destroyed, where it is sealed."""


@dataclass
class _Waiting:
    arrival: Arrival
    is_new: bool | None = None
    error: Exception | None = None
    done: bool = field(default=False)


class Inventory:
    """Notes arrivals; many at once share one transaction, and so one wait for the disk."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        """Nobody waits yet."""
        self._database = database
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._guard = threading.Lock()
        self._turn = threading.Lock()

    def look(self, sha256: str) -> tuple[Row | None, Trace]:
        """What is kept under that hash, and the trace to bring back with its arrival."""
        with self._database.reading() as connection:
            row = connection.execute(select(photos).where(photos.c.sha256 == sha256)).first()
            trace = traces(connection, [sha256])[sha256]
        if row is None or row.deleted_at is not None:
            return None, trace
        return Row(size_bytes=row.size_bytes, media_type=row.media_type), trace

    def note(self, arrival: Arrival) -> bool:
        """Its row is safe when this returns; tells whether it is new. Raises RemovedMeanwhile, DiskFull."""
        mine = _Waiting(arrival)
        with self._guard:
            self._waiting.append(mine)
        with self._turn:
            # While this one waited for its turn, somebody may have written its row with theirs.
            if not mine.done:
                with self._guard:
                    together, self._waiting = self._waiting, []
                self._write(together)
        if mine.error is not None:
            raise mine.error
        return bool(mine.is_new)

    def _write(self, together: Sequence[_Waiting]) -> None:
        try:
            with self._database.writing() as connection:
                now = self._clock()
                alone(connection, [one.arrival.sha256 for one in together])
                for one in together:
                    try:
                        one.is_new = note_within(connection, one.arrival, now)
                    except RemovedMeanwhile as error:
                        one.error = error
        except Exception as error:
            for one in together:
                one.error = error
            raise
        finally:
            for one in together:
                one.done = True


def note_within(connection: Connection, arrival: Arrival, now: datetime) -> bool:
    """Note it in a transaction of somebody else's; tells whether it is new. Raises RemovedMeanwhile."""
    alone(connection, [arrival.sha256])
    if traces(connection, [arrival.sha256])[arrival.sha256] != arrival.trace:
        raise RemovedMeanwhile
    return _put(connection, arrival, now)


def alone(connection: Connection, sha256s: Iterable[str]) -> None:
    """Until the transaction ends, nobody else brings or removes these.

    SQLite has one writer at a time; PostgreSQL takes a lock a hash, in one order for all.
    """
    if connection.dialect.name != "postgresql":
        return
    keys = sorted({int(sha256[:15], 16) for sha256 in sha256s})
    lock = "SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key"
    connection.execute(text(lock), {"keys": keys})


def traces(connection: Connection, sha256s: Sequence[str]) -> dict[str, Trace]:
    """What removals have left behind, for each hash."""
    recorded = connection.execute(
        select(deletions.c.sha256, func.max(deletions.c.deletion))
        .where(deletions.c.sha256.in_(sha256s))
        .group_by(deletions.c.sha256)
    )
    last = {row.sha256: row[1] for row in recorded}
    rows = connection.execute(
        select(photos.c.sha256, photos.c.removed_at).where(photos.c.sha256.in_(sha256s))
    )
    gone = {row.sha256: row.removed_at for row in rows}
    return {
        sha256: Trace(deletion=last.get(sha256, 0), removed_at=gone.get(sha256))
        for sha256 in sha256s
    }


def _put(connection: Connection, arrival: Arrival, now: datetime) -> bool:
    """Add its row, or bring a deleted one back; what was damaged or missing is repaired with it."""
    facts = {
        "sha256": arrival.sha256,
        "size_bytes": arrival.size_bytes,
        "media_type": arrival.media_type,
        "station": arrival.brought_by,
        "stored_at": now,
        "kind": arrival.kind,
        "key_id": arrival.key_id,
        "ends_at": arrival.ends_at,
    }
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    added = connection.execute(
        dialect.insert(photos)
        .values(facts)
        .on_conflict_do_update(
            index_elements=[photos.c.sha256],
            set_={**facts, "deleted_at": None, "removed_at": None},
            where=photos.c.deleted_at.is_not(None),
        )
        .returning(photos.c.sha256)
    ).first()
    connection.execute(
        update(faults)
        .where(faults.c.sha256 == arrival.sha256, faults.c.repaired_at.is_(None))
        .values(repaired_at=now)
    )
    return added is not None
