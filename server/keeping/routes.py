"""Long jobs: what runs, what ran, its end, and once more."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from server.errors import NotAllowed
from server.pages import see
from server.parts import Here, Who
from server.progress import JobKind, JobState

router = APIRouter()


@router.get("/jobs")
def listed(request: Request, here: Here) -> Response:
    """All long work, the newest first."""
    jobs = here.jobs.listed()
    return here.pages.page(
        request,
        "keeping/jobs.html",
        jobs=jobs,
        running={job.kind for job in jobs if job.state is JobState.RUNNING},
        open_kinds={kind for kind in here.jobs.trades if _may(request, here, kind)},
    )


@router.post("/jobs/{job:int}/cancel")
def cancel(job: int, request: Request, here: Here, who: Who) -> Response:
    """Ask for its end."""
    _check(request, here, job)
    here.jobs.cancel(job, by=who.name)
    return see("/jobs")


@router.post("/jobs/{job:int}/again")
def again(job: int, request: Request, here: Here, who: Who) -> Response:
    """Start the same once more."""
    _check(request, here, job)
    here.jobs.again(job, by=who.name)
    return see("/jobs")


def _check(request: Request, here: Here, job: int) -> None:
    """Whoever may start such work may end and repeat it; the route alone is open to more people."""
    if not _may(request, here, here.jobs.find(job).kind):
        raise NotAllowed


def _may(request: Request, here: Here, kind: JobKind) -> bool:
    trade = here.jobs.trades.get(kind)
    return trade is not None and bool(request.state.may(trade.route))
