"""How the new item looks: the photos to compare a returned one with."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, select

from models.vocabulary import Shot
from server.tables import reference_photos


class Origin(StrEnum):
    """Where a reference photo came from."""

    UPLOADED = "uploaded"
    LISTED = "listed"
    TAKEN = "taken"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One photo of the new item; its bytes lie in the archive under `sha256`."""

    reference: int
    """Its number, rising in the order in which they were added."""
    sku: str
    shot: Shot
    sha256: str
    width: int
    """Pixels, after the file's own orientation was applied."""
    height: int
    origin: Origin
    inspection_id: str | None
    """The item that it was taken from, where a person graded one A."""


def references_for(connection: Connection, sku: str) -> tuple[Reference, ...]:
    """The photos of an article, by shot in the vocabulary's order, the newest of a shot first."""
    rows = connection.execute(
        select(reference_photos)
        .where(reference_photos.c.sku == sku, reference_photos.c.removed_at.is_(None))
        .order_by(reference_photos.c.reference.desc())
    )
    order = list(Shot)
    return tuple(sorted(map(reference_of, rows), key=lambda one: order.index(one.shot)))


def reference_of(row: Row[Any]) -> Reference:
    """A whole row of the table."""
    return Reference(
        reference=row.reference,
        sku=row.sku,
        shot=Shot(row.shot),
        sha256=row.sha256,
        width=row.width,
        height=row.height,
        origin=Origin(row.origin),
        inspection_id=row.inspection_id,
    )
