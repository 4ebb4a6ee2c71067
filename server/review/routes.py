"""The queue and the case; every form leads to the next case."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import AwareDatetime

from models.vocabulary import Disposition, Grade, Verdict
from server.errors import ContentInvalid
from server.pages import language_of, see, thumbnail
from server.parts import Here, Who
from server.review import back, desk, events, service
from server.review.queries import Case

MAX_DRAFT = 64_000
"""Letters that a draft may have: 200 boxes and the longest note fit well."""

router = APIRouter()


async def form_fields(request: Request) -> Mapping[str, str]:
    """The form's texts; files are not expected anywhere. Reasons may be several, joined by commas."""
    form = await request.form()
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    reasons = [value for value in form.getlist("reasons") if isinstance(value, str)]
    return {**fields, "reasons": ",".join(reasons)}


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
        queue=service.queue(here, who),
        saved=service.saved(here, done),
        count=events.as_text,
        now=here.clock(),
    )


@router.get("/queue/events")
async def live_counts(
    request: Request, here: Here, who: Who, since: AwareDatetime | None = None
) -> Response:
    """Counts as they change, for those who ask for events; others get them once, as JSON."""
    if "text/event-stream" not in request.headers.get("accept", ""):
        found = await run_in_threadpool(service.counts, here, who, since)
        return JSONResponse(events.as_json(found))
    closing = request.app.state.closing
    return StreamingResponse(events.stream(here, who, since, closing), headers=events.HEADERS)


@router.post("/queue/next")
def next_case(here: Here, who: Who) -> Response:
    """Lease the most urgent case."""
    return _to(service.next_case(here, who))


@router.post("/queue/again")
def again(here: Here, who: Who) -> Response:
    """Serve the skipped ones again."""
    return _to(service.again(here, who))


@router.post("/queue/ahead")
def ahead(here: Here, who: Who) -> Response:
    """What to load before it is needed, as JSON: photos of the next cases, kept for this browser."""
    found = service.ahead(here, who)
    return JSONResponse(
        [
            {
                "case": case_id,
                "photos": [f"/photos/{photo.sha256}" for photo in one.photos],
                "thumbnails": [thumbnail(photo) for photo in one.photos],
            }
            for case_id, one in found
        ]
    )


@router.get("/retakes")
def retakes(request: Request, here: Here) -> Response:
    """Items that wait at the bench for new photos."""
    return here.pages.page(request, "review/retakes.html", wishes=service.wishes(here))


@router.get("/api/v1/retakes")
def retakes_of_station(here: Here, who: Who) -> Response:
    """What this station should photograph again, newest first."""
    return JSONResponse(
        {
            "retakes": [
                {
                    "return_code": wish.inspection.return_code,
                    "inspection_id": wish.inspection.inspection_id,
                    "shot": wish.opinion.wish,
                    "note": wish.opinion.note,
                    "asked_at": wish.opinion.given_at.isoformat(),
                }
                for wish in service.wishes(here, who.name)
            ]
        }
    )


@router.get("/review/{case_id}")
def case(case_id: str, request: Request, here: Here, who: Who, done: str = "") -> Response:
    """The case for its holder; others learn who has it or what became of it."""
    found = desk.desk(here, case_id, who, language_of(request))
    if isinstance(found, Case):
        if found.closed_at:
            return see(f"/returns/{quote(found.inspection_id, safe='')}")
        held = found.held_until is not None and found.held_until > here.clock()
        return here.pages.page(
            request, "review/not_yours.html", status=409 if held else 200, case=found, held=held
        )
    return here.pages.page(
        request,
        "review/case.html",
        desk=found,
        saved=service.saved(here, done),
        lease_s=here.settings.lease_s,
        grades=tuple(Grade),
        dispositions=tuple(Disposition),
        verdicts=tuple(Verdict),
        currency=here.policy.currency,
        count=events.as_text,
        now=here.clock(),
    )


@router.post("/review/{case_id}")
def submit(case_id: str, here: Here, who: Who, fields: Fields) -> Response:
    """Keep the answer and go on."""
    return _to(service.submit(here, case_id, who, fields), done=case_id)


@router.post("/review/{case_id}/commit")
def commit(case_id: str, here: Here, who: Who, fields: Fields) -> Response:
    """Keep what is said before the machine's opinion is shown, and show it."""
    service.commit(here, case_id, who, fields)
    return _to(case_id)


@router.post("/review/{case_id}/judge")
def judge(case_id: str, request: Request, here: Here, who: Who, fields: Fields) -> Response:
    """Scores, grades and disposition by the rules, over what is entered so far, as JSON."""
    return JSONResponse(desk.judged(here, case_id, who, fields, language_of(request)))


@router.post("/review/{case_id}/draft")
def draft(case_id: str, here: Here, who: Who, fields: Fields) -> Response:
    """Keep what is entered so far, here too: a computer may die."""
    content = fields.get("draft", "")
    if len(content) > MAX_DRAFT:
        raise ContentInvalid(f"draft should have at most {MAX_DRAFT} letters, got {len(content)}")
    service.save_draft(here, case_id, who, content)
    return JSONResponse({"saved_at": here.clock().isoformat()})


@router.post("/review/{case_id}/back")
def take_back(case_id: str, here: Here, who: Who) -> Response:
    """Open the case again that this person has just answered."""
    return _to(back.take_back(here, case_id, who))


@router.post("/review/{case_id}/take")
def take(case_id: str, here: Here, who: Who) -> Response:
    """Lease this case."""
    service.take(here, case_id, who)
    return _to(case_id)


@router.post("/review/{case_id}/skip")
def skip(case_id: str, here: Here, who: Who) -> Response:
    """Leave it to others and go on."""
    return _to(service.skip(here, case_id, who))


@router.post("/review/{case_id}/lease")
def renew(case_id: str, here: Here, who: Who) -> Response:
    """A sign of life from the page, as JSON."""
    until = service.renew(here, case_id, who)
    return JSONResponse({"held_until": until.isoformat()})
