"""How people grade, measured: H(h|g), the reviewers' confusion matrix, with a prior where few cases are known."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from models.grading.binomial import clopper_pearson
from models.grading.policy import Distribution
from models.vocabulary import Grade

PRIOR_CASES = 20
"""What the policy's assumption weighs, in cases of each true grade. Judgement: a shift's worth."""
DIGITS = 6
"""Shares are rounded to so many digits before a policy takes them; each row still sums to 1."""


class Graded(NamedTuple):
    """One item that a person graded, and the grade that it turned out to have."""

    true: Grade
    """What was found right in the end."""
    said: Grade
    """What the person said."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """How often people give one grade to items of one true grade."""

    said: Grade
    """The grade given."""
    seen: int
    """How often it was counted."""
    share: float
    """The estimate, prior included."""
    low: float
    """Lower end of the 95 % interval of the share as counted alone."""
    high: float
    """Its upper end."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """All that people say of items of one true grade."""

    true: Grade
    """The true grade."""
    cases: int
    """How many were counted."""
    cells: tuple[Cell, ...]
    """A to E."""

    @property
    def prior_share(self) -> float:
        """How much of the estimate is assumption: 1 where no case is known."""
        return PRIOR_CASES / (PRIOR_CASES + self.cases)


def measured(known: Iterable[Graded], prior: Mapping[Grade, Distribution]) -> tuple[Row, ...]:
    """The posterior mean under a Dirichlet prior of PRIOR_CASES cases shaped like the policy's own."""
    counts = Counter(known)
    return tuple(_row(true, counts, prior[true]) for true in Grade)


def _row(true: Grade, counts: Mapping[Graded, int], prior: Distribution) -> Row:
    seen = {said: counts.get(Graded(true, said), 0) for said in Grade}
    n = sum(seen.values())

    def cell(said: Grade) -> Cell:
        low, high = clopper_pearson(seen[said], n)
        share = (seen[said] + PRIOR_CASES * prior.get(said, 0.0)) / (n + PRIOR_CASES)
        return Cell(said=said, seen=seen[said], share=share, low=low, high=high)

    return Row(true=true, cases=n, cells=tuple(cell(said) for said in Grade))


def as_shares(rows: Iterable[Row]) -> dict[Grade, dict[Grade, float]]:
    """The matrix as a policy holds it; what never happens is left out, and each row sums to 1."""
    shares = {}
    for row in rows:
        rounded = {cell.said: round(cell.share, DIGITS) for cell in row.cells if cell.share > 0}
        most = max(rounded, key=lambda grade: rounded[grade])
        rest = sum(share for grade, share in rounded.items() if grade is not most)
        shares[row.true] = rounded | {most: round(1 - rest, DIGITS)}
    return shares
