import base64
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.unit.training.photosets import pale
from training.metrics import Seen
from training.thumbnails import DETAIL_PX, FALSE, SIDE_PX, TRUE, around, thumbnail
from training.worst import worst

A, B, BIG = (0.0, 0.0, 10.0, 10.0), (20.0, 20.0, 30.0, 30.0), (40.0, 40.0, 90.0, 90.0)


def seen(**given: object) -> Seen:
    return Seen(side_px=100.0, **given)  # type: ignore[arg-type]


def test_the_surest_false_box_and_the_least_suspected_miss_come_first() -> None:
    slightly_false = seen(boxes=(A,), scores=(0.6,))
    very_false = seen(truth=(B,), boxes=(A, B), scores=(0.9, 0.95))
    suspected = seen(truth=(A,), boxes=(A,), scores=(0.4,))
    never = seen(truth=(A,), boxes=(B,), scores=(0.3,))
    never_and_large = seen(truth=(BIG,))
    fine = seen(truth=(A,), boxes=(A,), scores=(0.8,))
    photos = [slightly_false, very_false, suspected, never, never_and_large, fine, seen()]

    false, missed = worst(photos, 0.5, None)

    assert [bad.seen for bad in false] == [very_false, slightly_false]
    assert (false[0].worst, false[0].badness) == (A, 0.9)
    assert [one.right for one in false[0].shown] == [False, True]
    assert [bad.seen for bad in missed] == [never_and_large, never, suspected]
    assert [round(bad.badness, 3) for bad in missed] == [1, 1, 0.6]
    assert missed[0].shown == ()


@pytest.mark.parametrize(
    ("false", "missed", "expected"),
    [
        (30, 30, (5, 5)),
        (2, 30, (2, 8)),  # where one kind is short the other fills up
        (30, 3, (7, 3)),
        (1, 1, (1, 1)),
    ],
)
def test_half_of_each_where_there_are_enough(
    false: int, missed: int, expected: tuple[int, int]
) -> None:
    photos = [seen(boxes=(A,), scores=(0.9,)) for _ in range(false)]
    photos += [seen(truth=(A,)) for _ in range(missed)]
    told = worst(photos, 0.5, None, 10)
    assert (len(told[0]), len(told[1])) == expected


def test_a_photo_with_both_mistakes_is_shown_once() -> None:
    false, missed = worst([seen(truth=(A,), boxes=(B,), scores=(0.9,))], 0.5, None)
    assert (len(false), len(missed)) == (1, 0)


def decoded(url: str) -> np.ndarray:
    head, data = url.split(",")
    assert head == "data:image/jpeg;base64"
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)


def near(bgr: np.ndarray, colour: tuple[int, int, int]) -> int:
    """Pixels that are about this colour."""
    return int((np.abs(bgr.astype(int) - colour).max(axis=2) < 45).sum())


def test_a_small_mistake_is_shown_from_near_too(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    assert cv2.imwrite(str(path), pale(1, height=600, width=800))
    tiny, large = (700.0, 500.0, 730.0, 520.0), (100.0, 100.0, 400.0, 400.0)
    photo = Seen(truth=(tiny,), boxes=(large,), scores=(0.9,), path=path, side_px=800)
    missing = Seen(truth=(tiny,), path=path, side_px=800)
    [false], [miss] = worst([photo, missing], 0.5, None)

    shown = thumbnail(false)
    whole = decoded(shown.whole)
    assert whole.shape[:2] == (round(600 * SIDE_PX / 800), SIDE_PX)
    assert near(whole, FALSE) > 200
    assert near(whole, TRUE) > 20
    assert shown.detail is None
    detail = thumbnail(miss).detail
    assert detail is not None
    assert decoded(detail).shape == (DETAIL_PX, DETAIL_PX, 3)
    assert near(decoded(detail), TRUE) > 100


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((100.0, 100.0, 120.0, 110.0), (70, 65, 150, 145)),  # four times the longer side
        ((0.0, 0.0, 4.0, 4.0), (0, 0, 64, 64)),  # never less than 64 px, and inside the photo
        ((290.0, 190.0, 300.0, 200.0), (236, 136, 300, 200)),
        ((0.0, 0.0, 200.0, 200.0), (0, 0, 200, 200)),  # nor more than there is
    ],
)
def test_the_window_stays_inside_the_photo(
    box: tuple[float, float, float, float], expected: tuple[int, int, int, int]
) -> None:
    assert around(box, 300, 200) == expected
