"""What the server does by itself: a scrub when the last is old, and what the rules say every day."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import structlog

from server.errors import JobRuns
from server.keeping import queries
from server.parts import Parts
from server.progress import Job, JobKind, JobState

FIRST_S = 60.0
"""A server that starts has other things to do."""
EVERY_S = 300.0
DAY = timedelta(days=1)
ITSELF = "server"
Chore = tuple[JobKind, Mapping[str, Any]]

log = structlog.get_logger(__name__)


def scrub_due(last: datetime | None, jobs: Sequence[Job], *, days: float, now: datetime) -> bool:
    """The last complete one is old, or none ever was; what somebody cancelled waits as long."""
    if not days:
        return False
    if jobs and jobs[0].state is JobState.INTERRUPTED:
        return True
    cancelled = [j.started_at for j in jobs[:1] if j.state is JobState.CANCELLED]
    latest = max([at for at in (last, *cancelled) if at is not None], default=None)
    return latest is None or latest < now - timedelta(days=days)


def retention_due(jobs: Sequence[Job], now: datetime) -> bool:
    """Nobody has applied the rules for a day."""
    done = [j.started_at for j in jobs if j.arguments.get("delete") and j.state is JobState.DONE]
    return max(done, default=datetime.min.replace(tzinfo=now.tzinfo)) < now - DAY


def chores(here: Parts) -> list[Chore]:
    """What is due now."""
    now, found = here.clock(), list[Chore]()
    with here.database.reading() as connection:
        last = queries.last_scrub(connection, finished=True)
        rules = queries.rules_in_force(connection).rules
    scrubs = here.jobs.listed(JobKind.SCRUB, most=1)
    finished = last.finished_at if last else None
    if scrub_due(finished, scrubs, days=here.settings.scrub_days, now=now):
        found.append((JobKind.SCRUB, {"mb_per_s": here.settings.scrub_mb_per_s}))
    if retention_due(here.jobs.listed(JobKind.RETENTION), now):
        arguments = {"delete": True, "ended_only": not rules.daily, "by": ITSELF}
        found.append((JobKind.RETENTION, arguments))
    return found


def do_chores(here: Parts) -> None:
    """Start what is due; another process may have been quicker."""
    for kind, arguments in chores(here):
        with suppress(JobRuns):
            here.jobs.start(kind, by=ITSELF, arguments=arguments)


def keep_doing(here: Parts) -> Callable[[], None]:
    """In a thread of its own; gives what ends it."""
    ended = threading.Event()

    def loop() -> None:
        pause_s = FIRST_S
        while not ended.wait(pause_s):
            pause_s = EVERY_S
            try:
                do_chores(here)
            except Exception:
                # The thread's edge: the next round may find the database again.
                log.exception("chores were not done")

    threading.Thread(target=loop, name="chores", daemon=True).start()
    return ended.set
