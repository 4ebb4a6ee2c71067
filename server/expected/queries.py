"""SQL of what is expected, what came unannounced, and of files on their way in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, insert, or_, select, update

from models.records import Inspection
from models.supply import ExpectedReturn
from server.expectations import Expectation, key
from server.tables import (
    arrivals,
    expected_contacts,
    expected_returns,
    expected_versions,
    imports,
    inspections,
)

PAGE = 40
SUGGESTED = 1000
"""Codes that begin or end like a scanned one, of which the most similar are shown."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in a list: after the rows before this number, or before those after that one."""

    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the list of expected returns."""

    entry: int
    told: ExpectedReturn
    state: Expectation


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """One inspection that nobody announced."""

    arrival: int
    inspection: Inspection
    arrived_at: datetime


@dataclass(frozen=True, kw_only=True)
class Version:
    """What was told once."""

    version: int
    told: ExpectedReturn
    contact_changed: bool
    told_by: str
    told_at: datetime


def entries(
    connection: Connection, state: Expectation | None, words: Sequence[str], place: Place
) -> list[Entry]:
    """Newest first; one more than a page holds, when there are more."""
    its = expected_returns.c
    conditions = [its.search_text.contains(word, autoescape=True) for word in words]
    if state is not None:
        conditions.append(its.state == state)
    found = select(its.entry, its.record, its.state).where(*conditions)
    return [
        Entry(
            entry=row.entry,
            told=ExpectedReturn.from_json(row.record),
            state=Expectation(row.state),
        )
        for row in _page(connection, found, its.entry, place)
    ]


def unknown(connection: Connection, words: Sequence[str], place: Place) -> list[Unknown]:
    """Inspections that nobody announced, newest first; one more than a page, when there are more."""
    its = arrivals.c
    conditions: list[ColumnElement[bool]] = [its.return_code.is_(None)]
    conditions += [its.scanned_key.contains(key(word), autoescape=True) for word in words]
    found = (
        select(its.arrival, its.arrived_at, inspections.c.record)
        .join(inspections, inspections.c.inspection_id == its.inspection_id)
        .where(*conditions)
    )
    return [_unknown(row) for row in _page(connection, found, its.arrival, place)]


def _unknown(row: Row[*tuple[Any, ...]]) -> Unknown:
    return Unknown(
        arrival=row.arrival,
        inspection=Inspection.from_json(row.record),
        arrived_at=row.arrived_at,
    )


def _page(
    connection: Connection, found: Select[Any], number: ColumnElement[int], place: Place
) -> Sequence[Row[*tuple[Any, ...]]]:
    if place.after is not None:
        newer = found.where(number > place.after).order_by(number.asc()).limit(PAGE + 1)
        return connection.execute(newer).all()[::-1]
    if place.before is not None:
        found = found.where(number < place.before)
    return connection.execute(found.order_by(number.desc()).limit(PAGE + 1)).all()


def versions(connection: Connection, return_code: str) -> list[Version]:
    """All that was told of one return, oldest first."""
    rows = connection.execute(
        select(expected_versions)
        .where(expected_versions.c.return_code == return_code)
        .order_by(expected_versions.c.version)
    )
    return [
        Version(
            version=row.version,
            told=ExpectedReturn.from_json(row.record),
            contact_changed=row.contact_changed,
            told_by=row.told_by,
            told_at=row.told_at,
        )
        for row in rows
    ]


def contact(connection: Connection, return_code: str) -> str | None:
    """How to reach the customer."""
    found = select(expected_contacts.c.contact).where(
        expected_contacts.c.return_code == return_code
    )
    text: str | None = connection.execute(found).scalar()
    return text


def has_contact(connection: Connection, return_code: str) -> bool:
    """Whether anybody told how to reach the customer."""
    return contact(connection, return_code) is not None


def came(connection: Connection, return_code: str) -> list[Unknown]:
    """The inspections that are matched to an expected return, oldest first."""
    found = (
        select(arrivals.c.arrival, arrivals.c.arrived_at, inspections.c.record)
        .join(inspections, inspections.c.inspection_id == arrivals.c.inspection_id)
        .where(arrivals.c.return_code == return_code)
        .order_by(arrivals.c.arrival)
        .limit(PAGE)
    )
    return [_unknown(row) for row in connection.execute(found)]


def arrival(connection: Connection, inspection_id: str) -> tuple[Unknown, str | None] | None:
    """One inspection and the expected return that it is matched to."""
    row = connection.execute(
        select(
            arrivals.c.arrival, arrivals.c.arrived_at, arrivals.c.return_code, inspections.c.record
        )
        .join(inspections, inspections.c.inspection_id == arrivals.c.inspection_id)
        .where(arrivals.c.inspection_id == inspection_id)
    ).first()
    return (_unknown(row), row.return_code) if row else None


def is_expected(connection: Connection, return_code: str) -> bool:
    """Whether anybody announced it."""
    found = select(expected_returns.c.entry).where(expected_returns.c.return_code == return_code)
    return connection.execute(found).scalar() is not None


def similar(connection: Connection, scanned: str) -> list[Entry]:
    """Expected returns with a code or number that begins or ends like the scanned one."""
    its, long = expected_returns.c, max(3, len(scanned) - 2)
    odd_middle = its.return_code.startswith(
        scanned[:3], autoescape=True
    ) & its.return_code.endswith(scanned[-max(1, len(scanned) // 4) :], autoescape=True)
    ends = [
        column.endswith(text[-long:], autoescape=True)
        for column, text in (
            (its.return_code, scanned),
            (its.tracking_key, key(scanned)),
            (its.serial_key, key(scanned)),
        )
    ]
    begins = its.return_code.startswith(scanned[:long], autoescape=True)
    found = select(its.entry, its.record, its.state).where(or_(begins, odd_middle, *ends))
    rows = connection.execute(found.order_by(its.entry.desc()).limit(SUGGESTED))
    return [
        Entry(entry=r.entry, told=ExpectedReturn.from_json(r.record), state=Expectation(r.state))
        for r in rows
    ]


def add_import(connection: Connection, row: Mapping[str, object]) -> None:
    """Keep a file until somebody decides on it."""
    connection.execute(insert(imports).values(row))


def import_row(connection: Connection, import_id: str) -> Row[*tuple[Any, ...]] | None:
    """Everything about a file but its content."""
    columns = [column for column in imports.c if column.name != "content"]
    return connection.execute(select(*columns).where(imports.c.import_id == import_id)).first()


def import_content(connection: Connection, import_id: str) -> bytes | None:
    """The file itself, while it is kept."""
    found = select(imports.c.content).where(imports.c.import_id == import_id)
    content: bytes | None = connection.execute(found).scalar()
    return content


def settle_import(
    connection: Connection, import_id: str, while_in: Sequence[str], values: Mapping[str, object]
) -> bool:
    """Change where a file stands; tells whether it stood where it should."""
    done = connection.execute(
        update(imports)
        .where(imports.c.import_id == import_id, imports.c.state.in_(while_in))
        .values(dict(values))
    )
    return done.rowcount == 1


def forget_imports(connection: Connection, before: datetime) -> None:
    """Old files hold what is personal, and serve nobody any more; what came of them stays."""
    connection.execute(
        update(imports)
        .where(imports.c.uploaded_at < before, imports.c.content.is_not(None))
        .values(content=None)
    )


def recent_imports(connection: Connection, most: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """The newest files, without their content."""
    columns = [column for column in imports.c if column.name not in {"content", "outcome"}]
    found = select(*columns).order_by(imports.c.uploaded_at.desc()).limit(most)
    return connection.execute(found).all()
