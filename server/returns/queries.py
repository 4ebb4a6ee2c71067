"""SQL of looking things up."""

from datetime import datetime

from sqlalchemy import Connection, select

from models.records import Inspection
from server.errors import PhotoDeleted
from server.inventory import PhotoKind
from server.tables import inspections, photos


def same_return(connection: Connection, inspection: Inspection) -> list[tuple[str, datetime]]:
    """Other inspections of the same return, newest first: id and arrival."""
    rows = connection.execute(
        select(inspections.c.inspection_id, inspections.c.received_at)
        .where(inspections.c.return_code == inspection.return_code.replace("\0", "\ufffd"))
        .where(inspections.c.inspection_id != inspection.inspection_id)
        .order_by(inspections.c.received_at.desc())
        .limit(20)
    )
    return [(row.inspection_id, row.received_at) for row in rows]


def media_type(connection: Connection, sha256: str) -> str | None:
    """What a kept photo is; sealed originals are none, they have a door of their own. Raises PhotoDeleted."""
    row = connection.execute(
        select(photos.c.media_type, photos.c.deleted_at).where(
            photos.c.sha256 == sha256, photos.c.kind != PhotoKind.SEALED
        )
    ).first()
    if row is not None and row.deleted_at is not None:
        raise PhotoDeleted
    return row.media_type if row else None
