import json
from pathlib import Path

import pytest

from models.records import Release
from models.vision.bundle import open_release
from tests.tiny_model import write_release
from tests.unit.training.photosets import pale, with_dark, write_set
from training.calibrate import MIN_BOXES, calibrated, curve_of
from training.errors import DatasetInvalid
from training.evaluate import Photo, evaluate, look, write
from training.metrics import Seen
from training.read import read_set

A, B = (20, 20, 40, 40), (70, 50, 100, 80)
LEFT = (0.0, 0.0, 10.0, 10.0)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A real model that marks what is black; its photos are looked at whole."""
    tiling = {"overlap_px": 16, "max_side_px": 64, "whole_photo": True}
    return write_release(tmp_path / "releases", thresholds={"stain": 0.8}, tiling=tiling)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_set(
        tmp_path / "photos/data",
        {
            "found": (with_dark(pale(1), A), [(1, A)]),
            "found-too": (with_dark(pale(2), B), [(1, B)]),
            "missed": (with_dark(pale(3), A, level=120), [(1, A)]),  # not dark enough for the model
            "faint": (with_dark(pale(4), B, level=60), []),  # seen, but below the threshold
        },
        classes=("scratch", "stain"),
    )


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    folder = write_set(
        tmp_path / "photos/clean",
        {"button": (with_dark(pale(5), A), [(0, A)]), "plain": (pale(6), [])},
    )
    (folder / "classes.txt").write_text("stain\n")  # labels there, but told to be clean
    return folder


def test_the_figures_come_out_as_counted_by_hand(release: Path, data: Path, clean: Path) -> None:
    report = evaluate(release, [data], [clean])
    figures = report["classes"]["stain"]

    assert (report["photos"], report["clean_photos"]) == (4, 2)
    # scores: two hits and the button near 0.96, the faint one near 0.76; three to find
    assert figures["recall"] == pytest.approx(2 / 3, abs=1e-3)
    assert figures["false_boxes_per_clean_photo"] == pytest.approx(1 / 3, abs=1e-3)
    assert figures["threshold"] == 0.8
    assert figures["ap50"] == pytest.approx(67 / 101, abs=1e-3)
    # two hits beat the faint one and the plain one and tie with the button; the missed one ties once
    assert figures["photo_auroc"] == pytest.approx(5.5 / 9, abs=1e-3)
    assert set(report["folders"]) == {"photos/data", "photos/clean"}
    assert report["folders"]["photos/clean"]["stain"]["ap50"] is None
    assert report["folders"]["photos/clean"]["stain"]["clean_photos_flagged"] == 0.5


def test_the_report_is_json_without_numbers_that_are_none(
    release: Path, data: Path, tmp_path: Path
) -> None:
    write(evaluate(release, [data], []), tmp_path / "deep/report.json")

    def refuse(word: str) -> None:
        raise AssertionError(word)

    report = json.loads((tmp_path / "deep/report.json").read_text(), parse_constant=refuse)
    assert set(report["classes"]["stain"]) >= {
        "ap50", "ap50_95", "recall_at_01_false_boxes", "photo_auroc", "photo_ap",
        "false_boxes_per_clean_photo", "threshold",
    }  # fmt: skip


def test_broken_photos_are_told_and_not_counted(release: Path, data: Path) -> None:
    (data / "images/broken.jpg").write_bytes(b"\xff\xd8\xff")
    told: list[str] = []

    assert evaluate(release, [data], [], told=told.append)["photos"] == 4
    assert any("broken.jpg" in line for line in told)


def test_a_folder_that_is_no_data_set_is_refused(release: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetInvalid, match="should hold a folder images/"):
        evaluate(release, [tmp_path / "nothing"], [])


def test_looking_goes_below_the_card_s_threshold(release: Path, data: Path) -> None:
    photos = [Photo(photo=photo, group="g") for photo in read_set(data, ["stain"]).photos]
    seen = look(open_release(release), photos)["stain"]

    assert [len(s.boxes) for s in seen] == [1, 1, 1, 0]
    assert seen[0].scores[0] < 0.8  # the faint one


def test_thresholds_are_chosen_for_the_false_boxes_allowed(release: Path) -> None:
    card: Release = open_release(release).card
    seen = [Seen(boxes=(LEFT,), scores=(0.3 + i / 100,)) for i in range(20)]

    chosen = calibrated(card, {"stain": seen}).thresholds["stain"]

    assert sum(s.scores[0] >= chosen for s in seen) == 2
    assert calibrated(card, {"stain": seen}, allowed=5).thresholds["stain"] == pytest.approx(
        0.01, abs=1e-3
    )


def boxes(score: float, right: int, wrong: int) -> list[Seen]:
    return [
        *[Seen(truth=(LEFT,), boxes=(LEFT,), scores=(score,)) for _ in range(right)],
        *[Seen(boxes=(LEFT,), scores=(score,)) for _ in range(wrong)],
    ]


def test_a_calibrated_score_is_the_share_of_boxes_that_are_right() -> None:
    curve = curve_of([*boxes(0.2, 2, 38), *boxes(0.6, 20, 20), *boxes(0.9, 38, 2)])

    assert curve is not None
    told = dict(zip(curve.raw, curve.calibrated, strict=True))
    assert told[0.2] == pytest.approx(0.05, abs=0.01)
    assert told[0.6] == pytest.approx(0.5, abs=0.01)
    assert told[0.9] == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize(
    "row",
    [
        [],
        boxes(0.5, MIN_BOXES // 2 - 1, MIN_BOXES // 2),  # too few
        boxes(0.5, MIN_BOXES, 0),  # always right
        boxes(0.5, 0, MIN_BOXES),  # always wrong
    ],
)
def test_nothing_is_calibrated_on_too_little(row: list[Seen]) -> None:
    assert curve_of(row) is None
