import numpy as np
import pytest

from station.cameras.frame import GLIMPSE_SIDE_PX, of_jpeg, of_pixels
from station.cameras.look import is_black, look_at, unchanged_share
from tests.webcam import jpeg, noisy, scene


def glimpse(bgr):
    return of_jpeg(jpeg(bgr), at_s=0.0).glimpse


@pytest.mark.parametrize("size", [(640, 480), (1920, 1080), (4000, 3000)])
@pytest.mark.parametrize("sigma", [1.0, 3.0])
def test_a_living_sensor_is_never_still(size, sigma):
    bgr = scene(*size)
    one, two = (glimpse(noisy(bgr, seed, sigma)) for seed in (1, 2))
    assert unchanged_share(one, two) < 0.5
    assert max(one.shape) <= GLIMPSE_SIDE_PX


def test_a_living_picture_that_is_mostly_clipped_is_not_still_either():
    bgr = scene(640, 480).copy()
    bgr[:, :400] = 255
    one, two = (glimpse(noisy(bgr, seed)) for seed in (1, 2))
    assert unchanged_share(one, two) < 0.5


def test_the_same_bytes_are_still_and_so_is_a_picture_with_a_running_clock():
    bgr = noisy(scene(640, 480), 1)
    assert unchanged_share(glimpse(bgr), glimpse(bgr)) == 1
    clock = glimpse(bgr).copy()
    clock[5:15, 10:40] = 255 - clock[5:15, 10:40]
    assert unchanged_share(glimpse(bgr), clock) > 0.95


def test_another_size_is_not_still():
    assert unchanged_share(glimpse(scene(640, 480)), glimpse(scene(480, 640))) == 0


@pytest.mark.parametrize(
    ("level", "black"), [(0, True), (4, True), (10, True), (24, False), (40, False), (255, False)]
)
def test_black_is_what_a_lens_cap_leaves(level, black):
    dark = np.full((480, 640, 3), level, np.uint8)
    assert is_black(glimpse(noisy(dark, 1, 3.0))) is black


def test_an_unlit_bench_is_dark_and_not_black():
    assert not is_black(glimpse(noisy(scene(640, 480) // 6, 1)))


def test_a_look_says_all_of_it():
    frame = of_pixels(scene(640, 480), at_s=0.0, is_wanted=False)
    assert frame.jpeg is None
    look = look_at(frame, frame)
    assert (look.size, look.is_black, look.is_still) == ((640, 480), False, True)
    assert not look_at(frame, None).is_still
