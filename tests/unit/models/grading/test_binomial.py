import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.grading.binomial import (
    at_least,
    at_most,
    clopper_pearson,
    lower_bound,
    more_often,
    upper_bound,
)

counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(-1, n + 1), st.just(n)))
shares = st.floats(1e-6, 1 - 1e-6)


@given(counts, shares)
def test_tails_are_scipys(count, p):
    k, n = count
    assert at_most(k, n, p) == pytest.approx(stats.binom.cdf(k, n, p), rel=1e-7, abs=1e-12)
    assert at_least(k, n, p) == pytest.approx(stats.binom.sf(k - 1, n, p), rel=1e-7, abs=1e-12)


def test_a_small_tail_keeps_its_digits():
    assert at_most(0, 5000, 0.02) == pytest.approx(0.98**5000, rel=1e-9)


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_certain_shares(p):
    assert at_most(3, 10, p) == 1 - p
    assert at_most(10, 10, p) == 1.0
    assert at_most(-1, 10, p) == 0.0


@given(counts.filter(lambda count: 0 <= count[0] <= count[1]), st.sampled_from([0.9, 0.95, 0.99]))
def test_clopper_pearson_is_scipys(count, confidence):
    told = stats.binomtest(*count).proportion_ci(confidence)
    assert clopper_pearson(*count, confidence) == pytest.approx((told.low, told.high), abs=1e-9)


def test_nothing_looked_at_tells_nothing():
    assert clopper_pearson(0, 0) == (0.0, 1.0)


def test_what_domain_md_says_of_inspectors():
    # 0 misses in 50 bad trials still allows 5.8 %; proving ≤ 2 % needs 149
    assert round(upper_bound(0, 50, 0.05), 3) == 0.058
    assert upper_bound(0, 149, 0.05) <= 0.02 < upper_bound(0, 148, 0.05)


@given(counts.filter(lambda count: 0 < count[0] < count[1]))
def test_bounds_are_where_the_tails_are(count):
    k, n = count
    assert at_most(k, n, upper_bound(k, n, 0.05)) == pytest.approx(0.05, rel=1e-6)
    assert at_least(k, n, lower_bound(k, n, 0.05)) == pytest.approx(0.05, rel=1e-6)


@given(st.data())
def test_fisher_is_scipys(data):
    n, n_before = data.draw(st.integers(1, 300)), data.draw(st.integers(1, 3000))
    k, k_before = data.draw(st.integers(0, n)), data.draw(st.integers(0, n_before))
    table = [[k, n - k], [k_before, n_before - k_before]]
    told = stats.fisher_exact(table, alternative="greater").pvalue
    assert more_often(k, n, k_before, n_before) == pytest.approx(told, rel=1e-6, abs=1e-12)
    assert math.isfinite(more_often(0, 0, k_before, n_before))
