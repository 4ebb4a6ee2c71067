import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.grading.interval import mean_of_bounded
from tests.simulations.promises import of_money


@given(st.lists(st.floats(0, 30), min_size=1, max_size=60))
def test_the_mean_lies_inside_and_the_interval_within_its_bounds(amounts):
    told = mean_of_bounded(amounts, 30.0)
    assert 0 <= told.low <= told.estimate <= told.high <= 30
    assert told.estimate == pytest.approx(sum(amounts) / len(amounts))


def test_more_cases_tell_more():
    few, many = (mean_of_bounded([0.0, 0.0, 0.0, 10.0] * n, 30.0) for n in (10, 100))
    assert many.high - many.low < (few.high - few.low) / 2


@pytest.mark.parametrize(("amounts", "greatest", "high"), [([], 30.0, 30.0), ([], 0.0, 0.0), ([0.0], 0.0, 0.0)])  # fmt: skip
def test_nothing_known(amounts, greatest, high):
    told = mean_of_bounded(amounts, greatest)
    assert (told.low, told.high, told.estimate) == (0.0, high, None)


def test_rare_losses_are_held_where_the_normal_approximation_fails():
    held, _, normal, _ = of_money(50, runs=100)
    assert held >= 0.93
    assert normal < 0.85
