"""A real tiny model over photos of every size."""

import threading

import numpy as np
import pytest

from models.errors import ReleaseRefused
from models.records import Calibration
from models.vision.bundle import open_release
from models.vision.detector import (
    Detector,
    calibrated,
    fill,
    reaches,
    to_batch,
)
from models.vision.geometry import Letterbox
from models.vision.picture import Picture
from models.vision.tiles import Tile
from tests.tiny_model import constant_output, dark_finder, write_release


def detector(tmp_path, *, threads: int = 1, **card) -> Detector:
    return Detector(open_release(write_release(tmp_path, **card), threads=threads))


def photo(width: int, height: int, *spots: tuple[int, int, int, int], dark: int = 0):
    bgr = np.full((height, width, 3), 220, np.uint8)
    for x1, y1, x2, y2 in spots:
        bgr[y1:y2, x1:x2] = dark
    return bgr


@pytest.mark.parametrize(
    ("size", "spot"),
    [
        ((64, 64), (10, 20, 30, 40)),  # exactly the model's input
        ((250, 200), (100, 50, 140, 90)),  # tiled, the spot cut by borders
        ((250, 200), (0, 0, 12, 9)),  # at the photo's corner
        ((250, 200), (10, 10, 240, 190)),  # larger than any tile
        ((128, 32), (60, 4, 100, 28)),  # a strip
    ],
)
def test_boxes_lie_where_the_spot_is(tmp_path, size, spot):
    (found,) = detector(tmp_path).detect(photo(*size, spot))
    assert found.kind == "stain"
    assert found.xyxy == pytest.approx(spot, abs=2)


PHOTOS = [
    photo(250, 200, (20, 20, 50, 50), (150, 120, 200, 180)),
    photo(64, 64, (10, 20, 30, 40)),
    photo(300, 300),
    photo(40, 600, (0, 500, 40, 520)),
    photo(900, 700, (400, 300, 600, 420), dark=30),
]


@pytest.mark.parametrize("threads", [1, 2, 9])
def test_photos_looked_at_together_give_what_each_gives_alone(tmp_path, threads):
    seeing = detector(tmp_path, threads=threads)
    single = detector(tmp_path / "alone")
    alone = [single.detect(bgr) for bgr in PHOTOS]
    assert seeing.detect_all([Picture.of(bgr, (256,)) for bgr in PHOTOS]) == alone
    assert [len(found) for found in alone] == [2, 1, 0, 1, 1]
    assert seeing.detect_photos(PHOTOS) == alone
    assert seeing.detect_all([]) == seeing.detect_photos([]) == []


def test_tiles_of_several_photos_are_looked_at_side_by_side(tmp_path):
    seeing = detector(tmp_path, threads=2)
    together = threading.Barrier(2, timeout=30)
    run = seeing._session.run

    class Meeting:
        def run(self, batch):
            together.wait()  # passes only where two are in here at once
            return run(batch)

    seeing._session = Meeting()
    pictures = [Picture.of(photo(64, 64, (10, 20, 30, 40)), (256,)) for _ in range(4)]
    assert [len(found) for found in seeing.detect_all(pictures)] == [1, 1, 1, 1]


def test_a_model_that_fails_on_one_tile_fails_the_look(tmp_path):
    seeing = detector(tmp_path, model=constant_output([[1, 1, 9, 9, 2.0, 0]]), threads=2)
    for _ in range(3):  # and its buffers are free again
        with pytest.raises(ReleaseRefused, match="scores should be 0 to 1"):
            seeing.detect(photo(300, 300))


@pytest.mark.parametrize("size", [(64, 64), (64, 40), (31, 64), (200, 90), (1, 1)])
def test_planes_are_filled_as_the_slow_way_would(size):
    bgr = np.random.default_rng(5).integers(0, 256, (size[1], size[0], 3), np.uint8)
    fit = Letterbox.fit(*size, 64)
    square = np.full((64, 64, 3), 114, np.uint8)
    square[fit.inside] = fit.shrunk(bgr)
    slow = square[..., ::-1].transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    for room in (None, np.full((3, 64, 64), 7, np.uint8)):  # whatever was there before
        planes = np.full((3, 64, 64), -1, np.float32)
        fill(planes, bgr, fit, room)
        assert np.array_equal(planes, slow)


def test_a_cut_out_of_a_photo_is_filled_without_its_neighbours():
    bgr = np.random.default_rng(5).integers(0, 256, (200, 300, 3), np.uint8)
    tiles = [Tile(x=100, y=50, width=64, height=64), Tile(x=0, y=0, width=64, height=64)]
    fits = [Letterbox.fit(64, 64, 64)] * 2
    batch = to_batch(bgr, tiles, fits)
    assert np.array_equal(batch[0, 2] * 255, bgr[50:114, 100:164, 0])
    assert np.array_equal(batch[1, 0] * 255, bgr[:64, :64, 2])


def test_whether_the_models_batch_axis_is_free_changes_nothing(tmp_path):
    usual = detector(tmp_path / "a")
    other = detector(tmp_path / "b", model=dark_finder(batch="batch"))
    bgr = photo(250, 200, (20, 20, 50, 50), (150, 120, 200, 180))
    assert len(usual.detect(bgr)) == 2
    assert other.detect(bgr) == usual.detect(bgr)


def test_a_photo_larger_than_the_tiling_keeps_its_own_pixels(tmp_path):
    (found,) = detector(tmp_path).detect(photo(1024, 768, (400, 300, 600, 420)))
    assert found.xyxy == pytest.approx((400, 300, 600, 420), abs=8)


def test_small_marks_on_large_photos_are_found_only_through_tiles(tmp_path):
    bgr = photo(256, 256, (150, 150, 152, 152))
    (found,) = detector(tmp_path / "tiled").detect(bgr)
    assert found.xyxy == (150, 150, 152, 152)
    one_look = {"overlap_px": 16, "max_side_px": 64, "whole_photo": True}
    assert detector(tmp_path / "whole", tiling=one_look).detect(bgr) == ()


def test_separate_spots_are_separate(tmp_path):
    spots = [(20, 20, 40, 40), (200, 150, 230, 180)]
    tiling = {"overlap_px": 16, "max_side_px": 256, "whole_photo": False}
    found = detector(tmp_path, tiling=tiling).detect(photo(256, 200, *spots))
    assert sorted(one.xyxy for one in found) == spots


def test_a_clean_photo_gives_nothing(tmp_path):
    assert detector(tmp_path).detect(photo(300, 200)) == ()


def test_one_pixel_is_a_photo_too(tmp_path):
    assert detector(tmp_path).detect(photo(1, 1)) == ()
    assert len(detector(tmp_path / "b").detect(photo(1, 300, (0, 0, 1, 300)))) == 1


def test_colours_reach_the_model_as_rgb(tmp_path):
    rows = np.zeros((2, 6)).tolist()
    seen = []

    class Listening:
        def run(self, batch):
            seen.append(batch)
            return np.array([rows], np.float32)

    one = detector(tmp_path)
    one._session = Listening()
    bgr = np.zeros((64, 64, 3), np.uint8)
    bgr[..., 0], bgr[..., 2] = 51, 255
    one.detect(bgr)
    assert seen[0].dtype == np.float32
    assert seen[0][0, :, 5, 5].tolist() == pytest.approx([1.0, 0.0, 0.2])


def test_thresholds_apply_to_the_raw_score_and_can_be_lowered_to_measure(tmp_path):
    strict = detector(tmp_path, thresholds={"stain": 0.9})
    bgr = photo(64, 64, (10, 10, 20, 20), dark=60)  # raw 1 - 60/255 = 0.76
    assert strict.detect(bgr) == ()
    assert len(strict.detect(bgr, floors={"stain": 0.5})) == 1


def test_a_score_at_the_threshold_counts(tmp_path):
    rows = [[1, 1, 9, 9, 0.7, 0]]
    bundle = detector(tmp_path, model=constant_output(rows), thresholds={"stain": 0.7})
    assert len(bundle.detect(photo(64, 64))) == 1
    assert reaches(float(np.float32(0.7)), 0.7)


def test_each_class_has_its_own_threshold_and_calibration(tmp_path):
    classes = ("stain", "scratch")
    rows = [[1, 1, 9, 9, 0.6, 0], [30, 30, 40, 40, 0.6, 1], [50, 50, 60, 60, 0.4, 1]]
    seeing = detector(
        tmp_path,
        classes=classes,
        model=constant_output(rows, classes=classes),
        thresholds={"stain": 0.7, "scratch": 0.3},
        calibration={"scratch": {"raw": [0.3, 0.5, 1.0], "calibrated": [0.1, 0.2, 0.8]}},
    )
    found = seeing.detect(photo(64, 64))
    assert [(one.kind, one.raw) for one in found] == [
        ("scratch", pytest.approx(0.6)),
        ("scratch", pytest.approx(0.4)),
    ]
    assert [one.probability for one in found] == pytest.approx([0.32, 0.15])


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(0.0, 0.1), (0.2, 0.1), (0.4, 0.35), (0.6, 0.6), (1.0, 0.6)],  # constant beyond the knots
)
def test_calibration_is_linear_between_knots(raw, expected):
    knots = Calibration(raw=(0.2, 0.6), calibrated=(0.1, 0.6))
    assert calibrated(raw, knots) == pytest.approx(expected)


def test_without_calibration_the_raw_score_stands():
    assert calibrated(0.4, None) == 0.4
    assert calibrated(0.4, Calibration(raw=(), calibrated=())) == 0.4


def test_boxes_beyond_the_photo_are_cut_or_dropped(tmp_path):
    rows = [[-50, -50, 20, 20, 0.9, 0], [100, 100, 200, 200, 0.9, 0], [30, 30, 30, 40, 0.9, 0]]
    (found,) = detector(tmp_path, model=constant_output(rows)).detect(photo(64, 64))
    assert found.xyxy == (0, 0, 20, 20)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([1, 1, 9, 9, float("nan"), 0], "no numbers"),
        ([float("inf"), 1, 9, 9, 0.9, 0], "no numbers"),
        ([1, 1, 9, 9, 7.0, 0], "scores should be 0 to 1"),
        ([1, 1, 9, 9, 0.9, 3], "class 3, which its card lacks"),
        ([1, 1, 9, 9, 0.9, -1], "which its card lacks"),
    ],
)
def test_a_model_that_breaks_its_cards_word_is_refused(tmp_path, row, message):
    with pytest.raises(ReleaseRefused, match=f"stain@1: .*{message}"):
        detector(tmp_path, model=constant_output([row])).detect(photo(64, 64))


def test_a_model_without_any_row_sees_nothing(tmp_path):
    class Silent:
        def run(self, batch):
            return np.zeros((len(batch), 0, 6), np.float32)

    silent = detector(tmp_path)
    silent._session = Silent()
    assert silent.detect(photo(64, 64)) == ()


def test_a_session_of_another_shape_is_refused(tmp_path):
    class Odd:
        def run(self, batch):
            return np.zeros((len(batch), 6), np.float32)

    odd = detector(tmp_path)
    odd._session = Odd()
    with pytest.raises(ReleaseRefused, match=r"it should give \[1, boxes, 6\]"):
        odd.detect(photo(64, 64))
