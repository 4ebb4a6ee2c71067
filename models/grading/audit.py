"""The blind audit: which decisions are drawn, when one was wrong, and what the drawn ones say of all.

A false accept is never seen by itself: nobody looks at what was resold (selective labels, KDD 2017).
So a known share is looked at by a person who does not see what the machine said.
"""

import hashlib
import hmac
import math
from collections.abc import Sequence
from typing import NamedTuple

from models.grading.binomial import clopper_pearson
from models.grading.grades import RANK
from models.grading.interval import Interval, mean_of_bounded
from models.grading.policy import CostTable
from models.vocabulary import Disposition, Grade

BITS = 53
"""A double tells 2^53 numbers between 0 and 1 apart."""


def draw(key: bytes, inspection_id: str) -> float:
    """A number in [0, 1), the same whenever asked, that nobody can foretell without the key.

    An inspection is audited when its number is below the share; so a smaller share draws a part of
    what a larger one does, and cases drawn at different shares can be thinned to one.
    """
    digest = hmac.new(key, b"audit:" + inspection_id.encode(), hashlib.sha256).digest()
    return (int.from_bytes(digest[:8], "big") >> (64 - BITS)) / float(1 << BITS)


class Said(NamedTuple):
    """A grade and a disposition, the machine's or a person's."""

    grade: Grade
    """How good the item is."""
    disposition: Disposition
    """What should happen to it."""


def wrong(machine: Said, truth: Said) -> bool:
    """The machine's decision should not have been carried out.

    Another disposition was right, or the item was resold under a better grade than it has. A
    better grade than announced harms nobody.
    """
    if machine.disposition is not truth.disposition:
        return True
    oversold = RANK[truth.grade] > RANK[machine.grade]
    return machine.disposition is Disposition.RESELL and oversold


def loss(machine: Said, truth: Said, costs: CostTable) -> float:
    """What the wrong decision cost, in the policy's currency; never below 0.

    The difference of the utilities at the true grade; and an item resold under a better grade than
    it has is taken to come back once: an assumption, on the safe side.
    """
    if not wrong(machine, truth):
        return 0.0
    missed = costs.utility(truth.disposition, truth.grade) - costs.utility(
        machine.disposition, truth.grade
    )
    oversold = machine.disposition is Disposition.RESELL and RANK[truth.grade] > RANK[machine.grade]
    return max(0.0, missed) + (costs.rereturn_cost if oversold else 0.0)


def greatest_loss(machine: Said, costs: CostTable) -> float:
    """The most that a decision can have cost, whatever the truth is."""
    return max(loss(machine, Said(g, a), costs) for g in Grade for a in Disposition)


class Audited(NamedTuple):
    """One automatic decision that was drawn and looked at."""

    wrong: bool
    """It should not have been carried out."""
    loss: float
    """What that cost."""
    share: float
    """e, the probability with which it was drawn."""
    number: float
    """Its number from `draw`, below the share."""


class Live(NamedTuple):
    """What the audits say of all automatic decisions."""

    decisions: int
    """N: automatic decisions."""
    audited: int
    """Those drawn and looked at."""
    errors: int
    """Wrong ones among them."""
    rate: Interval
    """Share of wrong decisions; estimate Σ A·wrong/e ÷ N."""
    loss_each: Interval
    """What a decision loses on average; estimate Σ A·loss/e ÷ N."""
    thinned: int
    """Audits that the intervals leave out because they were drawn at a larger share than others."""


def live(
    decisions: int, audits: Sequence[Audited], *, waiting: int = 0, greatest: float = 0.0
) -> Live:
    """The live error rate, in order of the decisions.

    `waiting` audits are drawn and not yet decided: the estimate is raised by the share of those
    missing, as if they turn out like the others. `greatest` bounds any single loss.
    """
    least = min((a.share for a in audits), default=1.0)
    even = [a for a in audits if a.number < least]
    errors = sum(a.wrong for a in even)
    low, high = clopper_pearson(errors, len(even))
    missing = (len(audits) + waiting) / len(audits) if audits else 1.0
    rate = _per_decision([float(a.wrong) for a in audits], audits, decisions, missing)
    lost = _per_decision([a.loss for a in audits], audits, decisions, missing)
    money = mean_of_bounded([a.loss for a in even], greatest)
    return Live(
        decisions=decisions,
        audited=len(audits),
        errors=sum(a.wrong for a in audits),
        rate=Interval(low=low, high=high, estimate=rate),
        loss_each=Interval(low=money.low, high=money.high, estimate=lost),
        thinned=len(audits) - len(even),
    )


def _per_decision(
    amounts: Sequence[float], audits: Sequence[Audited], decisions: int, missing: float
) -> float | None:
    """Σ A·amount/e ÷ N (Horvitz & Thompson 1952)."""
    if not audits or not decisions:
        return None
    weighed = (amount / a.share for amount, a in zip(amounts, audits, strict=True))
    return math.fsum(weighed) * missing / decisions
