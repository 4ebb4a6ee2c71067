"""Pascal VOC files as tools really write them, and as they come when something went wrong."""

from pathlib import Path

import cv2
import pytest

from tests.unit.training.photosets import pale
from training.errors import DatasetInvalid
from training.read import Reading, read_set

STAIN = (
    "<object><name>stain</name><bndbox><xmin>11</xmin><ymin>21</ymin><xmax>40</xmax>"
    "<ymax>60</ymax></bndbox></object>"
)


def sheet(*objects: str, filename: str = "a.png", size: tuple[int, int] = (128, 96)) -> str:
    told = f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>"
    return f"<annotation><filename>{filename}</filename>{told}{''.join(objects)}</annotation>"


def write(folder: Path, xml: str, labels: str = "Annotations", images: str = "JPEGImages") -> Path:
    for part in (labels, images):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(("a", "b")):
        cv2.imwrite(str(folder / images / f"{name}.png"), pale(number))
    (folder / labels / "a.xml").write_text(xml)
    (folder / labels / "b.xml").write_text(sheet(STAIN, filename="b.png"))
    return folder


def read(folder: Path) -> Reading:
    return read_set(folder, ["stain", "missing_label"])


@pytest.mark.parametrize(
    ("labels", "images"),
    [("Annotations", "JPEGImages"), ("Annotations", "images"), (".", "."), ("images", "images")],
)
def test_the_files_are_found_where_tools_put_them(tmp_path: Path, labels: str, images: str) -> None:
    other = STAIN.replace("stain", "Missing-Label").replace("11", "2")
    reading = read(write(tmp_path, sheet(STAIN, other), labels, images))

    assert reading.labels == "Pascal VOC"
    assert reading.complaints == ()
    first, second = reading.photos
    # Pixels are counted from 1, both ends included: 11 to 40 are the thirty pixels from edge 10 to 40.
    assert [(box.kind, box.xyxy) for box in first.boxes] == [
        ("stain", (10, 20, 40, 60)),
        ("missing_label", (1, 20, 40, 60)),
    ]
    assert len(second.boxes) == 1


def test_a_photo_without_objects_is_clean(tmp_path: Path) -> None:
    assert read(write(tmp_path, sheet())).photos[0].boxes == ()


@pytest.mark.parametrize(
    ("xml", "told"),
    [
        (sheet(STAIN.replace("40", "11")), "a.xml: object 1: box should have an area"),
        (sheet(STAIN.replace("40", "5")), "a.xml: object 1: box should have an area"),
        (sheet(STAIN.replace("11", "200").replace("40", "240")), "a.xml: object 1: box should have an area inside the photo"),
        (sheet(STAIN.replace("11", "left")), "a.xml: object 1: could not convert"),
        (sheet(STAIN.replace("11", "nan")), "a.xml: object 1: should hold finite numbers"),
        (sheet(STAIN.replace("<xmin>11</xmin>", "")), "a.xml: object 1: should have a bndbox"),
        (sheet("<object><name>stain</name></object>"), "a.xml: object 1: should have a bndbox"),
        (sheet(STAIN.replace("stain", " ")), "a.xml: object 1: should have a name"),
        (sheet(STAIN, STAIN), "a.png: the same box of stain stands twice"),
    ],
)  # fmt: skip
def test_a_broken_object_is_told_and_the_photo_is_used(tmp_path: Path, xml: str, told: str) -> None:
    reading = read(write(tmp_path, xml))

    assert [photo.path.name for photo in reading.photos] == ["a.png", "b.png"]
    (complaint,) = reading.complaints
    assert told in complaint


BILLION = (
    '<!DOCTYPE annotation [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    "<annotation><filename>&b;</filename></annotation>"
)


@pytest.mark.parametrize(
    ("xml", "told"),
    [
        ("<annotation>", "a.xml: it is no XML"),
        ("", "a.xml: it is no XML"),
        ("<html></html>", "a.xml: should be an <annotation>"),
        (BILLION, "a.xml: should have no document type"),
        (" " * 5_000_001, "a.xml: should have at most 5,000,000 bytes"),
        (sheet(filename="/etc/a.png"), "a.xml: '/etc/a.png' leads out of the folder"),
        (sheet(filename="../a.png"), "a.xml: '../a.png' leads out of the folder"),
        (sheet(filename="b.png"), "b.xml: b.png is a.xml's already"),
        (sheet(STAIN, size=(96, 128)), "a.png: its labels are for 96 x 128 pixels"),
        (sheet(STAIN).replace("128", "wide"), "a.png: could not convert"),
    ],
)
def test_a_broken_file_is_told_and_its_photo_is_not_taken_for_clean(
    tmp_path: Path, xml: str, told: str
) -> None:
    reading = read(write(tmp_path, xml))

    assert [photo.path.name for photo in reading.photos] == ["b.png"]
    assert told in "\n".join(reading.complaints)
    assert any(line.startswith("a.png: ") for line in reading.complaints)


@pytest.mark.parametrize("named", ["elsewhere.jpg", "", "a", "a.jpg"])
def test_a_file_that_names_no_photo_here_tells_of_the_photo_with_its_own_name(
    tmp_path: Path, named: str
) -> None:
    reading = read(write(tmp_path, sheet(STAIN, filename=named)))

    assert [len(photo.boxes) for photo in reading.photos] == [1, 1]
    assert reading.complaints == ()


def test_a_file_whose_photo_is_gone_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path, sheet(STAIN))
    (folder / "JPEGImages/a.png").unlink()

    assert read(folder).complaints == ("a.xml: 'a.png' is not there",)


def test_a_folder_of_labels_without_photos_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, sheet(STAIN))
    for photo in (folder / "JPEGImages").iterdir():
        photo.unlink()

    with pytest.raises(DatasetInvalid, match="no usable photo"):
        read(folder)
