import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from models.vision import decode
from tests.unit.training.photosets import pale
from training.cli import app
from training.errors import DatasetInvalid, RecipeInvalid
from training.read import pixels, read_set
from training.render.dataset import stacked, write
from training.render.labels import State
from training.render.order import Order, images_in, order, shapes_in
from training.render.sheet import cell, contact_sheet, spread
from training.render.taking import take

SMALL = Order(seed=7, side_px=192)


def files(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return done.exit_code, done.stderr


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("rendered")
    write(SMALL, range(16), out)
    return out


def test_a_picture_is_the_same_whatever_else_is_rendered(rendered: Path, tmp_path: Path) -> None:
    write(SMALL, [5], tmp_path)
    alone, among = files(tmp_path), files(rendered)

    for name in ("images/000005.jpg", "labels/000005.txt", "masks/000005.png"):
        assert alone[name] == among[name]
    assert json.loads(alone["truth.json"])[0] == json.loads(among["truth.json"])[5]
    assert among["images/000004.jpg"] != among["images/000005.jpg"]


def test_another_seed_gives_other_pictures(tmp_path: Path, rendered: Path) -> None:
    write(Order(seed=8, side_px=192), [5], tmp_path)
    assert files(tmp_path)["images/000005.jpg"] != files(rendered)["images/000005.jpg"]


def test_the_folder_is_one_that_evaluate_reads(rendered: Path) -> None:
    classes = (rendered / "classes.txt").read_text().split()
    reading = read_set(rendered, classes)
    truths = json.loads((rendered / "truth.json").read_text())

    assert classes == ["stain", "scratch", "torn_packaging", "label", "barcode", "qr", "package"]
    assert (len(reading.photos), reading.complaints) == (16, ())
    for photo, truth in zip(reading.photos, truths, strict=True):
        assert photo.path.name == truth["file"]
        told = [(box["class"], *box["xyxy"]) for box in truth["boxes"]]
        assert [box.kind for box in photo.boxes] == [kind for kind, *_ in told]
        for box, (_, *edges) in zip(photo.boxes, told, strict=True):
            assert box.xyxy == pytest.approx(edges, abs=0.06)


def test_masks_and_millimetres_agree_with_the_boxes(rendered: Path) -> None:
    defects = 0
    for truth in json.loads((rendered / "truth.json").read_text()):
        path = rendered / "masks" / truth["file"].replace(".jpg", ".png")
        mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        instances = [box for box in truth["boxes"] if box["instance"]]
        assert set(np.unique(mask)) - {0} <= {box["instance"] for box in instances}
        for box in instances:
            x1, y1, x2, y2 = box["xyxy"]
            rows, columns = np.nonzero(mask == box["instance"])
            assert (columns.min(), rows.min()) >= (x1, y1)
            assert (columns.max() + 1 <= x2, rows.max() + 1 <= y2) == (True, True)
            longer = max(x2 - x1, y2 - y1)
            assert box["size_mm"] == pytest.approx(longer * truth["mm_per_px"], abs=0.11)
            defects += 1
    assert defects >= 5


def test_half_of_the_pictures_show_nothing_wrong_and_the_card_says_what_they_are(
    rendered: Path,
) -> None:
    card = yaml.safe_load((rendered / "card.yaml").read_text())
    faulty = sum(bool(take(SMALL, n).faulty.faults) for n in range(16))

    assert (card["rendered"], card["seed"], card["pictures"]) == (True, 7, 16)
    assert 4 <= card["clean"] <= 16 - faulty
    assert "not photographed" in card["note"]


def test_labels_are_torn_or_missing_only_where_that_was_asked_for() -> None:
    kinds = ("carton", "mailer")
    asked = Order(seed=1, side_px=160, kinds=kinds, sorts=(), labels=True)
    states = [take(asked, n).label for n in range(24)]
    plain = Order(seed=1, side_px=160, kinds=kinds, sorts=(), labels=False)

    assert set(states) == {State.PRESENT, State.HALF_TORN, State.MISSING}
    assert {take(plain, n).label for n in range(6)} == {State.PRESENT}


def test_three_lamps_see_the_same_defects(tmp_path: Path) -> None:
    wanted = Order(seed=3, side_px=192, kinds=("phone", "carton"), angles=3)
    write(wanted, range(6), tmp_path)
    first, second, third = (
        read_image(tmp_path / folder / "000001.jpg")
        for folder in ("images", "images-2", "images-3")
    )
    channels = read_image(tmp_path / "stacked/images/000001.png")

    assert np.abs(first.astype(int) - second).mean() > 1
    assert np.abs(second.astype(int) - third).mean() > 1
    assert (
        np.abs(channels[..., 1].astype(int) - cv2.cvtColor(second, cv2.COLOR_BGR2GRAY)).mean() < 6
    )
    classes = (tmp_path / "classes.txt").read_text().split()
    flat, deep = read_set(tmp_path, classes), read_set(tmp_path / "stacked", classes)
    assert [p.boxes for p in flat.photos] == [p.boxes for p in deep.photos]
    assert any(p.boxes for p in flat.photos)


def read_image(path: Path) -> np.ndarray:  # type: ignore[type-arg]
    return decode.decode(path.read_bytes()).bgr


def test_stacking_keeps_each_lamp_in_its_channel() -> None:
    greys = tuple(np.full((4, 5, 3), level, np.uint8) for level in (10, 90, 200))
    assert stacked(greys)[0, 0].tolist() == [10, 90, 200]


@pytest.fixture
def clean_photos(tmp_path: Path) -> Path:
    folder = tmp_path / "clean"
    folder.mkdir()
    for number in range(3):
        cv2.imwrite(str(folder / f"{number}.png"), pale(number, 240, 180))
    (folder / "broken.jpg").write_bytes(b"no photo")
    (folder / "notes.txt").write_text("no photo either")
    return folder


def test_real_photos_are_painted_on_and_otherwise_untouched(clean_photos: Path) -> None:
    wanted = order(
        seed=2, kinds=(), defects=("stain", "scratch"), side_px=640, backgrounds=clean_photos
    )
    told: list[str] = []
    defects = 0
    for number in range(20):
        taken = take(wanted, number, told.append)
        assert taken.background
        photo = read_image(clean_photos / taken.background)
        changed = (taken.pictures[0] != photo).any(axis=2)
        masks = np.logical_or.reduce([changed & False, *(f.mask for f in taken.faulty.faults)])
        assert not (changed & ~masks).any()
        assert taken.drawn.mm_per_px is None
        defects += len(taken.faulty.faults)
    assert defects >= 5
    assert {line.split(":")[1].strip() for line in told} == {"broken.jpg"}


def test_a_large_photo_is_reduced(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "large.jpg"), pale(1, 900, 600))
    wanted = order(seed=0, kinds=(), defects=(), side_px=300, backgrounds=tmp_path)
    assert take(wanted, 0).pictures[0].shape in {(300, 200, 3), (200, 300, 3)}


def test_backgrounds_of_which_none_can_be_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no photo")
    with pytest.raises(DatasetInvalid, match="could be read"):
        take(Order(backgrounds=images_in(tmp_path)), 0)


def test_folders_without_what_they_should_hold_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetInvalid, match="should hold photos"):
        images_in(tmp_path)
    with pytest.raises(DatasetInvalid, match="overlays"):
        shapes_in(tmp_path)


def test_pictures_of_surfaces_become_benches(tmp_path: Path) -> None:
    for folder in ("textures", "scratch-courses"):
        (tmp_path / folder).mkdir()
    cv2.imwrite(str(tmp_path / "scratch-courses/a.png"), pale(1))
    cv2.imwrite(str(tmp_path / "textures/a.jpg"), np.full((300, 300, 3), (20, 200, 60), np.uint8))
    wanted = order(seed=1, kinds=(), defects=(), side_px=160, materials=tmp_path)
    drawn = [take(wanted, number).drawn for number in range(16)]
    green = [d for d in drawn if d.bench == "texture" and not d.item.all()]

    assert 2 <= len(green) < 16
    for one in green:
        beside = np.median(one.bgr[~one.item], axis=0)
        assert beside[1] > 1.3 * beside[[0, 2]].max()


def test_names_are_defects_or_sorts() -> None:
    wanted = order(seed=0, kinds=("phone",), defects=("scuff", "torn_packaging"), side_px=320)

    assert wanted.sorts[0] == "scuff"
    assert {"hole", "opened", "burst"} < set(wanted.sorts)
    assert not wanted.labels
    assert wanted.classes == ("scratch", "torn_packaging", "label", "barcode", "qr", "package")
    with pytest.raises(RecipeInvalid, match="got 'rust'"):
        order(seed=0, kinds=(), defects=("rust",), side_px=320)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--kinds", "phone,tablet"), "kind should be one of garment, phone"),
        (("--defects", "rust"), "defect should be one of stain, scratch"),
        (("--backgrounds", "nowhere"), "should hold photos"),
        (("--materials", "nowhere"), "should hold overlays/stain"),
        (("--angles", "--backgrounds", "."), "one light"),
    ],
)
def test_what_cannot_be_rendered_is_one_line(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    code, err = run("render", "--out", tmp_path / "out", *arguments)
    assert (code, told in err) == (2, True)
    assert not (tmp_path / "out").exists()


def test_rendering_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("somebody's")
    with pytest.raises(DatasetInvalid, match="empty folder"):
        write(SMALL, [0], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_render_asks_where_to() -> None:
    code, err = run("render", "--count", 2)
    assert (code, "--out" in err) == (2, True)


def test_render_writes_a_set_and_its_sheet(tmp_path: Path, clean_photos: Path) -> None:
    out, picture = tmp_path / "out", tmp_path / "sheet.png"
    code, err = run(
        "render", "--out", out, "--count", 3, "--size", 160, "--backgrounds", clean_photos,
        "--seed", 1, "--sheet", picture,
    )  # fmt: skip

    assert code == 0
    assert "3 pictures" in err
    assert "a second" in err
    assert len(read_set(out, ["stain"]).photos) == 3
    assert cv2.imread(str(picture)).shape == (320, 8 * 320, 3)


def test_sheet_shows_any_set_and_passes_over_what_is_broken(rendered: Path, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    for name, data in files(rendered).items():
        (tmp_path / "set" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "set" / name).write_bytes(data)
    (tmp_path / "set/images/000000.jpg").write_bytes(b"no photo")
    code, err = run("sheet", tmp_path / "set", "--out", tmp_path / "sheet.jpg", "--count", 4)

    assert code == 0
    assert "passed over: 000000.jpg" in err
    assert "3 pictures" in err
    assert cv2.imread(str(tmp_path / "sheet.jpg")).shape == (320, 8 * 320, 3)


def test_a_sheet_of_no_known_kind_of_picture_is_one_line(rendered: Path, tmp_path: Path) -> None:
    code, err = run("sheet", rendered, "--out", tmp_path / "sheet.xyz", "--count", 1)
    assert (code, "should end in .png or .jpg" in err) == (2, True)


def test_a_cell_shows_the_boxes_where_they_are() -> None:
    shown = cell(
        np.full((100, 200, 3), 128, np.uint8), [("stain", (50, 20, 150, 80))], ["stain"], 100
    )

    assert shown.shape == (100, 100, 3)
    assert (shown[60:] == 32).all()
    assert (shown[9, 30:70] != 128).any()
    assert (shown[25, 50] == 128).all()


def test_sheets_fill_their_last_row_and_spread_over_the_set() -> None:
    cells = [np.full((10, 10, 3), 9, np.uint8)] * 5
    assert contact_sheet(cells, columns=3).shape == (20, 30, 3)
    assert spread(100, 4) == [0, 33, 66, 99]
    assert spread(2, 48) == [0, 1]


def test_truth_names_the_light_and_the_bench(rendered: Path) -> None:
    truths = json.loads((rendered / "truth.json").read_text())
    assert {t["light"]["name"] for t in truths} <= {"softbox", "window", "bulb", "tubes"}
    assert len({t["bench"] for t in truths}) > 1
    assert all(0 < t["light"]["elevation_deg"] <= 90 for t in truths)
    assert pixels(read_set(rendered, ["stain"]).photos[0]).shape == (192, 192, 3)
