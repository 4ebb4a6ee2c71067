"""From findings to demerit points: what each weighs, and how several views of one item merge.

Points are counted in thousandths, as whole numbers: five times 0.2 is exactly 1 and not a little
more than the limit.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Generic, NamedTuple, TypeVar

from models.grading.standard import Standard
from models.records import Finding
from models.vocabulary import Dimension, Shot

T = TypeVar("T")
Spread = Mapping[int, float]
"""Thousandths of a point → how probable that total is."""


class Suspicion(NamedTuple):
    """One finding as the rules see it; sorts by weight, then probability."""

    thousandths: int
    """Its points times its zone's weight."""
    probability: float
    """That it is real."""
    photo: str
    """The photo it is on."""
    shot: Shot
    """That photo's view."""
    dimension: Dimension
    """The score that it lowers."""
    clause: str
    """The rule that counts it."""


def thousandths(points: float) -> int:
    """Points as a whole number of thousandths."""
    return round(points * 1000)


def weigh(findings: Iterable[Finding], standard: Standard) -> tuple[Suspicion, ...]:
    """Findings that the standard counts, in an order that does not depend on theirs.

    A shot that the standard does not know (another version asked for it) weighs as its heaviest.
    """
    rules = {rule.defect: rule for rule in standard.defect_rules}
    weighed = []
    for finding in findings:
        if (rule := rules.get(finding.defect)) is None:
            continue
        weight = rule.zones.get(finding.shot, max(rule.zones.values()))
        points = thousandths(weight * rule.points(standard.size_mm(finding)))
        where = (finding.photo_sha256, finding.shot, rule.dimension, rule.clause)
        weighed.append(Suspicion(points, finding.probability, *where))
    return tuple(sorted(s for s in weighed if s.thousandths and s.probability))


@dataclass(frozen=True, kw_only=True)
class Reading(Generic[T]):
    """One way to read demerits: as an expected number or as a distribution."""

    one: Callable[[Suspicion], T]
    """A single suspicion's."""
    together: Callable[[Sequence[T]], T]
    """Different defects: they add up."""
    worst: Callable[[Sequence[T]], T]
    """Views of the same defects: the worst view counts."""


def merged(suspicions: Iterable[Suspicion], standard: Standard, reading: Reading[T]) -> T:
    """One clause's demerits over all photos: one physical defect counts once (domain.md §4.2).

    No view is registered to another, so what is the same defect follows from what the standard says
    a shot shows: photos of the same side repeat each other (the worst counts), sides add up, and
    close-ups only count where they together say more than the overviews do.
    """
    views: dict[bool, list[T]] = {False: [], True: []}
    for shot, photos in groupby(sorted(suspicions, key=_view), key=lambda s: s.shot):
        rule = standard.shot(shot)
        repeats = rule is not None and rule.each_photo == "same_side"
        combine = reading.worst if repeats else reading.together
        views[rule is not None and rule.closeup].append(combine(_by_photo(photos, reading)))
    return reading.worst([reading.together(sides) for sides in views.values()])


def _view(suspicion: Suspicion) -> tuple[str, str]:
    return suspicion.shot, suspicion.photo


def _by_photo(suspicions: Iterable[Suspicion], reading: Reading[T]) -> list[T]:
    # Floating sums differ with their order, so it is never that in which findings came.
    photos = [sorted(photo) for _, photo in groupby(suspicions, key=lambda s: s.photo)]
    return [reading.together([reading.one(s) for s in photo]) for photo in photos]


EXPECTED: Reading[float] = Reading(
    one=lambda suspicion: suspicion.probability * suspicion.thousandths,
    together=math.fsum,
    worst=lambda views: max(views, default=0.0),
)
"""Σ p·w·points, in thousandths."""


def spread_up_to(ceiling: int) -> Reading[Spread]:
    """The exact distribution of the total, each suspicion being real or not on its own.

    Totals above the ceiling are not told apart, which bounds the work however many there are.
    """

    def joined(spreads: Sequence[Spread], total: Callable[[int, int], int]) -> Spread:
        result: Spread = {0: 1.0}
        for spread in spreads:
            sums: dict[int, float] = {}
            for before, p in result.items():
                for more, q in spread.items():
                    reached = min(total(before, more), ceiling)
                    sums[reached] = sums.get(reached, 0.0) + p * q
            result = sums
        return result

    return Reading(
        one=lambda s: {0: 1 - s.probability, s.thousandths: s.probability},
        together=lambda spreads: joined(spreads, int.__add__),
        worst=lambda spreads: joined(spreads, max),
    )
