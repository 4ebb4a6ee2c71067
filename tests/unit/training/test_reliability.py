import math

import numpy as np
import pytest

from models.records import Calibration
from models.vision.detector import calibrated
from training.metrics import Seen
from training.reliability import (
    Told,
    bins,
    brier,
    calibration_figures,
    d_ece,
    probabilities,
    quality,
    told_by,
)
from training.tally import Tally

A, FAR = (0.0, 0.0, 10.0, 10.0), (50.0, 50.0, 60.0, 60.0)
CURVE = Calibration(raw=(0.0, 0.5, 1.0), calibrated=(0.0, 0.1, 0.9))


def told(probability: list[float], right: list[bool]) -> Told:
    """Each box on a photo of its own."""
    return Told(
        probability=np.array(probability), right=np.array(right), owner=np.arange(len(right))
    )


def once(one: Told) -> np.ndarray:
    return np.ones((1, len(one.owner)))


def test_who_tells_the_truth_is_off_by_next_to_nothing() -> None:
    rng = np.random.default_rng(4)
    claimed = rng.random(200_000)
    honest = Told(
        probability=claimed, right=rng.random(200_000) < claimed, owner=np.zeros(200_000, np.intp)
    )

    assert d_ece(honest, np.ones((1, 1)))[0] < 0.005
    assert brier(honest, np.ones((1, 1)))[0] == pytest.approx(1 / 6, abs=0.003)  # ∫ p(1 − p)


def test_errors_by_hand() -> None:
    # bin 0.2–0.3: two boxes tell 0.25, one is right; bin 0.9–1: one tells 0.95 and 1, one is right
    one = told([0.25, 0.25, 0.95, 1.0], [True, False, False, True])

    assert d_ece(one, once(one))[0] == pytest.approx((2 * 0.25 + 2 * 0.475) / 4)
    assert brier(one, once(one))[0] == pytest.approx((0.75**2 + 0.25**2 + 0.95**2 + 0) / 4)


def test_who_claims_a_tenth_too_much_is_off_by_a_tenth() -> None:
    right = [True] * 30 + [False] * 70
    one = told([0.4] * 100, right)
    assert d_ece(one, once(one))[0] == pytest.approx(0.1)


def test_a_weight_is_a_photo_repeated() -> None:
    one = told([0.25, 0.65, 0.95], [True, False, True])
    twice = told([0.25, 0.25, 0.95], [True, True, True])
    weights = np.array([[2.0, 0.0, 1.0], [0.0, 0.0, 0.0]])

    assert d_ece(one, weights)[0] == pytest.approx(d_ece(twice, once(twice))[0])
    assert brier(one, weights)[0] == pytest.approx(brier(twice, once(twice))[0])
    assert math.isnan(d_ece(one, weights)[1])


def test_the_table_holds_every_box_once() -> None:
    table = list(bins(told([0.0, 0.05, 0.1, 0.99, 1.0], [False, True, True, True, True])))

    assert [one.boxes for one in table] == [2, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    assert (table[0].told, table[0].right) == (pytest.approx(0.025), 0.5)
    assert math.isnan(table[5].right)


def test_probabilities_are_the_detector_s() -> None:
    raw = np.linspace(0, 1, 21)
    assert probabilities(raw, CURVE) == pytest.approx([calibrated(r, CURVE) for r in raw])
    assert probabilities(raw, None) is raw


def test_figures_before_and_after_of_all_and_of_shown_boxes() -> None:
    tally = Tally.of(
        [
            Seen(truth=(A,), boxes=(A, FAR), scores=(0.5, 0.25)),
            Seen(boxes=(FAR,), scores=(1.0,)),
        ]
    )
    figures = calibration_figures(tally.plain(), CURVE, 0.5)

    assert figures["brier_before"][0] == pytest.approx((0.5**2 + 0.25**2 + 1) / 3)
    assert figures["brier_after"][0] == pytest.approx((0.9**2 + 0.05**2 + 0.9**2) / 3)
    assert figures["brier_reported_after"][0] == pytest.approx((0.9**2 + 0.9**2) / 2)
    assert figures["d_ece_reported_before"][0] == pytest.approx((0.5 + 1) / 2)
    assert len(told_by(tally, CURVE, 0.5).right) == 2


def test_nothing_shown_has_no_figures() -> None:
    one = quality(told([0.2] * 3, [True, False, False]), np.zeros(3, bool))
    assert set(one.figures()) == {"brier", "d_ece"}
