"""A search's whole result as CSV, in pieces: nothing is held in memory, and no snapshot for minutes."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from server.database import Database
from server.returns import search
from server.returns.asked import Asked, By, Spot
from server.returns.search import Row

PIECE = 500
"""Rows read in one snapshot."""
BOM = "\ufeff"
"""Tells spreadsheets that what follows is UTF-8; without it Chinese is garbled."""
RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What spreadsheets take for the beginning of a formula (OWASP, CSV injection)."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """A column of the file."""

    value: Callable[[Row], object]
    """What stands in it."""
    route: str
    """Who may open this may see it."""


LIST, FILE = "GET /returns", "GET /returns/{inspection_id}"
FIELDS: Mapping[str, Field] = {
    "inspection_id": Field(value=lambda row: row.inspection_id, route=LIST),
    "return": Field(value=lambda row: row.return_code, route=LIST),
    "order": Field(value=lambda row: row.order_code, route=FILE),
    "sku": Field(value=lambda row: row.sku, route=LIST),
    "serial": Field(value=lambda row: row.serial, route=FILE),
    "station": Field(value=lambda row: row.station, route=LIST),
    "operator": Field(value=lambda row: row.operator, route=FILE),
    "category": Field(value=lambda row: row.category, route=LIST),
    "found": Field(
        value=lambda row: " ".join(f"{name}:{times}" for name, times in row.defects), route=LIST
    ),
    "grade": Field(value=lambda row: row.grade, route=LIST),
    "disposition": Field(value=lambda row: row.disposition, route=LIST),
    "state": Field(value=lambda row: row.state, route=LIST),
    "finished_at": Field(value=lambda row: row.finished_at.isoformat(), route=LIST),
    "received_at": Field(value=lambda row: row.received_at.isoformat(), route=LIST),
}


def lines(database: Database, asked: Asked, may: Callable[[str], bool]) -> Iterator[str]:
    """The file's lines, newest first."""
    fields = [(name, field.value) for name, field in FIELDS.items() if may(field.route)]
    yield BOM + _lines([[name for name, _ in fields]])
    for rows in _pieces(database, asked):
        yield _lines([[harmless(value(row)) for _, value in fields] for row in rows])


def _pieces(database: Database, asked: Asked) -> Iterator[list[Row]]:
    spot: Spot | None = None
    while True:
        with database.reading() as connection:
            how = search.plan(connection, asked.filters)
            found = search.look(connection, how, start=spot, newer=False, limit=PIECE)
        yield found.rows
        spot = _on(found, asked.filters.by)
        if spot is None:
            return


def _on(found: search.Found, by: By) -> Spot | None:
    if len(found.rows) == PIECE:
        return found.rows[-1].spot(by)
    return found.stopped


def harmless(value: object) -> str:
    """As it is, but no spreadsheet computes it."""
    said = "" if value is None else str(value)
    return f"'{said}" if said.startswith(RISKY) else said


def _lines(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
