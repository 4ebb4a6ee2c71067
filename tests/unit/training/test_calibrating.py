from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.records import Calibration
from models.vision.bundle import open_release
from tests.tiny_model import write_release
from training.calibrate import (
    MIN_BOXES,
    curve,
    curve_of,
    fitted,
    presence_curve,
    threshold_for,
    with_fits,
)
from training.errors import DatasetInvalid
from training.metrics import Seen
from training.register import write_card
from training.reliability import probabilities

LEFT, RIGHT = (0.0, 0.0, 10.0, 10.0), (80.0, 0.0, 90.0, 10.0)


def clean(group: str, *scores: float) -> list[Seen]:
    return [Seen(boxes=(LEFT,), scores=(score,), group=group) for score in scores]


def boxes(score: float, right: int, wrong: int) -> list[Seen]:
    return [
        *[Seen(truth=(LEFT,), boxes=(LEFT,), scores=(score,)) for _ in range(right)],
        *[Seen(boxes=(LEFT,), scores=(score,)) for _ in range(wrong)],
    ]


def honest(count: int, seed: int) -> list[Seen]:
    """Photos with four boxes each, right as often as the square of their score."""
    rng = np.random.default_rng(seed)
    scores = rng.beta(0.6, 1.2, (count, 4))
    right = rng.random((count, 4)) < scores**2
    places = [(20.0 * i, 0.0, 20.0 * i + 10, 10.0) for i in range(4)]
    return [
        Seen(
            truth=tuple(place for place, hit in zip(places, hits, strict=True) if hit),
            boxes=tuple(places),
            scores=tuple(row),
        )
        for row, hits in zip(scores, right, strict=True)
    ]


def test_thresholds_are_chosen_for_the_false_boxes_allowed() -> None:
    photos = clean("shelf", *[0.3 + i / 100 for i in range(20)])

    chosen = threshold_for(photos, 0.1)

    assert sum(s.scores[0] >= chosen for s in photos) == 2
    assert threshold_for(photos, 5) == pytest.approx(0.01, abs=1e-3)


def test_the_allowance_may_be_about_named_sets_each_of_which_keeps_it() -> None:
    photos = [
        *clean("clothes", *[0.1 + i / 100 for i in range(10)]),
        *clean("faults", *[0.5 + i / 100 for i in range(10)]),
        Seen(truth=(LEFT,), boxes=(RIGHT,), scores=(0.9,), group="clothes"),  # not clean
    ]

    def shown(threshold: float) -> int:
        return sum(s.scores[0] >= threshold for s in photos[:20])

    assert shown(threshold_for(photos, 0.1)) == 2  # one in ten of all
    assert shown(threshold_for(photos, 0.1, ["clothes"])) == 11  # all faults, and one garment
    assert shown(threshold_for(photos, 0.1, ["clothes", "faults"])) == 1  # in each of them
    with pytest.raises(DatasetInvalid, match=r"are in \['clothes', 'faults'\].*'shoes'"):
        threshold_for(photos, 0.1, ["clothes", "shoes"])


def test_a_calibrated_score_is_about_the_share_of_boxes_that_are_right() -> None:
    found = curve_of([*boxes(0.2, 20, 380), *boxes(0.6, 200, 200), *boxes(0.9, 380, 20)])

    told = probabilities(np.array([0.2, 0.6, 0.9]), found)
    assert told == pytest.approx([0.05, 0.5, 0.95], abs=0.02)


def test_few_boxes_do_not_make_certain() -> None:
    # five of five are right at the top, which isotonic regression alone would call certain
    found = curve_of([*boxes(0.2, 4, 76), *boxes(0.9, 5, 0)])

    assert found is not None
    assert 0.5 < probabilities(np.array([0.9]), found)[0] < 0.92
    assert max(found.calibrated) == round(10 / 11, 4)  # of nine that were right


@pytest.mark.parametrize(
    "row",
    [
        [],
        boxes(0.5, MIN_BOXES // 2 - 1, MIN_BOXES // 2),  # too few
        boxes(0.5, MIN_BOXES, 0),  # always right
        boxes(0.5, 0, MIN_BOXES),  # always wrong
    ],
)
def test_nothing_is_calibrated_on_too_little(row: list[Seen]) -> None:
    assert curve_of(row) is None
    assert fitted({"stain": row})["stain"].after is None


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(60, 400), st.floats(0.1, 3), st.booleans())
def test_every_curve_ascends_and_is_short(seed: int, count: int, bend: float, turned: bool) -> None:
    rng = np.random.default_rng(seed)
    raw = np.round(rng.random(count), 3)  # with ties
    chance = (1 - raw if turned else raw) ** bend  # also scores that mean the opposite
    found = curve(raw, rng.random(count) < chance)
    if found:
        assert Calibration(raw=found.raw, calibrated=found.calibrated) == found  # checks itself
        assert (found.raw[0], found.raw[-1], len(found.raw) <= 14) == (0, 1, True)


def test_held_out_folds_tell_how_well_it_holds() -> None:
    photos = honest(600, seed=6)
    fit = fitted({"stain": photos})["stain"]

    # told s where s² is right: off by ∫|s − s²| over these scores, about 0.15
    assert fit.before.d_ece == pytest.approx(0.15, abs=0.03)
    assert fit.after is not None
    assert fit.after.d_ece < 0.03
    assert fit.after.brier < fit.before.brier
    assert sum(one.boxes for one in fit.after.bins) == 2400
    # on photos that nobody has seen the curve does as well as the folds promised
    fresh = honest(600, seed=7)
    raw = np.array([score for s in fresh for score in s.scores])
    right = np.array([box in s.truth for s in fresh for box in s.boxes])
    brier = np.mean((probabilities(raw, fit.calibration) - right) ** 2)
    assert brier == pytest.approx(fit.after.brier, abs=0.015)


def test_what_scores_without_meaning_is_told_its_share() -> None:
    rng = np.random.default_rng(8)
    found = curve(rng.random(2000), rng.random(2000) < 0.3)
    assert probabilities(np.array([0.1, 0.5, 0.9]), found) == pytest.approx([0.3] * 3, abs=0.08)


def labels(there: int, absent: int) -> list[Seen]:
    """Nine in ten of the labels score 0.9, the others nothing; one clean photo in ten scores 0.5."""
    seen = [Seen(truth=(LEFT,), boxes=(LEFT,), scores=(0.9,)) for _ in range(there * 9 // 10)]
    missed = [Seen(truth=(LEFT,)) for _ in range(there - len(seen))]
    wrong = [Seen(boxes=(LEFT,), scores=(0.5,)) for _ in range(absent // 10)]
    return [*seen, *missed, *wrong, *[Seen() for _ in range(absent - len(wrong))]]


@pytest.mark.parametrize(("there", "absent"), [(200, 200), (40, 400), (400, 40)])
def test_presence_is_told_at_even_odds_whatever_the_mix(there: int, absent: int) -> None:
    found = presence_curve(labels(there, absent))
    assert found
    nothing, wrong, sure = probabilities(np.array([0.0, 0.5, 0.9]), found)
    # Nothing is seen on one label in ten, and on nine clean photos in ten.
    assert nothing == pytest.approx(0.1, abs=0.06)
    assert nothing < wrong < sure
    assert sure > 0.9


def test_few_photos_without_a_miss_do_not_promise_that_there_is_none() -> None:
    row = [Seen(truth=(LEFT,), boxes=(LEFT,), scores=(0.9,)) for _ in range(10)]
    found = presence_curve([*row, *[Seen() for _ in range(90)]])
    assert found
    assert found.calibrated[0] >= 1 / 13 - 1e-4
    assert found.calibrated[-1] <= 1 - 1 / 93 + 1e-4


def test_presence_is_of_parts_and_needs_photos() -> None:
    row = labels(100, 100)
    fits = fitted({"stain": row, "label": row})
    assert fits["stain"].presence is None
    assert fits["label"].presence == presence_curve(row)
    assert presence_curve(labels(10, 10)) is None
    assert presence_curve([Seen() for _ in range(100)]) is None


def test_the_card_carries_what_boxes_say_of_a_photo(tmp_path: Path) -> None:
    folder = write_release(
        tmp_path, name="label", classes=("label",), sees={"parcel": ["missing_label"]}
    )
    fits = fitted({"label": labels(100, 100)})
    write_card(with_fits(open_release(folder).card, fits), folder)
    assert open_release(folder).card.presence == {"label": fits["label"].presence}


def test_the_card_carries_thresholds_curves_and_how_well_they_hold(tmp_path: Path) -> None:
    folder = write_release(tmp_path, metrics={"photos": 3, "stain/brier_before/validation": 0.5})
    fits = fitted({"stain": honest(100, seed=9)})

    write_card(with_fits(open_release(folder).card, fits), folder)

    card = open_release(folder).card
    assert card.thresholds == {"stain": fits["stain"].threshold}
    assert card.calibration["stain"] == fits["stain"].calibration
    assert card.metrics["photos"] == 3
    assert card.metrics["stain/brier_before/validation"] == round(fits["stain"].before.brier, 4)
    assert {name.split("/")[1] for name in card.metrics if name.endswith("/validation")} == {
        f"{name}_{when}"
        for name in ("brier", "d_ece", "brier_reported", "d_ece_reported")
        for when in ("before", "after")
    }
