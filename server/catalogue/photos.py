"""One reference photo: its bytes checked without looking at a pixel, kept in the archive, noted beside its SKU."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from models.errors import PhotoUnreadable
from models.headers import check_complete, read_header, turns_sides
from models.vocabulary import Shot
from server.archive import MEGABYTE
from server.catalogue import queries
from server.complaints import Complained, Complaint
from server.inventory import Arrival, PhotoKind
from server.parts import Parts
from server.references import Origin

MAX_PIXELS = 100_000_000
"""As many as stations decode: a few bytes can promise more than any machine holds."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a photo's file says of itself."""

    sha256: str
    size_bytes: int
    media_type: str
    width: int
    """Pixels, after the file's own orientation was applied."""
    height: int


def read_facts(content: bytes, limit_bytes: int) -> Facts:
    """Read the header and go through the file's blocks. Raises Complained, naming what is wrong."""
    if len(content) > limit_bytes:
        raise Complained(Complaint.PHOTO_TOO_LARGE, column="photo", limit=limit_bytes // MEGABYTE)
    try:
        header = read_header(content)
        check_complete(content, header)
    except PhotoUnreadable as error:
        raise Complained(Complaint.PHOTO_UNREADABLE, column="photo", got=str(error)) from error
    pixels = header.width * header.height
    if header.is_animated or not 0 < pixels <= MAX_PIXELS:
        got = "animated" if header.is_animated else f"{header.width} × {header.height}"
        raise Complained(Complaint.PHOTO_IMPOSSIBLE, column="photo", got=got)
    sides = (header.width, header.height)
    width, height = sides[::-1] if turns_sides(content) else sides
    return Facts(
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        media_type=header.media_type,
        width=width,
        height=height,
    )


def limit_bytes(here: Parts) -> int:
    """The largest photo that the archive takes."""
    return here.settings.max_photo_mb * MEGABYTE


def keep(
    here: Parts, content: bytes, *, sku: str, shot: Shot, origin: Origin, by: str
) -> tuple[int, bool]:
    """Keep one photo of an article; gives its number and whether it is new. Raises Complained, DiskFull, StorageUnavailable."""
    facts = read_facts(content, limit_bytes(here))
    _safe(here, facts, content, by)
    now = here.clock()
    with here.database.writing() as connection:
        return _add(connection, facts, sku=sku, shot=shot, origin=origin, by=by, now=now)


def _safe(here: Parts, facts: Facts, content: bytes, by: str) -> None:
    _, trace = here.inventory.look(facts.sha256)
    with here.archive.promised(facts.size_bytes), here.archive.incoming() as incoming:
        incoming.write(content)
        here.archive.keep(incoming, facts.sha256)
    arrival = Arrival(
        sha256=facts.sha256,
        size_bytes=facts.size_bytes,
        media_type=facts.media_type,
        brought_by=by,
        trace=trace,
        kind=PhotoKind.REFERENCE,
    )
    here.inventory.note(arrival)


def _add(
    connection: Connection,
    facts: Facts,
    *,
    sku: str,
    shot: Shot,
    origin: Origin,
    by: str,
    now: datetime,
) -> tuple[int, bool]:
    row = {
        "sku": sku,
        "shot": shot,
        "sha256": facts.sha256,
        "width": facts.width,
        "height": facts.height,
        "origin": origin,
        "added_by": by,
        "added_at": now,
    }
    return queries.add_reference(connection, row)
