import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.metrics import (
    Seen,
    average_precision,
    false_boxes,
    hits,
    measured,
    recall_at,
    threshold_allowing,
)

A, B, FAR = (0.0, 0.0, 10.0, 10.0), (20.0, 20.0, 30.0, 30.0), (50.0, 50.0, 60.0, 60.0)
SHIFTED = (0.0, 0.0, 10.0, 6.0)  # 0.6 of A


@pytest.mark.parametrize(
    ("found", "truths", "expected"),
    [
        ([True], 1, 1.0),
        ([False], 1, 0.0),
        ([], 3, 0.0),
        # found, missed, found of two: precision 1 up to recall 0.5 (51 of the 101 points), 2/3 beyond
        ([True, False, True], 2, (51 * 1 + 50 * 2 / 3) / 101),
        # the first is wrong, then both: the envelope is 2/3 everywhere
        ([False, True, True], 2, 2 / 3),
        # one of four at once, nothing more: 26 points (0 to 0.25) at precision 1
        ([True, False, False], 4, 26 / 101),
    ],
)
def test_average_precision_by_hand(found: list[bool], truths: int, expected: float) -> None:
    scores = np.linspace(0.9, 0.1, len(found))

    assert average_precision(scores, np.array(found, bool), truths) == pytest.approx(expected)


def test_average_precision_of_nothing_to_find_is_unknown() -> None:
    assert math.isnan(average_precision(np.array([0.5]), np.array([False]), 0))


@pytest.mark.parametrize(
    ("seen", "overlap", "expected"),
    [
        (Seen(truth=(A, B), boxes=(A, B), scores=(0.9, 0.8)), 0.5, [True, True]),
        # the same one twice: only the better box counts, wherever it stands
        (Seen(truth=(A,), boxes=(SHIFTED, A), scores=(0.5, 0.9)), 0.5, [False, True]),
        # overlap decides
        (Seen(truth=(A,), boxes=(SHIFTED,), scores=(0.5,)), 0.6, [True]),
        (Seen(truth=(A,), boxes=(SHIFTED,), scores=(0.5,)), 0.65, [False]),
        (Seen(truth=(A,), boxes=(FAR,), scores=(0.5,)), 0.5, [False]),
        (Seen(boxes=(A,), scores=(0.5,)), 0.5, [False]),
        (Seen(truth=(A,)), 0.5, []),
    ],
)
def test_each_true_box_is_found_once_by_the_best(
    seen: Seen, overlap: float, expected: list[bool]
) -> None:
    assert hits(seen, overlap).tolist() == expected


@pytest.mark.parametrize(
    ("scores", "allowed", "kept"),
    [
        ([(0.9,), (0.5,), (0.3, 0.2)], 0.0, 0),  # none may be shown
        ([(0.9,), (0.5,), (0.3, 0.2)], 0.34, 1),  # one in three
        ([(0.9,), (0.5,), (0.3, 0.2)], 1.0, 3),
        ([(0.9,), (0.5,), (0.3, 0.2)], 2.0, 4),  # more than there are
        ([(0.9, 0.9), ()], 0.5, 0),  # a tie is either shown or not
        ([], 0.1, 0),
    ],
)
def test_the_threshold_keeps_as_many_false_boxes_as_allowed(
    scores: list[tuple[float, ...]], allowed: float, kept: int
) -> None:
    clean = [Seen(boxes=(A,) * len(row), scores=row) for row in scores]
    threshold = threshold_allowing(clean, allowed)

    assert sum(score >= threshold for row in scores for score in row) == kept


@given(
    st.lists(st.lists(st.floats(0, 1, width=32), max_size=4), min_size=1, max_size=8),
    st.floats(0, 1),
)
def test_the_threshold_keeps_its_promise(scores: list[list[float]], allowed: float) -> None:
    clean = [Seen(boxes=(A,) * len(row), scores=tuple(row)) for row in scores]
    threshold = threshold_allowing(clean, allowed)

    # At 1, the highest there is, a score of 1 itself cannot be kept away.
    assert threshold == 1.0 or false_boxes(clean, threshold) <= allowed + 1e-9


def test_all_figures_of_a_small_bench() -> None:
    seen = [
        Seen(truth=(A, B), boxes=(A, FAR), scores=(0.9, 0.3)),
        Seen(truth=(A,), boxes=(A,), scores=(0.6,)),
        Seen(boxes=(FAR,), scores=(0.7,)),
        *[Seen() for _ in range(9)],
    ]
    figures = measured(seen, 0.5)

    # hits by score: 0.9 yes, 0.7 no, 0.6 yes, 0.3 no; three to find
    assert figures["ap50"] == pytest.approx((34 * 1 + 33 * 2 / 3) / 101)
    assert figures["ap50_95"] == pytest.approx(figures["ap50"])
    assert figures["recall"] == pytest.approx(2 / 3)
    # ten clean photos may show one box: 0.7 stays, and everything above 0 with it
    assert figures["recall_at_01_false_boxes"] == pytest.approx(2 / 3)
    assert figures["false_boxes_per_clean_photo"] == pytest.approx(0.1)
    assert figures["clean_photos_flagged"] == pytest.approx(0.1)
    assert figures["photos_found"] == 1.0
    # stained tops 0.9 and 0.6 against 0.7 and nine zeros: 19 of 20 pairs are in order
    assert figures["photo_auroc"] == pytest.approx(19 / 20)
    assert figures["photo_ap"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert figures["threshold"] == 0.5


@pytest.mark.parametrize(
    ("seen", "unknown"),
    [
        ([Seen()], {"ap50", "ap50_95", "recall", "recall_at_01_false_boxes", "photo_auroc", "photo_ap", "photos_found"}),
        ([Seen(truth=(A,))], {"recall_at_01_false_boxes", "photo_auroc", "photo_ap", "false_boxes_per_clean_photo", "clean_photos_flagged"}),
    ],
)  # fmt: skip
def test_what_the_photos_cannot_tell_is_unknown(seen: list[Seen], unknown: set[str]) -> None:
    assert {name for name, value in measured(seen, 0.5).items() if math.isnan(value)} == unknown


def test_recall_counts_boxes_not_photos() -> None:
    seen = [
        Seen(truth=(A, B, FAR), boxes=(A,), scores=(0.9,)),
        Seen(truth=(A,), boxes=(A,), scores=(0.2,)),
    ]

    assert recall_at(seen, 0.5) == pytest.approx(1 / 4)
    assert recall_at(seen, 0.1) == pytest.approx(2 / 4)
