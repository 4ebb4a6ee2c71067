"""Long work: once at a time, seen from everywhere, stopped when asked, and never left hanging."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from models.vocabulary import Role
from server import jobs as server_jobs
from server.app import build
from server.database import Database
from server.errors import HashDiffers, JobRuns, JobStopped, NothingThere
from server.jobs import SILENT_S, Jobs, Trade
from server.progress import JobKind, JobState, Progress, Unit
from server.settings import Settings
from server.terminal import run_job, told
from tests.unit.server.running import Clock, Running, put_photo

SCRUB = JobKind.SCRUB


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_jobs, "BEAT_S", 0.02)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    parts = build(Settings(home=tmp_path))
    yield parts.database
    parts.database.close()


@pytest.fixture
def jobs(database: Database, clock: Clock) -> Jobs:
    return Jobs(database, clock)


def works(jobs: Jobs, work: Callable[[Progress], Mapping[str, Any]]) -> Jobs:
    jobs.trades[SCRUB] = Trade(make=lambda _: work, route="POST /archive/scrub")
    return jobs


def endless(progress: Progress) -> Mapping[str, Any]:
    progress.plan(None, Unit.PHOTOS)
    while True:
        progress.advance()
        progress.pause(0.005)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_job_says_how_far_it_is_and_what_it_found(jobs: Jobs) -> None:
    half, go_on = threading.Event(), threading.Event()

    def work(progress: Progress) -> Mapping[str, Any]:
        progress.plan(10, Unit.BYTES)
        progress.advance(5, damaged=1)
        half.set()
        assert go_on.wait(10)
        progress.advance(5)
        return {"photos": 2}

    job = works(jobs, work).start(SCRUB, by="ann", arguments={"of": "all"})
    assert half.wait(10)
    until(lambda: jobs.find(job).done == 5)
    seen = jobs.find(job)
    assert (seen.state, seen.share, seen.unit) == (JobState.RUNNING, 0.5, Unit.BYTES)
    assert seen.rate_per_s > 0
    assert seen.left_s == pytest.approx(5 / seen.rate_per_s)
    assert seen.result == {"damaged": 1}
    go_on.set()
    until(lambda: jobs.find(job).state is JobState.DONE)
    ended = jobs.find(job)
    assert (ended.done, ended.share, ended.left_s) == (10, 1.0, None)
    assert ended.result == {"damaged": 1, "photos": 2}
    assert (ended.started_by, ended.arguments) == ("ann", {"of": "all"})


def test_of_many_that_ask_at_once_from_several_processes_one_gets_it(
    tmp_path: Path, jobs: Jobs, clock: Clock
) -> None:
    others = [Jobs(Database(f"sqlite:///{tmp_path}/server/secondlook.db"), clock) for _ in range(4)]
    if jobs._database.dialect != "sqlite":
        others = [Jobs(Database(jobs._database.engine.url), clock) for _ in range(4)]

    def ask(one: Jobs) -> bool:
        try:
            works(one, endless).start(SCRUB, by="ann")
        except JobRuns:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(ask, others * 3)) == 1
    # Another kind is none of its business.
    jobs.trades[JobKind.EXPORT] = Trade(make=lambda _: lambda _: {}, route="")
    assert jobs.run(JobKind.EXPORT).state is JobState.DONE
    for one in others:
        one.close()
    assert [job.state for job in jobs.listed(SCRUB)] == [JobState.INTERRUPTED]


def test_it_is_cancelled_from_another_process_and_started_again(
    jobs: Jobs, database: Database, clock: Clock
) -> None:
    job = works(jobs, endless).start(SCRUB, by="ann")
    elsewhere = Jobs(database, clock)
    elsewhere.cancel(job, by="bob")
    until(lambda: jobs.find(job).state is JobState.CANCELLED)
    assert jobs.find(job).cancelled_by == "bob"

    works(jobs, lambda _: {"second": True})
    again = jobs.again(job, by="cleo")
    until(lambda: jobs.find(again).state is JobState.DONE)
    assert [(j.started_by, j.state) for j in jobs.listed()] == [
        ("cleo", JobState.DONE),
        ("ann", JobState.CANCELLED),
    ]


def refuses(_: Progress) -> Mapping[str, Any]:
    raise HashDiffers("bytes differ")


def fails(_: Progress) -> Mapping[str, Any]:
    raise ZeroDivisionError


@pytest.mark.parametrize(("work", "error"), [(refuses, "bytes differ"), (fails, "in its log")])
def test_what_fails_says_why_and_makes_room(
    jobs: Jobs, work: Callable[[Progress], Mapping[str, Any]], error: str
) -> None:
    with capture_logs():
        ended = works(jobs, work).run(SCRUB)
    assert ended.state is JobState.FAILED
    assert error in (ended.error or "")
    assert works(jobs, lambda _: {}).run(SCRUB).state is JobState.DONE


def test_a_job_of_a_killed_process_is_interrupted_and_can_be_started_again(tmp_path: Path) -> None:
    code = f"""
import time
from pathlib import Path
from server.app import build
from server.jobs import Trade
from server.progress import JobKind, Unit
from server.settings import Settings
parts = build(Settings(home=Path({str(tmp_path)!r})))
def work(progress):
    progress.plan(100, Unit.PHOTOS)
    progress.advance(7)
    while True:
        progress.pause(0.01)
parts.jobs.trades[JobKind.SCRUB] = Trade(make=lambda _: work, route="")
parts.jobs.run(JobKind.SCRUB)
"""
    clock = Clock()
    here = build(Settings(home=tmp_path), clock)
    with subprocess.Popen([sys.executable, "-c", code]) as victim:
        until(lambda: any(job.done == 7 for job in here.jobs.listed()))
        victim.kill()
    (killed,) = here.jobs.listed()
    clock.now = killed.beat_at
    assert here.jobs.find(killed.job).state is JobState.RUNNING
    clock.pass_by(seconds=SILENT_S + 1)
    assert here.jobs.find(killed.job).state is JobState.INTERRUPTED
    assert here.jobs.find(killed.job).done == 7
    until(lambda: here.jobs.find(here.jobs.again(killed.job, by="ann")).job > killed.job)
    here.jobs.close()
    here.database.close()


def test_one_that_only_slept_stops_when_it_was_given_up(jobs: Jobs, clock: Clock) -> None:
    """Its laptop was closed: another took over, and it must not go on beside it."""
    asleep, awake, ended = threading.Event(), threading.Event(), threading.Event()

    def sleeps(progress: Progress) -> Mapping[str, Any]:
        asleep.set()
        assert awake.wait(10)
        try:
            endless(progress)
        finally:
            ended.set()
        return {}

    jobs._beat = lambda *_: None  # type: ignore[method-assign]
    first = works(jobs, sleeps).start(SCRUB, by="ann")
    assert asleep.wait(10)
    clock.pass_by(seconds=SILENT_S + 1)
    del jobs._beat
    second = works(jobs, endless).start(SCRUB, by="bob")
    awake.set()
    assert ended.wait(10)
    assert jobs.find(first).state is JobState.INTERRUPTED
    assert jobs.find(second).state is JobState.RUNNING
    jobs.close()


def test_a_clock_that_was_set_back_keeps_nobody_waiting(jobs: Jobs, clock: Clock) -> None:
    jobs._beat = lambda *_: None  # type: ignore[method-assign]
    works(jobs, endless).start(SCRUB, by="ann")
    clock.pass_by(days=-1)
    assert works(jobs, lambda _: {}).run(SCRUB).state is JobState.DONE
    jobs.close()


def test_a_beat_that_the_database_refuses_is_made_up_for(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failed = jobs._write, threading.Event()

    def write(*said: Any, **ended: Any) -> str | None:
        if not failed.is_set():
            failed.set()
            raise OSError("disk full")
        return real(*said, **ended)

    monkeypatch.setattr(jobs, "_write", write)

    def work(_: Progress) -> Mapping[str, Any]:
        assert failed.wait(10)
        return {"photos": 1}

    with capture_logs() as logs:
        assert works(jobs, work).run(SCRUB).result == {"photos": 1}
    assert "job cannot say how far it is" in [line["event"] for line in logs]


def test_there_is_no_such_job(jobs: Jobs) -> None:
    for number in (1, 2**70):
        with pytest.raises(NothingThere):
            jobs.find(number)


def test_the_terminal_tells_without_a_terminal(
    jobs: Jobs, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.terminal.LINE_EVERY_S", 0)

    def work(progress: Progress) -> Mapping[str, Any]:
        progress.plan(4, Unit.PHOTOS)
        progress.advance(2, damaged=1)
        time.sleep(0.1)
        return {}

    assert run_job(works(jobs, work), SCRUB).state is JobState.DONE
    assert "scrub: 2 photos of 4 photos" in capsys.readouterr().err
    with pytest.raises(JobStopped):
        run_job(works(jobs, _interrupted), SCRUB)


def _interrupted(_: Progress) -> Mapping[str, Any]:
    raise KeyboardInterrupt


def test_what_the_terminal_tells() -> None:
    progress = Progress()
    progress.plan(4_000_000, Unit.BYTES)
    progress.advance(1_000_000, damaged=1)
    assert told(progress).startswith("1.0 MB of 4.0 MB, ")
    assert told(progress).endswith("damaged 1")


def test_the_page_shows_a_running_job_again_and_again_until_somebody_ends_it(
    server: Running,
) -> None:
    put_photo(server.station())
    works(server.parts.jobs, endless)
    boss = server.person("boss", Role.MANAGER)
    assert boss.post("/archive/scrub").status_code == 303
    until(lambda: server.parts.jobs.listed()[0].done > 0)
    for _ in range(2):
        page = boss.get("/jobs").text
        assert 'data-live="yes"' in page
        assert "Scrub of the photos" in page
        assert "/jobs/1/cancel" in page
    assert boss.post("/archive/scrub").status_code == 409
    assert "/jobs/1/cancel" not in server.person("aud", Role.AUDITOR).get("/jobs").text
    assert "/jobs/1/cancel" not in server.person("qa", Role.QA_LEAD).get("/jobs").text
    assert server.person("qa", Role.QA_LEAD).post("/jobs/1/cancel").status_code == 403

    assert boss.post("/jobs/1/cancel").status_code == 303
    until(lambda: server.parts.jobs.find(1).state is JobState.CANCELLED)
    page = boss.get("/jobs").text
    assert "cancelled by boss" in page
    assert 'data-live=""' in page
    server.parts.jobs.trades[SCRUB] = Trade(
        make=lambda _: lambda _: {"damaged": 2}, route="GET /jobs"
    )
    assert boss.post("/jobs/1/again").status_code == 303
    until(lambda: server.parts.jobs.listed()[0].state is JobState.DONE)
    assert "damaged: 2" in boss.get("/jobs").text
    assert boss.post("/jobs/77/again").status_code == 404
