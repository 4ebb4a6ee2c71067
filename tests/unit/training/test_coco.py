"""COCO files as tools really write them, and as they come when something went wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest

from tests.unit.training.photosets import pale
from training.errors import DatasetInvalid
from training.read import Reading, read_set

GOOD = {
    "images": [
        {"id": 7, "file_name": "a.png", "width": 128, "height": 96},
        {"id": 9, "file_name": "b.png", "width": 128, "height": 96},
    ],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 3, "bbox": [10, 20, 30, 40], "iscrowd": 0},
        {"id": 2, "image_id": 7, "category_id": 1, "bbox": [50.5, 20, 10, 10]},
    ],
    "categories": [{"id": 3, "name": "stain"}, {"id": 1, "name": "Torn Packaging"}],
}


def write(folder: Path, change: Callable[[Any], object] = lambda _: None, **where: str) -> Path:
    content = json.loads(json.dumps(GOOD))
    change(content)
    place = folder / where.get("images", "images")
    place.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(("a", "b")):
        cv2.imwrite(str(place / f"{name}.png"), pale(number))
    file = folder / where.get("file", "annotations.json")
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(content))
    return folder


def read(folder: Path, *classes: str, **options: Any) -> Reading:
    return read_set(folder, classes or ("stain", "torn_packaging"), **options)


@pytest.mark.parametrize(
    ("file", "images"),
    [
        ("annotations.json", "images"),
        ("_annotations.coco.json", "."),  # Roboflow: beside the photos
        ("annotations/instances_default.json", "images"),  # CVAT
        ("instances_train2017.json", "JPEGImages"),
    ],
)
def test_the_file_is_found_where_tools_put_it(tmp_path: Path, file: str, images: str) -> None:
    reading = read(write(tmp_path, file=file, images=images))

    first, second = reading.photos
    assert reading.labels == "COCO"
    assert [(box.kind, box.xyxy) for box in first.boxes] == [
        ("stain", (10, 20, 40, 60)),
        ("torn_packaging", (50.5, 20, 60.5, 30)),
    ]
    assert (first.path.name, second.path.name) == ("a.png", "b.png")
    assert second.boxes == ()
    assert reading.complaints == ()


def test_classes_nobody_asked_for_are_counted_by_their_own_name(tmp_path: Path) -> None:
    reading = read(write(tmp_path), "stain")

    assert [box.kind for box in reading.photos[0].boxes] == ["stain"]
    assert reading.passed_over == {"Torn Packaging": 1}
    assert reading.summary == "COCO: 2 photos, 1 stain; passed over: 1 Torn Packaging"


def annotation(**changes: object) -> Callable[[Any], object]:
    return lambda content: content["annotations"][0].update(changes)


def image(**changes: object) -> Callable[[Any], object]:
    return lambda content: content["images"][1].update(changes)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (annotation(image_id=5), "annotation 1: its image_id 5 is unknown"),
        (annotation(image_id=[7]), "annotation 1: its image_id [7] is unknown"),
        (annotation(category_id=None), "annotation 1: its category_id None is unknown"),
        (annotation(bbox=[10, 20, 0, 40]), "annotation 1: bbox should have an area"),
        (annotation(bbox=[10, 20, 30, -4]), "annotation 1: bbox should have an area"),
        (annotation(bbox=[10, 20, 30]), "annotation 1: bbox should be x, y, width, height"),
        (annotation(bbox="all"), "annotation 1: bbox should be x, y, width, height"),
        (annotation(bbox=[10, 20, None, 40]), "annotation 1: should hold numbers"),
        (annotation(bbox=[10, 20, "wide", 40]), "annotation 1: could not convert"),
        (annotation(bbox=[float("nan"), 20, 30, 40]), "annotation 1: should hold finite numbers"),
        (annotation(bbox=[10, 20, 10**400, 40]), "annotation 1: should hold finite numbers"),
        (annotation(bbox=[True, 20, 30, 40]), "annotation 1: should hold finite numbers"),
        (annotation(bbox=[300, 20, 30, 40]), "a.png: annotation 1: box should have an area inside"),
        (
            annotation(bbox=None, segmentation={"counts": [3, 5], "size": [96, 128]}),
            "annotation 1: has no bbox (masks as run lengths alone are not read)",
        ),
        (annotation(bbox=None, segmentation=[["x"]]), "annotation 1: could not convert"),
        (lambda c: c["annotations"].append("box"), "annotation number 2: should be an object"),
        (lambda c: c["annotations"].append(c["annotations"][0]), "a.png: the same box of stain stands twice"),
        (lambda c: c["categories"].append({"id": 3, "name": "dust"}), "category 3: id 3 is 'stain' already"),
        (lambda c: c["categories"].append({"id": 4}), "category 4: should have an id and a name"),
        (lambda c: c["images"].append(c["images"][0]), "image 7: should have an id of its own"),
        (lambda c: c["images"].append(3), "image number 2: should be an object"),
        (lambda c: c["images"].append({"id": 1, "file_name": "gone.png"}), "image 1: 'gone.png' is not there"),
        (lambda c: c["images"].append({"id": 1, "file_name": "a.txt"}), "image 1: 'a.txt' is no photo"),
        (lambda c: c["images"].append({"id": 1, "file_name": None}), "image 1: should name a photo"),
        (lambda c: c["images"].append({"id": 1, "file_name": "x" * 5000 + ".png"}), "is not there"),
        (lambda c: c["images"].append({"id": 1, "file_name": "a\0.png"}), "image 1: should name a photo"),
    ],
)  # fmt: skip
def test_what_is_broken_is_told_and_the_rest_is_used(
    tmp_path: Path, change: Callable[[Any], object], told: str
) -> None:
    reading = read(write(tmp_path, change))

    assert len(reading.photos) == 2
    assert "torn_packaging" in {box.kind for box in reading.photos[0].boxes}
    (complaint,) = reading.complaints
    assert told in complaint


@pytest.mark.parametrize(
    "name",
    ["/etc/hostname.png", "../outside.png", "images/../../outside.png", "..\\outside.png", "C:\\outside.png", "link.png"],
)  # fmt: skip
def test_a_name_never_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "set", image(file_name=name))
    cv2.imwrite(str(tmp_path / "outside.png"), pale(5))
    (folder / "images/link.png").symlink_to(tmp_path / "outside.png")

    reading = read(folder)

    assert [photo.path.name for photo in reading.photos] == ["a.png"]
    assert any("leads out of the folder" in line for line in reading.complaints)


def test_a_photo_that_the_file_does_not_name_is_told_and_not_taken_for_clean(
    tmp_path: Path,
) -> None:
    reading = read(write(tmp_path, lambda content: content["images"].pop()))

    assert [photo.path.name for photo in reading.photos] == ["a.png"]
    assert reading.complaints == ("b.png: annotations.json does not name it",)


def test_a_crowd_of_a_wanted_class_leaves_the_photo_out(tmp_path: Path) -> None:
    """Its things have no boxes, so that the photo is neither clean nor labelled."""
    folder = write(tmp_path, annotation(iscrowd=1, segmentation={"counts": "abc"}))

    reading = read(folder)
    assert [photo.path.name for photo in reading.photos] == ["b.png"]
    assert "a.png: a crowd of stain is marked on it" in reading.complaints[0]

    assert len(read(folder, "torn_packaging").photos) == 2  # another class's crowd is no matter


def test_labels_made_on_a_photo_of_another_size_are_not_used(tmp_path: Path) -> None:
    reading = read(write(tmp_path, image(width=96, height=128)))

    assert [photo.path.name for photo in reading.photos] == ["a.png"]
    assert reading.complaints == (
        "b.png: its labels are for 96 x 128 pixels, the photo has 128 x 96",
    )


def test_boxes_over_the_border_are_cut_there_and_masks_give_boxes(tmp_path: Path) -> None:
    def change(content: Any) -> None:
        content["annotations"][0]["bbox"] = [-5, 80, 30, 40]
        content["annotations"][1] |= {
            "bbox": [],
            "segmentation": [[1, 2, 9, 2, 9, 8], [4, 1, 5, 3]],
        }

    first = read(write(tmp_path, change)).photos[0]

    assert [box.xyxy for box in first.boxes] == [(0, 80, 25, 96), (1, 1, 9, 8)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ("[]", "should be a COCO file with a list 'images'"),
        ('{"images": [], "annotations": {}}', "should be a COCO file with a list 'annotations'"),
        (b"\xff\xfe\x00", "cannot be read as JSON"),
        ('{"images": [], "annotations": [], "categories": []}', "no usable photo"),
    ],
)
def test_a_broken_file_is_one_clear_error(tmp_path: Path, text: str | bytes, told: str) -> None:
    folder = write(tmp_path)
    (folder / "annotations.json").write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(DatasetInvalid, match=told):
        read(folder)


def test_two_files_for_one_folder_are_refused(tmp_path: Path) -> None:
    write(tmp_path, file="instances_val.json")

    with pytest.raises(DatasetInvalid, match=r"one COCO file, got annotations.json, instances_val"):
        read(write(tmp_path))
