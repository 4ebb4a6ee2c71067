"""Who decides next: the machine where it may and is worth it, a person everywhere else."""

import math

from models.grading import checklist, grades
from models.grading.evidence import Evidence
from models.grading.policy import CostTable, Policy
from models.grading.standard import Standard
from models.records import Judgement, Routing
from models.vocabulary import Destination, Disposition, Grade, Reason

INCOMPLETE = frozenset({Reason.NOT_SEEN, Reason.NOT_ASSESSABLE, Reason.UNANSWERED})
"""Reasons that mean: something may hide where nobody looked."""


def route(evidence: Evidence, judgement: Judgement, standard: Standard, policy: Policy) -> Routing:
    """Send the item on, or to a person with every reason that applies (domain.md §4.6, §4.7).

    Pure: it takes the policy's certificates as valid, so drop expired ones first with
    `policy.valid_at(now)`.
    """
    reasons = _reasons(evidence, judgement, standard, policy)
    return Routing(
        to=Destination.REVIEW if reasons else Destination.AUTOMATIC,
        reasons=reasons,
        stake=_stake(judgement, policy.costs[standard.category], reasons),
        policy=policy.identifier,
    )


def _reasons(
    evidence: Evidence, judgement: Judgement, standard: Standard, policy: Policy
) -> tuple[Reason, ...]:
    gates = checklist.closed_gates(standard, evidence.answers)
    resell = judgement.disposition is Disposition.RESELL
    certified = policy.certifies(standard.category, grades.risk(judgement.grade))
    applies = {
        Reason.NOT_SEEN: bool(evidence.not_seen),
        Reason.NOT_ASSESSABLE: bool(evidence.not_assessable),
        Reason.UNANSWERED: bool(checklist.unanswered(standard, evidence.answers)),
        Reason.HARD_GATE: any(gate.person for gate in gates),
        Reason.INSISTED: evidence.insisted,
        Reason.CLOSE_CALL: _a_person_pays(judgement, standard, policy),
        Reason.NO_CERTIFICATE: resell and not certified,
        # ESPR Art. 25: destroying returned goods needs a documented ground, which no machine has.
        Reason.SCRAP_NEEDS_GROUND: judgement.disposition is Disposition.SCRAP,
    }
    return tuple(reason for reason in Reason if applies[reason])


def _a_person_pays(judgement: Judgement, standard: Standard, policy: Policy) -> bool:
    """EU(a*) < Σ_g π(g) Σ_h H(h|g)·U(a(h), g) − c_review − c_delay (Chow 1970)."""
    costs = policy.costs[standard.category]
    decides = {h: costs.best({h: 1.0}, judgement.expected_value) for h in policy.reviewers}
    by_person = math.fsum(
        p * share * costs.utility(decides[h], g)
        for g, p in judgement.grade.items()
        for h, share in policy.reviewers[g].items()
    )
    by_machine = costs.expected(judgement.disposition, judgement.grade)
    return by_machine < by_person - policy.review_cost - costs.delay_cost


def _stake(judgement: Judgement, costs: CostTable, reasons: tuple[Reason, ...]) -> float:
    """Σ_g π(g)·(max_a U(a, g) − U(a*, g)): what knowing the true grade would be worth.

    Where something was not looked at, the item may be worse than what was: π is then that of the
    worse of the judged grade and the policy's expectation for unseen items.
    """
    unknown = not INCOMPLETE.isdisjoint(reasons)
    pi = grades.worse_of(judgement.grade, costs.unseen) if unknown else judgement.grade

    def loss(grade: Grade) -> float:
        known = max(costs.utility(a, grade) for a in judgement.expected_value)
        return known - costs.utility(judgement.disposition, grade)

    return round(max(0.0, math.fsum(p * loss(grade) for grade, p in pi.items())), 6)
