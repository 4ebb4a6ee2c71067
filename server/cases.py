"""Cases: open one for people, close it. The one place that says which is served first.

    rank = stake − hours(min(opened_at, deadline − 72 h))

in the policy's currency, hours counted from 1970. Of two cases the one of higher rank is served
first, so an hour of waiting counts like one unit at stake, and none waits for ever; a close deadline
makes a case as old as if it had been opened 72 hours before it. As all cases age alike, the rank
never changes while a case waits, and one index holds the queue in its order. Overdue cases come
before all others, by the same rank among themselves.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, select, update

from models.vocabulary import CaseKind, Role
from server.database import insert_once
from server.tables import cases, commitments, opinions

AGEING_PER_HOUR = 1.0
"""How much an hour of waiting counts in the queue, in the policy's currency."""
DUE_AFTER = timedelta(hours=72)
"""When a case is due for which nobody set a deadline: judgement, three days on the shelf are enough."""


def rank_of(stake: float, opened_at: datetime, deadline: datetime) -> float:
    """The place in the queue; higher is served first."""
    since = min(opened_at.timestamp(), deadline.timestamp() - DUE_AFTER.total_seconds())
    return stake - AGEING_PER_HOUR * since / 3600


def open_case(
    connection: Connection,
    *,
    inspection_id: str,
    kind: CaseKind,
    stake: float,
    now: datetime,
    deadline: datetime | None = None,
) -> str:
    """Ask a person; gives the case's id. Where one of the kind is open already, it stays, and is given.

    Without a deadline it is due DUE_AFTER from now. A blind kind (audit) shows its reviewer nothing
    of the machine's opinion before the reviewer's own is committed.
    """
    due = deadline or now + DUE_AFTER
    row = {
        "inspection_id": inspection_id,
        "kind": kind,
        "stake": stake,
        "rank": rank_of(stake, now, due),
        "deadline": due,
        "opened_at": now,
    }
    # An inspection's first review goes by the inspection's own id: links from before cases had ids hold.
    names = [inspection_id, str(uuid4())] if kind is CaseKind.REVIEW else [str(uuid4())]
    made = (name for name in names if insert_once(connection, cases, {"case_id": name, **row}))
    return next(made, None) or _open_of_kind(connection, inspection_id, kind)


def _open_of_kind(connection: Connection, inspection_id: str, kind: CaseKind) -> str:
    found = select(cases.c.case_id).where(
        cases.c.inspection_id == inspection_id, cases.c.kind == kind, cases.c.closed_at.is_(None)
    )
    case_id: str = connection.execute(found).scalar_one()
    return case_id


def close_cases(connection: Connection, inspection_id: str, now: datetime) -> None:
    """Nobody is asked about it any more; without a case nothing happens."""
    connection.execute(
        update(cases)
        .where(cases.c.inspection_id == inspection_id, cases.c.closed_at.is_(None))
        .values(closed_at=now, holder=None, held_until=None, reserved_for=None, reserved_until=None)
    )


def is_kept_from(connection: Connection, inspection_id: str, name: str, role: Role) -> bool:
    """Tells whether this person is to answer about the item without knowing what others said.

    An audit binds its holder until the commitment. A second opinion binds its holder, and every
    reviewer who may still be served it; leads and auditors look things up for other reasons.
    """
    rows = connection.execute(
        select(cases.c.case_id, cases.c.kind, cases.c.holder).where(
            cases.c.inspection_id == inspection_id,
            cases.c.closed_at.is_(None),
            cases.c.kind.in_((CaseKind.AUDIT, CaseKind.SECOND)),
        )
    ).all()
    return any(_binds(connection, row, inspection_id, name, role) for row in rows)


def _binds(
    connection: Connection, row: Row[Any, Any, Any], inspection_id: str, name: str, role: Role
) -> bool:
    if row.kind == CaseKind.AUDIT:
        committed = select(commitments.c.case_id).where(
            commitments.c.case_id == row.case_id, commitments.c.reviewer == name
        )
        return row.holder == name and connection.execute(committed).first() is None
    said = select(opinions.c.opinion_id).where(
        opinions.c.inspection_id == inspection_id, opinions.c.reviewer == name
    )
    might = row.holder == name or role is Role.REVIEWER
    return might and connection.execute(said.limit(1)).first() is None
