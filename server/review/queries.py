"""SQL of looking at the queue and at one case, and of what is kept while a case is open."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, delete, func, select, update
from sqlalchemy import text as sql

from models.opinions import Commitment, Opinion
from models.records import Inspection, Routing
from models.vocabulary import CaseKind
from server.database import insert_once
from server.ledger import State
from server.tables import (
    cases,
    commitments,
    drafts,
    inspections,
    opinions,
    routings,
    skips,
    standings,
)
from server.tables.queue import FOR_EVERYBODY, FOR_LEADS, NOT_YET_OVERDUE

SHOWN = 25
COUNTED = 999
"""Counting stops here: a page costs the same at 100,000 waiting cases, and says "999+"."""
BLIND = (CaseKind.AUDIT, CaseKind.SECOND)
"""Kinds whose item nobody should look up before answering."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A case and its lease."""

    case_id: str
    inspection_id: str
    kind: CaseKind
    stake: float
    deadline: datetime
    opened_at: datetime
    closed_at: datetime | None
    holder: str | None
    held_until: datetime | None


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """One line of the queue."""

    case: Case
    inspection: Inspection
    routing: Routing

    @property
    def is_blind(self) -> bool:
        """Nothing of the item is shown before it is served."""
        return self.case.kind in BLIND


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What the pages count live; none above COUNTED."""

    waiting: int
    overdue: int
    disputes: int
    mine: int
    """Answers that this person gave since their day began."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """An item that goes back to the bench."""

    opinion: Opinion
    inspection: Inspection


COLUMNS = (
    cases.c.case_id,
    cases.c.inspection_id,
    cases.c.kind,
    cases.c.stake,
    cases.c.deadline,
    cases.c.opened_at,
    cases.c.closed_at,
    cases.c.holder,
    cases.c.held_until,
)


def case(connection: Connection, case_id: str) -> Case | None:
    """A case, open or closed."""
    row = connection.execute(select(*COLUMNS).where(cases.c.case_id == case_id)).first()
    return None if row is None else _case(row._asdict())


def _case(row: dict[str, object]) -> Case:
    facts = {column.name: row[column.name] for column in COLUMNS}
    return Case(**facts | {"kind": CaseKind(str(row["kind"]))})  # type: ignore[arg-type]


def case_and_inspection(
    connection: Connection, case_id: str, *, lock: bool = False
) -> tuple[Case, Inspection] | None:
    """A case with what it is about.

    A lock takes every case of the item, in one order: whoever answers another of them waits until
    this answer is kept, and so does the same answer that is sent again.
    """
    item = select(cases.c.inspection_id).where(cases.c.case_id == case_id).scalar_subquery()
    found = (
        select(*COLUMNS, inspections.c.record)
        .join(inspections, inspections.c.inspection_id == cases.c.inspection_id)
        .where(cases.c.inspection_id == item)
        .order_by(cases.c.case_id)
    )
    rows = connection.execute(found.with_for_update(of=cases) if lock else found)
    row = next((row for row in rows if row.case_id == case_id), None)
    return None if row is None else (_case(row._asdict()), Inspection.from_json(row.record))


def waiting(connection: Connection, *, lead: bool) -> list[Waiting]:
    """The queue's beginning, in the order in which it is served."""
    wheres = [FOR_LEADS, FOR_EVERYBODY] if lead else [FOR_EVERYBODY]
    rows = [row for where in wheres for row in _waiting(connection, where)]
    return rows[:SHOWN]


def _waiting(connection: Connection, where: str) -> list[Waiting]:
    first = (
        select(*COLUMNS, cases.c.overdue, cases.c.rank)
        .where(sql(where))
        .order_by(cases.c.overdue.desc(), cases.c.rank.desc())
        .limit(SHOWN)
        .subquery()
    )
    each = routings.alias()
    newest = (
        select(func.max(each.c.routing))
        .where(each.c.inspection_id == first.c.inspection_id)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(first, inspections.c.record, routings.c.record.label("routing"))
        .join(inspections, inspections.c.inspection_id == first.c.inspection_id)
        .join(routings, routings.c.routing == newest)
        .order_by(first.c.overdue.desc(), first.c.rank.desc())
    )
    return [
        Waiting(
            case=_case(row._asdict()),
            inspection=Inspection.from_json(row.record),
            routing=Routing.from_json(row.routing),
        )
        for row in rows
    ]


def counts(connection: Connection, reviewer: str, now: datetime, since: datetime) -> Counts:
    """What waits, what is late, and what this person has done since."""
    late = select(cases.c.case_id).where(sql(NOT_YET_OVERDUE), cases.c.deadline <= now)
    # In two halves, each by its own index: otherwise every open case is looked at.
    flagged = [
        select(cases.c.case_id).where(sql(where), cases.c.overdue)
        for where in (FOR_EVERYBODY, FOR_LEADS)
    ]
    mine = select(opinions.c.opinion_id).where(
        opinions.c.reviewer == reviewer, opinions.c.given_at >= since
    )
    asked: list[Select[tuple[str]]] = [
        select(cases.c.case_id).where(sql(FOR_EVERYBODY)),
        select(cases.c.case_id).where(sql(FOR_LEADS)),
        late,
        *flagged,
        mine,
    ]
    up_to = [select(func.count()).select_from(one.limit(COUNTED + 1).subquery()) for one in asked]
    row = connection.execute(select(*(one.scalar_subquery() for one in up_to))).one()
    everybody, disputes, now_late, marked, disputed, done = row
    overdue = min(now_late + marked + disputed, COUNTED + 1)
    return Counts(waiting=everybody, overdue=overdue, disputes=disputes, mine=done)


def skipped(connection: Connection, reviewer: str) -> int:
    """How many open cases this person skipped."""
    found = (
        select(func.count())
        .select_from(skips.join(cases, cases.c.case_id == skips.c.case_id))
        .where(skips.c.reviewer == reviewer, cases.c.closed_at.is_(None))
    )
    return connection.execute(found).scalar_one()


def opinion(connection: Connection, opinion_id: str) -> Opinion | None:
    """An opinion that is kept."""
    found = select(opinions.c.record).where(opinions.c.opinion_id == opinion_id)
    record = connection.execute(found).scalar()
    return None if record is None else Opinion.from_json(record)


def latest_opinion(connection: Connection, reviewer: str) -> Opinion | None:
    """What this person answered last."""
    record = connection.execute(
        select(opinions.c.record)
        .where(opinions.c.reviewer == reviewer)
        .order_by(opinions.c.given_at.desc(), opinions.c.opinion_id.desc())
        .limit(1)
    ).scalar()
    return None if record is None else Opinion.from_json(record)


def commit(connection: Connection, case_id: str, reviewer: str, said: Commitment) -> None:
    """Keep what this person says before seeing more; the first word counts."""
    row = {"case_id": case_id, "reviewer": reviewer, **said.model_dump()}
    insert_once(connection, commitments, row)


def committed(connection: Connection, case_id: str, reviewer: str) -> Commitment | None:
    """What this person said before seeing more."""
    row = connection.execute(
        select(commitments.c.grade, commitments.c.disposition, commitments.c.committed_at).where(
            commitments.c.case_id == case_id, commitments.c.reviewer == reviewer
        )
    ).first()
    return None if row is None else Commitment(**row._asdict())


def save_draft(
    connection: Connection, case_id: str, reviewer: str, content: str, now: datetime
) -> None:
    """Keep what is entered, in place of what was."""
    row = {"case_id": case_id, "reviewer": reviewer, "content": content, "saved_at": now}
    if not insert_once(connection, drafts, row):
        mine = (drafts.c.case_id == case_id, drafts.c.reviewer == reviewer)
        connection.execute(update(drafts).where(*mine).values(content=content, saved_at=now))


def draft(connection: Connection, case_id: str, reviewer: str) -> str:
    """What was entered and not sent yet, as JSON; empty without."""
    found = select(drafts.c.content).where(
        drafts.c.case_id == case_id, drafts.c.reviewer == reviewer
    )
    return connection.execute(found).scalar() or ""


def drop_drafts(connection: Connection, case_id: str) -> None:
    """Nobody needs them any more."""
    connection.execute(delete(drafts).where(drafts.c.case_id == case_id))


def set_state(connection: Connection, inspection_id: str, state: State) -> None:
    """Where the item stands now, when no decision says so."""
    connection.execute(
        update(standings).where(standings.c.inspection_id == inspection_id).values(state=state)
    )


def state_of(connection: Connection, inspection_id: str) -> State:
    """Where the item stands."""
    found = select(standings.c.state).where(standings.c.inspection_id == inspection_id)
    return State(connection.execute(found).scalar_one())


def wishes(connection: Connection, station: str | None = None) -> list[Wish]:
    """Items that wait for new photos, newest first; of one station, or of all."""
    found = (
        select(inspections.c.record, opinions.c.record.label("opinion"))
        .select_from(standings)
        .join(inspections, inspections.c.inspection_id == standings.c.inspection_id)
        .join(opinions, opinions.c.inspection_id == standings.c.inspection_id)
        .where(standings.c.state == State.RETAKE)
        .order_by(standings.c.arrival.desc(), opinions.c.given_at)
        .limit(500)
    )
    if station is not None:
        found = found.where(inspections.c.station == station)
    rows = [(row.record, Opinion.from_json(row.opinion)) for row in connection.execute(found)]
    newest = {one.inspection_id: (record, one) for record, one in rows}
    return [
        Wish(opinion=one, inspection=Inspection.from_json(record))
        for record, one in newest.values()
        if one.action == "retake"
    ]
