import csv
import json
from pathlib import Path

import cv2
import pytest
import yaml

from tests.unit.training.photosets import pale, with_dark, write_set
from training.assemble import Version, freeze, write_card, write_pictures
from training.errors import DatasetInvalid
from training.read import read_set
from training.recipe import DataRecipe
from training.split import Split

BOX = (40, 30, 70, 60)
RECIPE = {
    "name": "tiny",
    "version": 3,
    "classes": ["stain"],
    "side_px": 96,
    "seed": 5,
    "near_bits": 4,
    "sources": [
        {"folder": "marked", "source": "ours", "licence": "CC0-1.0", "hold_out": 2},
        {"folder": "clean", "source": "theirs", "licence": "MIT", "labelled": False, "hold_out": 1},
    ],
    "train": [
        {"source": "marked", "cut": "around", "times": 2, "window_px": [60, 90]},
        {
            "source": "clean",
            "cut": "whole",
            "times": 1,
            "paint": 1.0,
            "size": [0.1, 0.3],
            "kinds": ["ink", "spot", "real_stain"],
        },
    ],
    "val": [{"source": "marked", "times": 1}, {"source": "clean", "times": 1}],
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    marked = {f"m{i}": (with_dark(pale(i), BOX), [(0, BOX)]) for i in range(6)}
    write_set(tmp_path / "marked/train", marked)
    write_set(tmp_path / "clean/train", {f"c{i}": (pale(20 + i), [(0, BOX)]) for i in range(5)})
    # Another encoding of a training photo among the test photos.
    write_set(tmp_path / "clean/test", {"t": (cv2.GaussianBlur(pale(20), (3, 3), 0.5), [])})
    return tmp_path


def version_of(root: Path, **changes: object) -> Version:
    return freeze(DataRecipe.model_validate_json(json.dumps(RECIPE | changes)), root)


def test_every_photo_gets_its_split_source_and_licence(root: Path) -> None:
    version = version_of(root)
    counts = {
        (folder, which): len(version.of(folder, which))
        for folder in ("marked", "clean")
        for which in Split
    }

    assert counts == {
        ("marked", Split.TRAIN): 4, ("marked", Split.VAL): 2, ("marked", Split.DROPPED): 0,
        ("clean", Split.TRAIN): 3, ("clean", Split.VAL): 1, ("clean", Split.DROPPED): 1,
    }  # fmt: skip
    assert {(row.folder, row.licence) for row in version.rows} == {
        ("marked", "CC0-1.0"),
        ("clean", "MIT"),
    }


def test_the_look_alike_of_a_test_photo_is_dropped(root: Path) -> None:
    (dropped,) = version_of(root).of("clean", Split.DROPPED)
    assert dropped.path.stem == "c0"


def test_sources_that_are_clean_by_word_lose_their_labels(root: Path) -> None:
    assert {row.boxes for row in version_of(root).rows if row.folder == "clean"} == {0}


def test_the_pictures_can_be_read_again_and_validation_learns_nothing(
    root: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    version = version_of(root)
    counts = write_pictures(version, root, out, lambda _: None)

    assert counts == {"train": 4 * 2 + 3, "val": 3}
    data = yaml.safe_load((out / "data.yaml").read_text())
    assert data["names"] == {0: "stain"}
    assert Path(data["path"]) == out
    for which, number in counts.items():
        folder = out / "images" / which
        labels = out / "labels" / which
        assert {path.stem for path in folder.iterdir()} == {path.stem for path in labels.iterdir()}
        assert len(list(folder.iterdir())) == number
    assert all(max(cv2.imread(str(p)).shape) == 96 for p in (out / "images/train").iterdir())
    assert json.loads((out / "version.json").read_text())["version"] == "tiny@3"


def test_the_same_recipe_makes_the_same_bytes(root: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_pictures(version_of(root), root, tmp_path / name, lambda _: None)

    one, two = (sorted((tmp_path / name).rglob("*.[jtp][pxn][gt]")) for name in ("one", "two"))
    made = [path for path in one if "held-out" not in path.parts]
    assert (len(made), len(one)) == (28, 28 + 3 * 2 + 2)  # photo and labels of each, and classes
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_pictures_are_never_mixed_with_older_ones(root: Path, tmp_path: Path) -> None:
    write_pictures(version_of(root), root, tmp_path / "out", lambda _: None)

    with pytest.raises(DatasetInvalid, match="holds pictures already"):
        write_pictures(version_of(root), root, tmp_path / "out", lambda _: None)


def test_the_digest_changes_with_a_photo_and_with_the_recipe(root: Path) -> None:
    before = version_of(root).digest
    assert version_of(root).digest == before
    assert version_of(root, seed=6).digest != before

    cv2.imwrite(str(root / "marked/train/images/m0.png"), with_dark(pale(99), BOX))
    assert version_of(root).digest != before


def test_the_card_names_every_photo_and_no_place_on_this_machine(
    root: Path, tmp_path: Path
) -> None:
    version = version_of(root)
    write_card(
        version, write_pictures(version, root, tmp_path / "out", lambda _: None), tmp_path / "card"
    )

    text = (tmp_path / "card/manifest.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    told = yaml.safe_load((tmp_path / "card/data.yaml").read_text())
    assert len(rows) == 11
    assert {len(row["sha256"]) for row in rows} == {64}
    assert told["digest"] == version.digest
    assert told["sources"][1]["photos"] == {"dropped": 1, "train": 3, "val": 1}
    assert str(tmp_path) not in text + (tmp_path / "card/data.yaml").read_text()


def test_a_source_that_is_not_there_is_named(root: Path) -> None:
    with pytest.raises(DatasetInvalid, match="marked/train"):
        version_of(root / "clean")


def test_textures_that_are_not_there_are_named(root: Path, tmp_path: Path) -> None:
    version = version_of(root, textures=["cloth/*.png"], train=[{"source": "textures", "times": 1}])
    with pytest.raises(DatasetInvalid, match="cloth"):
        write_pictures(version, root, tmp_path / "out", lambda _: None)


def test_a_photo_in_two_sets_stands_once(root: Path) -> None:
    data = (root / "marked/train/images/m1.png").read_bytes()
    (root / "clean/train/images/again.png").write_bytes(data)

    version = version_of(root)

    assert len({row.sha256 for row in version.rows}) == len(version.rows)
    assert len(read_set(root / "clean/train", (), clean=True).photos) == 6


def test_validation_photos_are_left_as_they_are_for_calibration(root: Path, tmp_path: Path) -> None:
    version = version_of(root)
    write_pictures(version, root, tmp_path / "out", lambda _: None)

    for folder, boxes in (("marked", 1), ("clean", 0)):
        held = read_set(tmp_path / "out/held-out" / folder, ["stain"]).photos
        expected = {photo.sha256: len(photo.boxes) for photo in version.of(folder, Split.VAL)}
        assert {photo.sha256: len(photo.boxes) for photo in held} == expected
        assert set(expected.values()) == {boxes}
