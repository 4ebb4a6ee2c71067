"""Pages of reference photos, and the API for programs that have them already."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import UploadFile

from models.vocabulary import Shot
from server.archive import MEGABYTE
from server.catalogue import listed, service
from server.catalogue.photos import keep, limit_bytes
from server.complaints import Complained, FileRefused
from server.errors import ContentInvalid
from server.gate import read_body
from server.pages import language_of, see
from server.parts import Here, Parts, Who
from server.references import Origin, Reference
from server.uploads import MAX_FILES, field, files, read_form

router = APIRouter()
MAX_ZIP_MB = 500
"""Some hundred photos; more are given on the command line."""


@router.get("/references")
def overview(request: Request, here: Here) -> Response:
    """Articles that have photos."""
    found = service.overview(here, request.query_params)
    return here.pages.page(request, "catalogue/list.html", overview=found, zip_mb=MAX_ZIP_MB)


@router.get("/references/of/{sku:path}")
def article(sku: str, request: Request, here: Here) -> Response:
    """One article's photos, and what is proposed."""
    return _article(request, here, sku)


def _article(
    request: Request, here: Parts, sku: str, bad: tuple[tuple[str, str], ...] = ()
) -> Response:
    return here.pages.page(
        request,
        "catalogue/article.html",
        status=422 if bad else 200,
        article=service.page(here, sku),
        shots=tuple(Shot),
        bad=bad,
    )


@router.post("/references/upload")
async def upload(request: Request, here: Here, who: Who) -> Response:
    """Add photos of one shot of an article."""
    most = min(MAX_FILES * limit_bytes(here), MAX_ZIP_MB * MEGABYTE)
    async with read_form(request, most) as form:
        sku, shot = service.checked(field(form, "sku")), field(form, "shot")
        if shot not in set(Shot):
            raise ContentInvalid(f"shot should be one of {', '.join(Shot)}, got {shot[:80]!r}")
        chosen = files(form, "photos")
        if not chosen:
            raise ContentInvalid("Choose a file first.")
        bad = [await _upload(request, here, one, sku, Shot(shot), by=who.name) for one in chosen]
    told = tuple(one for one in bad if one)
    if told:
        return await run_in_threadpool(_article, request, here, sku, told)
    return see(f"/references/of/{_quoted(sku)}")


async def _upload(
    request: Request, here: Parts, one: UploadFile, sku: str, shot: Shot, *, by: str
) -> tuple[str, str] | None:
    content = await one.read()
    try:
        await run_in_threadpool(
            keep, here, content, sku=sku, shot=shot, origin=Origin.UPLOADED, by=by
        )
    except Complained as error:
        return (one.filename or "")[:200], error.fault.told(language_of(request))
    return None


@router.post("/references/list")
async def bring_in(request: Request, here: Here, who: Who) -> Response:
    """Import a list with its ZIP; the page tells what came of it."""
    language = language_of(request)
    refused, told = None, service.Imported()
    async with read_form(request, MAX_ZIP_MB * MEGABYTE) as form:
        lists, zips = files(form, "list"), files(form, "zip")
        if not lists or not zips:
            raise ContentInvalid("Choose both files first.")
        try:
            told = await run_in_threadpool(_bring_in, here, lists[0], zips[0], who.name)
        except FileRefused as refusal:
            refused = refusal.fault.told(language)
    return await run_in_threadpool(
        lambda: here.pages.page(
            request,
            "catalogue/imported.html",
            status=422 if refused else 200,
            refused=refused,
            imported=told,
            bad=told.told(language),
        )
    )


def _bring_in(here: Parts, sheet: UploadFile, packed: UploadFile, by: str) -> service.Imported:
    rows = listed.wanted(listed.read_list(sheet.file.read()))
    opened = listed.from_zip(packed.file, limit_bytes(here))
    told = service.Imported()
    for told in service.bring_in(here, rows, opened, by=by):  # noqa: B007 - the last count is the whole
        pass
    return told


@router.post("/references/take")
def take(
    here: Here,
    who: Who,
    sku: Annotated[str, Form()],
    shots: Annotated[list[str], Form()],
) -> Response:
    """Take what is proposed for these shots."""
    service.take(here, service.checked(sku), shots, by=who.name)
    return see(f"/references/of/{_quoted(sku)}")


@router.post("/references/{reference:int}/remove")
def remove(reference: int, here: Here, who: Who) -> Response:
    """Compare with it no longer; it can be put back."""
    sku = service.settle(here, reference, removed=True, by=who.name)
    return see(f"/references/of/{_quoted(sku)}")


@router.post("/references/{reference:int}/put-back")
def put_back(reference: int, here: Here, who: Who) -> Response:
    """Compare with it again."""
    sku = service.settle(here, reference, removed=False, by=who.name)
    return see(f"/references/of/{_quoted(sku)}")


@router.get("/api/v1/references/{sku:path}")
def told(sku: str, here: Here) -> Response:
    """An article's photos, for programs."""
    return JSONResponse([_told(one) for one in service.page(here, sku).references])


@router.post("/api/v1/references/{sku:path}")
async def add(sku: str, shot: Shot, request: Request, here: Here, who: Who) -> Response:
    """Add one photo, the body, to an article's shot: 201 new, 200 known already."""
    content = await read_body(request, limit_bytes(here))
    try:
        number, is_new = await run_in_threadpool(
            keep,
            here,
            content,
            sku=service.checked(sku),
            shot=shot,
            origin=Origin.UPLOADED,
            by=who.name,
        )
    except Complained as error:
        raise ContentInvalid(str(error)) from error
    return JSONResponse({"reference": number}, 201 if is_new else 200)


def _told(one: Reference) -> dict[str, object]:
    return {
        "reference": one.reference,
        "shot": one.shot,
        "sha256": one.sha256,
        "width": one.width,
        "height": one.height,
        "origin": one.origin,
    }


def _quoted(sku: str) -> str:
    return quote(sku, safe="/")
