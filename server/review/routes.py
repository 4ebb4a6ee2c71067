"""The queue and the case; every form leads to the next case."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from models.vocabulary import Disposition, Grade, Verdict
from server.pages import language_of, see
from server.parts import Here, Who
from server.review import service
from server.review.queries import Case

router = APIRouter()


async def form_fields(request: Request) -> Mapping[str, str]:
    """The form's texts; files are not expected anywhere."""
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


Fields = Annotated[Mapping[str, str], Depends(form_fields)]


def _to(case_id: str | None, done: str = "") -> Response:
    path = f"/review/{quote(case_id, safe='')}" if case_id else "/review"
    return see(f"{path}?done={quote(done, safe='')}" if done else path)


@router.get("/review")
def queue(request: Request, here: Here, who: Who, done: str = "") -> Response:
    """What waits, and the way to the next case; `done` names the case that was just decided."""
    return here.pages.page(
        request,
        "review/queue.html",
        queue=service.queue(here, who.name),
        saved=service.saved(here, done),
    )


@router.post("/queue/next")
def next_case(here: Here, who: Who) -> Response:
    """Lease the most urgent case."""
    return _to(service.next_case(here, who.name))


@router.post("/queue/again")
def again(here: Here, who: Who) -> Response:
    """Serve the skipped ones again."""
    return _to(service.again(here, who.name))


@router.get("/review/{case_id}")
def case(case_id: str, request: Request, here: Here, who: Who, done: str = "") -> Response:
    """The case for its holder; others learn who has it or what became of it."""
    desk = service.desk(here, case_id, who.name, language_of(request))
    if isinstance(desk, Case):
        if desk.closed_at:
            return see(f"/returns/{quote(desk.inspection_id, safe='')}")
        held = desk.held_until is not None and desk.held_until > here.clock()
        return here.pages.page(
            request, "review/not_yours.html", status=409 if held else 200, case=desk, held=held
        )
    return here.pages.page(
        request,
        "review/case.html",
        desk=desk,
        saved=service.saved(here, done),
        lease_s=here.settings.lease_s,
        grades=tuple(Grade),
        dispositions=tuple(Disposition),
        verdicts=tuple(Verdict),
    )


@router.post("/review/{case_id}")
def submit(case_id: str, here: Here, who: Who, fields: Fields) -> Response:
    """Keep the decision and go on."""
    return _to(service.submit(here, case_id, who.name, fields), done=case_id)


@router.post("/review/{case_id}/take")
def take(case_id: str, here: Here, who: Who) -> Response:
    """Lease this case."""
    service.take(here, case_id, who.name)
    return _to(case_id)


@router.post("/review/{case_id}/skip")
def skip(case_id: str, here: Here, who: Who) -> Response:
    """Leave it to others and go on."""
    return _to(service.skip(here, case_id, who.name))


@router.post("/review/{case_id}/lease")
def renew(case_id: str, here: Here, who: Who) -> Response:
    """A sign of life from the page, as JSON."""
    until = service.renew(here, case_id, who.name)
    return JSONResponse({"held_until": until.isoformat()})
