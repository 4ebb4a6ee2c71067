"""Who decides next: the machine where it may and is worth it, a person everywhere else."""

import math
from dataclasses import dataclass

from models.grading import checklist, grades
from models.grading.certificate import Certificate
from models.grading.evidence import Evidence
from models.grading.policy import CostTable, Policy
from models.grading.standard import Standard
from models.records import Judgement, Routing
from models.vocabulary import Destination, Disposition, Grade, Reason

INCOMPLETE = frozenset({Reason.NOT_SEEN, Reason.NOT_ASSESSABLE, Reason.UNANSWERED})
"""Reasons that mean: something may hide where nobody looked."""
POLICYS = frozenset({Reason.CLOSE_CALL, Reason.NO_CERTIFICATE, Reason.SCRAP_NEEDS_GROUND})
"""Reasons that rest on the policy: under another one the machine might have decided by itself."""


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """Both ways of deciding, compared; amounts in the policy's currency."""

    risk: float
    """s(x): the machine's own probability that reselling is wrong."""
    by_machine: float
    """EU(a*), what the machine's choice is expected to bring."""
    by_person: float
    """What a person's choice is expected to bring, less the look and the delay."""


def route(evidence: Evidence, judgement: Judgement, standard: Standard, policy: Policy) -> Routing:
    """Send the item on, or to a person with every reason that applies (domain.md §4.6, §4.7).

    Pure: it takes the policy's certificates as valid, so leave those that speak of this item and
    have not expired: `policy.valid_at(now).for_inspection(inspection)`.
    """
    weighed = weigh(judgement, standard, policy)
    certificate = policy.covering(standard.category, weighed.risk)
    reasons = _reasons(evidence, judgement, standard, weighed, certificate)
    resold = judgement.disposition is Disposition.RESELL and not reasons
    return Routing(
        to=Destination.REVIEW if reasons else Destination.AUTOMATIC,
        reasons=reasons,
        stake=_stake(judgement, policy.costs[standard.category], reasons),
        policy=policy.identifier,
        risk=weighed.risk,
        by_machine=weighed.by_machine,
        by_person=weighed.by_person,
        certificate=certificate.certificate_id if certificate and resold else None,
        audit_probability=_audit_probability(reasons, policy),
    )


def weigh(judgement: Judgement, standard: Standard, policy: Policy) -> Weighed:
    """Both sides of EU(a*) < Σ_g π(g) Σ_h H(h|g)·U(a(h), g) − c_review − c_delay (Chow 1970)."""
    costs = policy.costs[standard.category]
    decides = {h: costs.best({h: 1.0}, judgement.expected_value) for h in policy.reviewers}
    by_person = math.fsum(
        p * share * costs.utility(decides[h], g)
        for g, p in judgement.grade.items()
        for h, share in policy.reviewers[g].items()
    )
    # Nine digits: what is stored is the same on every machine.
    return Weighed(
        risk=round(resale_risk(judgement, costs), 9),
        by_machine=round(costs.expected(judgement.disposition, judgement.grade), 9),
        by_person=round(by_person - policy.review_cost - costs.delay_cost, 9),
    )


def resale_risk(judgement: Judgement, costs: CostTable) -> float:
    """s(x): how probably the item is worse than announced, or something else would be worth more.

    The score that certificates bound (domain.md §4.7). It need not be well calibrated for them to
    hold, only to put the riskier items above the others for them to be worth much.
    """
    announced = grades.RANK[grades.announced(judgement.grade)]

    def is_wrong(grade: Grade) -> bool:
        best = costs.best({grade: 1.0}, judgement.expected_value)
        return grades.RANK[grade] > announced or best is not Disposition.RESELL

    return min(1.0, math.fsum(p for grade, p in judgement.grade.items() if is_wrong(grade)))


def _reasons(
    evidence: Evidence,
    judgement: Judgement,
    standard: Standard,
    weighed: Weighed,
    certificate: Certificate | None,
) -> tuple[Reason, ...]:
    gates = checklist.closed_gates(standard, evidence.answers)
    resell = judgement.disposition is Disposition.RESELL
    applies = {
        Reason.NOT_SEEN: bool(evidence.not_seen),
        Reason.NOT_ASSESSABLE: bool(evidence.not_assessable),
        Reason.UNANSWERED: bool(checklist.unanswered(standard, evidence.answers)),
        Reason.HARD_GATE: any(gate.person for gate in gates),
        Reason.INSISTED: evidence.insisted,
        Reason.CLOSE_CALL: weighed.by_machine < weighed.by_person,
        Reason.NO_CERTIFICATE: resell and certificate is None,
        # ESPR Art. 25: destroying returned goods needs a documented ground, which no machine has.
        Reason.SCRAP_NEEDS_GROUND: judgement.disposition is Disposition.SCRAP,
    }
    return tuple(reason for reason in Reason if applies[reason])


def _audit_probability(reasons: tuple[Reason, ...], policy: Policy) -> float:
    """Blind looks are for what the machine decides, or would decide under some policy."""
    if not reasons:
        return policy.audit_share
    return policy.blind_share if POLICYS.issuperset(reasons) else 0.0


def is_candidate(routing: Routing, judgement: Judgement) -> bool:
    """Only a certificate is, or would be, missing for its automatic resale."""
    resell = judgement.disposition is Disposition.RESELL
    return resell and {Reason.NO_CERTIFICATE}.issuperset(routing.reasons)


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
