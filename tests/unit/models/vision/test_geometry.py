"""The letterbox and its inverse, and boxes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from models.vision.geometry import Letterbox, areas, clip, overlaps, resize

lengths = st.integers(1, 20_000)
sides = st.integers(32, 1280)
parts = st.tuples(*[st.floats(0, 1)] * 4)


def box(*xyxy: float) -> np.ndarray:
    return np.array([xyxy], np.float64)


@given(lengths, lengths, sides, parts)
def test_there_and_back_is_exact(width, height, side_px, part):
    letterbox = Letterbox.fit(width, height, side_px)
    boxes = np.array([part]) * [width, height, width, height]
    back = letterbox.to_picture(letterbox.to_input(boxes))
    assert_allclose(back, boxes, atol=1e-3)


@given(lengths, lengths, sides)
def test_the_whole_picture_lies_inside_the_square(width, height, side_px):
    letterbox = Letterbox.fit(width, height, side_px)
    x1, y1, x2, y2 = letterbox.to_input(box(0, 0, width, height))[0]
    assert -1e-6 <= x1 < x2 <= side_px + 1e-6
    assert -1e-6 <= y1 < y2 <= side_px + 1e-6
    assert max(x2 - x1, y2 - y1) == pytest.approx(side_px)


@pytest.mark.parametrize(
    ("width", "height"), [(100, 100), (640, 480), (333, 1000), (1, 64), (3000, 7)]
)
def test_pixels_go_where_boxes_go(width, height):
    letterbox = Letterbox.fit(width, height, 64)
    x1, y1, x2, y2 = letterbox.to_input(box(0, 0, width, height))[0].round().astype(int)
    rows, columns = letterbox.inside
    assert (rows, columns) == (slice(y1, y2), slice(x1, x2))
    shrunk = letterbox.shrunk(np.full((height, width, 3), 255, np.uint8))
    assert shrunk.shape == (y2 - y1, x2 - x1, 3)
    assert (shrunk == 255).all()


def test_a_picture_of_the_inputs_size_is_untouched():
    bgr = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    assert Letterbox.fit(64, 64, 64).shrunk(bgr) is bgr


def test_shrinking_keeps_small_marks():
    bgr = np.full((640, 640, 3), 255, np.uint8)
    bgr[300:304, 300:304] = 0
    assert resize(bgr, 64, 64).min() < 230


@pytest.mark.parametrize(
    ("first", "second", "expected", "share"),
    [
        (box(0, 0, 10, 10), box(0, 0, 10, 10), 1.0, 1.0),
        (box(0, 0, 10, 10), box(5, 0, 15, 10), 1 / 3, 0.5),
        (box(0, 0, 10, 10), box(2, 2, 4, 4), 0.04, 1.0),  # one inside the other
        (box(0, 0, 10, 10), box(10, 0, 20, 10), 0.0, 0.0),  # they touch
        (box(0, 0, 10, 10), box(20, 20, 30, 30), 0.0, 0.0),
        (box(5, 5, 5, 5), box(5, 5, 5, 5), 0.0, 0.0),  # empty boxes don't divide by zero
        (box(10, 10, 0, 0), box(0, 0, 10, 10), 0.0, 0.0),  # inside out
    ],
)
def test_overlaps(first, second, expected, share):
    for one, other in ((first, second), (second, first)):
        iou, share_of_smaller = overlaps(one[0], other)
        assert iou.tolist() == pytest.approx([expected])
        assert share_of_smaller.tolist() == pytest.approx([share])


def test_overlaps_with_many_come_in_their_order():
    many = np.concatenate([box(0, 0, 10, 10), box(5, 0, 15, 10), box(50, 50, 60, 60)])
    assert overlaps(many[0], many)[0].tolist() == pytest.approx([1, 1 / 3, 0])
    assert [values.shape for values in overlaps(many[0], many[:0])] == [(0,), (0,)]


def test_clipping_cuts_at_the_photo():
    assert clip(box(-5, -5, 30, 8), 20, 10).tolist() == [[0, 0, 20, 8]]
    assert areas(clip(box(30, 30, 40, 40), 20, 10)).tolist() == [0]
