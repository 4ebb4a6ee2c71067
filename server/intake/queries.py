"""SQL of intake."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, insert, select

from models.records import Inspection, Judgement, Photo, Routing
from models.vocabulary import Shot
from server.database import insert_once
from server.inventory import PhotoKind
from server.standing import State
from server.tables import (
    inspection_photos,
    inspections,
    photos,
    routings,
    standings,
)


def plain(text: str) -> str:
    """Without NUL, which PostgreSQL cannot keep in a column; the record itself keeps it escaped."""
    return text.replace("\0", "\ufffd")


def photo_sizes(connection: Connection, sha256s: Iterable[str]) -> dict[str, int]:
    """Hash → bytes of those that are kept."""
    rows = connection.execute(
        select(photos.c.sha256, photos.c.size_bytes)
        .where(photos.c.sha256.in_(list(sha256s)))
        .where(photos.c.deleted_at.is_(None))
    )
    return {row.sha256: row.size_bytes for row in rows}


def content_sha256(connection: Connection, inspection_id: str) -> str | None:
    """Hash of the inspection kept under that id."""
    found = select(inspections.c.content_sha256).where(inspections.c.inspection_id == inspection_id)
    return connection.execute(found).scalar()


def ruling_of(connection: Connection, inspection_id: str) -> tuple[Judgement, Routing]:
    """What the rules made of it last, and where it went."""
    newest = connection.execute(
        select(routings.c.judgement, routings.c.record)
        .where(routings.c.inspection_id == inspection_id)
        .order_by(routings.c.routing.desc())
        .limit(1)
    ).one()
    return Judgement.from_json(newest.judgement), Routing.from_json(newest.record)


def add_inspection(
    connection: Connection,
    inspection: Inspection,
    *,
    record: str,
    content_sha256: str,
    now: datetime,
) -> bool:
    """Tells whether it is new."""
    row = {
        "inspection_id": inspection.inspection_id,
        "content_sha256": content_sha256,
        "supersedes": inspection.supersedes,
        "return_code": plain(inspection.return_code),
        "station": inspection.station,
        "record": record,
        "received_at": now,
    }
    return insert_once(connection, inspections, row)


def link_photos(connection: Connection, inspection: Inspection) -> None:
    """Which photos belong to it, and what each is there for."""
    rows = [
        {"inspection_id": inspection.inspection_id, "sha256": sha256, "kind": kind}
        for sha256, kind in sorted(uses(inspection.photos).items())
    ]
    if rows:
        connection.execute(insert(inspection_photos), rows)


def uses(of: Iterable[Photo]) -> dict[str, PhotoKind]:
    """All files that these photos consist of, and what for; of two uses the one that shows the item."""
    found: dict[str, PhotoKind] = {}
    for photo in of:
        label = photo.shot is Shot.SHIPPING_LABEL
        found[photo.sha256] = (
            PhotoKind.LABEL
            if label and found.get(photo.sha256) is not PhotoKind.ITEM
            else PhotoKind.ITEM
        )
        if photo.thumbnail_sha256:
            found.setdefault(photo.thumbnail_sha256, PhotoKind.THUMBNAIL)
        if photo.sealed_sha256:
            found.setdefault(photo.sealed_sha256, PhotoKind.SEALED)
    return found


def add_routing(
    connection: Connection,
    inspection_id: str,
    *,
    routing: Routing,
    judgement: Judgement,
    now: datetime,
) -> None:
    """Who decides next, and what it rests on."""
    connection.execute(
        insert(routings).values(
            inspection_id=inspection_id,
            record=routing.to_json(),
            judgement=judgement.to_json(),
            routed_at=now,
        )
    )


def return_code_of(connection: Connection, inspection_id: str) -> str | None:
    """The code of a kept inspection."""
    found = select(inspections.c.return_code).where(inspections.c.inspection_id == inspection_id)
    return connection.execute(found).scalar()


def correction_of(connection: Connection, inspection: Inspection) -> str | None:
    """An inspection of the same return that says it corrects this one, and came first."""
    found = select(inspections.c.inspection_id).where(
        inspections.c.supersedes == inspection.inspection_id,
        inspections.c.return_code == plain(inspection.return_code),
    )
    return connection.execute(found.limit(1)).scalar()


def sent_back(connection: Connection, inspection: Inspection) -> list[str]:
    """Earlier inspections of the same return that a reviewer sent back to the bench for new photos."""
    found = select(standings.c.inspection_id).where(
        standings.c.return_code == plain(inspection.return_code),
        standings.c.state == State.RETAKE,
        standings.c.finished_at <= inspection.finished_at,
        standings.c.inspection_id != inspection.inspection_id,
    )
    return list(connection.execute(found).scalars())
