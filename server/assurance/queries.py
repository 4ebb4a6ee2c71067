"""SQL of the assurance pages."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, case, func, select

from models.grading.certificate import Certificate
from models.grading.drift import Batch, Sign
from models.grading.reviewers import Graded
from models.vocabulary import CaseKind, Category, Drift, Grade
from server import assured, policies
from server.rulings import Scope
from server.standing import State
from server.tables import (
    alarms,
    cases,
    certificates,
    clearances,
    drift_checks,
    opinions,
    revocations,
    rulings,
    standings,
)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A certificate with what became of it."""

    certificate: Certificate
    made_by: str
    made_at: datetime
    revoked_by: str | None
    revoked_reason: str | None
    revoked_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """An alarm, and who ended it."""

    alarm: int
    certificate_id: str
    category: Category
    station: str | None
    kind: Drift
    p: float | None
    level: float | None
    before: float | None
    now: float | None
    raised_at: datetime
    cleared_by: str | None
    reason: str | None
    cleared_at: datetime | None

    @property
    def is_open(self) -> bool:
        """It holds the certificate."""
        return self.cleared_at is None


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One batch against the reference."""

    number: int
    batch: Batch
    signs: tuple[Sign, ...]
    """What was compared."""
    checked_at: datetime


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What came in of one scope in a period; items that were replaced are left out."""

    scope: Scope
    inspections: int
    resold: int
    """Resold by the machine."""
    otherwise: int
    """Sent elsewhere by the machine."""
    candidates: int
    """Resold by the machine, or only for want of a certificate not."""


def next_certificate_id(connection: Connection, category: Category) -> str:
    """Name the next one; two leads at once would get the same, and the second is told."""
    found = select(func.count()).select_from(certificates)
    count = connection.execute(found.where(certificates.c.category == category)).scalar_one()
    return f"{category}-{count + 1:04d}"


def _kept() -> Any:  # noqa: ANN401 - SQLAlchemy's own type names every column
    return select(certificates, revocations).outerjoin(
        revocations, revocations.c.certificate_id == certificates.c.certificate_id
    )


def certificate(connection: Connection, certificate_id: str) -> Kept | None:
    """One certificate."""
    found = _kept().where(certificates.c.certificate_id == certificate_id)
    row = connection.execute(found).first()
    return None if row is None else _of(row)


def all_certificates(connection: Connection) -> list[Kept]:
    """All of them, newest first."""
    found = _kept().order_by(certificates.c.made_at.desc(), certificates.c.certificate_id.desc())
    return [_of(row) for row in connection.execute(found)]


def _of(row: Row[Any]) -> Kept:
    return Kept(
        certificate=policies.certificate_of(row.content),
        made_by=row.made_by,
        made_at=row.made_at,
        revoked_by=row.revoked_by,
        revoked_reason=row.reason,
        revoked_at=row.revoked_at,
    )


def revoke(
    connection: Connection, certificate_id: str, *, by: str, reason: str, now: datetime
) -> None:
    """Once; a second time changes nothing."""
    row = {"certificate_id": certificate_id, "revoked_by": by, "reason": reason}
    assured.add(connection, assured.REVOCATION, {**row, "revoked_at": now})


def alarmed(connection: Connection, alarm: int) -> str | None:
    """The certificate that an alarm holds or held."""
    found = select(alarms.c.certificate_id).where(alarms.c.alarm == alarm)
    return connection.execute(found).scalar()


def clear(
    connection: Connection, alarm: int, *, by: str, reason: str, forgiven: int, now: datetime
) -> None:
    """Once; a second time changes nothing."""
    row = {"alarm": alarm, "cleared_by": by, "reason": reason, "forgiven": forgiven}
    assured.add(connection, assured.CLEARANCE, {**row, "cleared_at": now})


def all_alarms(connection: Connection) -> list[Alarm]:
    """All of them, newest first."""
    rows = connection.execute(
        select(alarms, clearances, certificates.c.category, certificates.c.station)
        .join(certificates, certificates.c.certificate_id == alarms.c.certificate_id)
        .outerjoin(clearances, clearances.c.alarm == alarms.c.alarm)
        .order_by(alarms.c.alarm.desc())
        .limit(200)
    )
    return [_alarm(row) for row in rows]


def _alarm(row: Row[Any]) -> Alarm:
    sign = json.loads(row.sign)
    return Alarm(
        alarm=row.alarm,
        certificate_id=row.certificate_id,
        category=Category(row.category),
        station=row.station,
        kind=Drift(row.kind),
        **{name: sign.get(name) for name in ("p", "level", "before", "now")},
        raised_at=row.raised_at,
        cleared_by=row.cleared_by,
        reason=row.reason,
        cleared_at=row.cleared_at,
    )


def compared(connection: Connection, certificate_id: str, most: int = 60) -> list[Compared]:
    """The newest comparisons of a certificate, oldest first; number 0 is what it was proved on."""
    found = select(drift_checks).where(drift_checks.c.certificate_id == certificate_id)
    rows = connection.execute(found.order_by(drift_checks.c.number.desc()).limit(most)).all()
    return [
        Compared(
            number=row.number,
            batch=Batch.from_json(row.batch),
            signs=tuple(_sign(told) for told in json.loads(row.signs)),
            checked_at=row.checked_at,
        )
        for row in reversed(rows)
    ]


def _sign(told: dict[str, Any]) -> Sign:
    return Sign(**(told | {"kind": Drift(told["kind"])}))


def counts(connection: Connection, since: datetime) -> list[Counts]:
    """What came in of each category and station since then."""
    resell = and_(rulings.c.automatic, rulings.c.disposition == "resell")
    elsewhere = and_(rulings.c.automatic, rulings.c.disposition != "resell")
    found = (
        select(
            rulings.c.category,
            rulings.c.station,
            func.count().label("inspections"),
            *(
                func.sum(case((told, 1), else_=0)).label(name)
                for name, told in (
                    ("resold", resell),
                    ("otherwise", elsewhere),
                    ("candidates", rulings.c.candidate),
                )
            ),
        )
        .join(standings, standings.c.inspection_id == rulings.c.inspection_id)
        .where(rulings.c.ruled_at >= since, standings.c.state != State.SUPERSEDED)
        .group_by(rulings.c.category, rulings.c.station)
        .order_by(rulings.c.category, rulings.c.station)
    )
    return [_count(row) for row in connection.execute(found)]


def _count(row: Row[Any]) -> Counts:
    return Counts(
        scope=Scope(category=Category(row.category), station=row.station),
        inspections=row.inspections,
        resold=row.resold,
        otherwise=row.otherwise,
        candidates=row.candidates,
    )


def second_opinions(connection: Connection) -> list[Graded]:
    """What people said of items that were looked at twice, beside what was decided in the end."""
    twice = select(cases.c.inspection_id).where(cases.c.kind == CaseKind.SECOND)
    rows = connection.execute(
        select(opinions.c.record, standings.c.grade)
        .join(standings, standings.c.inspection_id == opinions.c.inspection_id)
        .where(opinions.c.inspection_id.in_(twice), standings.c.state == State.DECIDED)
        .limit(20_000)
    )
    told = ((json.loads(row.record), row.grade) for row in rows)
    return [
        Graded(Grade(true), Grade(said["grade"]))
        for said, true in told
        if said.get("grade") and said.get("kind") in (None, CaseKind.REVIEW, CaseKind.SECOND)
    ]
