"""The list of returns, one return's file, and the photos."""

from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse

from models.vocabulary import Disposition, Grade
from server.pages import language_of, see
from server.parts import Here, Who
from server.progress import JobKind
from server.returns import service
from server.returns.asked import CHOICES, By, understand
from server.returns.correct import correct
from server.returns.export import lines
from server.returns.listing import listing

router = APIRouter()
PHOTO_HEADERS = {
    # What is there never changes, but labels hold personal data: the browser asks each time, and
    # without a session nothing comes back, not even 304.
    "cache-control": "private, no-cache",
    "content-security-policy": "default-src 'none'; sandbox",
    "content-disposition": "inline",
}


@router.get("/returns")
def returns(request: Request, here: Here) -> Response:
    """The list; the whole question stands in the address."""
    asked = understand(request.query_params)
    found = listing(here.database, asked)
    return here.pages.page(
        request, "returns/list.html", listing=found, choices=CHOICES, by=tuple(By)
    )


@router.get("/returns.csv")
def export(request: Request, here: Here) -> Response:
    """The whole result of a search; a long one comes in pieces."""
    asked = understand(request.query_params)
    rows = lines(here.database, asked, request.state.may)
    headers = {
        "content-disposition": 'attachment; filename="returns.csv"',
        "cache-control": "private, no-store",
    }
    return StreamingResponse(rows, headers=headers, media_type="text/csv; charset=utf-8")


@router.get("/returns/{inspection_id}")
def return_file(inspection_id: str, request: Request, here: Here, who: Who) -> Response:
    """One return's file; closed to who has to answer about the item blind."""
    service.make_sure_it_may_be_known(here.database, inspection_id, who)
    file = service.file(here.database, inspection_id, language_of(request))
    return here.pages.page(
        request,
        "returns/file.html",
        file=file,
        grades=tuple(Grade),
        dispositions=tuple(Disposition),
    )


@router.get("/returns/{inspection_id}/file.zip")
def exported(inspection_id: str, here: Here, who: Who) -> Response:
    """One return's file to take away; `secondlook-server verify` checks it anywhere."""
    service.make_sure_it_may_be_known(here.database, inspection_id, who)
    pieces = service.exported(here, inspection_id)
    name = "".join(c if c.isascii() and (c.isalnum() or c in "-.") else "-" for c in inspection_id)
    headers = {
        "content-disposition": f'attachment; filename="secondlook-{name}.zip"',
        "cache-control": "private, no-store",
    }
    return StreamingResponse(pieces, headers=headers, media_type="application/zip")


@router.post("/returns/{inspection_id}/correction")
async def correction(inspection_id: str, request: Request, here: Here, who: Who) -> Response:
    """A new version of the decision, which names the old one."""
    form = await request.form()
    said = {name: value for name, value in form.items() if isinstance(value, str)}
    await run_in_threadpool(correct, here, inspection_id, who.name, said)
    return see(f"/returns/{quote(inspection_id, safe='')}#versions")


@router.post("/chain/verify")
def verify(here: Here, who: Who) -> Response:
    """Check the whole database against its chain, in the background."""
    here.jobs.start(JobKind.VERIFY, by=who.name)
    return see("/jobs")


@router.get("/photos/{sha256}")
def photo(sha256: str, request: Request, here: Here) -> Response:
    """The photo's bytes, verified against their hash."""
    media_type = service.photo(here.database, sha256)
    headers = PHOTO_HEADERS | {"etag": f'"{sha256}"'}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(here.archive.read(sha256), headers=headers, media_type=media_type)
