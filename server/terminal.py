"""Long work on the command line: a bar where there is a terminal, a line now and then where not."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, TypeVar

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from server.errors import JobStopped, ServerError
from server.jobs import Jobs
from server.progress import Job, JobKind, JobState, Progress, Unit

T = TypeVar("T")
LINE_EVERY_S = 10.0
"""In a log file, a line in ten seconds tells enough."""


def run_job(jobs: Jobs, kind: JobKind, arguments: Mapping[str, Any] | None = None) -> Job:
    """Do it here, showing how far it is. Raises JobRuns, JobStopped, ServerError where it failed."""
    console = Console(stderr=True)
    if console.is_terminal:
        with _bar(console) as bar:
            job = jobs.run(kind, arguments=arguments, watch=_watching(bar, kind))
    else:
        job = jobs.run(kind, arguments=arguments, watch=_telling(kind))
    if job.state is JobState.FAILED:
        raise ServerError(job.error or "The job failed.")
    if job.state is not JobState.DONE:
        raise JobStopped
    return job


def show(what: str, step: Callable[[Progress], T]) -> T:
    """Do one step of work that no database can tell of, showing how far it is."""
    console, progress, ended = Console(stderr=True), Progress(), threading.Event()
    with _bar(console) if console.is_terminal else nullcontext() as bar:
        watch = _watching(bar, what) if bar else _telling(what)

        def look() -> None:
            while not ended.wait(0.5):
                watch(progress)

        watcher = threading.Thread(target=look, daemon=True)
        watcher.start()
        try:
            return step(progress)
        finally:
            ended.set()
            watcher.join()


def _bar(console: Console) -> Bar:
    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[told]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def _watching(bar: Bar, kind: str) -> Callable[[Progress], None]:
    task = bar.add_task(kind, total=None, told="")

    def watch(progress: Progress) -> None:
        bar.update(task, completed=progress.done, total=progress.total, told=told(progress))

    return watch


def _telling(kind: str) -> Callable[[Progress], None]:
    last = time.monotonic()

    def watch(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_EVERY_S:
            last = time.monotonic()
            typer.echo(f"{kind}: {told(progress)}", err=True)

    return watch


def told(progress: Progress) -> str:
    """How far it is: `12 of 40 photos, 3 photos/s, damaged 1`."""
    whole = f" of {_amount(progress.total, progress.unit)}" if progress.total else ""
    done = _amount(progress.done, progress.unit)
    facts = [f"{name} {value}" for name, value in progress.facts.items()]
    rate = f"{_amount(progress.rate_per_s(), progress.unit)}/s"
    return ", ".join([done + whole, rate, *facts])


def _amount(count: float, unit: Unit) -> str:
    return decimal(round(count)) if unit is Unit.BYTES else f"{count:.0f} {unit}"
