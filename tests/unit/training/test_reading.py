from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.training.photosets import pale, with_dark, write_set
from training.errors import DatasetInvalid
from training.read import Box, box_from_line, image_files, line_of, pixels, read_set


def test_classes_are_matched_by_name_not_by_number(tmp_path: Path) -> None:
    bgr = with_dark(pale(), (10, 20, 30, 50))
    write_set(
        tmp_path, {"a": (bgr, [(1, (10, 20, 30, 50)), (0, (60, 60, 80, 80))])}, ("scratch", "stain")
    )

    (photo,) = read_set(tmp_path, ["stain"]).photos

    assert [box.kind for box in photo.boxes] == ["stain"]
    assert photo.boxes[0].xyxy == pytest.approx((10, 20, 30, 50))
    assert (photo.width, photo.height) == (128, 96)
    assert (pixels(photo) == bgr).all()


def test_what_is_broken_is_told_and_the_rest_is_used(tmp_path: Path) -> None:
    write_set(
        tmp_path, {name: (pale(i), []) for i, name in enumerate(("good", "unlabelled", "half"))}
    )
    (tmp_path / "labels/unlabelled.txt").unlink()
    (tmp_path / "labels/half.txt").write_text("0 0.5 0.5 0.2 0.2\n7 0.5 0.5 0.2 0.2\n")
    (tmp_path / "images/text.jpg").write_text("no picture")
    truncated = (tmp_path / "images/good.png").read_bytes()[:200]
    (tmp_path / "images/truncated.png").write_bytes(truncated)

    reading = read_set(tmp_path, ["stain"])

    assert [photo.path.stem for photo in reading.photos] == ["good", "half"]
    assert len(reading.photos[1].boxes) == 1
    told = "\n".join(reading.complaints)
    assert len(reading.complaints) == 4
    for name in ("unlabelled.txt", "half.txt:2", "text.jpg", "truncated.png"):
        assert name in told


def test_clean_photos_need_no_labels_and_have_none(tmp_path: Path) -> None:
    write_set(tmp_path, {"a": (pale(), [(0, (1, 1, 20, 20))])})
    (tmp_path / "classes.txt").unlink()

    assert read_set(tmp_path, ["stain"], clean=True).photos[0].boxes == ()


@pytest.mark.parametrize(
    ("lacking", "told"),
    [("images", "should hold a folder images/"), ("classes.txt", "classes.txt cannot be read")],
)
def test_a_folder_that_is_no_data_set_is_refused(tmp_path: Path, lacking: str, told: str) -> None:
    write_set(tmp_path, {"a": (pale(), [])})
    (tmp_path / lacking).rename(tmp_path / "elsewhere")

    with pytest.raises(DatasetInvalid, match=told):
        read_set(tmp_path, ["stain"])


def test_a_folder_without_a_usable_photo_is_refused(tmp_path: Path) -> None:
    write_set(tmp_path, {})
    (tmp_path / "images/a.jpg").write_bytes(b"")

    with pytest.raises(DatasetInvalid, match=r"no usable photo in images/ \(a.jpg"):
        read_set(tmp_path, ["stain"])


def test_other_files_among_the_photos_are_passed_over(tmp_path: Path) -> None:
    write_set(tmp_path, {"b": (pale(), []), "a": (pale(1), [])})
    (tmp_path / "images/Thumbs.db").touch()

    assert [path.name for path in image_files(tmp_path)] == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("0 0.5 0.5 0.2", "should be class x y width height"),  # a number is missing
        ("0 0.5 0.5 0.2 0.2 0.9", "should be class x y width height"),  # a prediction, not a label
        ("stain 0.5 0.5 0.2 0.2", "could not convert"),  # a name instead of its number
        ("0 nan 0.5 0.2 0.2", "finite"),
        ("0 inf 0.5 0.2 0.2", "finite"),
        ("0.5 0.5 0.5 0.2 0.2", "class should be 0 to 0"),  # between two classes
        ("1 0.5 0.5 0.2 0.2", "class should be 0 to 0"),  # more classes than classes.txt names
        ("-1 0.5 0.5 0.2 0.2", "class should be 0 to 0"),
        ("0 0.5 0.5 0 0.2", "area inside the photo"),
        ("0 0.5 0.5 -0.2 0.2", "area inside the photo"),
        ("0 1.5 0.5 0.2 0.2", "area inside the photo"),  # pixels instead of parts, or beside it
    ],
)
def test_a_line_that_is_no_box_says_why(line: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        box_from_line(line, ["stain"], 100, 100)


def test_a_box_that_reaches_over_the_border_is_cut_there() -> None:
    assert box_from_line("0 0.0 0.5 0.5 0.5", ["stain"], 200, 100).xyxy == (0.0, 25.0, 50.0, 75.0)


@given(
    st.tuples(st.integers(0, 90), st.integers(0, 90), st.integers(2, 100), st.integers(2, 100)),
    st.sampled_from(["stain", "scratch"]),
)
def test_a_line_and_its_box_are_the_same(corner: tuple[int, int, int, int], kind: str) -> None:
    x, y, w, h = corner
    box = Box(kind=kind, xyxy=(x, y, min(x + w, 100), min(y + h, 100)))

    back = box_from_line(
        line_of(box, ["scratch", "stain"], 100, 100), ["scratch", "stain"], 100, 100
    )

    assert back.kind == kind
    assert back.xyxy == pytest.approx(box.xyxy, abs=1e-3)
