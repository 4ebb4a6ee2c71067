import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.grading.policy import Policy, default_policy
from models.grading.reviewers import PRIOR_CASES, Graded, as_shares, measured
from models.vocabulary import Grade

A, B, C, D, E = Grade
PRIOR = default_policy().reviewers
known = st.lists(st.builds(Graded, st.sampled_from(Grade), st.sampled_from(Grade)), max_size=80)


def test_without_cases_it_is_the_assumption():
    rows = measured([], PRIOR)
    assert all(row.prior_share == 1 for row in rows)
    assert as_shares(rows) == {g: pytest.approx(PRIOR[g]) for g in Grade}
    assert all((cell.low, cell.high) == (0, 1) for row in rows for cell in row.cells)


def test_many_cases_outweigh_it():
    row = measured([Graded(A, B)] * 980, PRIOR)[0]
    assert row.prior_share == PRIOR_CASES / 1000
    assert row.cells[1].share == pytest.approx((980 + 20 * 0.06) / 1000)
    assert row.cells[1].low > 0.99


def test_a_grade_that_was_never_seen_keeps_its_assumption():
    rows = measured([Graded(A, A)] * 50, PRIOR)
    assert [row.cases for row in rows] == [50, 0, 0, 0, 0]
    assert [cell.share for cell in rows[4].cells] == pytest.approx([0, 0, 0, 0.07, 0.93])


@given(known)
def test_a_policy_can_take_it_over(found):
    rows = measured(found, PRIOR)
    for row in rows:
        assert math.fsum(cell.share for cell in row.cells) == pytest.approx(1)
        assert sum(cell.seen for cell in row.cells) == row.cases
    content = default_policy().model_dump(mode="json")
    content["reviewers"] = as_shares(rows)
    assert Policy.model_validate(content).reviewers.keys() == set(Grade)
