"""SQL of the search. A page costs the same however much is kept.

One condition leads: its index gives candidates in the list's order. The others are tried on each
candidate, some hundreds at a time, until the page is full or all `STEPS` were taken; then the page says
so, and its link to older returns goes on from there. Conditions that do not lead are written so that
no planner takes their index and sorts what it finds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, exists, or_, select
from sqlalchemy import Row as SqlRow

from models.vocabulary import Disposition, Grade
from server import words
from server.returns.asked import By, Filters, Spot
from server.standing import State, arrival_of, moment_of
from server.tables import standing_marks, standings

STEPS = (300, 1000, 3700)
"""Candidates looked at in one go, growing: most pages are full after the first."""
PACED = (1_000, 3_000)
"""Returns looked at in one go for several words that are each in many: see `_paced`."""
NEWEST, RARE = 5_000, 50
"""A word that stands in fewer of so many newest returns is rare enough to lead through all of them."""
EXACT = 10
"""At most so many are shown first because a code is exactly what was typed."""
CODES_FIRST = ("return_code", "order_code", "serial", "inspection_id")
LEADING = ("return_code", "serial", "order_code", "sku")
"""Columns that nearly single one out: they lead before words do."""
AFTER_WORDS = ("operator", "station", "grade", "disposition", "state", "category")
SHOWN = (
    "arrival", "inspection_id", "return_code", "order_code", "sku", "serial", "station", "operator",
    "category", "grade", "disposition", "state", "finished_at", "found", "looked", "thumbnail_sha256",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the list; columns as they are kept."""

    arrival: int
    inspection_id: str
    return_code: str
    order_code: str | None
    sku: str | None
    serial: str | None
    station: str
    operator: str | None
    category: str
    grade: Grade
    disposition: Disposition
    state: State
    finished_at: datetime
    defects: tuple[tuple[str, int], ...]
    """What was found, and how often."""
    looked: bool
    thumbnail_sha256: str | None

    @property
    def received_at(self) -> datetime:
        """When the server kept it."""
        return moment_of(self.arrival)

    def spot(self, by: By) -> Spot:
        """Where it stands in the list."""
        finished = arrival_of(self.finished_at) if by is By.FINISHED else 0
        return Spot(arrival=self.arrival, finished=finished)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to look: who leads, and what is tried on each candidate."""

    source: FromClause
    """The leader's table, alone."""
    joined: FromClause
    """It, with the standings."""
    arrival: ColumnElement[int]
    """The leader's own column of arrivals."""
    leads: tuple[ColumnElement[bool], ...]
    tried: tuple[ColumnElement[bool], ...]
    by: By
    pace: "Plan | None" = None
    """What is looked at in one go, where not so many candidates of the leader's."""

    @property
    def steps(self) -> tuple[int | None, ...]:
        """How many are looked at in one go, until the last; all at once where each candidate fits."""
        if self.pace:
            return PACED
        return STEPS if self.tried else (None,)

    @property
    def order(self) -> tuple[ColumnElement[Any], ...]:
        """The list's order, ascending."""
        return (
            (standings.c.finished_at, self.arrival) if self.by is By.FINISHED else (self.arrival,)
        )

    def beyond(self, spot: Spot, *, newer: bool, inclusive: bool = False) -> ColumnElement[bool]:
        """Rows on that side of the spot."""
        ends = (self.arrival >= spot.arrival) if newer else (self.arrival <= spot.arrival)
        if not inclusive:
            ends = (self.arrival > spot.arrival) if newer else (self.arrival < spot.arrival)
        if self.by is By.RECEIVED:
            return ends
        at, finished = standings.c.finished_at, moment_of(spot.finished)
        # The first half alone is what an index can be entered by.
        outer = at >= finished if newer else at <= finished
        return and_(outer, or_(at > finished if newer else at < finished, ends))


@dataclass(frozen=True, kw_only=True)
class Found:
    """Some rows in the list's order, and where looking stopped when there was more to look at."""

    rows: list[Row]
    stopped: Spot | None


def plan(connection: Connection, filters: Filters) -> Plan:
    """Choose who leads: the condition that few fulfil, as far as that can be told without counting."""
    wanted = [words.wanted(word) for word in filters.words]
    every = tuple(choice for one in wanted for choice in one.every)
    leader = _leader(filters, has_words=bool(every))
    within = filters.words if leader != "words" else [w.within for w in wanted if w.within]
    texts = [standings.c.search_text.contains(word, autoescape=True) for word in within]
    tried = [condition for name, condition in _tried(filters) if name != leader]
    source, arrival, leads = _lead(connection, filters, leader, every)
    joined = source
    if source is not standings:
        joined = source.join(standings, standings.c.arrival == arrival)
    return Plan(
        source=source,
        joined=joined,
        arrival=arrival,
        leads=(*leads, *_span(filters, arrival)),
        tried=(*tried, *texts),
        by=filters.by,
        pace=_paced(connection, filters, every) if leader == "words" else None,
    )


def _paced(
    connection: Connection, filters: Filters, every: Sequence[tuple[str, ...]]
) -> Plan | None:
    """All returns of the span, where words that are each in many could be together in none.

    Comparing their lists takes as long as the shortest of them. A rare one is short; without one,
    looking goes through the list itself, some thousands of returns at a time. FTS5 compares a million
    in some 25 ms, and would not stop at a stretch's end before the next match: it does it in one go.
    """
    if len(every) < 2 or connection.dialect.name == "sqlite":
        return None
    arrival = standings.c.arrival
    oldest = select(arrival).order_by(arrival.desc()).limit(1).offset(NEWEST - 1)
    since = connection.execute(oldest).scalar()
    if since is None or any(_is_rare(connection, choice, since) for choice in every):
        return None
    span = tuple(_span(filters, arrival))
    return Plan(
        source=standings, joined=standings, arrival=arrival, leads=span, tried=(), by=filters.by
    )


def _is_rare(connection: Connection, choice: tuple[str, ...], since: int) -> bool:
    source, arrival, having = words.matching(connection, [choice])
    found = select(arrival).select_from(source).where(*having, arrival >= since)
    # From the newest: an index of words is read from the end that the order names.
    found = found.order_by(arrival.desc()).limit(RARE)
    return len(connection.execute(found).all()) < RARE


Lead = tuple[FromClause, ColumnElement[int], tuple[ColumnElement[bool], ...]]


def _lead(
    connection: Connection,
    filters: Filters,
    leader: str | None,
    every: Sequence[tuple[str, ...]],
) -> Lead:
    """The leader's table, its column of arrivals, its condition."""
    if leader == "words":
        return words.matching(connection, every)
    if leader in filters.marks:
        return (
            standing_marks,
            standing_marks.c.arrival,
            (standing_marks.c.mark == leader,),
        )
    leads = (standings.c[leader] == filters.equal[leader],) if leader else ()
    return standings, standings.c.arrival, leads


def _leader(filters: Filters, *, has_words: bool) -> str | None:
    if filters.by is By.FINISHED:
        return None  # its own index gives the order
    ranked = [name for name in LEADING if name in filters.equal]
    ranked += ["words"] if has_words else []
    ranked += filters.marks
    ranked += [name for name in AFTER_WORDS if name in filters.equal]
    return ranked[0] if ranked else None


def _tried(filters: Filters) -> Iterator[tuple[str, ColumnElement[bool]]]:
    for name, value in filters.equal.items():
        # An expression, so that no planner takes the column's own index instead of the leader's.
        yield name, standings.c[name].op("||")("") == value
    for mark in filters.marks:
        its = standing_marks.alias().c  # another may lead
        yield mark, exists().where(its.mark == mark, its.arrival == standings.c.arrival)


def _span(filters: Filters, arrival: ColumnElement[int]) -> Iterator[ColumnElement[bool]]:
    since, until = filters.span.since, filters.span.until
    if filters.by is By.FINISHED:
        at = standings.c.finished_at
        if since is not None:
            yield at >= moment_of(since)
        if until is not None:
            yield at < moment_of(until)
        return
    if since is not None:
        yield arrival >= since
    if until is not None:
        yield arrival < until


def look(
    connection: Connection,
    how: Plan,
    *,
    start: Spot | None,
    newer: bool,
    limit: int,
    without: Sequence[int] = (),
) -> Found:
    """Rows from a place on, in the direction's own order."""
    rows: list[Row] = []
    spot = start
    for step in how.steps:
        edge = _edge(connection, how.pace or how, spot, step, newer=newer) if step else None
        found = _between(how, spot, edge, newer=newer).where(*how.tried)
        if without:
            found = found.where(standings.c.arrival.not_in(without))
        rows += [_row(row) for row in connection.execute(found.limit(limit - len(rows)))]
        if len(rows) == limit or edge is None:
            return Found(rows=rows, stopped=None)
        spot = edge
    return Found(rows=rows, stopped=spot)


def _edge(
    connection: Connection, how: Plan, spot: Spot | None, step: int, *, newer: bool
) -> Spot | None:
    """The place of the last of the next `step` candidates; none when there are not so many."""
    found = select(*how.order).select_from(how.source).where(*how.leads)
    if spot:
        found = found.where(how.beyond(spot, newer=newer))
    found = found.order_by(*_order(how, newer=newer)).limit(1).offset(step - 1)
    row = connection.execute(found).first()
    if row is None:
        return None
    if how.by is By.FINISHED:
        return Spot(arrival=row[1], finished=arrival_of(row[0]))
    return Spot(arrival=row[0])


def _order(how: Plan, *, newer: bool) -> list[ColumnElement[Any]]:
    return [column.asc() if newer else column.desc() for column in how.order]


def _between(how: Plan, spot: Spot | None, edge: Spot | None, *, newer: bool) -> Select[Any]:
    shown = [how.arrival.label("arrival"), *(standings.c[name] for name in SHOWN[1:])]
    found = select(*shown).select_from(how.joined).where(*how.leads)
    if spot:
        found = found.where(how.beyond(spot, newer=newer))
    if edge:
        found = found.where(how.beyond(edge, newer=not newer, inclusive=True))
    return found.order_by(*_order(how, newer=newer))


def _row(row: SqlRow[Any]) -> Row:
    kept = dict(row._mapping)  # noqa: SLF001 - public, whatever its name
    found = (part.partition(":") for part in kept.pop("found").split(",") if part)
    return Row(
        defects=tuple((defect, int(times)) for defect, _, times in found),
        grade=Grade(kept.pop("grade")),
        disposition=Disposition(kept.pop("disposition")),
        state=State(kept.pop("state")),
        **kept,
    )


def exactly(connection: Connection, text: str, filters: Filters) -> list[Row]:
    """The newest whose return, order, serial or id is what was typed, as it stands or in capitals."""
    typed = sorted({text, text.upper()})
    also = [*(c for _, c in _tried(filters)), *_span(filters, standings.c.arrival)]
    rows: dict[int, Row] = {}
    for name in CODES_FIRST if text else ():
        found = select(*(standings.c[one] for one in SHOWN))
        found = found.where(standings.c[name].in_(typed), *also)
        for row in connection.execute(found.order_by(standings.c.arrival.desc()).limit(EXACT)):
            rows.setdefault(row.arrival, _row(row))
    return sorted(rows.values(), key=lambda row: -row.arrival)[:EXACT]


def count(connection: Connection, how: Plan, most: int) -> tuple[int, bool]:
    """How many there are, and whether that is all: looking stops at `most`, as a page does."""
    known, spot = 0, None
    for step in how.steps:
        edge = _edge(connection, how.pace or how, spot, step, newer=False) if step else None
        found = _between(how, spot, edge, newer=False).where(*how.tried)
        found = found.with_only_columns(how.arrival, maintain_column_froms=True)
        known += len(connection.execute(found.limit(most + 1 - known)).all())
        if known > most or edge is None:
            return min(known, most), known <= most
        spot = edge
    return known, False
