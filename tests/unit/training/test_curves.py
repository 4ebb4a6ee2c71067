import numpy as np
import pytest

from models.records import Calibration
from training.curves import free_response, precision_recall, roc, thinned, threshold_table
from training.metrics import LOOSE, Seen
from training.tally import STRICT, Tally

A, B, FAR = (0.0, 0.0, 10.0, 10.0), (20.0, 20.0, 30.0, 30.0), (50.0, 50.0, 60.0, 60.0)
LOOSELY_A = (0.0, 0.0, 10.0, 4.0)


@pytest.fixture
def tally() -> Tally:
    return Tally.of(
        [
            Seen(truth=(A, B), boxes=(LOOSELY_A, B), scores=(0.9, 0.6)),
            Seen(boxes=(FAR, FAR), scores=(0.8, 0.6)),
            Seen(),
        ]
    )


def points(line: tuple[np.ndarray, np.ndarray]) -> list[tuple[float, float]]:
    return [(round(float(x), 3), round(float(y), 3)) for x, y in zip(*line, strict=True)]


def test_lines_by_hand(tally: Tally) -> None:
    # 0.9 hits loosely, 0.8 is false, at 0.6 one hits and one is false
    assert points(precision_recall(tally, LOOSE)) == [(0.5, 1), (0.5, 0.5), (1, 0.5)]
    assert points(precision_recall(tally, STRICT)) == [(0, 0), (0, 0), (0.5, 0.25)]
    assert points(free_response(tally, LOOSE)) == [(0, 0), (0, 0.5), (0.5, 0.5), (1, 1)]
    # best boxes: 0.9 with the defect, 0.8 and none without
    assert points(roc(tally)) == [(0, 0), (0, 1), (0.5, 1), (1, 1)]


def test_a_long_line_keeps_its_ends_and_its_course() -> None:
    x = np.linspace(0, 1, 50_000)
    fewer = thinned(x, x**2)

    assert len(fewer[0]) <= 302
    assert (fewer[0][0], fewer[0][-1]) == (0, 1)
    assert np.abs(np.interp(x, *fewer) - x**2).max() < 1e-4


def test_each_threshold_says_what_it_would_bring(tally: Tally) -> None:
    curve = Calibration(raw=(0.0, 1.0), calibrated=(0.0, 0.5))
    rows = threshold_table(tally, 0.7, curve, [0.5, 0.9])

    assert [row["threshold"] for row in rows] == [0.5, 0.7, 0.9]
    assert rows[1] == {
        "threshold": 0.7,
        "probability": 0.35,
        "recall": 0,
        "recall_iou30": 0.5,
        "precision": 0,
        "precision_iou30": 0.5,
        "false_boxes_per_clean_photo": 0.5,
        "photos_found": 1,
        "clean_photos_flagged": 0.5,
    }
