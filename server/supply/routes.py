"""The stations' supply. Errors are JSON: {"detail": …}."""

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from models.supply import KEY_HEADER, SIGNATURE_HEADER
from server.parts import Here, Who
from server.supply import service

router = APIRouter(prefix="/api/v1/supply")


@router.get("")
def supply(here: Here, who: Who, since: str = "") -> Response:
    """What changed since the cursor, signed."""
    body = service.supply(here, who.name, since).to_json().encode()
    headers = {
        SIGNATURE_HEADER: here.signer.sign(body),
        KEY_HEADER: here.signer.public_key,
    }
    return Response(body, headers=headers, media_type="application/json")


@router.get("/files/{file_sha256}")
def file(file_sha256: str, request: Request, here: Here) -> Response:
    """A file's bytes, in parts where they are asked for."""
    found = service.content(here, file_sha256)
    etag = f'"{file_sha256}"'
    headers = {"etag": etag, "cache-control": "private, max-age=31536000, immutable"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    kind = "application/octet-stream"
    if isinstance(found, bytes):
        return Response(found, headers=headers, media_type=kind)
    return FileResponse(found, headers=headers, media_type=kind)
