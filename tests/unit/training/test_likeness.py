import cv2
import imagehash
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.unit.training.photosets import cloth, pale, turned
from training import likeness
from training.likeness import copies, look_of, near

Picture = NDArray[np.uint8]


def equalized(bgr: Picture) -> Picture:
    grey = cv2.equalizeHist(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY))
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


def recompressed(bgr: Picture) -> Picture:
    small = cv2.resize(bgr, None, fx=0.6, fy=0.6)
    data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


@pytest.mark.parametrize(
    "change",
    [
        recompressed,
        np.fliplr,
        np.flipud,
        np.rot90,
        lambda bgr: np.rot90(bgr, 2),
        lambda bgr: np.rot90(np.fliplr(bgr)),
    ],
)  # fmt: skip
def test_hashes_know_copies_laid_down_in_any_of_eight_ways(change) -> None:
    bgr = pale(1, 480, 640)
    looks = [look_of(bgr), look_of(np.ascontiguousarray(change(bgr))), look_of(pale(2, 480, 640))]

    assert {tuple(sorted(pair)) for pair in near(looks, 6)} == {(0, 1)}


def test_the_first_hash_is_the_common_64_bits() -> None:
    """So that data set versions that were split by it before keep their groups."""
    bgr = pale(3, 300, 200)
    known = imagehash.phash(Image.fromarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)))

    assert (look_of(bgr).hashes[0] == np.asarray(known.hash).ravel()).all()


@pytest.mark.parametrize(
    "change",
    [
        lambda bgr: turned(bgr, 14),
        lambda bgr: turned(bgr, -37, 0.9),
        lambda bgr: equalized(turned(bgr, 8)),
        lambda bgr: np.ascontiguousarray(np.fliplr(turned(bgr, 11))),
        lambda bgr: np.ascontiguousarray(bgr[60:, :330]),  # cut
    ],
)
def test_keypoints_know_copies_that_were_turned_mirrored_cut_and_boosted(change) -> None:
    looks = [look_of(picture) for picture in (cloth(1), cloth(2), change(cloth(1)), cloth(3))]

    assert set(copies(looks)) == {(2, 0)}


def test_more_photos_than_are_compared_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likeness, "_BLOCK", 4)
    looks = [look_of(cloth(seed)) for seed in range(3)] * 3

    alike = {(one, other) for one in range(9) for other in range(one) if (one - other) % 3 == 0}
    assert set(copies(looks)) == alike
    assert {(max(pair), min(pair)) for pair in near(looks, 6)} == alike


@pytest.mark.parametrize("count", [0, 1, 3])
def test_pictures_without_anything_on_them_are_no_copies(count: int) -> None:
    looks = [look_of(np.full((90, 120, 3), 200, np.uint8))] * count

    assert set(copies(looks)) == set()
    assert len(set(near(looks, 0))) == count * (count - 1)  # the same, bit for bit
