"""A photo beside the camera's own empty bench."""

import cv2
import numpy as np
import pytest

from models.vision.edges import edge_width_px
from models.vision.picture import reduced
from models.vision.reference import (
    Drifted,
    Reference,
    item_mask,
    look_for_drift,
    moved_share,
    shift_share,
)
from tests.unit.models.vision import benches

EMPTY = benches.empty()
REFERENCE = Reference.of(benches.seen(EMPTY))
LAID = benches.with_item(EMPTY, benches.shirt())


@pytest.mark.parametrize(
    ("change", "drifted"),
    [
        (lambda bgr: bgr, ()),
        (lambda bgr: np.clip(bgr * 0.95, 0, 255), ()),
        (lambda bgr: np.clip(bgr * 0.8, 0, 255), (Drifted.LIGHT,)),
        (lambda bgr: np.clip(bgr * 1.2, 0, 255), (Drifted.LIGHT,)),
        (lambda bgr: np.clip(bgr * (0.85, 1.0, 1.05), 0, 255), (Drifted.COLOUR,)),
        (lambda bgr: benches.soft(bgr, 0.002), (Drifted.FOCUS,)),
    ],
)
@pytest.mark.parametrize("scene", [EMPTY, LAID], ids=["empty", "with an item"])
def test_what_has_drifted_is_told_whatever_lies_there(scene, change, drifted):
    bgr = change(scene).astype(np.uint8)
    assert look_for_drift(REFERENCE, benches.seen(bgr, 2)).drifted == drifted


def test_where_the_item_hides_the_bench_nothing_is_said():
    full = benches.with_item(
        EMPTY, cv2.resize(benches.shirt(), (benches.WIDTH, benches.HEIGHT)), share=1.0
    )
    assert look_for_drift(REFERENCE, benches.seen(full)) is None


def test_another_format_is_not_compared():
    assert look_for_drift(REFERENCE, benches.seen(EMPTY)[:900]) is None


@pytest.mark.parametrize("light", [0.85, 1.0, 1.1])
def test_the_item_is_what_differs_whatever_the_light(light):
    mask = item_mask(REFERENCE, benches.seen(LAID, 3, light=light))
    laid = np.any(reduced(LAID, 256) != reduced(EMPTY, 256), axis=2)
    both = np.count_nonzero(mask & laid) / np.count_nonzero(mask | laid)
    assert both > 0.9
    assert np.mean(item_mask(REFERENCE, benches.seen(EMPTY, 4, light=light))) < 0.001


@pytest.mark.parametrize("share", [0.02, 0.05])
def test_a_camera_that_was_pushed_is_told_by_how_far(share):
    for scene in (EMPTY, LAID):
        found = shift_share(REFERENCE, benches.seen(benches.pushed(scene, share), 5))
        assert found == pytest.approx(share, abs=0.006)
        assert shift_share(REFERENCE, benches.seen(scene, 6)) == 0


def test_a_bare_table_cannot_tell_whether_the_camera_was_pushed():
    bare = np.full((1200, 1600, 3), 180, np.uint8)
    assert shift_share(Reference.of(benches.seen(bare)), benches.seen(bare, 2)) is None


def glimpse(bgr, seed, **said):
    return reduced(benches.seen(bgr, seed, **said), 320)


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        (lambda bgr: bgr, False),
        (lambda bgr: np.clip(bgr * 0.95, 0, 255).astype(np.uint8), False),  # a lamp that flickers
        (lambda bgr: benches.pushed(bgr, 0.004), True),
        (lambda bgr: benches.pushed(bgr, 0.03), True),
        (lambda bgr: cv2.circle(bgr.copy(), (300, 700), 70, (90, 110, 160), -1), True),  # a hand
        (lambda bgr: cv2.rotate(bgr, cv2.ROTATE_180), True),
    ],
)
def test_motion_is_what_changes_between_two_frames(change, moved):
    share = moved_share(glimpse(LAID, 1, sigma=5), glimpse(change(LAID), 2, sigma=5))
    assert (share > 0.006) is moved, share


def test_two_formats_have_nothing_in_common():
    assert moved_share(glimpse(LAID, 1), glimpse(LAID[:, :900], 1)) == 1.0


@pytest.mark.parametrize("blur_px", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("contrast", [60, 160])
def test_the_width_of_an_edge_is_its_blur_whatever_its_contrast(blur_px, contrast):
    grey = np.full((600, 800), 60, np.uint8)
    for at in range(60, 760, 80):
        grey[40:560, at : at + 40] = 60 + contrast
    soft = cv2.GaussianBlur(grey, (0, 0), blur_px)
    assert edge_width_px(soft) == pytest.approx(blur_px, abs=0.35)


def test_noise_and_plain_cloth_have_no_edges():
    noise = np.random.default_rng(1).normal(128, 3, (600, 800)).astype(np.uint8)
    assert edge_width_px(noise) is None
