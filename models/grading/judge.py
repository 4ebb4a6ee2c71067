"""Evidence and rules to scores, a grade and a disposition (domain.md §4.3 to §4.5)."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from models.grading import checklist, grades
from models.grading.demerits import EXPECTED, Suspicion, merged, thousandths, weigh
from models.grading.evidence import Evidence
from models.grading.policy import Policy
from models.grading.rules import DefectRule, Gate
from models.grading.standard import Standard
from models.records import Judgement
from models.vocabulary import Dimension, Disposition, Grade


class Charge(NamedTuple):
    """What one clause costs the item."""

    clause: str
    """The rule or question."""
    dimension: Dimension
    """The score that it lowers."""
    points: float
    """Expected demerit points."""


def judge(evidence: Evidence, standard: Standard, policy: Policy) -> Judgement:
    """What the rules make of the evidence. Pure: the same for every order of findings and answers."""
    suspicions = weigh(evidence.findings, standard)
    charges = (*_found(suspicions, standard), *_answered(evidence, standard))
    gates = checklist.closed_gates(standard, evidence.answers)
    grade = _grade(suspicions, evidence, standard, gates)
    costs = policy.costs[standard.category]
    allowed = _allowed(gates)
    return Judgement(
        scores=_scores(charges, _looked_at(evidence, suspicions, standard), standard),
        grade=grade,
        disposition=costs.best(grade, allowed),
        expected_value={a: round(costs.expected(a, grade), 6) for a in allowed},
        gates=tuple(gate.clause for gate in gates),
        clauses=tuple(c.clause for c in sorted(charges, key=_worst_first) if c.points > 0),
    )


def _found(suspicions: tuple[Suspicion, ...], standard: Standard) -> tuple[Charge, ...]:
    def points(clause: str) -> float:
        own = [s for s in suspicions if s.clause == clause]
        return merged(own, standard, EXPECTED) / 1000

    rules = standard.defect_rules
    return tuple(Charge(rule.clause, rule.dimension, points(rule.clause)) for rule in rules)


def _answered(evidence: Evidence, standard: Standard) -> tuple[Charge, ...]:
    return tuple(
        Charge(q.clause, q.dimension, checklist.points(q, evidence.answers))
        for q in standard.questions
    )


def _worst_first(charge: Charge) -> tuple[float, str]:
    return -charge.points, charge.clause


def _grade(
    suspicions: tuple[Suspicion, ...],
    evidence: Evidence,
    standard: Standard,
    gates: tuple[Gate, ...],
) -> dict[Grade, float]:
    answered: dict[Dimension, int] = {}
    for charge in _answered(evidence, standard):
        before = answered.get(charge.dimension, 0)
        answered[charge.dimension] = before + thousandths(charge.points)
    cap = max((gate.cap for gate in gates), key=grades.RANK.__getitem__, default=Grade.A)
    return grades.distribution(suspicions, answered, cap, standard)


def _allowed(gates: tuple[Gate, ...]) -> tuple[Disposition, ...]:
    forbidden = {disposition for gate in gates for disposition in gate.forbids}
    return tuple(disposition for disposition in Disposition if disposition not in forbidden)


def _scores(
    charges: tuple[Charge, ...], looked_at: frozenset[Dimension], standard: Standard
) -> dict[Dimension, float]:
    """S_j = 100·exp(−D_j/τ_j); what nobody looked at has no score, rather than a perfect one."""

    def score(dimension: Dimension, tau: float) -> float:
        points = math.fsum(c.points for c in charges if c.dimension is dimension)
        # Six digits: exp may differ in its last bit from one machine to the next.
        return round(100 * math.exp(-points / tau), 6)

    return {
        rule.dimension: score(rule.dimension, rule.tau)
        for rule in standard.dimensions
        if rule.dimension in looked_at
    }


def _looked_at(
    evidence: Evidence, suspicions: tuple[Suspicion, ...], standard: Standard
) -> frozenset[Dimension]:
    asked = {q.dimension for q in standard.questions if checklist.chosen(q, evidence.answers)}
    found = {suspicion.dimension for suspicion in suspicions}
    seen = {r.dimension for r in standard.defect_rules if _was_seen(r, evidence, standard)}
    return frozenset(asked | found | seen)


def _was_seen(rule: DefectRule, evidence: Evidence, standard: Standard) -> bool:
    shots = [shot for shot in standard.required_shots if rule.zones[shot] > 0]
    return rule.defect not in evidence.not_assessable and bool({*shots} - {*evidence.not_seen})


def overall(scores: Mapping[Dimension, float], standard: Standard) -> float | None:
    """The scores' mean by the standard's weights, over those there are; none without any score."""
    weighed = [
        (r.weight, scores[r.dimension]) for r in standard.dimensions if r.dimension in scores
    ]
    if not weighed:
        return None
    return math.fsum(w * s for w, s in weighed) / math.fsum(w for w, _ in weighed)
