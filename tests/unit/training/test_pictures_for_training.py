import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.training.photosets import pale
from training.pictures import KEPT_SHARE, Scene, cloth, cut, grey_look, make, shrunk
from training.read import Box
from training.recipe import Cut, Step

STAINS = ("liquid", "grease", "ink", "spot", "dust", "smear", "line", "specks")
WIDE = Scene(bgr=pale(3, 240, 320), boxes=(Box(kind="stain", xyxy=(100, 80, 180, 140)),))


def area(box: Box) -> float:
    x1, y1, x2, y2 = box.xyxy
    return (x2 - x1) * (y2 - y1)


@given(st.integers(0, 10_000), st.integers(60, 400), st.booleans())
@settings(max_examples=60)
def test_a_window_shows_a_box_as_cut_or_not_at_all(seed: int, side: int, around: bool) -> None:
    rng = np.random.default_rng(seed)
    part = cut(rng, WIDE, side, around=WIDE.boxes[0] if around else None, apart=not around)
    height, width = part.bgr.shape[:2]

    assert (height, width) == (min(side, 240), min(side, 320))
    for box in part.boxes:
        x1, y1, x2, y2 = box.xyxy
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height
        assert area(box) >= KEPT_SHARE * area(WIDE.boxes[0]) - 1e-6


def test_the_box_goes_with_its_pixels() -> None:
    marked = WIDE.bgr.copy()
    marked[80:140, 100:180] = 0
    part = cut(
        np.random.default_rng(1),
        Scene(bgr=marked, boxes=WIDE.boxes),
        200,
        around=WIDE.boxes[0],
        apart=False,
    )
    (box,) = part.boxes
    x1, y1, x2, y2 = (int(v) for v in box.xyxy)

    assert (part.bgr[y1:y2, x1:x2] == 0).all()
    assert (part.bgr == 0).all(axis=2).sum() == (x2 - x1) * (y2 - y1)


def test_shrinking_takes_the_boxes_along_and_leaves_out_specks() -> None:
    speck = Box(kind="stain", xyxy=(10, 10, 14, 14))
    small = shrunk(Scene(bgr=WIDE.bgr, boxes=(*WIDE.boxes, speck)), 80)

    assert small.bgr.shape == (60, 80, 3)
    assert [box.xyxy for box in small.boxes] == [pytest.approx((25, 20, 45, 35))]


@pytest.mark.parametrize("seed", range(8))
def test_painted_stains_are_labelled_where_the_picture_changed(seed: int) -> None:
    step = Step(source="x", cut=Cut.WHOLE, times=1, paint=1.0, size=(0.1, 0.3), kinds=STAINS)
    clean = Scene(bgr=pale(seed, 200, 200))
    made = make(np.random.default_rng(seed), clean, step, side_px=200, classes=("stain",))
    change = np.abs(made.bgr.astype(int) - clean.bgr).max(axis=2)

    outside = change.copy()
    for box in made.boxes:
        x1, y1, x2, y2 = (int(v) for v in box.xyxy)
        assert change[y1:y2, x1:x2].max() >= 15
        reach = max(x2 - x1, y2 - y1)
        outside[max(0, y1 - reach) : y2 + reach, max(0, x1 - reach) : x2 + reach] = 0
    assert made.boxes or change.max() == 0
    assert outside.max() == 0


def test_what_is_labelled_already_is_never_painted_over() -> None:
    everywhere = Scene(bgr=pale(1, 160, 160), boxes=(Box(kind="stain", xyxy=(0, 0, 160, 160)),))
    step = Step(source="x", times=1, paint=1.0, kinds=STAINS)

    made = make(np.random.default_rng(0), everywhere, step, side_px=160, classes=("stain",))

    assert (made.bgr == everywhere.bgr).all()
    assert len(made.boxes) == 1


def test_grey_photos_stay_grey_when_painted() -> None:
    grey = cv2.cvtColor(cv2.cvtColor(pale(2, 160, 160), cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    step = Step(source="x", times=1, paint=1.0, size=(0.2, 0.3), kinds=("liquid", "ink"))
    made = make(
        np.random.default_rng(4),
        Scene(bgr=np.asarray(grey, np.uint8)),
        step,
        side_px=160,
        classes=("stain",),
    )

    assert made.boxes
    assert np.ptp(made.bgr, axis=2).max() == 0


def test_the_grey_look_is_grey_and_uses_the_whole_range() -> None:
    for seed in range(4):
        made = grey_look(np.random.default_rng(seed), pale(5, 200, 200))
        assert np.ptp(made, axis=2).max() == 0
        assert made.std() > cv2.cvtColor(pale(5, 200, 200), cv2.COLOR_BGR2GRAY).std()


def test_a_swatch_covers_the_cloth() -> None:
    made = cloth(np.random.default_rng(0), pale(6, 120, 120), 480)

    assert made.shape == (480, 480, 3)
    assert made.min() > 40


def test_what_is_painted_is_labelled_only_where_the_recipe_asks_for_it() -> None:
    step = Step(source="x", times=1, paint=1.0, size=(0.5, 0.6), kinds=("shipping_label",))
    scene = Scene(bgr=pale(2, 300, 300))
    told = {
        classes: {
            box.kind
            for seed in range(8)
            for box in make(
                np.random.default_rng(seed), scene, step, side_px=300, classes=classes
            ).boxes
        }
        for classes in (("label",), ("label", "barcode", "qr"))
    }

    assert told["label",] == {"label"}
    assert told["label", "barcode", "qr"] >= {"label", "barcode"}
