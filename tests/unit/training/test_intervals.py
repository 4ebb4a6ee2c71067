import math

import numpy as np
import pytest

from training.intervals import interval_of, intervals, resamples
from training.metrics import Seen
from training.tally import Tally, measured

A, FAR = (0.0, 0.0, 10.0, 10.0), (50.0, 50.0, 60.0, 60.0)


def test_each_group_keeps_its_number_of_photos() -> None:
    groups = ["shirts"] * 5 + ["clean"] * 3 + ["shirts"]
    weights = resamples(groups, 50)

    assert weights.shape == (50, 9)
    assert (weights[:, 5:8].sum(axis=1) == 3).all()
    assert (weights.sum(axis=1) == 9).all()
    assert len(np.unique(weights, axis=0)) > 40


def test_the_same_photos_give_the_same_interval() -> None:
    assert (resamples(["a"] * 7, 20) == resamples(["a"] * 7, 20)).all()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (list(np.arange(1000) / 1000), (0.024, 0.974)),
        # a resample without a value, as one without any defect on it, says nothing
        ([math.nan] * 400 + [0.2, 0.4] * 300, (0.2, 0.4)),
        ([math.nan] * 600 + [0.2, 0.4] * 200, None),
        # always the same: the bootstrap cannot tell how far it may be off
        ([1.0] * 1000, None),
        # a recall that many resamples do not reach has no upper end
        ([1.0, 2.0] * 450 + [math.inf] * 100, (1.0, math.inf)),
        ([math.inf] * 999 + [2.0], None),
    ],
)
def test_the_middle_of_what_was_drawn(
    values: list[float], expected: tuple[float, float] | None
) -> None:
    assert interval_of(np.array(values)) == expected


def bench(rng: np.random.Generator, chance: float) -> list[Seen]:
    """Sixty photos with one stain each, of which each is found with this chance."""
    found = rng.random(60) < chance
    return [Seen(truth=(A,), boxes=((A if hit else FAR),), scores=(0.9,)) for hit in found]


def test_the_interval_covers_what_is_true_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    weights, covered = resamples([""] * 60, 300), 0
    for _ in range(80):
        tally = Tally.of(bench(rng, 0.7))
        spread = intervals(tally, lambda w: measured(w, 0.5, ["recall"]), weights)
        low, high = spread["recall"]
        assert 0.15 < high - low < 0.35  # 2 · 1.96 · √(0.7 · 0.3 / 60) is 0.23
        covered += low <= 0.7 <= high

    assert 70 <= covered <= 79


def test_rows_that_come_in_portions_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    tally = Tally.of(
        [*bench(np.random.default_rng(3), 0.5), Seen(boxes=(A,), scores=(0.4,)), Seen()]
    )
    weights = resamples([""] * 62, 100)
    whole = intervals(tally, lambda w: measured(w, 0.5), weights)

    monkeypatch.setattr("training.intervals._NUMBERS_AT_ONCE", 500)

    assert intervals(tally, lambda w: measured(w, 0.5), weights) == whole
    assert {"ap50", "recall"} <= set(whole)
