"""The stations' API. Errors are JSON: {"detail": …}."""

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from server.errors import BodyTooLarge
from server.gate import read_body
from server.intake import photos, service
from server.inventory import PhotoKind
from server.parts import Here, Who

router = APIRouter(prefix="/api/v1")


@router.put("/photos/{sha256}")
async def put_photo(sha256: str, request: Request, here: Here, who: Who) -> Response:
    """Keep a photo's bytes under their hash: 201 stored, 200 already there."""
    announced = photos.Announced(
        sha256=photos.checked_sha256(sha256),
        media_type=photos.checked_media_type(request.headers.get("content-type")),
        declared_bytes=declared_bytes(request, here.settings.max_photo_mb),
        brought_by=who.name,
    )
    size_bytes, is_new = await photos.keep_photo(here, announced, request.stream())
    return JSONResponse({"sha256": sha256, "size_bytes": size_bytes}, 201 if is_new else 200)


@router.put("/sealed/{sha256}")
async def put_sealed(sha256: str, request: Request, here: Here, who: Who) -> Response:
    """Keep a sealed original under its hash: 201 stored, 200 already there."""
    announced = photos.Announced(
        sha256=photos.checked_sha256(sha256),
        media_type=photos.checked_seal(request.headers.get("content-type")),
        declared_bytes=declared_bytes(request, here.settings.max_photo_mb),
        brought_by=who.name,
        kind=PhotoKind.SEALED,
    )
    size_bytes, is_new = await photos.keep_photo(here, announced, request.stream())
    return JSONResponse({"sha256": sha256, "size_bytes": size_bytes}, 201 if is_new else 200)


def declared_bytes(request: Request, max_mb: int) -> int | None:
    """What the request announces. Raises BodyTooLarge before the first byte is read."""
    told = request.headers.get("content-length")
    if told is not None and int(told) > max_mb * 10**6:
        raise BodyTooLarge(f"A photo may have {max_mb} MB, not more.")
    return None if told is None else int(told)


@router.put("/inspections/{inspection_id:path}")
async def put_inspection(inspection_id: str, request: Request, here: Here, who: Who) -> Response:
    """Keep an inspection: 201 kept, 200 kept already; both with the acknowledgement."""
    body = await read_body(request, service.MAX_INSPECTION_BYTES)
    acknowledgement, is_new = await run_in_threadpool(
        service.keep_inspection, here, who.name, inspection_id, body
    )
    return Response(
        acknowledgement.to_json(), 201 if is_new else 200, media_type="application/json"
    )
