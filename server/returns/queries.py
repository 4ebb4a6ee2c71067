"""SQL of looking things up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, select

from models.records import Inspection
from models.vocabulary import Category, Disposition, Grade
from server.ledger import State
from server.tables import inspections, photos, standings

PAGE = 40


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What is looked for; what is none is not asked."""

    words: tuple[str, ...] = ()
    """Each must occur in the search text; casefolded."""
    category: Category | None = None
    grade: Grade | None = None
    disposition: Disposition | None = None
    state: State | None = None


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in the list: after the rows that arrived before, or before those that arrived after."""

    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the list."""

    arrival: int
    inspection: Inspection
    received_at: datetime
    grade: Grade
    disposition: Disposition
    state: State


def listed(connection: Connection, filters: Filters, place: Place) -> list[Row]:
    """Newest first; one more than a page holds, when there are more."""
    found = _found(filters)
    if place.after is not None:
        newer = found.where(standings.c.arrival > place.after)
        rows = _rows(connection, newer.order_by(standings.c.arrival.asc()))
        return rows[::-1]
    if place.before is not None:
        found = found.where(standings.c.arrival < place.before)
    return _rows(connection, found.order_by(standings.c.arrival.desc()))


def _found(filters: Filters) -> Select[tuple[object, ...]]:
    found: Select[tuple[object, ...]] = select(
        standings.c.arrival,
        standings.c.grade,
        standings.c.disposition,
        standings.c.state,
        inspections.c.record,
        inspections.c.received_at,
    ).join(inspections, inspections.c.inspection_id == standings.c.inspection_id)
    return found.where(*_conditions(filters))


def _conditions(filters: Filters) -> Sequence[ColumnElement[bool]]:
    # autoescape: % and _ are looked for, not interpreted.
    words = [standings.c.search_text.contains(word, autoescape=True) for word in filters.words]
    asked = {
        standings.c.category: filters.category,
        standings.c.grade: filters.grade,
        standings.c.disposition: filters.disposition,
        standings.c.state: filters.state,
    }
    return [*words, *(column == value for column, value in asked.items() if value is not None)]


def _rows(connection: Connection, found: Select[tuple[object, ...]]) -> list[Row]:
    return [
        Row(
            arrival=row.arrival,
            inspection=Inspection.from_json(row.record),
            received_at=row.received_at,
            grade=Grade(row.grade),
            disposition=Disposition(row.disposition),
            state=State(row.state),
        )
        for row in connection.execute(found.limit(PAGE + 1))
    ]


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
    """What a kept photo is."""
    return connection.execute(select(photos.c.media_type).where(photos.c.sha256 == sha256)).scalar()
