import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.grading.audit import Audited, Said, draw, greatest_loss, live, loss, wrong
from models.grading.policy import default_policy
from models.vocabulary import Category, Disposition, Grade
from tests.simulations.promises import audits

COSTS = default_policy().costs[Category.APPAREL]
A, B, C, D, E = Grade
RESELL, REPAIR, DONATE, SCRAP = Disposition
KEY = b"a secret key of a server"


def test_a_draw_can_be_repeated_and_differs_with_the_key():
    assert draw(KEY, "one") == draw(KEY, "one")
    assert draw(KEY, "one") != draw(KEY, "two")
    assert draw(KEY, "one") != draw(b"another key", "one")


def test_draws_are_spread_evenly():
    drawn = [draw(KEY, f"inspection-{i}") for i in range(20_000)]
    assert all(0 <= number < 1 for number in drawn)
    # 5 % of 20,000 is 1,000 ± 31
    assert sum(number < 0.05 for number in drawn) == pytest.approx(1000, abs=120)
    # whatever a station's ids look like, they do not foretell it
    odd = [number for i, number in enumerate(drawn) if i % 2]
    assert sum(number < 0.05 for number in odd) == pytest.approx(500, abs=90)


WRONG = [
    # the machine said, the truth is → wrong, loss in EUR
    (Said(A, RESELL), Said(A, RESELL), False, 0.0),
    (Said(B, RESELL), Said(A, RESELL), False, 0.0),  # better than announced harms nobody
    (Said(A, RESELL), Said(B, RESELL), True, 8.0),  # oversold: it comes back
    (Said(A, RESELL), Said(C, REPAIR), True, 13.2 - 8.0 + 8.0),
    (Said(C, REPAIR), Said(A, RESELL), True, 33.6 - 29.6),
    (Said(C, REPAIR), Said(D, REPAIR), False, 0.0),  # worse, and still to be cleaned
    (Said(C, DONATE), Said(A, DONATE), False, 0.0),
    # a person who would lose more loses us nothing, and disagrees all the same
    (Said(A, RESELL), Said(A, SCRAP), True, 0.0),
]


@pytest.mark.parametrize(("machine", "truth", "is_wrong", "costs"), WRONG)
def test_when_a_decision_was_wrong_and_what_it_cost(machine, truth, is_wrong, costs):
    assert wrong(machine, truth) is is_wrong
    assert loss(machine, truth, COSTS) == pytest.approx(costs)


@given(*[st.builds(Said, st.sampled_from(Grade), st.sampled_from(Disposition))] * 2)
def test_no_loss_is_greater_than_the_greatest(machine, truth):
    assert 0 <= loss(machine, truth, COSTS) <= greatest_loss(machine, COSTS)


def found(*wrong_ones: int, of: int, share: float = 0.05, cost: float = 10.0) -> list[Audited]:
    spread = [share * (i + 0.5) / of for i in range(of)]
    return [Audited(i in wrong_ones, cost * (i in wrong_ones), share, n) for i, n in enumerate(spread)]  # fmt: skip


def test_the_estimate_counts_each_audit_for_those_that_were_not_drawn():
    told = live(1000, found(0, 1, of=50), greatest=30.0)
    assert told.rate.estimate == pytest.approx(2 / 0.05 / 1000)
    assert told.loss_each.estimate == pytest.approx(20 / 0.05 / 1000)
    assert (told.errors, told.audited) == (2, 50)
    assert told.rate.low < 0.04 < told.rate.high
    assert told.loss_each.low <= 0.4 <= told.loss_each.high < 10


def test_audits_that_wait_are_taken_to_turn_out_like_the_others():
    assert live(1000, found(0, of=25), waiting=25).rate.estimate == pytest.approx(2 / 50)


def test_without_an_audit_nothing_is_known():
    told = live(1000, [], waiting=3, greatest=30.0)
    assert told.rate.estimate is None
    assert (told.rate.low, told.rate.high) == (0.0, 1.0)
    assert (told.loss_each.low, told.loss_each.high) == (0.0, 30.0)


def test_no_error_yet_is_not_no_error():
    assert live(1000, found(of=50)).rate.high == pytest.approx(0.0711, abs=1e-4)


def test_two_shares_are_thinned_to_the_smaller():
    both = [*found(0, of=50, share=0.05), *found(of=20, share=0.02)]
    told = live(2000, both, greatest=30.0)
    assert told.thinned == 30
    assert told.audited == 70
    assert told.rate.estimate == pytest.approx(1 / 0.05 / 2000)


def test_the_injected_three_percent_lie_inside_the_interval():
    """95 % promised; 500 runs of 4,000 decisions with 5 % audited."""
    told = audits(4000, (0.05,))
    assert told.rate >= 0.93
    assert told.money >= 0.93
    assert audits(4000, (0.05, 0.02), runs=200).rate >= 0.93
