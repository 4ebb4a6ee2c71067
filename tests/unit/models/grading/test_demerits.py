import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.grading.demerits import EXPECTED, merged, spread_up_to, thousandths, weigh
from models.grading.standard import load
from models.vocabulary import Category, Defect, Shot
from tests.factories import finding
from tests.unit.models.grading.evidences import categories, findings, seen

APPAREL = load(Category.APPAREL)
PARCEL = load(Category.PARCEL)
STAIN = Defect.STAIN
TEAR = Defect.TORN_PACKAGING


def expected(*found, standard=APPAREL) -> float:
    return merged(weigh(found, standard), standard, EXPECTED) / 1000


WEIGHED = [
    # zone weight times points
    (Shot.FRONT, 10.0, 1500),
    (Shot.BACK, 10.0, 1000),
    (Shot.LABEL, 10.0, 500),
    (Shot.FRONT, 500.0, 6000),
    # a shot that apparel does not have weighs as its heaviest
    (Shot.SCREEN, 10.0, 1500),
]


@pytest.mark.parametrize(("shot", "size_mm", "weight"), WEIGHED)
def test_a_finding_weighs_by_size_and_zone(shot, size_mm, weight):
    (suspicion,) = weigh([finding(shot=shot, size_mm=size_mm)], APPAREL)
    assert suspicion.thousandths == weight


def test_what_does_not_matter_is_left_out():
    # a scratch means nothing on apparel, a missing label nothing on a phone's front, p 0 nothing
    assert weigh([finding(defect=Defect.SCRATCH)], APPAREL) == ()
    phone = load(Category.ELECTRONICS)
    assert weigh([finding(defect=Defect.MISSING_LABEL, shot=Shot.FRONT)], phone) == ()
    assert weigh([finding(probability=0.0)], APPAREL) == ()


def test_five_small_scratches_are_exactly_one_point():
    assert 5 * thousandths(0.2) == thousandths(1)
    assert thousandths(0.1 + 0.2) == thousandths(0.3)


MERGED = [
    # one stain in front: 1.5 points
    (seen(STAIN, Shot.FRONT, 1.0), 1.5),
    # two on one photo are two stains
    (seen(STAIN, Shot.FRONT, 1.0, n=2), 3.0),
    # the same side photographed twice shows the same two again
    (seen(STAIN, Shot.FRONT, 1.0, n=2) + seen(STAIN, Shot.FRONT, 1.0, n=2, photo=1), 3.0),
    # of two photos of a side the one that shows more counts
    (seen(STAIN, Shot.FRONT, 1.0) + seen(STAIN, Shot.FRONT, 1.0, n=2, photo=1), 3.0),
    # front and back are two sides
    (seen(STAIN, Shot.FRONT, 1.0) + seen(STAIN, Shot.BACK, 1.0), 2.5),
    # a close-up shows again what the front shows
    (seen(STAIN, Shot.FRONT, 1.0) + seen(STAIN, Shot.DETAIL, 1.0), 1.5),
    # a close-up of what no overview shows counts
    (seen(STAIN, Shot.DETAIL, 1.0), 1.0),
    # two close-ups show two places
    (seen(STAIN, Shot.DETAIL, 1.0) + seen(STAIN, Shot.DETAIL, 1.0, photo=1), 2.0),
    # close-ups that say more than the overview count instead of it
    (seen(STAIN, Shot.FRONT, 0.4) + seen(STAIN, Shot.DETAIL, 0.9), 0.9),
    # half a chance is half the points
    (seen(STAIN, Shot.FRONT, 0.5), 0.75),
    # nothing is nothing
    ((), 0.0),
]


@pytest.mark.parametrize(("found", "points"), MERGED)
def test_one_physical_defect_counts_once(found, points):
    assert expected(*found) == pytest.approx(points)


def test_the_sides_of_a_parcel_add_up():
    found = seen(TEAR, Shot.OUTSIDE, 1.0, size_mm=50.0)
    other = seen(TEAR, Shot.OUTSIDE, 1.0, size_mm=50.0, photo=1)
    assert expected(*found, *other, standard=PARCEL) == pytest.approx(4.0)


def test_photos_of_a_shot_nobody_knows_add_up():
    found = seen(STAIN, Shot.SCREEN, 1.0) + seen(STAIN, Shot.SCREEN, 1.0, photo=1)
    assert expected(*found) == pytest.approx(3.0)


@given(categories, findings(at_most=8), st.integers(0, 30_000))
def test_the_spread_is_that_of_all_worlds(category, found, ceiling):
    standard = load(category)
    suspicions = weigh(found, standard)
    spread = merged(suspicions, standard, spread_up_to(ceiling))
    worlds: dict[int, float] = {}
    for real in product((False, True), repeat=len(suspicions)):
        there = [s._replace(probability=1.0) for s, r in zip(suspicions, real, strict=True) if r]
        total = min(round(merged(there, standard, EXPECTED)), ceiling)
        p = math.prod(
            s.probability if r else 1 - s.probability for s, r in zip(suspicions, real, strict=True)
        )
        worlds[total] = worlds.get(total, 0.0) + p
    assert math.fsum(spread.values()) == pytest.approx(1, abs=1e-12)
    for total in spread.keys() | worlds.keys():
        assert spread.get(total, 0.0) == pytest.approx(worlds.get(total, 0.0), abs=1e-12)


@given(categories, findings(), st.randoms(use_true_random=False))
def test_order_changes_nothing(category, found, random):
    standard = load(category)
    shuffled = random.sample(found, len(found))
    assert weigh(found, standard) == weigh(shuffled, standard)
    for reading in (EXPECTED, spread_up_to(9_000)):
        forth = merged(weigh(found, standard), standard, reading)
        back = merged(reversed(weigh(found, standard)), standard, reading)
        assert forth == back
