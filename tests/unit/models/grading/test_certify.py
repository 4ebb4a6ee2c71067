import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.grading.certify import (
    GRID,
    Label,
    Look,
    cases_missing,
    fewest,
    fixed_sequence,
    learn_then_test,
    look_at,
)
from tests.simulations.promises import ALPHA, DELTA, by_eye, by_test, calibrations, impatient

NEEDED = [
    # errors, α → accepted items for a 95 % certificate (domain.md §4.7)
    (0, 0.01, 299), (1, 0.01, 473), (3, 0.01, 773), (0, 0.02, 149), (1, 0.02, 236), (3, 0.02, 386),
]  # fmt: skip
LOOK = Look(1, 250, DELTA)


@pytest.mark.parametrize(("errors", "alpha", "items"), NEEDED)
def test_how_many_accepted_items_a_certificate_needs(errors, alpha, items):
    assert fewest(errors, alpha, DELTA) == items


def labels(*several: tuple[float, int, int]) -> list[Label]:
    """(risk, right ones, wrong ones) each."""
    return [Label(r, w) for r, good, bad in several for w in [False] * good + [True] * bad]


def proved(found, sequence=GRID, look=LOOK):
    return learn_then_test(found, sequence, look, alpha=ALPHA, delta=DELTA)


def test_the_largest_limit_that_passes_counts():
    told = proved(labels((0.0, 200, 0), (0.05, 60, 0), (0.3, 20, 20)))
    assert told.passed.risk_at_most == 0.05  # up to 0.25 no further case speaks for it
    assert (told.passed.accepted, told.passed.errors) == (260, 0)
    assert told.coverage == pytest.approx(260 / 300)
    assert told.steps[-1].risk_at_most == 0.3  # the failure is told, too


def test_one_failure_stops_though_a_later_one_would_pass():
    told = proved(labels((0.0, 150, 6), (0.1, 3000, 0)), sequence=(0.0, 0.1))
    assert told.passed is None
    assert len(told.steps) == 1
    assert told.coverage == 0.0


def test_148_are_too_few():
    assert proved(labels((0.0, 148, 0)), sequence=(0.0,)).passed is None
    assert proved(labels((0.0, 149, 0)), sequence=(0.0,)).passed is not None


def test_without_labels_nothing_is_proved():
    told = proved([])
    assert (told.passed, told.coverage) == (None, 0.0)


@given(st.lists(st.tuples(st.sampled_from(GRID), st.booleans()), max_size=400))
def test_counts_are_counted(pairs):
    found = [Label(*pair) for pair in pairs]
    for step in proved(found).steps:
        accepted = [label.wrong for label in found if label.risk <= step.risk_at_most]
        assert (step.accepted, step.errors) == (len(accepted), sum(accepted))


@given(st.permutations(labels((0.0, 5, 1), (0.01, 9, 0), (0.2, 3, 3))))
def test_the_order_of_the_labels_changes_no_test(shuffled):
    assert proved(shuffled) == proved(sorted(shuffled))


LOOKS = [(0, None), (249, None), (250, 250), (499, 250), (500, 500), (1999, 1000), (16_000, 16_000)]


@pytest.mark.parametrize(("cases", "looked_at"), LOOKS)
def test_labels_are_looked_at_rarely(cases, looked_at):
    look = look_at(cases, DELTA)
    assert (look.cases if look else None) == looked_at


def test_all_looks_together_spend_delta():
    parts = [look_at(250 * 2**k, DELTA).delta for k in range(28)]
    assert sum(parts) == pytest.approx(DELTA, rel=1e-6)
    assert sum(parts) <= DELTA
    assert parts == sorted(parts, reverse=True)


def test_the_sequence_starts_where_enough_can_be_expected():
    # 40 % of the pilot have no risk at all: of 1,000 cases 400 are enough for α 2 %
    pilot = [0.0] * 400 + [0.2] * 600
    assert fixed_sequence(pilot, look_at(1000, DELTA), ALPHA)[0] == 0.0
    # of 250 only 100: it starts where the riskier ones are let in, without room for an error
    assert fixed_sequence(pilot, look_at(250, DELTA), ALPHA)[0] == 0.2
    # nothing would be enough: one test, which fails and says so
    assert fixed_sequence([0.9], look_at(250, DELTA), ALPHA) == GRID[-1:]
    assert fixed_sequence([], look_at(250, DELTA), ALPHA) == GRID[-1:]


def test_how_many_more_cases_it_takes():
    # half are without risk: 250 give 125, 500 give 250 ≥ 237
    half = labels((0.0, 30, 0), (0.5, 30, 0))
    assert cases_missing(half, (0.0,), alpha=ALPHA, delta=DELTA) == 500 - 60
    # one error needs 376 accepted at a sixth of δ: 1,000 cases
    half = labels((0.0, 29, 1), (0.5, 30, 0))
    assert cases_missing(half, (0.0,), alpha=ALPHA, delta=DELTA) == 1000 - 60
    assert cases_missing([], (), alpha=ALPHA, delta=DELTA) == 250


def test_the_promise_is_broken_in_at_most_delta():
    """500 calibrations; the sampling error of a share of 5 % in 500 runs is 1 %."""
    told = calibrations(1000, by_test)
    assert told.broken <= DELTA + 2 * 0.0098
    assert told.coverage > 0.02


def test_the_tightest_case_breaks_it_in_at_most_delta():
    """Every item errs a little too often, whatever its risk: any certificate is a broken promise."""
    rng = np.random.default_rng(3)
    runs, broken = 500, 0
    for _ in range(runs):
        wrong = rng.random(250) < 0.0205
        told = proved([Label(0.0, w) for w in wrong.tolist()], sequence=(0.0, 0.1, 0.5))
        broken += told.passed is not None
    assert 0.005 < broken / runs <= DELTA + 2 * 0.0098


def test_the_largest_threshold_that_looks_good_breaks_it_half_the_time():
    assert calibrations(1000, by_eye, runs=100).broken > 0.3


def test_looking_until_it_passes_breaks_it_and_rare_looks_do_not():
    assert impatient(rationed=False, runs=400) > DELTA + 2 * 0.011
    assert impatient(rationed=True, runs=400) <= DELTA
