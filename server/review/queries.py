"""SQL of the queue and its leases."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, exists, func, insert, or_, select, update

from models.records import Inspection, Opinion, Routing
from models.vocabulary import CaseKind
from server.database import insert_once
from server.tables import cases, inspections, opinions, routings, skips

SHOWN = 25


@dataclass(frozen=True, kw_only=True)
class Case:
    """What the lease of a case says."""

    case_id: str
    inspection_id: str
    kind: CaseKind
    stake: float
    opened_at: datetime
    closed_at: datetime | None
    holder: str | None
    held_until: datetime | None


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """One line of the queue."""

    inspection: Inspection
    routing: Routing
    stake: float
    opened_at: datetime
    holder: str | None


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(cases.c.holder.is_(None), cases.c.held_until <= now)


def _skipped(reviewer: str) -> ColumnElement[bool]:
    return exists().where(skips.c.case_id == cases.c.case_id, skips.c.reviewer == reviewer)


def held(connection: Connection, reviewer: str, now: datetime) -> str | None:
    """A case that this person holds already."""
    found = select(cases.c.case_id).where(
        cases.c.closed_at.is_(None), cases.c.holder == reviewer, cases.c.held_until > now
    )
    return connection.execute(found.order_by(cases.c.rank.desc()).limit(1)).scalar()


def claim(connection: Connection, reviewer: str, now: datetime, until: datetime) -> str | None:
    """Lease the most urgent free case, in one statement: two people never get the same one.

    PostgreSQL skips rows that another transaction is claiming; SQLite has one writer at a time.
    """
    mine = cases.alias()
    best = (
        select(mine.c.case_id)
        .where(mine.c.closed_at.is_(None))
        .where(or_(mine.c.holder.is_(None), mine.c.held_until <= now))
        .where(~exists().where(skips.c.case_id == mine.c.case_id, skips.c.reviewer == reviewer))
        .order_by(mine.c.rank.desc(), mine.c.case_id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return connection.execute(
        update(cases)
        .where(cases.c.case_id == best, cases.c.closed_at.is_(None), _free(now))
        .values(holder=reviewer, held_until=until)
        .returning(cases.c.case_id)
    ).scalar()


def take(
    connection: Connection, case_id: str, reviewer: str, now: datetime, until: datetime
) -> bool:
    """Lease this case, if it is open and nobody else holds it."""
    done = connection.execute(
        update(cases)
        .where(cases.c.case_id == case_id, cases.c.closed_at.is_(None))
        .where(or_(_free(now), cases.c.holder == reviewer))
        .values(holder=reviewer, held_until=until)
    )
    return done.rowcount == 1


def renew(connection: Connection, case_id: str, reviewer: str, until: datetime) -> bool:
    """Hold it longer; a lease that ran out may be renewed until somebody else takes the case."""
    done = connection.execute(
        update(cases)
        .where(cases.c.case_id == case_id, cases.c.closed_at.is_(None))
        .where(cases.c.holder == reviewer)
        .values(held_until=until)
    )
    return done.rowcount == 1


def release(connection: Connection, case_id: str, reviewer: str) -> bool:
    """Give it back to the queue."""
    done = connection.execute(
        update(cases)
        .where(cases.c.case_id == case_id, cases.c.closed_at.is_(None))
        .where(cases.c.holder == reviewer)
        .values(holder=None, held_until=None)
    )
    return done.rowcount == 1


def skip(connection: Connection, case_id: str, reviewer: str, now: datetime) -> None:
    """Do not serve it to this person again until they ask for it."""
    row = {"case_id": case_id, "reviewer": reviewer, "skipped_at": now}
    insert_once(connection, skips, row)


def forget_skips(connection: Connection, reviewer: str) -> None:
    """Serve everything to this person again."""
    connection.execute(delete(skips).where(skips.c.reviewer == reviewer))


def case(connection: Connection, case_id: str) -> Case | None:
    """A case, open or closed."""
    row = connection.execute(
        select(
            cases.c.inspection_id,
            cases.c.kind,
            cases.c.stake,
            cases.c.opened_at,
            cases.c.closed_at,
            cases.c.holder,
            cases.c.held_until,
        ).where(cases.c.case_id == case_id)
    ).first()
    return None if row is None else Case(case_id=case_id, **row._mapping)  # noqa: SLF001 - public, whatever its name


def waiting(connection: Connection, now: datetime) -> list[Waiting]:
    """The queue's beginning, in the order in which it is served."""
    each = routings.alias()
    newest = (
        select(func.max(each.c.routing))
        .where(each.c.inspection_id == cases.c.inspection_id)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(
            cases.c.stake,
            cases.c.opened_at,
            cases.c.holder,
            cases.c.held_until,
            inspections.c.record,
            routings.c.record.label("routing"),
        )
        .join(inspections, inspections.c.inspection_id == cases.c.inspection_id)
        .join(routings, routings.c.routing == newest)
        .where(cases.c.closed_at.is_(None))
        .order_by(cases.c.rank.desc(), cases.c.case_id)
        .limit(SHOWN)
    )
    return [
        Waiting(
            inspection=Inspection.from_json(row.record),
            routing=Routing.from_json(row.routing),
            stake=row.stake,
            opened_at=row.opened_at,
            holder=row.holder if row.held_until and row.held_until > now else None,
        )
        for row in rows
    ]


def counts(connection: Connection, reviewer: str, now: datetime) -> tuple[int, int, int]:
    """Open cases: all, free for this person, and skipped by this person."""
    is_open = select(func.count()).select_from(cases).where(cases.c.closed_at.is_(None))
    free = is_open.where(or_(_free(now), cases.c.holder == reviewer), ~_skipped(reviewer))
    asked = (is_open, free, is_open.where(_skipped(reviewer)))
    everything, mine, skipped = (connection.execute(found).scalar_one() for found in asked)
    return everything, mine, skipped


def opinion(connection: Connection, opinion_id: str) -> Opinion | None:
    """An opinion that is kept."""
    found = select(opinions.c.record).where(opinions.c.opinion_id == opinion_id)
    record = connection.execute(found).scalar()
    return None if record is None else Opinion.from_json(record)


def add_opinion(connection: Connection, one: Opinion) -> None:
    """Keep what a person said."""
    connection.execute(
        insert(opinions).values(
            opinion_id=one.opinion_id,
            inspection_id=one.inspection_id,
            reviewer=one.reviewer,
            record=one.to_json(),
            given_at=one.given_at,
        )
    )
