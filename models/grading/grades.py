"""How probable each grade is, and what one may say of an item in one letter."""

import math
from collections.abc import Mapping, Sequence

from models.grading.demerits import Suspicion, merged, spread_up_to, thousandths
from models.grading.policy import Distribution
from models.grading.rules import GradeLimit
from models.grading.standard import Standard
from models.vocabulary import Dimension, Grade

RANK = {grade: rank for rank, grade in enumerate(Grade)}
"""0 for A … 4 for E."""
HEAVIEST = 8.0
"""4 points in a zone of weight 2: no single defect weighs more."""


def distribution(
    suspicions: Sequence[Suspicion],
    answered: Mapping[Dimension, int],
    cap: Grade,
    standard: Standard,
) -> dict[Grade, float]:
    """π(g), exactly: each suspicion is real with its probability, the grade follows from the rules.

    `answered` holds the thousandths of a point that the answers cost, `cap` the best grade that the
    gates leave. Sums to 1.
    """
    at_least = 0.0
    grades: dict[Grade, float] = {}
    for limit in standard.grades:
        reached = _reach(limit, suspicions, answered, standard) if _open(limit.grade, cap) else 0.0
        better, at_least = at_least, max(at_least, reached)
        grades[limit.grade] = at_least - better
    grades[Grade.E] = 1 - at_least
    # Twelve digits: what follows is the same on every machine and for every order.
    return {grade: round(p, 12) for grade, p in grades.items()}


def _open(grade: Grade, cap: Grade) -> bool:
    return RANK[grade] >= RANK[cap]


def _reach(
    limit: GradeLimit,
    suspicions: Sequence[Suspicion],
    answered: Mapping[Dimension, int],
    standard: Standard,
) -> float:
    """P(the item is within the limit): dimensions share no suspicion, so they multiply."""
    within = 1.0
    for dimension in sorted({*limit.points, *limit.worst}):
        own = [s for s in suspicions if s.dimension is dimension]
        worst = thousandths(limit.worst.get(dimension, HEAVIEST))
        within *= math.prod(1 - s.probability for s in own if s.thousandths > worst)
        if dimension in limit.points:
            small = [s for s in own if s.thousandths <= worst]
            room = thousandths(limit.points[dimension]) - answered.get(dimension, 0)
            within *= _total_within(small, room, standard)
    return within


def _total_within(suspicions: Sequence[Suspicion], room: int, standard: Standard) -> float:
    if room < 0:
        return 0.0
    reading = spread_up_to(room + 1)
    clauses = sorted({s.clause for s in suspicions})
    spreads = [
        merged([s for s in suspicions if s.clause == clause], standard, reading)
        for clause in clauses
    ]
    total = reading.together(spreads)
    return min(1.0, math.fsum(p for points, p in total.items() if points <= room))


def announced(grades: Distribution) -> Grade:
    """The grade to tell people: the most probable one; of equally probable ones the worse."""
    return max(grades, key=lambda grade: (grades[grade], RANK[grade]))


def worse_of(grades: Distribution, others: Distribution) -> dict[Grade, float]:
    """Distribution of the worse of two independent grades."""
    reached = [math.prod(_at_least(grade, d) for d in (grades, others)) for grade in Grade]
    return {g: max(0.0, p - q) for g, p, q in zip(Grade, reached, [0.0, *reached], strict=False)}


def _at_least(grade: Grade, grades: Distribution) -> float:
    return math.fsum(p for other, p in grades.items() if RANK[other] <= RANK[grade])
