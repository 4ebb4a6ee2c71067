import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.grading.demerits import EXPECTED, merged, weigh
from models.grading.grades import RANK, announced, distribution, worse_of
from models.grading.standard import load
from models.vocabulary import Category, Defect, Dimension, Grade, Shot
from tests.unit.models.grading.evidences import categories, findings, seen

A, B, C, D, E = Grade
PHONE = load(Category.ELECTRONICS)
APPAREL = load(Category.APPAREL)


def scratches(n: int, size_mm: float, probability: float = 1.0, shot: Shot = Shot.FRONT):
    return seen(Defect.SCRATCH, shot, probability, n=n, size_mm=size_mm)


PHONES = [
    # the published rule set: A at most 5 scratches up to 3 mm
    (scratches(0, 1.0), A),
    (scratches(5, 3.0), A),
    (scratches(6, 3.0), B),
    # B at most 10
    (scratches(10, 3.0), B),
    (scratches(11, 3.0), C),
    # C at most 10 up to 7 mm: one of them is enough for C
    (scratches(1, 3.1), C),
    (scratches(10, 7.0), C),
    (scratches(11, 7.0), D),
    # longer ones: D, at most 10
    (scratches(1, 7.1), D),
    (scratches(10, 50.0), D),
    (scratches(11, 50.0), E),
    # both sides count together
    (scratches(3, 3.0) + scratches(3, 3.0, shot=Shot.BACK), B),
    # the screen, switched on, is the front again
    (scratches(3, 3.0) + scratches(3, 3.0, shot=Shot.SCREEN), A),
]


@pytest.mark.parametrize(("found", "grade"), PHONES)
def test_phones_are_graded_by_the_published_rules(found, grade):
    assert distribution(weigh(found, PHONE), {}, A, PHONE)[grade] == 1.0


def stains(shot: Shot, size_mm: float, probability: float = 1.0, n: int = 1):
    return seen(Defect.STAIN, shot, probability, n=n, size_mm=size_mm)


GARMENTS = [
    (stains(Shot.LABEL, 5.0), B),  # only the label is marked
    (stains(Shot.FRONT, 5.0), C),
    (stains(Shot.FRONT, 5.0, n=2), C),
    (stains(Shot.FRONT, 5.0, n=3), D),
    (stains(Shot.FRONT, 150.0), C),
    (stains(Shot.FRONT, 160.0), D),
    (stains(Shot.FRONT, 300.0) + stains(Shot.BACK, 300.0), E),
]


@pytest.mark.parametrize(("found", "grade"), GARMENTS)
def test_garments_are_graded_by_the_written_limits(found, grade):
    assert distribution(weigh(found, APPAREL), {}, A, APPAREL)[grade] == 1.0


ANSWERED = [
    # thousandths in a dimension, the gates' cap → grade
    ({Dimension.FUNCTION: 0}, A, A),
    ({Dimension.COMPLETENESS: 1000}, A, B),
    ({Dimension.FUNCTION: 2000}, A, C),
    ({Dimension.FUNCTION: 4000}, A, D),
    ({Dimension.FUNCTION: 6000}, A, E),
    ({}, C, C),  # the cap alone
    ({Dimension.FUNCTION: 4000}, C, D),  # a cap makes nothing better
    ({}, E, E),
]


@pytest.mark.parametrize(("answered", "cap", "grade"), ANSWERED)
def test_answers_and_gates_bound_the_grade(answered, cap, grade):
    assert distribution((), answered, cap, PHONE)[grade] == 1.0


def test_an_uncertain_finding_makes_an_uncertain_grade():
    found = weigh(stains(Shot.FRONT, 5.0, probability=0.3), APPAREL)
    assert distribution(found, {}, A, APPAREL) == {A: 0.7, B: 0.0, C: 0.3, D: 0.0, E: 0.0}


def _world_grade(real, answered, cap, standard) -> Grade:
    """The rules once more, for findings that are certain: read off the limits one by one."""
    for limit in standard.grades:
        totals = dict(answered)
        for rule in standard.defect_rules:
            own = [s for s in real if s.clause == rule.clause]
            more = round(merged(own, standard, EXPECTED))
            totals[rule.dimension] = totals.get(rule.dimension, 0) + more
        within = all(totals.get(d, 0) <= round(p * 1000) for d, p in limit.points.items())
        small = all(
            s.thousandths <= round(limit.worst[s.dimension] * 1000)
            for s in real
            if s.dimension in limit.worst
        )
        if within and small and RANK[limit.grade] >= RANK[cap]:
            return limit.grade
    return E


points = st.dictionaries(st.sampled_from(Dimension), st.integers(0, 6).map(lambda n: n * 1000))


@given(categories, findings(at_most=8), points, st.sampled_from(Grade))
def test_the_distribution_is_that_of_all_worlds(category, found, answered, cap):
    standard = load(category)
    suspicions = weigh(found, standard)
    worlds = dict.fromkeys(Grade, 0.0)
    for real in product((False, True), repeat=len(suspicions)):
        pairs = list(zip(suspicions, real, strict=True))
        there = [s._replace(probability=1.0) for s, r in pairs if r]
        p = math.prod(s.probability if r else 1 - s.probability for s, r in pairs)
        worlds[_world_grade(there, answered, cap, standard)] += p
    grades = distribution(suspicions, answered, cap, standard)
    assert grades == pytest.approx(worlds, abs=1e-9)


ANNOUNCED = [
    ({A: 0.6, C: 0.4}, A),
    ({A: 0.4, C: 0.6}, C),
    ({A: 0.5, C: 0.5}, C),  # as probable as the better one: nobody is told too much
    ({E: 1.0}, E),
    ({A: 0.4, B: 0.3, C: 0.2, D: 0.1}, A),
]


@pytest.mark.parametrize(("grades", "letter"), ANNOUNCED)
def test_the_announced_grade(grades, letter):
    assert announced(grades) is letter
    assert announced(dict(reversed(grades.items()))) is letter


WORSE = [
    ({A: 1.0}, {A: 1.0}, {A: 1.0}),
    ({A: 1.0}, {A: 0.5, E: 0.5}, {A: 0.5, E: 0.5}),
    ({E: 1.0}, {A: 0.5, B: 0.5}, {E: 1.0}),
    ({A: 0.5, C: 0.5}, {A: 0.5, B: 0.5}, {A: 0.25, B: 0.25, C: 0.5}),
]


@pytest.mark.parametrize(("one", "other", "both"), WORSE)
def test_the_worse_of_two_grades(one, other, both):
    told = {grade: p for grade, p in worse_of(one, other).items() if p}
    assert told == pytest.approx(both)
    assert worse_of(one, other) == worse_of(other, one)
