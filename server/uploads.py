"""Forms with files: the token is checked before a byte of a file is taken, and all bytes are counted."""

import errno
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from server.errors import BodyTooLarge, ContentInvalid, DiskFull

HEAD_BYTES = 4096
"""The token is a form's first field, so it stands in here."""
MAX_FILES = 40
MAX_FIELDS = 20


def is_upload(request: Request) -> bool:
    """A form that may hold files."""
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


async def peek(request: Request) -> tuple[bytes, Receive]:
    """The beginning of the body, and a way to read all of it from there."""
    taken: list[Message] = []
    head = b""
    while len(head) < HEAD_BYTES:
        message = await request.receive()
        taken.append(message)
        head += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return head[:HEAD_BYTES], _from(taken, request.receive)


def _from(taken: list[Message], receive: Receive) -> Callable[[], Awaitable[Message]]:
    async def again() -> Message:
        return taken.pop(0) if taken else await receive()

    return again


def first_field(head: bytes, name: str) -> str:
    """The value of a form's first field, if that is its name."""
    pattern = rb'--[^\r\n]+\r\ncontent-disposition: form-data; name="%s"\r\n\r\n([\x21-\x7e]*)\r\n'
    found = re.match(pattern % name.encode(), head, re.IGNORECASE)
    return found[1].decode() if found else ""


@asynccontextmanager
async def read_form(request: Request, limit_bytes: int) -> AsyncIterator[FormData]:
    """The form, its files on disk until the block ends. Raises BodyTooLarge, ContentInvalid, DiskFull."""
    if int(request.headers.get("content-length") or 0) > limit_bytes:
        raise BodyTooLarge
    counted = Request(request.scope, _counted(request.receive, limit_bytes))
    try:
        form = await counted.form(max_files=MAX_FILES, max_fields=MAX_FIELDS)
    except HTTPException as error:
        raise ContentInvalid("The form cannot be read.") from error
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull from error
        raise
    try:
        yield form
    finally:
        await form.close()


def _counted(receive: Receive, limit_bytes: int) -> Receive:
    seen = 0

    async def counting() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit_bytes:
            raise BodyTooLarge
        return message

    return counting


def files(form: FormData, name: str) -> list[UploadFile]:
    """The files that were chosen in one field; a field without a choice sends one without a name."""
    found = form.getlist(name)
    return [one for one in found if isinstance(one, UploadFile) and one.filename]


def field(form: FormData, name: str) -> str:
    """A field's text, empty where it was not sent."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
