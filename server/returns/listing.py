"""One page of the list: exact codes first, then newest first, with the ways to the next pages."""

from dataclasses import dataclass

from sqlalchemy import Connection

from server.database import Database
from server.returns import search
from server.returns.asked import Asked
from server.returns.search import Found, Plan, Row

PAGE = 40
COUNTED, COUNTED_TRIED = 1000, 100
"""Counting stops there: for one condition, and for several, where each candidate is tried."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One page of the list."""

    asked: Asked
    exact: tuple[Row, ...]
    """Those whose code is exactly what was typed; on the first page only."""
    rows: tuple[Row, ...]
    newer: str | None
    """The query of the page with newer returns, where there are any."""
    older: str | None
    further: bool
    """Looking stopped before the page was full; `older` goes on from there."""
    count: int
    """How many there are, on the first page."""
    counted_all: bool


def listing(database: Database, asked: Asked) -> Listing:
    """One page; all of it of one moment."""
    with database.reading() as connection:
        how = search.plan(connection, asked.filters)
        exact = search.exactly(connection, asked.text, asked.filters)
        found = _page(connection, how, asked, exact)
        first = not (asked.place.before or asked.place.after)
        count, counted_all = _count(connection, how, found, exact) if first else (0, False)
    newer, older = _ways(asked, found)
    backwards = asked.place.after is not None
    return Listing(
        asked=asked,
        exact=tuple(exact if first else ()),
        rows=tuple(found.rows[:PAGE][::-1] if backwards else found.rows[:PAGE]),
        newer=newer,
        older=older,
        further=found.stopped is not None,
        count=count,
        counted_all=counted_all,
    )


def _count(connection: Connection, how: Plan, found: Found, exact: list[Row]) -> tuple[int, bool]:
    """How many there are, and whether that is all."""
    if len(found.rows) <= PAGE:
        return len(found.rows) + len(exact), found.stopped is None
    return search.count(connection, how, COUNTED_TRIED if how.tried or how.pace else COUNTED)


def _page(connection: Connection, how: Plan, asked: Asked, exact: list[Row]) -> Found:
    """In the direction that was asked for; one row more than a page, where there is one."""
    return search.look(
        connection,
        how,
        start=asked.place.after or asked.place.before,
        newer=asked.place.after is not None,
        limit=PAGE + 1,
        without=[row.arrival for row in exact],
    )


def _ways(asked: Asked, found: Found) -> tuple[str | None, str | None]:
    """The queries of the pages with newer and with older returns."""
    place, by = asked.place, asked.filters.by
    # On, in the direction that was asked for: after the page's last row, or where looking stopped.
    last = found.rows[PAGE - 1].spot(by) if len(found.rows) > PAGE else found.stopped
    on = {"after" if place.after else "before": last}
    # Back from this page's beginning.
    first = found.rows[0].spot(by) if found.rows else place.after or place.before
    back = {"before" if place.after else "after": first}
    if place.after:
        return asked.query(**on) if last else None, asked.query(**back)
    return (asked.query(**back) if place.before else None), (asked.query(**on) if last else None)
