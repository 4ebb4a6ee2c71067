"""What was announced for an item: looked up, matched when either side comes, and every match told.

Whoever announces and whoever notes an arrival would miss each other if neither saw the other's
uncommitted rows. So announcing (and matching by hand) is done `alone`, arrivals `beside` each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Row, exists, func, insert, select, update

from models.supply import ExpectedReturn, code_key
from server import standing
from server.tables import arrivals, expected_returns, inspections, match_events

POSTGRESQL_LOCK = 5_327_003
"""Any number that nobody else takes in the same database: it names the lock of announcing."""


class Expectation(StrEnum):
    """Where an announced return stands."""

    WAITING = "waiting"
    ARRIVED = "arrived"


class Change(StrEnum):
    """What happened between an inspection and an expected return."""

    MATCHED = "matched"
    TAKEN_BACK = "taken_back"


class Ground(StrEnum):
    """What a match rests on."""

    CODE = "code"
    TRACKING = "tracking"
    SERIAL = "serial"
    PERSON = "person"


@dataclass(frozen=True, kw_only=True)
class Expected:
    """One expected return as it was told last; whom to contact is not in it."""

    told: ExpectedReturn
    version: int
    """Counted from 1; rises with each change of what was told."""
    state: Expectation


@dataclass(frozen=True, kw_only=True)
class MatchEvent:
    """One step of matching."""

    return_code: str
    """The expected return's."""
    change: Change
    ground: Ground
    told_by: str | None
    """Who did it; none for the server itself."""
    happened_at: datetime


key = code_key


def alone(connection: Connection) -> None:
    """Announce or match by hand: until the commit, nobody else does, and nothing arrives.

    The first thing in a transaction: who holds other rows already could wait for each other.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(POSTGRESQL_LOCK)))


def beside(connection: Connection) -> None:
    """Note an arrival: others may, too, but nobody announces. The first thing in a transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock_shared(POSTGRESQL_LOCK)))


def expected_for(connection: Connection, return_code: str) -> Expected | None:
    """What was announced under a scanned code: a return's own, or one parcel's number, or one serial."""
    # PostgreSQL keeps no NUL; intake replaces it in the same way.
    found = _find(connection, return_code.replace("\0", "\ufffd"))
    return expected_by_code(connection, found[0]) if found else None


def expected_of(connection: Connection, inspection_id: str) -> Expected | None:
    """What an inspection was matched to, whoever did it."""
    found = select(arrivals.c.return_code).where(arrivals.c.inspection_id == inspection_id)
    code = connection.execute(found).scalar()
    return expected_by_code(connection, code) if code is not None else None


def expected_by_code(connection: Connection, return_code: str) -> Expected | None:
    """What was announced under exactly this code."""
    row = connection.execute(
        select(
            expected_returns.c.record, expected_returns.c.version, expected_returns.c.state
        ).where(expected_returns.c.return_code == return_code)
    ).first()
    if row is None:
        return None
    told = ExpectedReturn.from_json(row.record)
    return Expected(told=told, version=row.version, state=Expectation(row.state))


def _find(connection: Connection, scanned: str) -> tuple[str, Ground] | None:
    """The one expected return that the code means; what means several is left to a person."""
    its = expected_returns.c
    if connection.execute(select(its.return_code).where(its.return_code == scanned)).scalar():
        return scanned, Ground.CODE
    for column, ground in ((its.tracking_key, Ground.TRACKING), (its.serial_key, Ground.SERIAL)):
        found = select(its.return_code).where(column == key(scanned)).limit(2)
        codes = connection.execute(found).scalars().all()
        if len(codes) == 1:
            return codes[0], ground
    return None


def arrive(connection: Connection, inspection_id: str, scanned: str, now: datetime) -> None:
    """Note that an item came, and match it to what was announced. Hold `beside` first."""
    connection.execute(
        insert(arrivals).values(
            inspection_id=inspection_id, scanned_key=key(scanned), arrived_at=now
        )
    )
    found = _find(connection, scanned)
    if found:
        link(connection, inspection_id, *found, by=None, now=now)


def match(connection: Connection, return_codes: Sequence[str], now: datetime) -> int:
    """Match what came unannounced to these expected returns; gives how many. Hold `alone` first."""
    linked = 0
    for row in _unknown_for(connection, return_codes):
        found = _find(connection, row.return_code)
        if found and not _was_taken_back(connection, row.inspection_id, found[0]):
            link(connection, row.inspection_id, *found, by=None, now=now)
            linked += 1
    return linked


def _unknown_for(connection: Connection, return_codes: Sequence[str]) -> Sequence[Row[str, str]]:
    its = expected_returns.c
    told = connection.execute(
        select(its.return_code, its.tracking_key, its.serial_key).where(
            its.return_code.in_(return_codes)
        )
    ).all()
    keys = {k for code, *others in told for k in (key(code), *others) if k}
    found = select(arrivals.c.inspection_id, inspections.c.return_code).join(
        inspections, inspections.c.inspection_id == arrivals.c.inspection_id
    )
    return connection.execute(
        found.where(arrivals.c.return_code.is_(None), arrivals.c.scanned_key.in_(keys)).order_by(
            arrivals.c.arrival
        )
    ).all()


def _was_taken_back(connection: Connection, inspection_id: str, return_code: str) -> bool:
    """A person said that these two do not belong together; nothing automatic says otherwise."""
    said = exists().where(
        match_events.c.inspection_id == inspection_id,
        match_events.c.return_code == return_code,
        match_events.c.kind == Change.TAKEN_BACK,
    )
    return bool(connection.execute(select(said)).scalar())


def link(
    connection: Connection,
    inspection_id: str,
    return_code: str,
    ground: Ground,
    *,
    by: str | None,
    now: datetime,
) -> bool:
    """Match an unknown arrival to an expected return; tells whether it still was unknown."""
    done = connection.execute(
        update(arrivals)
        .where(arrivals.c.inspection_id == inspection_id, arrivals.c.return_code.is_(None))
        .values(return_code=return_code)
    )
    if not done.rowcount:
        return False
    _tell(connection, inspection_id, return_code, Change.MATCHED, ground, by=by, now=now)
    _settle(connection, inspection_id, return_code)
    return True


def take_back(connection: Connection, inspection_id: str, *, by: str, now: datetime) -> str | None:
    """Undo a match; gives the expected return's code, none where there was no match."""
    found = select(arrivals.c.return_code).where(arrivals.c.inspection_id == inspection_id)
    code: str | None = connection.execute(found).scalar()
    if code is None:
        return None
    connection.execute(
        update(arrivals).where(arrivals.c.inspection_id == inspection_id).values(return_code=None)
    )
    _tell(connection, inspection_id, code, Change.TAKEN_BACK, Ground.PERSON, by=by, now=now)
    _settle(connection, inspection_id, code)
    return code


def _tell(
    connection: Connection,
    inspection_id: str,
    return_code: str,
    change: Change,
    ground: Ground,
    *,
    by: str | None,
    now: datetime,
) -> None:
    connection.execute(
        insert(match_events).values(
            inspection_id=inspection_id,
            return_code=return_code,
            kind=change,
            ground=ground,
            told_by=by,
            happened_at=now,
        )
    )


def _settle(connection: Connection, inspection_id: str, return_code: str) -> None:
    """Let the expected return's state and what the inspection is found by follow the match."""
    came = exists().where(arrivals.c.return_code == return_code)
    has_come = connection.execute(select(came)).scalar()
    state = Expectation.ARRIVED if has_come else Expectation.WAITING
    connection.execute(
        update(expected_returns)
        .where(expected_returns.c.return_code == return_code)
        .values(state=state)
    )
    refresh(connection, [inspection_id])


def refresh(connection: Connection, inspection_ids: Iterable[str]) -> None:
    """Let inspections be found by the order, SKU and serial of what they are matched to now."""
    for inspection_id in inspection_ids:
        found = expected_of(connection, inspection_id)
        told = found.told if found else None
        standing.match(
            connection,
            inspection_id,
            order_code=told.order if told else None,
            sku=told.sku if told else None,
            serial=told.serial if told else None,
        )


def arrived(connection: Connection, return_codes: Iterable[str]) -> list[str]:
    """The inspections that are matched to any of these, in the order in which they came."""
    found = select(arrivals.c.inspection_id).where(arrivals.c.return_code.in_(list(return_codes)))
    return list(connection.execute(found.order_by(arrivals.c.arrival)).scalars())


def match_events_of(connection: Connection, inspection_id: str) -> tuple[MatchEvent, ...]:
    """All steps of matching one inspection, oldest first."""
    rows = connection.execute(
        select(match_events)
        .where(match_events.c.inspection_id == inspection_id)
        .order_by(match_events.c.event)
    )
    return tuple(
        MatchEvent(
            return_code=row.return_code,
            change=Change(row.kind),
            ground=Ground(row.ground),
            told_by=row.told_by,
            happened_at=row.happened_at,
        )
        for row in rows
    )
