"""A photo's way in: read as it comes, hashed on the way, safe before the station hears of it."""

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from fastapi.concurrency import run_in_threadpool

from models.errors import SealInvalid
from models.sealing import HEAD_BYTES, sealed_for
from models.sealing import MEDIA_TYPE as SEALED
from server.archive import Incoming
from server.custody import sealed_days
from server.errors import (
    BodyTooLarge,
    ContentInvalid,
    HashDiffers,
    MediaTypeRefused,
    Refused,
    UploadTooSlow,
)
from server.inventory import Arrival, PhotoKind, Trace
from server.parts import Parts

BEGINNINGS = {
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
}
"""What files of these kinds begin with, by their own standards."""
PIECE_BYTES = 2 << 20
"""So much is gathered before a thread writes it: changes of threads cost more than writing."""
PATIENCE_S = 30.0
"""Nothing for so long: whoever sends is gone."""
LEAST_BYTES_PER_S = 8_000
"""Slower than the slowest network that a station works on; it would hold a turn for ever."""


@dataclass(frozen=True, kw_only=True)
class Announced:
    """What the request says of a photo before its first byte."""

    sha256: str
    media_type: str
    declared_bytes: int | None
    """Its length, where the request tells it."""
    brought_by: str
    kind: PhotoKind = PhotoKind.ITEM
    """`sealed`, or what any photo is until an inspection names it."""


def checked_sha256(text: str) -> str:
    """A hash that may become a file's name. Raises ContentInvalid."""
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ContentInvalid(
            "The address should end in the photo's SHA-256: 64 digits, 0-9 and a-f."
        )
    return text


def checked_media_type(header: str | None) -> str:
    """Raises MediaTypeRefused for anything that a browser could take for a page."""
    media_type = (header or "").partition(";")[0].strip().lower()
    if media_type not in BEGINNINGS:
        raise MediaTypeRefused
    return media_type


def checked_seal(header: str | None) -> str:
    """Raises MediaTypeRefused for anything but a sealed original."""
    if (header or "").strip().lower() != SEALED:
        raise MediaTypeRefused(f"Sealed originals are accepted as {SEALED}.")
    return SEALED


async def keep_photo(
    here: Parts, announced: Announced, chunks: AsyncIterator[bytes]
) -> tuple[int, bool]:
    """Keep one photo; gives its length and whether it is new.

    Raises HashDiffers, BodyTooLarge, MediaTypeRefused, UploadTooSlow, DiskFull, StorageUnavailable.
    """
    async with here.turns.turn(announced.brought_by):
        pieces = _pieces(chunks)
        try:
            return await _kept(here, announced, pieces)
        except (BodyTooLarge, UploadTooSlow):
            raise
        except Refused:
            # A client that is still sending would miss the answer: the rest is read and dropped.
            with suppress(Refused):
                await _drained(pieces, here.settings.max_photo_mb * 10**6)
            raise
        finally:
            await pieces.aclose()


async def _kept(
    here: Parts, announced: Announced, pieces: AsyncIterator[list[bytes]]
) -> tuple[int, bool]:
    size_bytes, trace = await run_in_threadpool(_known, here, announced.sha256)
    limit_bytes = here.settings.max_photo_mb * 10**6
    if size_bytes is not None:
        await _compare(pieces, announced.sha256, limit_bytes)
        return size_bytes, False
    expected_bytes = limit_bytes if announced.declared_bytes is None else announced.declared_bytes
    with here.archive.promised(expected_bytes), here.archive.incoming() as incoming:
        last, key_id = list[bytes](), None
        async for piece in pieces:
            if last:
                await run_in_threadpool(incoming.write, *last)
            else:
                key_id = check_beginning(here, announced.media_type, _beginning(piece))
            last = piece
        if not last:
            check_beginning(here, announced.media_type, b"")
        arrived = partial(_safe, here, announced, incoming, last, trace, key_id)
        return await run_in_threadpool(arrived)


def _known(here: Parts, sha256: str) -> tuple[int | None, Trace]:
    """Length of a photo that is kept and intact; a damaged one is as good as none."""
    row, trace = here.inventory.look(sha256)
    return (row.size_bytes if row and here.archive.intact(sha256) else None), trace


def _safe(
    here: Parts,
    announced: Announced,
    incoming: Incoming,
    last: list[bytes],
    trace: Trace,
    key_id: str | None,
) -> tuple[int, bool]:
    incoming.write(*last)
    here.archive.keep(incoming, announced.sha256)
    arrival = Arrival(
        sha256=announced.sha256,
        size_bytes=incoming.size_bytes,
        media_type=announced.media_type,
        brought_by=announced.brought_by,
        trace=trace,
        kind=announced.kind,
        key_id=key_id,
        ends_at=_end(here) if announced.kind is PhotoKind.SEALED else None,
    )
    return incoming.size_bytes, here.inventory.note(arrival)


def _end(here: Parts) -> datetime:
    """When a sealed original that comes now is destroyed."""
    with here.database.reading() as connection:
        return here.clock() + timedelta(days=sealed_days(connection))


def check_beginning(here: Parts, media_type: str, beginning: bytes) -> str | None:
    """What calls itself a photo begins like one; gives a sealed original's key. Raises MediaTypeRefused."""
    if media_type != SEALED:
        if not BEGINNINGS[media_type].match(beginning):
            raise MediaTypeRefused(
                f"The bytes are no {media_type}: they begin with {beginning[:8]!r}."
            )
        return None
    try:
        key_id = sealed_for(beginning)
    except SealInvalid as error:
        raise MediaTypeRefused(str(error)) from error
    if not here.sealer.knows(key_id):
        raise ContentInvalid(
            f"It is sealed for key {key_id[:16]!r}, which this server does not have; "
            f"seal it for {here.sealer.newest}."
        )
    return key_id


def _beginning(piece: list[bytes]) -> bytes:
    """The first bytes, however small the pieces are that they came in."""
    found = b""
    for chunk in piece:
        found += chunk[:HEAD_BYTES]
        if len(found) >= HEAD_BYTES:
            break
    return found


async def _pieces(chunks: AsyncIterator[bytes]) -> AsyncGenerator[list[bytes]]:
    """The body in pieces of some size. Raises UploadTooSlow."""
    began, came_bytes, gathered, waiting = time.monotonic(), 0, list[bytes](), 0
    body = aiter(chunks)
    while True:
        left_s = PATIENCE_S + came_bytes / LEAST_BYTES_PER_S - (time.monotonic() - began)
        try:
            async with asyncio.timeout(min(max(left_s, 0), PATIENCE_S)):
                chunk = await anext(body, None)
        except TimeoutError:
            raise UploadTooSlow from None
        if chunk is None:
            break
        gathered.append(chunk)
        waiting += len(chunk)
        came_bytes += len(chunk)
        if waiting >= PIECE_BYTES:
            yield gathered
            gathered, waiting = [], 0
    if waiting:
        yield gathered


async def _compare(pieces: AsyncIterator[list[bytes]], sha256: str, limit_bytes: int) -> None:
    """The body is read all the same: that a photo is there must not vouch for other bytes."""
    seen, size_bytes = hashlib.sha256(), 0
    async for piece in pieces:
        size_bytes += sum(map(len, piece))
        if size_bytes > limit_bytes:
            raise BodyTooLarge
        await run_in_threadpool(seen.update, b"".join(piece))
    if seen.hexdigest() != sha256:
        raise HashDiffers


async def _drained(pieces: AsyncIterator[list[bytes]], limit_bytes: int) -> None:
    left_bytes = limit_bytes
    async for piece in pieces:
        left_bytes -= sum(map(len, piece))
        if left_bytes < 0:
            return
