"""Labelled cases for a proof: which blind words count, each judged again by the costs to be certified.

A word counts when it was given blind, on a case drawn with a known probability that has nothing to do
with the item's risk. docs/routing.md tells why everything else is left out.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, select

from models.errors import StandardInvalid
from models.grading import audit
from models.grading.audit import Said
from models.grading.certify import Label
from models.grading.evidence import evidence_of
from models.grading.grades import announced
from models.grading.judge import judge
from models.grading.policy import Policy
from models.grading.routing import is_candidate, route
from models.grading.standard import load_version
from models.records import Inspection, Routing
from server import policies
from server.rulings import Look, Scope, looks
from server.tables import inspections, routings, rulings

PILOT = 2000
"""Undrawn cases whose risks fix the sequence of λ at most."""
REPLAYED = 300
"""Of those, how many are judged again where the costs have changed: each takes milliseconds."""
SET_ASIDE = 50
"""Labelled cases that fix the sequence where too few are undrawn; they prove nothing then."""


@dataclass(frozen=True, kw_only=True)
class Again:
    """What the costs to be certified make of an item."""

    said: Said
    risk: float
    candidate: bool


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A case that counts, with its label."""

    look: Look
    again: Again

    @property
    def label(self) -> Label:
        """The risk, and whether reselling it would be wrong."""
        truth = self.look.truth
        wrong = self.look.lapsed if truth is None else audit.wrong(self.again.said, truth)
        return Label(self.again.risk, wrong)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a proof would hold for: the newest standard and models that are at work in the scope."""

    standard: str
    releases: tuple[str, ...]

    @property
    def joined(self) -> str:
        """The models as rulings keep them."""
        return " ".join(self.releases)


@dataclass(frozen=True, kw_only=True)
class Labels:
    """All that is there for a proof."""

    kind: Kind | None
    """None where nothing was inspected yet."""
    share: float
    """e: each candidate is in with this probability, whatever its risk."""
    cases: tuple[Labelled, ...]
    """Those that count, oldest first, up to the first that still waits."""
    waiting: tuple[Look, ...]
    """Drawn ones that nobody has looked at."""
    thinned: int
    """Left out because they were drawn at larger shares than others."""
    pilot: tuple[float, ...]
    """Risks of cases that do not count."""

    def data_sha256(self, count: int) -> str:
        """Hash of the first cases: id, risk, and what was said and found."""
        lines = (_line(case) for case in self.cases[:count])
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _line(case: Labelled) -> str:
    truth = case.look.truth
    told = f"{truth.grade} {truth.disposition}" if truth else "lapsed"
    said = case.again.said
    return f"{case.look.inspection_id} {case.again.risk!r} {said.grade} {said.disposition} {told}"


def kind_of(connection: Connection, scope: Scope) -> Kind | None:
    """Standard and models of the newest ruling in the scope."""
    found = select(rulings.c.standard, rulings.c.releases).where(scope.holds())
    row = connection.execute(found.order_by(rulings.c.ruling.desc()).limit(1)).first()
    return (
        None if row is None else Kind(standard=row.standard, releases=tuple(row.releases.split()))
    )


def labels(connection: Connection, scope: Scope) -> Labels:
    """Gather what counts under the newest costs."""
    kind = kind_of(connection, scope)
    if kind is None:
        return Labels(kind=None, share=0.0, cases=(), waiting=(), thinned=0, pilot=())
    policy = policies.newest(connection)
    ours = (rulings.c.standard == kind.standard, rulings.c.releases == kind.joined)
    current = policy.costs_sha256(scope.category)
    drawn = [(one, _least(one, current)) for one in looks(connection, scope, *ours)]
    share = _best_share(drawn)
    even = [one for one, least in drawn if least >= share > one.number]
    counting = [_labelled(connection, one, policy, current) for one in even]
    candidates = [one for one in counting if one.again.candidate]
    settled = next((i for i, one in enumerate(candidates) if one.look.waits), len(candidates))
    pilot = _pilot(connection, scope, kind, policy)
    cases = candidates[:settled]
    if len(pilot) < SET_ASIDE:
        pilot, cases = [one.again.risk for one in cases[:SET_ASIDE]], cases[SET_ASIDE:]
    return Labels(
        kind=kind,
        share=share,
        cases=tuple(cases),
        waiting=tuple(one.look for one in candidates[settled:] if one.look.waits),
        thinned=len(drawn) - len(even),
        pilot=tuple(pilot),
    )


def _least(look: Look, current: str) -> float:
    """The probability with which each candidate of that time was in at least, whatever its risk.

    Under other costs, what the machine sent elsewhere then may be a candidate now.
    """
    return look.least_share if look.costs_sha256 == current else look.floor_share


def _best_share(drawn: Sequence[tuple[Look, float]]) -> float:
    """The share that leaves most cases; chosen by counts alone, which tell nothing of errors."""

    def left(share: float) -> int:
        return sum(least >= share > one.number for one, least in drawn)

    return max(sorted({least for _, least in drawn if least}), key=left, default=1.0)


def _labelled(connection: Connection, look: Look, policy: Policy, current: str) -> Labelled:
    if look.costs_sha256 == current:
        again = Again(said=look.machine, risk=look.risk, candidate=look.candidate)
    else:
        again = replayed(connection, look.inspection_id, policy)
    return Labelled(look=look, again=again)


def _pilot(connection: Connection, scope: Scope, kind: Kind, policy: Policy) -> list[float]:
    found = select(
        rulings.c.inspection_id, rulings.c.risk, rulings.c.candidate, rulings.c.costs_sha256
    ).where(scope.holds(), rulings.c.standard == kind.standard, rulings.c.share > 0)
    found = found.where(rulings.c.releases == kind.joined, ~rulings.c.drawn)
    rows = connection.execute(found.order_by(rulings.c.ruling.desc()).limit(PILOT)).all()
    current = policy.costs_sha256(scope.category)
    known = [row.risk for row in rows if row.costs_sha256 == current and row.candidate]
    if len(known) >= SET_ASIDE:
        return known
    again = (replayed(connection, row.inspection_id, policy) for row in rows[:REPLAYED])
    return [one.risk for one in again if one.candidate]


def replayed(connection: Connection, inspection_id: str, policy: Policy) -> Again:
    """Judge a kept inspection once more, by other costs and the price that it was judged with."""
    found = (
        select(inspections.c.record, routings.c.record.label("routing"))
        .join(routings, routings.c.inspection_id == inspections.c.inspection_id)
        .where(inspections.c.inspection_id == inspection_id)
        .order_by(routings.c.routing.desc())
        .limit(1)
    )
    row = connection.execute(found).one()
    return _judged_again(row.record, row.routing, policy.to_json())


@lru_cache(maxsize=20_000)
def _judged_again(record: str, routing: str, costs: str) -> Again:
    one, value = Inspection.from_json(record), Routing.from_json(routing).item_value
    try:
        standard = load_version(one.standard)
    except StandardInvalid:
        said = Said(announced(one.judgement.grade), one.judgement.disposition)
        return Again(said=said, risk=1.0, candidate=False)
    policy = Policy.from_json(costs).for_inspection(one, value)
    evidence = evidence_of(one, standard)
    judgement = judge(evidence, standard, policy)
    told = route(evidence, judgement, standard, policy)
    said = Said(announced(judgement.grade), judgement.disposition)
    risk = 1.0 if told.risk is None else told.risk
    return Again(said=said, risk=risk, candidate=is_candidate(told, judgement))
