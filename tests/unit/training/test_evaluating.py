import json
from pathlib import Path

import pytest

from models.vision.bundle import open_release
from tests.tiny_model import write_release
from tests.unit.training.photosets import pale, with_dark, write_set
from training.errors import DatasetInvalid
from training.evaluate import Photo, evaluate, look, measure, write
from training.progress import LINES_EVERY, track
from training.read import read_set
from training.sizes import SIZES

A, B = (20, 20, 40, 40), (70, 50, 100, 80)


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


def test_a_folder_s_defects_are_held_against_each_folder_of_clean_photos(
    release: Path, data: Path, clean: Path
) -> None:
    report = evaluate(release, [data], [clean])
    against = report["folders"]["photos/data"]["stain"]["against"]

    # the faint one is the only clean photo of its folder; the button and the plain one of the other
    assert against["photos/data"]["photo_auroc"] == pytest.approx(2 / 3, abs=1e-3)
    assert against["photos/clean"]["photo_auroc"] == pytest.approx(3.5 / 6, abs=1e-3)
    assert against["all"]["photo_auroc"] == report["classes"]["stain"]["photo_auroc"]
    assert report["folders"]["photos/clean"]["stain"]["against"] == {}
    assert report["classes"]["stain"]["against"]["photos/clean"] == against["photos/clean"]


def test_figures_come_with_sizes_intervals_and_tables(
    release: Path, data: Path, clean: Path
) -> None:
    report = evaluate(release, [data], [clean])
    figures = report["classes"]["stain"]

    # 20 of 128 px is large, and so is 30
    assert {size: figures["sizes"][size]["boxes"] for size in SIZES} == {
        "small": 0, "medium": 0, "large": 3,
    }  # fmt: skip
    assert figures["sizes"]["large"]["recall"] == figures["recall"]
    low, high = figures["intervals"]["recall"]
    assert 0 <= low < figures["recall"] < high <= 1
    own = [row for row in figures["thresholds"] if row["threshold"] == 0.8]
    assert [row["recall"] for row in own] == [figures["recall"]]
    assert sum(one["boxes"] for one in figures["reliability"]["before"]) == 4
    # two hits and the button near 0.96, the faint one near 0.76: uncalibrated, so after is before
    assert figures["d_ece_after"] == figures["d_ece_before"]
    assert figures["brier_before"] == pytest.approx((2 * 0.04**2 + 0.96**2 + 0.76**2) / 4, abs=0.01)
    assert report["seconds"] > 0


def test_the_same_photos_give_the_same_report(release: Path, data: Path, clean: Path) -> None:
    once, again = evaluate(release, [data], [clean]), evaluate(release, [data], [clean])
    assert once | {"seconds": 0} == again | {"seconds": 0}


@pytest.mark.parametrize(
    ("where", "content", "rendered"),
    [
        ("data/card.yaml", "rendered: true\n", True),
        ("card.yaml", "rendered: true\n", True),  # one card for train/ and test/
        ("data/card.yaml", "rendered: false\n", False),
        ("data/card.yaml", "- rendered\n", False),
        ("data/card.yaml", "rendered: [", False),
        ("data/other.yaml", "rendered: true\n", False),
    ],
)
def test_rendered_pictures_say_so_wherever_their_figures_go(
    release: Path, data: Path, where: str, content: str, rendered: bool
) -> None:
    (data.parent / where).write_text(content)
    report = evaluate(release, [data], [])

    assert report["rendered"] is rendered
    assert list(report["folders"]) == ["photos/data (rendered)" if rendered else "photos/data"]
    assert report["rendered_folders"] == (["photos/data (rendered)"] if rendered else [])


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

    report = evaluate(release, [data], [], told=told.append)

    assert report["photos"] == 4
    assert ["broken.jpg" in line for line in told] == [True]
    assert ["photos/data: broken.jpg" in line for line in report["passed_over"]] == [True]


def test_a_photo_that_is_gone_when_its_turn_comes_is_told(
    release: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_and_lose(*given: object, **also: object) -> object:
        reading = read_set(*given, **also)  # type: ignore[arg-type]
        (data / "images/faint.png").unlink()
        return reading

    monkeypatch.setattr("training.evaluate.read_set", read_and_lose)

    measured = measure(release, [data], [])
    assert measured.photos == 3
    assert ["faint.png" in line for line in measured.passed_over] == [True]


def test_long_work_tells_a_line_now_and_then() -> None:
    told: list[str] = []
    assert list(track(range(LINES_EVERY * 2 + 5), "photos", told.append)) == list(range(205))
    assert told == ["100 of 205 photos", "200 of 205 photos"]


def test_on_a_terminal_a_bar_moves_instead(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    told: list[str] = []

    assert list(track(range(LINES_EVERY), "photos", told.append)) == list(range(LINES_EVERY))
    assert told == []
    assert "photos" in capsys.readouterr().err


def test_a_folder_that_is_no_data_set_is_refused(release: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetInvalid, match="should hold a folder images/"):
        evaluate(release, [tmp_path / "nothing"], [])


def test_looking_goes_below_the_card_s_threshold(release: Path, data: Path) -> None:
    photos = [Photo(photo=photo, group="g") for photo in read_set(data, ["stain"]).photos]
    seen = look(open_release(release), photos)["stain"]

    assert [len(s.boxes) for s in seen] == [1, 1, 1, 0]
    assert seen[0].scores[0] < 0.8  # the faint one
