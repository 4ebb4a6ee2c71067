"""Watches what certificates rest on: compares batches, counts audits, and puts certificates on hold.

It runs inside the transaction that brought the news, so no further item passes under a certificate
whose alarm that news raised.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, Row, func, insert, select

from models.grading import drift
from models.grading.certificate import Certificate
from models.grading.drift import BATCH, Account, Batch, Sign
from models.records import Inspection
from models.vocabulary import CaseKind, Category
from server import policies
from server.cases import open_case
from server.database import insert_once
from server.rulings import Scope, looks, newest
from server.standing import State
from server.tables import alarms, certificates, clearances, drift_checks, rulings, standings

REFERENCE = 2000
"""Inspections that a certificate is compared with at most: the newest ones before it was made."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Check:
    """A comparison that was made: the batch and how far it reached."""

    number: int
    through_ruling: int
    batch: Batch


def begin(connection: Connection, made: Certificate, now: datetime) -> None:
    """Keep what a new certificate was proved on; later batches are compared with it."""
    scope = Scope(category=made.category, station=made.station)
    through = newest(connection, scope)
    batch = counted(connection, scope, rulings.c.standard == made.standard)
    first = Check(number=0, through_ruling=through, batch=batch)
    _keep(connection, made.certificate_id, first, (), now)


def counted(
    connection: Connection,
    scope: Scope,
    *conditions: ColumnElement[bool],
    decided_of: Sequence[ColumnElement[bool]] | None = None,
) -> Batch:
    """Count the newest rulings of a scope, up to as many as a reference needs.

    `decided_of`: where other rulings than these say how often people overrode the machine.
    """
    risks, refused = _seen(connection, scope, *conditions)
    over = conditions if decided_of is None else decided_of
    decided, overridden = _overridden(connection, scope, *over)
    return Batch(
        risks=drift.in_classes(risks),
        photos_refused=refused,
        decided=decided,
        overridden=overridden,
    )


def _seen(
    connection: Connection, scope: Scope, *conditions: ColumnElement[bool]
) -> tuple[list[float], int]:
    found = select(rulings.c.risk, rulings.c.photo_refused).where(scope.holds(), *conditions)
    rows = connection.execute(found.order_by(rulings.c.ruling.desc()).limit(REFERENCE)).all()
    # Without a risk the standard was unknown here: certainly not what it was proved on.
    return [1.0 if row.risk is None else row.risk for row in rows], sum(
        row.photo_refused for row in rows
    )


def _overridden(
    connection: Connection, scope: Scope, *conditions: ColumnElement[bool]
) -> tuple[int, int]:
    found = (
        select(rulings.c.disposition, standings.c.disposition.label("decided"))
        .join(standings, standings.c.inspection_id == rulings.c.inspection_id)
        .where(scope.holds(), *conditions, ~rulings.c.automatic)
        .where(standings.c.state == State.DECIDED)
    )
    rows = connection.execute(found.order_by(rulings.c.ruling.desc()).limit(REFERENCE)).all()
    return len(rows), sum(row.disposition != row.decided for row in rows)


def after_ruling(connection: Connection, inspection: Inspection, now: datetime) -> None:
    """Where this inspection fills a batch of a valid certificate's scope, compare it."""
    for certificate_id, made in _watching(connection, inspection, now):
        last, before = _last_checks(connection, certificate_id)
        scope = Scope(category=made.category, station=made.station)
        rows = connection.execute(
            select(rulings.c.ruling)
            .where(scope.holds(), rulings.c.ruling > last.through_ruling)
            .order_by(rulings.c.ruling)
            .limit(BATCH)
        ).all()
        if len(rows) == BATCH:
            _compare(connection, made, scope, last, before, rows[-1].ruling, now)


def _watching(
    connection: Connection, inspection: Inspection, now: datetime
) -> Iterable[tuple[str, Certificate]]:
    found = select(certificates.c.certificate_id, certificates.c.content).where(
        certificates.c.category == inspection.category, certificates.c.expires_at > now
    )
    for row in connection.execute(found).all():
        made = policies.certificate_of(row.content)
        is_own = made.station in (None, inspection.station)
        if is_own and policies.is_valid(connection, row.certificate_id, now):
            yield row.certificate_id, made


def _last_checks(connection: Connection, certificate_id: str) -> tuple[Check, int]:
    """The last one, and how far the one before it reached."""
    rows = connection.execute(
        select(drift_checks)
        .where(drift_checks.c.certificate_id == certificate_id)
        .order_by(drift_checks.c.number.desc())
        .limit(2)
    ).all()
    last = _check(rows[0])
    return last, rows[1].through_ruling if len(rows) > 1 else last.through_ruling


def _check(row: Row[Any]) -> Check:
    batch = Batch.from_json(row.batch)
    return Check(number=row.number, through_ruling=row.through_ruling, batch=batch)


def reference(connection: Connection, certificate_id: str) -> Batch:
    """What a certificate was proved on."""
    found = select(drift_checks).where(
        drift_checks.c.certificate_id == certificate_id, drift_checks.c.number == 0
    )
    return _check(connection.execute(found).one()).batch


def _compare(
    connection: Connection,
    made: Certificate,
    scope: Scope,
    last: Check,
    before: int,
    through: int,
    now: datetime,
) -> None:
    number = rulings.c.ruling
    own = (number > last.through_ruling, number <= through)
    # People need a while: overrides are counted in the batch before, each item once.
    earlier = (number > before, number <= last.through_ruling)
    batch = counted(connection, scope, *own, decided_of=earlier)
    then = Check(number=last.number + 1, through_ruling=through, batch=batch)
    signs = drift.compare(batch, reference(connection, made.certificate_id), then.number)
    # Two inspections at once may fill the same batch: the first to say so has compared it.
    if _keep(connection, made.certificate_id, then, signs, now):
        _raise(connection, made.certificate_id, signs, now)


def _keep(
    connection: Connection, certificate_id: str, check: Check, signs: Iterable[Sign], now: datetime
) -> bool:
    row = {
        "certificate_id": certificate_id,
        "number": check.number,
        "through_ruling": check.through_ruling,
        "batch": check.batch.to_json(),
        "signs": json.dumps([asdict(sign) for sign in signs]),
        "checked_at": now,
    }
    return insert_once(connection, drift_checks, row)


def _raise(
    connection: Connection, certificate_id: str, signs: Iterable[Sign], now: datetime
) -> None:
    for sign in signs:
        if sign.is_alarm:
            row = {"certificate_id": certificate_id, "kind": sign.kind, "raised_at": now}
            connection.execute(insert(alarms).values(**row, sign=json.dumps(asdict(sign))))
            log.warning("certificate_on_hold", certificate=certificate_id, because=sign.kind.value)


def after_blind_look(connection: Connection, inspection_id: str, now: datetime) -> None:
    """Somebody said what an item is without seeing the machine: where they differ, ask a lead and count.

    Call it when a blind look or a lead's decision on one has been kept.
    """
    found = select(rulings.c.category).where(rulings.c.inspection_id == inspection_id)
    category = connection.execute(found).scalar()
    own = rulings.c.inspection_id == inspection_id
    looked = looks(connection, Scope(category=Category(category)), own) if category else []
    for look in looked:
        if look.disputed and (look.automatic or look.candidate):
            open_case(
                connection,
                inspection_id=inspection_id,
                kind=CaseKind.DISPUTE,
                stake=look.greatest_loss,
                now=now,
            )
        if look.certificate and policies.is_valid(connection, look.certificate, now):
            _count(connection, look.certificate, now)


def _count(connection: Connection, certificate_id: str, now: datetime) -> None:
    told = account(connection, certificate_id)
    if told is not None:
        sign = drift.live_error(told, max(1, told.audited))
        _raise(connection, certificate_id, [sign], now)


def account(connection: Connection, certificate_id: str) -> Account | None:
    """What is known of the wrong decisions under a certificate; none where it rests on no numbers."""
    found = select(certificates.c.content).where(certificates.c.certificate_id == certificate_id)
    made = policies.certificate_of(connection.execute(found).scalar_one())
    if made.basis is None:
        return None
    under = rulings.c.certificate == certificate_id
    looked = [
        one for one in looks(connection, Scope(category=made.category), under) if not one.waits
    ]
    return Account(
        alpha=made.basis.alpha,
        tail=made.basis.look_delta,
        accepted=made.basis.accepted,
        errors=made.basis.errors,
        audited=len(looked),
        audit_errors=sum(one.wrong for one in looked),
        forgiven=_forgiven(connection, certificate_id),
    )


def _forgiven(connection: Connection, certificate_id: str) -> int:
    found = (
        select(func.max(clearances.c.forgiven))
        .join(alarms, alarms.c.alarm == clearances.c.alarm)
        .where(alarms.c.certificate_id == certificate_id)
    )
    return connection.execute(found).scalar() or 0
