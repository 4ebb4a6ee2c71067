"""SQL of reference photos and of what could become one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, func, select, update

from models.vocabulary import Grade
from server.database import insert_once
from server.references import Reference, reference_of
from server.standing import State
from server.tables import reference_photos, standings

PAGE = 40
LOOKED_AT = 400
"""Newest items of grade A among which articles without photos are looked for."""
FIRST = 20
"""Oldest items of grade A of one article that are looked at."""


@dataclass(frozen=True, kw_only=True)
class Article:
    """One SKU that has reference photos."""

    sku: str
    photos: int
    shown: str
    """The hash of one of them."""


def add_reference(connection: Connection, row: Mapping[str, object]) -> tuple[int, bool]:
    """Add it, or put one that was removed back; gives its number and whether anything changed."""
    its = reference_photos.c
    same = (its.sku == row["sku"], its.shot == row["shot"], its.sha256 == row["sha256"])
    if insert_once(connection, reference_photos, dict(row)):
        return int(connection.execute(select(its.reference).where(*same)).scalar_one()), True
    back = connection.execute(
        update(reference_photos)
        .where(*same, its.removed_at.is_not(None))
        .values(removed_at=None, removed_by=None)
    )
    number = connection.execute(select(its.reference).where(*same)).scalar_one()
    return int(number), back.rowcount == 1


def settle(connection: Connection, reference: int, *, by: str | None, at: datetime | None) -> bool:
    """Remove one, or put it back; tells whether there is such a photo."""
    done = connection.execute(
        update(reference_photos)
        .where(reference_photos.c.reference == reference)
        .values(removed_by=by, removed_at=at)
    )
    return done.rowcount == 1


def sku_of(connection: Connection, reference: int) -> str | None:
    """Which article a photo shows."""
    found = select(reference_photos.c.sku).where(reference_photos.c.reference == reference)
    sku: str | None = connection.execute(found).scalar()
    return sku


def removed(connection: Connection, sku: str) -> list[Reference]:
    """Photos of an article that somebody took away, the newest first."""
    its = reference_photos.c
    rows = connection.execute(
        select(reference_photos)
        .where(its.sku == sku, its.removed_at.is_not(None))
        .order_by(its.removed_at.desc())
        .limit(PAGE)
    )
    return [reference_of(row) for row in rows]


def articles(connection: Connection, text: str, after: str) -> list[Article]:
    """SKUs that have photos, by name; one more than a page holds, when there are more."""
    its = reference_photos.c
    found = (
        select(its.sku, func.count().label("photos"), func.min(its.sha256).label("shown"))
        .where(its.removed_at.is_(None), its.sku > after)
        .group_by(its.sku)
        .order_by(its.sku)
        .limit(PAGE + 1)
    )
    if text:
        found = found.where(func.lower(its.sku).contains(text.lower(), autoescape=True))
    rows = connection.execute(found)
    return [Article(sku=row.sku, photos=row.photos, shown=row.shown) for row in rows]


def graded_a_without_photos(connection: Connection) -> list[str]:
    """SKUs of which a person graded an item A lately, and nobody gave a photo."""
    its = standings.c
    pictured = exists().where(
        reference_photos.c.sku == its.sku, reference_photos.c.removed_at.is_(None)
    )
    rows = connection.execute(
        select(its.sku)
        .where(its.grade == Grade.A, its.state == State.DECIDED, its.sku.is_not(None), ~pictured)
        .order_by(its.arrival.desc())
        .limit(LOOKED_AT)
    ).scalars()
    return [sku for sku in dict.fromkeys(rows) if sku is not None][:PAGE]


def graded_a(connection: Connection, sku: str) -> Sequence[str]:
    """Items of an article that a person graded A, the first first."""
    its = standings.c
    found = (
        select(its.inspection_id)
        .where(its.sku == sku, its.grade == Grade.A, its.state == State.DECIDED)
        .order_by(its.arrival)
        .limit(FIRST)
    )
    return connection.execute(found).scalars().all()


def take(connection: Connection, row: Mapping[str, object]) -> bool:
    """Take a photo for an article's shot, unless it has one; tells whether it was taken."""
    its = reference_photos.c
    has = exists().where(its.sku == row["sku"], its.shot == row["shot"], its.removed_at.is_(None))
    if connection.execute(select(has)).scalar():
        return False
    return add_reference(connection, row)[1]
