"""The list of returns, one return's file, and the photos."""

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from server.pages import language_of
from server.parts import Here
from server.returns import service
from server.returns.asked import CHOICES, By, understand
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
def return_file(inspection_id: str, request: Request, here: Here) -> Response:
    """One return's file."""
    file = service.file(here.database, inspection_id, language_of(request))
    return here.pages.page(request, "returns/file.html", file=file)


@router.get("/photos/{sha256}")
def photo(sha256: str, request: Request, here: Here) -> Response:
    """The photo's bytes, verified against their hash."""
    media_type = service.photo(here.database, sha256)
    headers = PHOTO_HEADERS | {"etag": f'"{sha256}"'}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(here.archive.read(sha256), headers=headers, media_type=media_type)
