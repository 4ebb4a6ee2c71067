"""Learn-then-Test: how far the machine may resell by itself, proved on cases that people judged blind.

The promise of a certificate (domain.md §4.7, arXiv 2110.01052): with a probability of at least
1 − δ over the labelled cases, of the items with a risk up to λ at most the share α is resold
wrongly. Pure: cases and numbers in, a proof out.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from models.grading.binomial import at_most

GRID = (0.0, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08,
        0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)  # fmt: skip
"""All λ that are ever tried, smallest first: written down before any label was seen. Judgement."""
FIRST_LOOK = 250
"""Labelled cases at the first look: below 237 accepted ones nothing passes it at α 2 %, δ 5 %."""
EARLY_LOOKS = 5
"""So many looks have an equal part of δ; all later ones together have one more."""
ROOM = 1.3
"""How many more cases than the fewest that could do the first λ should have: for an error or two."""
MOST_LOOKS = 30
"""250·2^29 cases: nobody labels more."""


class Label(NamedTuple):
    """One case whose truth was found by somebody who did not see what the machine said."""

    risk: float
    """s(x), the machine's own probability that reselling is wrong."""
    wrong: bool
    """Reselling it would have been wrong."""


class Look(NamedTuple):
    """One of the few moments at which labels are looked at."""

    number: int
    """From 1."""
    cases: int
    """How many labelled cases it looks at: the first ones, in the order drawn."""
    delta: float
    """Its part of δ."""


class Step(NamedTuple):
    """One test of the fixed sequence."""

    risk_at_most: float
    """λ."""
    accepted: int
    """N_λ: labelled cases up to λ."""
    errors: int
    """K_λ: wrong ones among them."""
    p: float
    """P(Bin(N_λ, α) ≤ K_λ)."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What a calibration showed."""

    alpha: float
    """Largest share of wrong resales that is promised."""
    delta: float
    """Largest probability that the promise is broken by an unlucky sample."""
    look: Look
    """Which look it was."""
    steps: tuple[Step, ...]
    """The tests in their order, the one that stopped it included."""
    labels: int
    """Cases looked at."""

    @property
    def passed(self) -> Step | None:
        """The λ that is proved; none where the first test failed.

        Of those that passed with the same cases the smallest: no case spoke for riskier items.
        """
        good = [step for step in self.steps if step.p <= self.look.delta]
        alike = (step for step in good if step.accepted == good[-1].accepted)
        return next(alike, None)

    @property
    def coverage(self) -> float:
        """The share of candidates that would be resold automatically."""
        return self.passed.accepted / self.labels if self.passed and self.labels else 0.0


def look_at(cases: int, delta: float) -> Look | None:
    """The last look that so many labelled cases allow: at 250, 500, 1,000 …; none below the first.

    Who looks after every case until a test passes will see it pass by luck. So cases are looked at
    only at these counts, always the first ones, and each look has a part of δ: together at most δ,
    however often anybody opens the page in between.
    """
    if cases < FIRST_LOOK:
        return None
    return _look(min(MOST_LOOKS, 1 + int(math.log2(cases // FIRST_LOOK))), delta)


def _look(number: int, delta: float) -> Look:
    part = delta / (EARLY_LOOKS + 1) / 2 ** max(0, number - EARLY_LOOKS)
    return Look(number=number, cases=FIRST_LOOK * 2 ** (number - 1), delta=part)


def fewest(errors: int, alpha: float, delta: float) -> int:
    """The fewest accepted cases that pass with so many errors: 149 at 0 errors, α 2 %, δ 5 %."""
    low, high = errors, errors + 1
    while at_most(errors, high, alpha) > delta:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at_most(errors, middle, alpha) > delta else (low, middle)
    return high


def fixed_sequence(pilot: Sequence[float], look: Look, alpha: float) -> tuple[float, ...]:
    """The λ to test, in this order; decided by the risks of cases that nobody labelled.

    It starts where enough of the labelled cases can be expected for a test to pass at all. The
    labelled cases themselves have no say in it: a sequence chosen by them would not be fixed.
    """
    needed, ordered = fewest(0, alpha, look.delta), sorted(pilot)

    def expected(limit: float) -> float:
        return look.cases * bisect_right(ordered, limit) / max(1, len(ordered))

    counted = [(limit, expected(limit)) for limit in GRID]
    starts = (tuple(limit for limit, n in counted if n >= room * needed) for room in (ROOM, 1.0))
    return next((start for start in starts if start), GRID[-1:])


def learn_then_test(
    labels: Sequence[Label], sequence: Sequence[float], look: Look, *, alpha: float, delta: float
) -> Proof:
    """Test one λ after the other and stop at the first that fails; what passed before it is proved."""
    ordered = sorted(labels)
    risks, errors = [one.risk for one in ordered], [0, *accumulate(one.wrong for one in ordered)]
    steps = []
    for limit in sequence:
        accepted = bisect_right(risks, limit)
        p = at_most(errors[accepted], accepted, alpha)
        steps.append(Step(limit, accepted, errors[accepted], p))
        if p > look.delta:
            break
    return Proof(alpha=alpha, delta=delta, look=look, steps=tuple(steps), labels=len(labels))


def cases_missing(
    labels: Sequence[Label], sequence: Sequence[float], *, alpha: float, delta: float
) -> int | None:
    """How many more labelled cases the first look that can pass needs, if no further one is wrong.

    With no label yet: the first look's. None where even the greatest look would not do.
    """
    if not labels:
        return FIRST_LOOK
    limit = sequence[0] if sequence else GRID[0]
    accepted = [label.wrong for label in labels if label.risk <= limit]
    share, errors = (len(accepted) or 1) / len(labels), sum(accepted)
    for number in range(1, MOST_LOOKS):
        look = _look(number, delta)
        if look.cases <= len(labels):
            continue
        if at_most(errors, int(look.cases * share), alpha) <= look.delta:
            return look.cases - len(labels)
    return None
