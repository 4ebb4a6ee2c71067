"""What long work tells while it goes on, and what is known of it afterwards."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from server.errors import JobStopped

RATE_OVER_S = 30.0
"""The rate is that of the last half minute: steady to read, and soon right after a pause."""


class JobKind(StrEnum):
    """What long work there is."""

    SCRUB = "scrub"
    ORPHANS = "orphans"
    RETENTION = "retention"
    EXPORT = "export"
    IMPORT = "import"
    VERIFY = "verify"
    BACKUP = "backup"


class JobState(StrEnum):
    """How it stands with a job."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class Unit(StrEnum):
    """What a job counts."""

    PHOTOS = "photos"
    BYTES = "bytes"
    RETURNS = "returns"
    ROWS = "rows"
    FILES = "files"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One piece of long work as the database knows it."""

    job: int
    kind: JobKind
    started_by: str
    """An account's name, or `command line`."""
    state: JobState
    arguments: Mapping[str, Any]
    """What its kind needs to do the same again."""
    done: int
    total: int | None
    """None while nobody knows yet."""
    unit: Unit
    """What done and total count."""
    rate_per_s: float
    result: Mapping[str, Any]
    """Facts found so far; complete when the job is done."""
    error: str | None
    cancelled_by: str | None
    """Who asked for its end; it stops at its next step."""
    started_at: datetime
    beat_at: datetime
    """Its last sign of life."""
    finished_at: datetime | None

    @property
    def share(self) -> float | None:
        """How much is done, 0 to 1; none while the total is unknown."""
        if self.state is JobState.DONE:
            return 1.0
        return None if not self.total else min(self.done / self.total, 1.0)

    @property
    def left_s(self) -> float | None:
        """Seconds that it will still take at the present rate."""
        if self.state is not JobState.RUNNING or self.total is None or self.rate_per_s <= 0:
            return None
        return max(self.total - self.done, 0) / self.rate_per_s


class Progress:
    """What the work tells while it goes on; every call is a place where it can be stopped."""

    def __init__(self) -> None:
        """Nothing is done yet."""
        self.done = 0
        self.total: int | None = None
        self.unit = Unit.PHOTOS
        self.facts: dict[str, Any] = {}
        self.stopped_as: JobState | None = None
        self._stop = threading.Event()
        self._seen = deque([(time.monotonic(), 0)])

    def plan(self, total: int | None, unit: Unit, *, done: int = 0) -> None:
        """Say what there is to do, and what an earlier run has done of it. Raises JobStopped."""
        self.total, self.unit, self.done = total, unit, done
        self._seen = deque([(time.monotonic(), done)])
        self._check()

    def advance(self, by: int = 1, **facts: object) -> None:
        """So much more is done; facts are shown beside. Raises JobStopped."""
        self.done += by
        self.facts |= facts
        self._check()

    def pause(self, seconds: float) -> None:
        """Wait, to leave the machine to others. Raises JobStopped at once when it has to end."""
        self._stop.wait(max(seconds, 0))
        self._check()

    def stop(self, state: JobState) -> None:
        """End the work at its next step; the first reason counts."""
        self.stopped_as = self.stopped_as or state
        self._stop.set()

    def rate_per_s(self) -> float:
        """How much was done a second lately."""
        now = time.monotonic()
        self._seen.append((now, self.done))
        while len(self._seen) > 2 and now - self._seen[0][0] > RATE_OVER_S:
            self._seen.popleft()
        began, before = self._seen[0]
        return (self.done - before) / max(now - began, 1e-3)

    def _check(self) -> None:
        if self._stop.is_set():
            raise JobStopped


Work = Callable[[Progress], Mapping[str, Any]]
"""Does it, and gives the facts of its result. Raises JobStopped where progress does."""
