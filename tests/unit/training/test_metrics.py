import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.metrics import Seen, false_boxes, hits, matches, threshold_allowing

A, B, FAR = (0.0, 0.0, 10.0, 10.0), (20.0, 20.0, 30.0, 30.0), (50.0, 50.0, 60.0, 60.0)
SHIFTED = (0.0, 0.0, 10.0, 6.0)  # 0.6 of A


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


def test_a_match_says_which_true_box_it_is() -> None:
    seen = Seen(truth=(A, B), boxes=(FAR, B, A), scores=(0.9, 0.8, 0.7))
    assert matches(seen, 0.5).tolist() == [-1, 1, 0]


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


@settings(deadline=None)  # a busy machine is no failure
@given(
    st.lists(st.lists(st.floats(0, 1, width=32), max_size=4), min_size=1, max_size=8),
    st.floats(0, 1),
)
def test_the_threshold_keeps_its_promise(scores: list[list[float]], allowed: float) -> None:
    clean = [Seen(boxes=(A,) * len(row), scores=tuple(row)) for row in scores]
    threshold = threshold_allowing(clean, allowed)

    # At 1, the highest there is, a score of 1 itself cannot be kept away.
    assert threshold == 1.0 or false_boxes(clean, threshold) <= allowed + 1e-9


def test_false_boxes_of_no_photos_are_unknown() -> None:
    assert math.isnan(false_boxes([], 0.5))


def test_sizes_are_parts_of_the_photo_s_longer_side() -> None:
    assert Seen(truth=((0, 0, 5, 20), FAR), side_px=200).shares == (0.1, 0.05)
    assert all(math.isnan(share) for share in Seen(truth=(A,)).shares)
