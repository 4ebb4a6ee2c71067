"""Long work: one at a time of each kind, in the database how far it is, so that every page can tell.

A job is started by its kind and arguments alone, so that it can be started again by anybody who may.
Its process gives a sign of life every second; one that has given none for a while was killed.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Row, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from models.errors import SecondlookError
from server import tables
from server.database import Database
from server.errors import JobRuns, JobStopped, NothingThere
from server.progress import Job, JobKind, JobState, Progress, Unit, Work

BEAT_S = 1.0
"""How often a running job writes how far it is: what people still see as live."""
SILENT_S = 20.0
"""Without a sign of life for so long it was killed: as long as a write may wait for its turn."""
LISTED = 50
MOST = 2**63 - 1
"""What a database counts up to."""
COMMAND_LINE = "command line"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Trade:
    """How work of one kind is begun."""

    make: Callable[[Mapping[str, Any]], Work]
    """Arguments → the work."""
    route: str
    """Whoever may use this route may cancel and start again: `POST /archive/scrub`."""


class Jobs:
    """All long work of this server, whichever process does it."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        """Know no trade yet."""
        self._database = database
        self._clock = clock
        self._running: dict[int, tuple[threading.Thread, Progress]] = {}
        self.trades: dict[JobKind, Trade] = {}

    def start(self, kind: JobKind, *, by: str, arguments: Mapping[str, Any] | None = None) -> int:
        """Begin in a thread of its own; gives the job's number. Raises JobRuns."""
        job, progress = self._open(kind, by, arguments or {}), Progress()
        work = self.trades[kind].make(arguments or {})
        thread = threading.Thread(
            target=self._do, args=(job, work, progress), name=f"job {kind}", daemon=True
        )
        self._running[job] = thread, progress
        thread.start()
        return job

    def run(
        self,
        kind: JobKind,
        *,
        by: str = COMMAND_LINE,
        arguments: Mapping[str, Any] | None = None,
        watch: Callable[[Progress], None] | None = None,
    ) -> Job:
        """Do it here and now, telling `watch` every second; gives how it ended. Raises JobRuns."""
        job, progress = self._open(kind, by, arguments or {}), Progress()
        self._do(job, self.trades[kind].make(arguments or {}), progress, watch)
        return self.find(job)

    def again(self, job: int, *, by: str) -> int:
        """Start the same once more. Raises NothingThere, JobRuns."""
        found = self.find(job)
        return self.start(found.kind, by=by, arguments=found.arguments)

    def cancel(self, job: int, *, by: str) -> None:
        """Ask for its end, wherever it runs. Raises NothingThere."""
        self.find(job)
        with self._database.writing() as connection:
            connection.execute(
                update(tables.jobs)
                .where(tables.jobs.c.job == job, tables.jobs.c.state == JobState.RUNNING)
                .where(tables.jobs.c.cancelled_by.is_(None))
                .values(cancelled_by=by)
            )

    def find(self, job: int) -> Job:
        """One of them. Raises NothingThere."""
        if job > MOST:
            raise NothingThere("There is no such job.")
        with self._database.reading() as connection:
            row = connection.execute(select(tables.jobs).where(tables.jobs.c.job == job)).first()
        if row is None:
            raise NothingThere("There is no such job.")
        return _job(row, self._clock())

    def listed(self, kind: JobKind | None = None, *, most: int = LISTED) -> list[Job]:
        """The newest first, of all kinds or of one."""
        found = select(tables.jobs).order_by(tables.jobs.c.job.desc()).limit(most)
        if kind is not None:
            found = found.where(tables.jobs.c.kind == kind)
        with self._database.reading() as connection:
            return [_job(row, self._clock()) for row in connection.execute(found)]

    def close(self, *, wait_s: float = 5) -> None:
        """The process ends: what runs in it stops at its next step and says that it was interrupted."""
        running = list(self._running.values())
        for _, progress in running:
            progress.stop(JobState.INTERRUPTED)
        end = time.monotonic() + wait_s
        for thread, _ in running:
            thread.join(max(end - time.monotonic(), 0))

    def _open(self, kind: JobKind, by: str, arguments: Mapping[str, Any]) -> int:
        now = self._clock()
        try:
            with self._database.writing() as connection:
                _bury_the_dead(connection, kind, now)
                row = _first_row(kind, by, arguments, now)
                done = connection.execute(insert(tables.jobs).values(row))
        except IntegrityError as error:
            raise JobRuns from error
        return int((done.inserted_primary_key or (0,))[0])

    def _do(
        self,
        job: int,
        work: Work,
        progress: Progress,
        watch: Callable[[Progress], None] | None = None,
    ) -> None:
        state, error = JobState.FAILED, None
        with self._beating(job, progress, watch):
            try:
                progress.facts |= work(progress)
                state = JobState.DONE
            except (JobStopped, KeyboardInterrupt):
                state = progress.stopped_as or JobState.CANCELLED
            except SecondlookError as refusal:
                error = str(refusal)
            except Exception:
                log.exception("job failed", job=job)
                error = "The server made a mistake; it is in its log."
        self._running.pop(job, None)
        ended = {"state": state, "error": error, "finished_at": self._clock()}
        self._write(job, progress, **ended)

    @contextmanager
    def _beating(
        self, job: int, progress: Progress, watch: Callable[[Progress], None] | None
    ) -> Iterator[None]:
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(BEAT_S):
                self._beat(job, progress)
                if watch:
                    watch(progress)

        heart = threading.Thread(target=beat, name=f"heart of job {job}", daemon=True)
        heart.start()
        try:
            yield
        finally:
            ended.set()
            heart.join()
            if watch:
                watch(progress)

    def _beat(self, job: int, progress: Progress) -> None:
        try:
            cancelled_by = self._write(job, progress)
        except Exception as error:  # noqa: BLE001 - a beat that is missed is made up for by the next
            log.warning("job cannot say how far it is", job=job, error=str(error))
            return
        if cancelled_by is not None:
            progress.stop(JobState.CANCELLED)

    def _write(self, job: int, progress: Progress, **ended: object) -> str | None:
        """Write how far it is; gives who asked for its end. A job that was given up for dead stops."""
        facts = {
            "done": progress.done,
            "total": progress.total,
            "unit": progress.unit,
            "rate_per_s": progress.rate_per_s(),
            "result": json.dumps(progress.facts),
            "beat_at": self._clock(),
        }
        mine = (tables.jobs.c.job == job, tables.jobs.c.state == JobState.RUNNING)
        with self._database.writing() as connection:
            done = connection.execute(update(tables.jobs).where(*mine).values(facts | ended))
            if done.rowcount == 0:
                progress.stop(JobState.INTERRUPTED)
                return None
            asked = select(tables.jobs.c.cancelled_by).where(tables.jobs.c.job == job)
            return connection.execute(asked).scalar()


def _first_row(
    kind: JobKind, by: str, arguments: Mapping[str, Any], now: datetime
) -> dict[str, object]:
    return {
        "kind": kind,
        "started_by": by,
        "state": JobState.RUNNING,
        "arguments": json.dumps(dict(arguments)),
        "done": 0,
        "unit": Unit.PHOTOS,
        "rate_per_s": 0.0,
        "result": "{}",
        "started_at": now,
        "beat_at": now,
    }


def _silent_before(now: datetime) -> datetime:
    return now - timedelta(seconds=SILENT_S)


def _bury_the_dead(connection: Connection, kind: JobKind, now: datetime) -> None:
    """What was killed makes room. Should it only have slept, it finds out at its next beat."""
    connection.execute(
        update(tables.jobs)
        .where(tables.jobs.c.kind == kind, tables.jobs.c.state == JobState.RUNNING)
        # A sign of life from the future: the clock was set back, and nobody would ever be silent.
        .where(
            or_(
                tables.jobs.c.beat_at < _silent_before(now),
                tables.jobs.c.beat_at > now + timedelta(seconds=SILENT_S),
            )
        )
        .values(state=JobState.INTERRUPTED, finished_at=tables.jobs.c.beat_at)
    )


def _job(row: Row[Any], now: datetime) -> Job:
    facts = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    state = JobState(row.state)
    if state is JobState.RUNNING and row.beat_at < _silent_before(now):
        state = JobState.INTERRUPTED
    return Job(
        **facts
        | {
            "kind": JobKind(row.kind),
            "state": state,
            "unit": Unit(row.unit),
            "arguments": json.loads(row.arguments),
            "result": json.loads(row.result),
        }
    )
