"""What is painted in is where its box says, looks like nothing was where nothing was, and repeats."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.training.photosets import pale, with_dark
from training.render import panes, pasting, scratches, tears, transplant
from training.render.painters import PAINTERS, Materials
from training.render.transplant import Donor, donor_of

SIDE = 240
MIDDLE = (120.0, 120.0)
CLASSES = {"stain", "scratch", "torn_packaging", "label", "barcode", "qr"}


@pytest.fixture(scope="module")
def materials(tmp_path_factory: pytest.TempPathFactory) -> Materials:
    folder = tmp_path_factory.mktemp("materials")
    rgba = np.zeros((60, 60, 4), np.uint8)
    cv2.circle(rgba, (30, 30), 20, (40, 60, 90, 255), -1)
    course = np.zeros((80, 80), np.uint8)
    cv2.line(course, (5, 10), (74, 60), 255, 5)
    for name, picture in (("stain", rgba), ("course", course)):
        assert cv2.imwrite(str(folder / f"{name}.png"), picture)
    return Materials(
        overlays=[folder / "stain.png"],
        courses=[folder / "course.png"],
        donors={"stain": [donor()], "torn_packaging": [donor()]},
    )


def donor() -> Donor:
    found = donor_of(with_dark(pale(9, 160, 160), (60, 50, 110, 90), level=40), (58, 48, 112, 92))
    assert found is not None
    return found


def changed(after: NDArray[np.uint8], before: NDArray[np.uint8]) -> NDArray[np.int16]:
    return np.abs(after.astype(np.int16) - before).max(axis=2)


@pytest.mark.parametrize("name", PAINTERS)
def test_every_painter_paints_inside_its_boxes(name: str, materials: Materials) -> None:
    ground = pale(3, SIDE, SIDE)
    painted = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        done = PAINTERS[name](rng, ground, MIDDLE, 90.0, materials)
        if done is None:
            continue
        painted += 1
        bgr, parts = done
        assert {kind for kind, _ in parts} <= CLASSES
        around = changed(bgr, ground)
        assert around.max() > 6
        for _, (x1, y1, x2, y2) in parts:
            assert 0 <= x1 < x2 <= SIDE
            assert 0 <= y1 < y2 <= SIDE
            # Blur, shadow, a code's white field and a stain's faint rim reach a little beyond.
            reach = 24
            around[
                max(0, int(y1) - reach) : int(y2) + reach, max(0, int(x1) - reach) : int(x2) + reach
            ] = 0
        assert np.quantile(around, 0.999) <= 12
    assert painted >= 4


@pytest.mark.parametrize("name", PAINTERS)
def test_the_same_generator_paints_the_same(name: str, materials: Materials) -> None:
    twice = [
        PAINTERS[name](np.random.default_rng(5), pale(3, SIDE, SIDE), MIDDLE, 80.0, materials)
        for _ in range(2)
    ]
    first, second = twice
    assert (first is None) == (second is None)
    if first and second:
        assert (first[0] == second[0]).all()
        assert first[1] == second[1]


def test_painters_without_their_material_are_passed_over(materials: Materials) -> None:
    needy = {"overlay", "course", "real_stain", "real_tear"}
    assert {name for name in PAINTERS if not Materials().allow(name)} == needy
    assert all(materials.allow(name) for name in PAINTERS)


def test_a_file_that_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"broken\.png"):
        scratches.course_of(tmp_path / "broken.png", np.random.default_rng(0), 60)


@pytest.mark.parametrize("kind", scratches.KINDS)
def test_a_scratch_on_what_is_rougher_than_it_is_not_labelled(
    kind: str, materials: Materials
) -> None:
    rough = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
    done = [
        scratches.paint(
            np.random.default_rng(seed), rough, kind=kind, centre=MIDDLE, side_px=80,
            courses=materials.courses,
        )
        for seed in range(6)
    ]  # fmt: skip
    assert sum(one is not None for one in done) <= 1  # only a glaring one shows


def test_only_allowed_pixels_are_scratched_or_torn() -> None:
    allowed = np.zeros((SIDE, SIDE), np.bool_)
    allowed[:, :120] = True
    ground = pale(4, SIDE, SIDE)
    for seed in range(6):
        rng = np.random.default_rng(seed)
        for done in (
            scratches.paint(rng, ground, kind="gouge", centre=MIDDLE, side_px=120, allowed=allowed),
            tears.paint(rng, ground, kind="hole", centre=MIDDLE, side_px=120, allowed=allowed),
        ):
            if done:
                assert done.xyxy[2] <= 121
                assert not done.mask[:, 120:].any()


def test_a_transplanted_stain_keeps_the_ground_under_it() -> None:
    striped = pale(5, SIDE, SIDE)
    striped[::8] //= 2
    done = transplant.paint(
        np.random.default_rng(2), striped, donor=donor(), centre=MIDDLE, side_px=70,
        how=transplant.How.RATIO,
    )  # fmt: skip
    assert done is not None
    x1, y1, x2, y2 = (int(v) for v in done.xyxy)
    inside = done.bgr[y1:y2, x1:x2].astype(np.float64)
    assert inside.mean() < 0.75 * striped[y1:y2, x1:x2].mean()
    rows = inside.mean(axis=(1, 2))
    stripes = [row - y1 for row in range(y1 + 4, y2 - 4) if row % 8 == 0]
    assert all(rows[row] < 0.8 * rows[row + 3] for row in stripes if row + 3 < len(rows))


def test_a_donor_that_is_a_speck_or_the_whole_photo_is_none() -> None:
    assert donor_of(pale(1), (10, 10, 14, 30)) is None
    assert donor_of(pale(1), (0, 0, 128, 96)) is None


def test_a_label_that_would_not_fit_is_not_pasted() -> None:
    done = pasting.paste(
        np.random.default_rng(0), pale(1), kind="qr", centre=(20.0, 20.0), side_px=80
    )
    assert done is None


def test_a_pasted_code_can_be_read_back() -> None:
    sticker = pasting.qr(np.random.default_rng(3), 300, 300)
    text, corners, _ = cv2.QRCodeDetector().detectAndDecode(sticker.bgr)
    assert text
    (name, box), *_ = sticker.parts
    assert name == "qr"
    assert np.abs(corners.reshape(-1, 2).min(axis=0) - box[:2]).max() < 12


def test_panes_differ_and_repeat() -> None:
    first, again, other = (panes.pane(np.random.default_rng(seed), 128) for seed in (1, 1, 2))
    assert first.shape == (128, 128, 3)
    assert (first == again).all()
    assert (first != other).any()
