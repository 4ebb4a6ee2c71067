"""Pages of what is expected: the list, one return, a file on its way in, an item that nobody announced."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse

from server.complaints import FileRefused
from server.errors import ContentInvalid
from server.expected import handback, imports, queries, service
from server.expected.columns import COLUMNS
from server.expected.tally import reasons
from server.pages import language_of, see
from server.parts import Here, Parts, Who
from server.sheets import MAX_MEGABYTES, MAX_ROWS
from server.uploads import files, read_form

router = APIRouter()
FORM_BYTES = 10_000
"""What a form has beside its file."""
RECENT = 10

log = structlog.get_logger(__name__)


@router.get("/expected")
def expected(request: Request, here: Here) -> Response:
    """The list; the whole question stands in the address."""
    asked = service.understand(request.query_params)
    return here.pages.page(
        request,
        "expected/list.html",
        listing=service.listing(here, asked),
        states=service.STATES,
    )


@router.get("/expected/of/{return_code:path}")
def one(return_code: str, request: Request, here: Here) -> Response:
    """One expected return."""
    found = service.file(here, return_code)
    return here.pages.page(request, "expected/one.html", file=found, contact=None)


@router.get("/expected/contact/{return_code:path}")
def contact(return_code: str, request: Request, here: Here, who: Who) -> Response:
    """One expected return with how to reach the customer; who looked stands in the log."""
    found = service.file(here, return_code)
    told = service.contact(here, return_code)
    log.info("contact shown", return_code=return_code, to=who.name)
    return here.pages.page(request, "expected/one.html", file=found, contact=told)


@router.get("/expected/upload")
def upload_page(request: Request, here: Here) -> Response:
    """Where a file is chosen."""
    return _upload_page(request, here)


def _upload_page(request: Request, here: Parts, refusal: FileRefused | None = None) -> Response:
    with here.database.reading() as connection:
        recent = queries.recent_imports(connection, RECENT)
    return here.pages.page(
        request,
        "expected/upload.html",
        status=refusal.status if refusal else 200,
        refused=refusal.fault.told(language_of(request)) if refusal else None,
        columns=COLUMNS,
        limits=(MAX_ROWS, MAX_MEGABYTES),
        currency=here.policy.currency,
        recent=recent,
    )


@router.post("/expected/upload")
async def upload(request: Request, here: Here, who: Who) -> Response:
    """Look at a file; what would be kept is shown first."""
    try:
        async with read_form(request, MAX_MEGABYTES * 10**6 + FORM_BYTES) as form:
            chosen = files(form, "file")
            if not chosen:
                raise ContentInvalid("Choose a file first.")
            content = await chosen[0].read()
        name = chosen[0].filename or ""
        import_id = await run_in_threadpool(imports.look, here, name, content, by=who.name)
    except FileRefused as refusal:
        return await run_in_threadpool(_upload_page, request, here, refusal)
    return see(f"/expected/imports/{import_id}")


@router.get("/expected/sample.csv")
def sample(request: Request) -> Response:
    """A file as it should be."""
    content = handback.sample(language_of(request))
    return Response(content, headers=_attached("expected-returns.csv"), media_type="text/csv")


def _attached(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"'}


@router.get("/expected/imports/{import_id}")
def import_page(import_id: str, request: Request, here: Here) -> Response:
    """What a file says, before it is kept and after."""
    found = imports.find(here, import_id)
    language = language_of(request)
    bad = [(row, reasons(row, language)) for row in found.outcome["bad"]]
    return here.pages.page(request, "expected/import.html", file=found, bad=bad)


@router.get("/expected/imports/{import_id}/bad.csv")
def bad_rows(import_id: str, request: Request, here: Here) -> Response:
    """The bad rows with their reasons, to be corrected and sent again."""
    rows = imports.bad_rows(here, import_id)
    return StreamingResponse(
        handback.bad_rows(rows, language_of(request)),
        headers=_attached("bad-rows.csv"),
        media_type="text/csv; charset=utf-8",
    )


@router.post("/expected/imports/{import_id}/keep")
def keep(import_id: str, here: Here, who: Who) -> Response:
    """Keep the good rows."""
    imports.begin(here, import_id, by=who.name)
    return see(f"/expected/imports/{import_id}")


@router.post("/expected/imports/{import_id}/drop")
def drop(import_id: str, here: Here) -> Response:
    """Give the file up."""
    imports.drop(here, import_id)
    return see("/expected/upload")


@router.get("/expected/unknown/{inspection_id}")
def unknown(inspection_id: str, request: Request, here: Here) -> Response:
    """An item that nobody announced, and what it may be."""
    found = service.puzzle(here, inspection_id, request.query_params)
    return here.pages.page(request, "expected/unknown.html", puzzle=found)


@router.post("/expected/unknown/{inspection_id}/match")
def match(
    inspection_id: str, return_code: Annotated[str, Form()], here: Here, who: Who
) -> Response:
    """Say that the item is that return."""
    service.match(here, inspection_id, return_code, by=who.name)
    return see(f"/expected/unknown/{inspection_id}")


@router.post("/expected/unknown/{inspection_id}/take-back")
def take_back(inspection_id: str, here: Here, who: Who) -> Response:
    """The two do not belong together."""
    service.take_back(here, inspection_id, by=who.name)
    return see(f"/expected/unknown/{inspection_id}")
