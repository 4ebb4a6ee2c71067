"""SQL of serving: who gets which case next, for how long, and what others are kept from meanwhile.

A lease is what counts: `holder` until `held_until`, taken in one statement. A reservation is a hint
that somebody's browser has loaded the case: others are served it last, and it gives nobody any right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    String,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy import text as sql
from sqlalchemy.sql.dml import ReturningUpdate

from models.vocabulary import CaseKind
from server.database import insert_once
from server.tables import Instant, cases, opinions, skips
from server.tables.queue import FOR_EVERYBODY, FOR_LEADS, NOT_YET_OVERDUE

PROMOTED_AT_ONCE = 200
"""Cases that become overdue are marked so by whoever asks next, so many at a time."""
AHEAD = 5
"""How many cases a browser loads ahead."""
RESERVED_FOR = timedelta(seconds=120)
"""How long a reservation keeps others away: five cases of ten seconds, and some more."""

ASKER = bindparam("asker", type_=String())
MOMENT = bindparam("moment", type_=Instant())
ENDS = bindparam("ends", type_=Instant())
"""What `Asking` says, in statements that are made once."""

LET_GO = {"holder": None, "held_until": None}
UNRESERVED = {"reserved_for": None, "reserved_until": None}


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Who asks for work, and when."""

    name: str
    lead: bool
    """Disputes are theirs too."""
    now: datetime
    until: datetime
    """When a lease that begins now ends."""


def mark_overdue(connection: Connection, now: datetime) -> None:
    """Let what has become overdue go before all others."""
    due = select(cases.c.case_id).where(sql(NOT_YET_OVERDUE), cases.c.deadline <= now)
    if connection.execute(due.limit(1)).first() is None:
        return
    # Two that do this at once mark different cases.
    some = due.order_by(cases.c.deadline).limit(PROMOTED_AT_ONCE).with_for_update(skip_locked=True)
    found = connection.execute(some).scalars().all()
    connection.execute(update(cases).where(cases.c.case_id.in_(found)).values(overdue=True))


def claim(connection: Connection, asking: Asking) -> str | None:
    """Lease the next case for this person, in one statement: two people never get the same one.

    First what this person's browser has loaded, then disputes for leads, then the queue, then what
    others have loaded but not taken. PostgreSQL skips rows that another transaction is claiming;
    SQLite has one writer at a time.
    """
    return connection.execute(_claim(asking.lead), _facts(asking)).scalar()


def _facts(asking: Asking) -> dict[str, object]:
    return {"asker": asking.name, "moment": asking.now, "ends": asking.until}


@cache
def _claim(lead: bool) -> ReturningUpdate[Any]:  # noqa: FBT001 - a key of the cache
    # Made once: putting it together costs as much as everything else that an answer does.
    ways = [
        _reserved(),
        *_queues(lead=lead, others_too=False),
        *_queues(lead=lead, others_too=True),
    ]
    best = [way.limit(1).with_for_update(skip_locked=True).scalar_subquery() for way in ways]
    return (
        update(cases)
        .where(cases.c.case_id == func.coalesce(*best))
        .where(cases.c.closed_at.is_(None), _free(cases))
        .values(holder=ASKER, held_until=ENDS, **UNRESERVED)
        .returning(cases.c.case_id)
    )


def next_up(connection: Connection, asking: Asking) -> str | None:
    """What `claim` would give, without taking it."""
    ways = [_reserved(), *_queues(lead=asking.lead, others_too=True)]
    found = (connection.execute(way.limit(1), _facts(asking)).scalar() for way in ways)
    return next((case_id for case_id in found if case_id), None)


def _reserved() -> Select[Any]:
    mine = cases.alias("mine")
    return (
        select(mine.c.case_id)
        .where(mine.c.reserved_for == ASKER, mine.c.reserved_until > MOMENT)
        .where(mine.c.closed_at.is_(None), *_servable(mine))
        .order_by(mine.c.overdue.desc(), mine.c.rank.desc())
    )


def _queues(*, lead: bool, others_too: bool) -> list[Select[Any]]:
    wheres = [FOR_LEADS, FOR_EVERYBODY] if lead else [FOR_EVERYBODY]
    return [_queue(where, others_too=others_too) for where in wheres]


def _queue(where: str, *, others_too: bool) -> Select[Any]:
    # The words are those of the partial index, which holds the queue in its order: 100,000 cases
    # cost what ten do.
    mine = cases.alias("mine")
    found = select(mine.c.case_id).where(sql(where), *_servable(mine))
    if not others_too:
        kept = mine.c.reserved_for
        found = found.where(or_(kept.is_(None), kept == ASKER, mine.c.reserved_until <= MOMENT))
    return found.order_by(mine.c.overdue.desc(), mine.c.rank.desc())


def _servable(of: FromClause) -> Sequence[ColumnElement[bool]]:
    """Free, not skipped by this person, and not one that this person may not answer."""
    skipped = exists().where(skips.c.case_id == of.c.case_id, skips.c.reviewer == ASKER)
    # Second opinions, disputes and audits are for people who have said nothing of the item yet.
    fresh = or_(of.c.kind == CaseKind.REVIEW, ~_has_answered(of))
    return (_free(of), ~skipped, fresh)


def _free(of: FromClause) -> ColumnElement[bool]:
    return or_(of.c.holder.is_(None), of.c.held_until <= MOMENT)


def _has_answered(of: FromClause) -> ColumnElement[bool]:
    return exists().where(
        opinions.c.inspection_id == of.c.inspection_id, opinions.c.reviewer == ASKER
    )


def may_answer(connection: Connection, case_id: str, asking: Asking) -> bool:
    """Tells whether this person may answer this case at all, whoever holds it now."""
    fresh = or_(cases.c.kind == CaseKind.REVIEW, ~_has_answered(cases))
    found = select(cases.c.case_id).where(cases.c.case_id == case_id, fresh)
    if not asking.lead:
        found = found.where(cases.c.kind != CaseKind.DISPUTE)
    return connection.execute(found, _facts(asking)).first() is not None


def held(connection: Connection, asking: Asking) -> str | None:
    """A case that this person holds already."""
    found = select(cases.c.case_id).where(
        cases.c.holder == asking.name, cases.c.closed_at.is_(None), cases.c.held_until > asking.now
    )
    return connection.execute(found.order_by(cases.c.rank.desc()).limit(1)).scalar()


def is_held(connection: Connection, inspection_id: str, asking: Asking) -> bool:
    """Somebody is at a case of this item."""
    found = select(cases.c.case_id).where(
        cases.c.inspection_id == inspection_id,
        cases.c.closed_at.is_(None),
        cases.c.held_until > asking.now,
    )
    return connection.execute(found.limit(1)).first() is not None


def take(connection: Connection, case_id: str, asking: Asking) -> bool:
    """Lease this case, if it is open and nobody else holds it."""
    return _change(
        connection,
        and_(cases.c.case_id == case_id, or_(_free(cases), cases.c.holder == asking.name)),
        {"holder": asking.name, "held_until": asking.until, **UNRESERVED},
        moment=asking.now,
    )


def renew(connection: Connection, case_id: str, asking: Asking) -> bool:
    """Hold it longer; a lease that ran out may be renewed until somebody else takes the case."""
    return _change(connection, _mine(case_id, asking), {"held_until": asking.until})


def release(connection: Connection, case_id: str, asking: Asking) -> bool:
    """Give it back to the queue."""
    return _change(connection, _mine(case_id, asking), {**LET_GO, **UNRESERVED})


def close(connection: Connection, case_id: str, asking: Asking) -> bool:
    """End the case that this person holds; tells whether it was still theirs."""
    values = {"closed_at": asking.now, **LET_GO, **UNRESERVED}
    return _change(connection, _mine(case_id, asking), values)


def _mine(case_id: str, asking: Asking) -> ColumnElement[bool]:
    return and_(cases.c.case_id == case_id, cases.c.holder == asking.name)


def _change(
    connection: Connection,
    which: ColumnElement[bool],
    values: Mapping[str, object],
    **binds: object,
) -> bool:
    changed = update(cases).where(which, cases.c.closed_at.is_(None)).values(values)
    return connection.execute(changed, binds).rowcount == 1


def reserve(connection: Connection, asking: Asking) -> Sequence[str]:
    """Keep the next AHEAD cases for this person's browser; gives them in the order of serving."""
    fresh: list[str] = [
        case_id
        for way in _queues(lead=asking.lead, others_too=False)
        for case_id in connection.execute(
            way.limit(AHEAD).with_for_update(skip_locked=True), _facts(asking)
        ).scalars()
    ][:AHEAD]
    connection.execute(
        update(cases)
        .where(cases.c.case_id.in_(fresh))
        .values(reserved_for=asking.name, reserved_until=asking.now + RESERVED_FOR)
    )
    return fresh


def skip(connection: Connection, case_id: str, asking: Asking) -> None:
    """Do not serve it to this person again until they ask for it."""
    row = {"case_id": case_id, "reviewer": asking.name, "skipped_at": asking.now}
    insert_once(connection, skips, row)


def forget_skips(connection: Connection, reviewer: str) -> None:
    """Serve everything to this person again."""
    connection.execute(delete(skips).where(skips.c.reviewer == reviewer))
