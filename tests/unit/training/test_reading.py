from pathlib import Path

import cv2
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


def test_the_reading_says_what_it_found(tmp_path: Path) -> None:
    boxes = [(0, (1, 1, 20, 20)), (1, (30, 30, 40, 40)), (1, (30, 50, 40, 60))]
    write_set(tmp_path, {"a": (pale(), boxes), "b": (pale(1), [])}, ("stain", "button"))
    (tmp_path / "labels/b.txt").unlink()

    reading = read_set(tmp_path, ["stain"])

    assert reading.labels == "YOLO text"
    assert reading.summary == "YOLO text: 1 photos, 1 stain; passed over: 2 button; 1 complaints"


@pytest.mark.parametrize(
    ("theirs", "aliases", "ours"),
    [
        ("Torn Packaging", {}, "torn_packaging"),
        ("  torn-packaging ", {}, "torn_packaging"),
        ("TORN__PACKAGING", {}, "torn_packaging"),
        ("tornpackaging", {}, None),  # tolerant, but no guessing
        ("Dirty Mark", {"dirty_mark": "stain"}, "stain"),
        ("dirty-mark", {"Dirty mark": "Stain"}, "stain"),
        ("stain", {"stain": "scratch"}, None),  # what the mapping says goes first
        ("dirty mark", {"dirty mark": "dent"}, None),  # nobody asked for dents
    ],
)
def test_classes_are_found_by_name_or_by_what_the_mapping_calls_them(
    tmp_path: Path, theirs: str, aliases: dict[str, str], ours: str | None
) -> None:
    write_set(tmp_path, {"a": (pale(), [(0, (1, 1, 20, 20))])}, (theirs,))

    reading = read_set(tmp_path, ["stain", "torn_packaging"], aliases=aliases)

    assert [box.kind for box in reading.photos[0].boxes] == ([ours] if ours else [])
    assert reading.passed_over == ({} if ours else {theirs.strip(): 1})


def test_a_box_that_stands_twice_is_told_and_counted_once(tmp_path: Path) -> None:
    write_set(tmp_path, {"a": (pale(), [(0, (1, 1, 20, 20)), (0, (1, 1, 20, 20))])})

    reading = read_set(tmp_path, ["stain"])

    assert len(reading.photos[0].boxes) == 1
    assert reading.complaints == ("a.png: the same box of stain stands twice",)


@pytest.mark.parametrize("where", ["data.yaml", "../data.yaml"])
@pytest.mark.parametrize("names", ["[button, stain]", "{0: button, 1: stain}"])
def test_names_may_stand_in_ultralytics_own_file(tmp_path: Path, where: str, names: str) -> None:
    folder = write_set(tmp_path / "train", {"a": (pale(), [(1, (1, 1, 20, 20))])})
    (folder / "classes.txt").unlink()
    (folder / where).write_text(f"path: elsewhere\nnames: {names}\n")

    assert [box.kind for box in read_set(folder, ["stain"]).photos[0].boxes] == ["stain"]


@pytest.mark.parametrize("text", ["names: {1: stain}", "names: 3", "- stain", "{", ""])
def test_a_file_without_names_is_not_enough(tmp_path: Path, text: str) -> None:
    folder = write_set(tmp_path / "train", {"a": (pale(), [])})
    (folder / "classes.txt").unlink()
    (folder / "data.yaml").write_text(text)

    with pytest.raises(DatasetInvalid, match=r"classes.txt cannot be read"):
        read_set(folder, ["stain"])


def test_photos_without_any_labels_are_no_data_set_but_may_be_clean_ones(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), pale())

    with pytest.raises(DatasetInvalid, match="should hold labels"):
        read_set(tmp_path, ["stain"])
    assert len(read_set(tmp_path, ["stain"], clean=True).photos) == 1


def test_labels_of_another_kind_beside_the_first_are_told(tmp_path: Path) -> None:
    write_set(tmp_path, {"a": (pale(), [])})
    (tmp_path / "annotations.json").write_text("{}")

    assert read_set(tmp_path, ["stain"]).complaints == (
        f"{tmp_path.name}: its COCO labels are passed over",
    )


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
