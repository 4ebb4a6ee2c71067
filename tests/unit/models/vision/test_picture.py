"""A photo at the sizes that are looked at."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vision.geometry import resize
from models.vision.picture import Picture, reduced
from models.vision.tiles import reduced_size


def noise(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("size", [(640, 480), (1279, 700), (300, 1), (801, 1601), (641, 320)])
def test_photos_that_cannot_be_halved_are_reduced_by_area_in_one_go(size):
    bgr = noise(*size)
    assert np.array_equal(reduced(bgr, 640), resize(bgr, *reduced_size(*size, 640)))


def test_a_whole_number_of_halvings_is_the_mean_of_each_square():
    bgr = noise(512, 256)
    means = bgr.reshape(64, 4, 128, 4, 3).mean(axis=(1, 3))
    assert np.abs(reduced(bgr, 128) - means).max() <= 1


def test_halving_first_changes_hardly_anything_that_can_be_seen():
    smooth = cv2.GaussianBlur(noise(1200, 900), (0, 0), 2)
    apart = np.abs(reduced(smooth, 400).astype(int) - resize(smooth, 400, 300))
    assert apart.mean() < 1
    assert apart.max() <= 6


def test_a_mark_stays_where_it_is():
    bgr = np.full((3000, 4000, 3), 220, np.uint8)
    bgr[1500:1600, 2000:2200] = 0
    small = reduced(bgr, 1280)[..., 0] < 110
    rows, columns = np.flatnonzero(small.any(axis=1)), np.flatnonzero(small.any(axis=0))
    edges = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
    assert edges == pytest.approx(np.array([2000, 1500, 2200, 1600]) * 0.32, abs=0.51)


@given(
    size=st.tuples(st.integers(1, 700), st.integers(1, 700)),
    sides=st.lists(st.integers(1, 900), min_size=1, max_size=3),
)
def test_each_size_is_what_it_would_be_alone(size, sides):
    bgr = noise(*size)
    picture = Picture.of(bgr, sides)
    assert picture.size == size
    assert set(picture.sizes) == set(sides)
    for side, small in picture.sizes.items():
        assert (small.shape[1], small.shape[0]) == reduced_size(*size, side)
        assert np.array_equal(small, reduced(bgr, side))


def test_what_is_small_enough_is_not_copied():
    bgr = noise(300, 200)
    assert Picture.of(bgr, (300, 1000)).sizes[1000] is bgr
