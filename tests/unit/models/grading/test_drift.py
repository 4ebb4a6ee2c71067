import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.grading.drift import (
    BATCH,
    EDGES,
    FALSE_ALARM,
    Account,
    Batch,
    compare,
    in_classes,
    kolmogorov_smirnov,
    level,
    live_error,
    stability_index,
)
from models.vocabulary import Drift

risks = st.lists(st.floats(0, 1), min_size=1, max_size=200)
REFERENCE = Batch(
    risks=in_classes([0.0] * 600 + [0.03] * 300 + [0.3] * 100),
    photos_refused=50,
    decided=400,
    overridden=40,
)


def batch(clean=60, **said) -> Batch:
    usual = {"photos_refused": 5, "decided": 40, "overridden": 4}
    found = [0.0] * clean + [0.03] * 30 + [0.3] * (BATCH - clean - 30)
    return Batch(risks=in_classes(found), **(usual | said))


def alarms(told) -> set[Drift]:
    return {sign.kind for sign in told if sign.is_alarm}


def test_every_risk_has_a_class():
    assert in_classes([0.0, 0.001, 1.0, 0.0011]) == (1, 1, 1, *[0] * (len(EDGES) - 4), 1)


@given(risks)
def test_none_is_lost(found):
    assert sum(in_classes(found)) == len(found)


@given(risks, risks)
def test_classes_never_make_a_difference_look_surer(one, other):
    n, m = len(one), len(other)
    exact = max(abs(sum(r <= at for r in one) / n - sum(r <= at for r in other) / m) for at in one + other)  # fmt: skip
    x = exact * math.sqrt(n * m / (n + m))
    told = kolmogorov_smirnov(in_classes(one), in_classes(other))
    assert told >= stats.kstwobign.sf(x) - 1e-9


def test_kolmogorovs_series_is_scipys():
    # distance 0.2 of 100 and 100
    told = kolmogorov_smirnov((60, 40), (40, 60))
    assert told == pytest.approx(stats.kstwobign.sf(0.2 * math.sqrt(50)), rel=1e-9)
    assert kolmogorov_smirnov((), ()) == 1.0


def test_the_index_is_none_for_the_same_and_grows():
    assert stability_index((60, 40), (600, 400)) == 0.0
    assert stability_index((50, 50), (600, 400)) < stability_index((10, 90), (600, 400))
    assert math.isfinite(stability_index((0, 100), (100, 0)))


SEEN = [
    # what changed → the alarms at the first batch
    ({}, set()),
    ({"clean": 20}, {Drift.RISKS}),
    ({"photos_refused": 30}, {Drift.PHOTO_QUALITY}),
    ({"overridden": 25}, {Drift.OVERRIDES}),
    ({"photos_refused": 0, "overridden": 0}, set()),  # better is no alarm
    ({"decided": 0, "overridden": 0}, set()),  # nothing to compare
    ({"clean": 10, "photos_refused": 50}, {Drift.RISKS, Drift.PHOTO_QUALITY}),
]


@pytest.mark.parametrize(("said", "kinds"), SEEN)
def test_what_raises_an_alarm(said, kinds):
    assert alarms(compare(batch(**said), REFERENCE, 1)) == kinds


def test_levels_of_a_life_sum_to_the_false_alarms_allowed():
    kinds = 4
    assert sum(level(n) for n in range(1, 100_000)) * kinds == pytest.approx(FALSE_ALARM, rel=1e-4)


def test_an_unchanged_bench_is_left_in_peace():
    """100 lives of 30 batches: of them at most about 5 may ever see a false alarm."""
    rng, alarmed = np.random.default_rng(5), 0
    for _ in range(100):
        for n in range(1, 31):
            draws = rng.choice([0.0, 0.03, 0.3], BATCH, p=[0.6, 0.3, 0.1]).tolist()
            now = Batch(
                risks=in_classes(draws),
                photos_refused=int(rng.binomial(BATCH, 0.05)),
                decided=40,
                overridden=int(rng.binomial(40, 0.1)),
            )
            if alarms(compare(now, REFERENCE, n)):
                alarmed += 1
                break
    assert alarmed <= 9


def account(**said) -> Account:
    facts = {"alpha": 0.02, "tail": 0.05, "accepted": 300, "errors": 0, "audited": 0, "audit_errors": 0}  # fmt: skip
    return Account(**(facts | said))


HELD = [
    # audits, errors, forgiven → alarm
    (0, 0, 0, False),
    (50, 0, 0, False),
    (20, 1, 0, False),  # 320 with one error: 1.5 % at most
    (20, 3, 0, True),  # together the certificate would not be given any more
    (20, 3, 3, False),  # a quality lead has looked at these
    (20, 4, 3, True),
    (1000, 8, 0, False),  # many audits, few errors
    (60, 20, 20, True),  # forgiven or not: no chance explains so many
]


@pytest.mark.parametrize(("audited", "errors", "forgiven", "alarm"), HELD)
def test_when_audits_take_the_promise_back(audited, errors, forgiven, alarm):
    told = live_error(account(audited=audited, audit_errors=errors, forgiven=forgiven), 1)
    assert told.is_alarm is alarm
    assert told.now == (errors / audited if audited else 0.0)
