"""What the rules made of each inspection, in columns to count by, and what blind looks found of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, insert, select

from models.grading import audit
from models.grading.audit import Said
from models.grading.grades import announced
from models.grading.policy import Policy
from models.grading.routing import is_candidate
from models.records import Inspection, Judgement, Routing
from models.vocabulary import CaseKind, Category, Destination, Disposition, Grade, Reason
from server.standing import State
from server.tables import cases, commitments, opinions, rulings, standings

MOST = 20_000
"""Rulings that are read at once at most; more than any look at labels needs."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Whose rulings: a category's, at one station or at all."""

    category: Category
    station: str | None = None

    def holds(self) -> ColumnElement[bool]:
        """The rows of the scope."""
        own = rulings.c.category == self.category
        return own if self.station is None else and_(own, rulings.c.station == self.station)


@dataclass(frozen=True, kw_only=True)
class Look:
    """One case that was drawn for a blind look, and what came of it."""

    inspection_id: str
    ruling: int
    category: Category
    station: str
    standard: str
    releases: str
    costs_sha256: str
    certificate: str | None
    automatic: bool
    candidate: bool
    machine: Said
    """What the machine decided or proposed."""
    risk: float
    share: float
    """e, with which it was drawn."""
    number: float
    """Its number, below the share."""
    least_share: float
    """The smallest share that a candidate could have had then, under the costs of then."""
    floor_share: float
    """The same under any costs: the smaller of the machine's decisions' and of all others'."""
    greatest_loss: float
    item_value: float | None
    """What the expected return said that it is worth as new."""
    ruled_at: datetime
    due_at: datetime | None
    """When the look is due, while it waits; none once it was given."""
    blind: Said | None
    """What was said without seeing the machine's opinion; none while it waits."""
    lead: Said | None
    """What a quality lead decided where the two differed."""

    @property
    def truth(self) -> Said | None:
        """What counts: the lead's word where there is one, else the blind one."""
        return self.lead or self.blind

    @property
    def waits(self) -> bool:
        """Nobody has looked yet."""
        return self.blind is None and self.due_at is not None

    @property
    def lapsed(self) -> bool:
        """The case was closed and nobody could say: another photo was asked for, or somebody decided otherwise."""
        return self.blind is None and self.due_at is None

    @property
    def wrong(self) -> bool:
        """The machine's decision should not be carried out. What nobody could judge counts against it."""
        return self.lapsed if self.truth is None else audit.wrong(self.machine, self.truth)

    @property
    def disputed(self) -> bool:
        """The blind word says that the machine is wrong, and no lead has decided yet."""
        return self.blind is not None and self.lead is None and self.wrong


def note(
    connection: Connection,
    inspection: Inspection,
    judgement: Judgement,
    routing: Routing,
    *,
    policy: Policy,
    costs_sha256: str,
    number: float,
    now: datetime,
) -> bool:
    """Keep the ruling; tells whether the case is drawn. `policy` is what speaks of the item."""
    said = Said(announced(judgement.grade), judgement.disposition)
    share = routing.audit_probability or 0.0
    row = {
        "inspection_id": inspection.inspection_id,
        "category": inspection.category,
        "station": inspection.station,
        "standard": inspection.standard,
        "releases": releases_of(inspection),
        "costs_sha256": costs_sha256,
        "certificate": routing.certificate,
        "automatic": routing.to is Destination.AUTOMATIC,
        "candidate": routing.risk is not None and is_candidate(routing, judgement),
        "grade": said.grade,
        "disposition": said.disposition,
        "risk": routing.risk,
        "share": share,
        "number": number,
        "drawn": number < share,
        **_least_shares(policy),
        "greatest_loss": audit.greatest_loss(said, policy.costs[inspection.category]),
        "item_value": routing.item_value,
        "photo_refused": Reason.NOT_SEEN in routing.reasons
        or any(photo.faults for photo in inspection.photos),
        "ruled_at": now,
    }
    connection.execute(insert(rulings).values(**row))
    return number < share


def _least_shares(policy: Policy) -> dict[str, float]:
    floor = min(policy.audit_share, policy.blind_share)
    # Without a certificate every candidate goes to a person, whatever its risk.
    least = floor if policy.certificates else policy.blind_share
    return {"least_share": least, "floor_share": floor}


def releases_of(inspection: Inspection) -> str:
    """All models that looked, in one text that is the same for every order."""
    return " ".join(sorted(set(inspection.releases)))


def looks(
    connection: Connection, scope: Scope, *conditions: ColumnElement[bool], limit: int = MOST
) -> list[Look]:
    """Drawn cases of a scope in the order drawn; items that a newer inspection replaces are left out."""
    wanted = (scope.holds(), rulings.c.drawn, *conditions)
    rows = connection.execute(
        select(rulings)
        .join(standings, standings.c.inspection_id == rulings.c.inspection_id)
        .where(*wanted, standings.c.state != State.SUPERSEDED)
        .order_by(rulings.c.ruling)
        .limit(limit)
    ).all()
    found = _Found(
        blind=_blind(connection, wanted),
        lead=_lead(connection, wanted),
        due=_due(connection, wanted),
    )
    return [_look(row, found) for row in rows]


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What is known of drawn cases, each by inspection."""

    blind: dict[str, Said]
    lead: dict[str, Said]
    due: dict[str, datetime]


def _of(
    wanted: Sequence[ColumnElement[bool]], kind: CaseKind, *columns: ColumnElement[Any]
) -> Select[Any]:
    drawn = cases.c.inspection_id == rulings.c.inspection_id
    return select(*columns).join(rulings, drawn).where(cases.c.kind == kind, *wanted)


def _blind(connection: Connection, wanted: Sequence[ColumnElement[bool]]) -> dict[str, Said]:
    columns = (cases.c.inspection_id, commitments.c.grade, commitments.c.disposition)
    found = _of(wanted, CaseKind.AUDIT, *columns).join(
        commitments, commitments.c.case_id == cases.c.case_id
    )
    # The first word counts: later ones overwrite nothing.
    rows = connection.execute(found.order_by(commitments.c.committed_at.desc()))
    return {row.inspection_id: _said(row) for row in rows}


def _lead(connection: Connection, wanted: Sequence[ColumnElement[bool]]) -> dict[str, Said]:
    found = _of(wanted, CaseKind.DISPUTE, opinions.c.record).join(
        opinions, opinions.c.inspection_id == cases.c.inspection_id
    )
    rows = connection.execute(found.order_by(opinions.c.given_at, opinions.c.opinion_id))
    told = (json.loads(row.record) for row in rows)
    return {
        one["inspection_id"]: Said(Grade(one["grade"]), Disposition(one["disposition"]))
        for one in told
        if one.get("kind") == CaseKind.DISPUTE and one.get("grade")
    }


def _due(connection: Connection, wanted: Sequence[ColumnElement[bool]]) -> dict[str, datetime]:
    columns = (cases.c.inspection_id, cases.c.deadline)
    found = _of(wanted, CaseKind.AUDIT, *columns).where(cases.c.closed_at.is_(None))
    return {row.inspection_id: row.deadline for row in connection.execute(found)}


def _said(row: Row[Any]) -> Said:
    return Said(Grade(row.grade), Disposition(row.disposition))


_PLAIN = (
    "inspection_id", "ruling", "station", "standard", "releases", "costs_sha256", "certificate",
    "automatic", "candidate", "share", "number", "least_share", "floor_share", "greatest_loss",
    "item_value", "ruled_at",
)  # fmt: skip
"""Fields that are kept as they are shown."""


def _look(row: Row[Any], found: _Found) -> Look:
    known = row._mapping  # noqa: SLF001 - public, whatever its name
    own = row.inspection_id
    blind = found.blind.get(own)
    return Look(
        **{name: known[name] for name in _PLAIN},
        category=Category(row.category),
        risk=1.0 if row.risk is None else row.risk,
        machine=_said(row),
        blind=blind,
        lead=found.lead.get(own),
        due_at=found.due.get(own) if blind is None else None,
    )


def scopes(connection: Connection) -> list[Scope]:
    """Every category and station of which there is a ruling."""
    found = select(rulings.c.category, rulings.c.station).distinct()
    rows = connection.execute(found.order_by(rulings.c.category, rulings.c.station))
    return [Scope(category=Category(row.category), station=row.station) for row in rows]


def newest(connection: Connection, scope: Scope) -> int:
    """The number of the newest ruling of a scope; 0 without any."""
    found = select(func.max(rulings.c.ruling)).where(scope.holds())
    return connection.execute(found).scalar() or 0


def decisions_under(connection: Connection, certificate: str) -> int:
    """How many items were resold under a certificate and not replaced by a newer inspection."""
    found = (
        select(func.count())
        .select_from(rulings)
        .join(standings, standings.c.inspection_id == rulings.c.inspection_id)
        .where(rulings.c.certificate == certificate, standings.c.state != State.SUPERSEDED)
    )
    return connection.execute(found).scalar_one()
