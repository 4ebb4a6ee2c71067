"""The list of returns, one return's file, and the photos."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from models.vocabulary import Category, Disposition, Grade
from server.ledger import State
from server.pages import language_of
from server.parts import Here
from server.returns import service

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
    asked = service.understand(request.query_params)
    return here.pages.page(
        request,
        "returns/list.html",
        listing=service.listing(here.database, asked),
        choices={
            "category": tuple(Category),
            "grade": tuple(Grade),
            "disposition": tuple(Disposition),
            "state": tuple(State),
        },
    )


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
