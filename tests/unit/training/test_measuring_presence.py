"""Label seen or not: real photos on disk, a tiny label model, codes that are really read."""

import json
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.tiny_model import write_release
from tests.unit.training.photosets import pale, with_dark, write_set
from training.cli import app
from training.presence import measure, share, table

BLOCK = (60, 60, 160, 120)
CODE = (250, 100, 360, 210)


def bare(seed: int) -> np.ndarray:
    """Grain and a seam, or the gate would call it blurred."""
    bgr = pale(seed, height=320, width=480).astype(np.float32)
    bgr += np.random.default_rng(seed).normal(0, 3, bgr.shape)
    bgr[:, 30:33] -= 60
    return bgr.clip(100, 255).astype(np.uint8)


def labelled(seed: int) -> np.ndarray:
    """With a black block, which the tiny model takes for a label."""
    return with_dark(bare(seed), BLOCK)


def coded(seed: int) -> np.ndarray:
    """With a QR code in grey: too bright for the tiny model."""
    qr = zxingcpp.create_barcode("no label without it", zxingcpp.BarcodeFormat.QRCode)
    grey = np.where(np.array(qr.to_image(scale=4)) > 0, 255, 110).astype(np.uint8)
    bgr = bare(seed)
    bgr[100 : 100 + len(grey), 250 : 250 + len(grey)] = grey[..., None]
    return bgr


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("photos")
    classes = ("package", "label", "qr")
    block, code = (1, BLOCK), (2, CODE)
    truth = {
        "label": (labelled(1), [(0, (10, 10, 200, 200)), block]),
        "code": (coded(2), [code]),
        "missed": (bare(3), [block]),
        "bare": (bare(4), [(0, (10, 10, 200, 200))]),  # a package without a label
        "dark": (bare(5) // 40, [block]),  # nobody can judge it
    }
    write_set(root / "parcels" / "train", truth, classes)
    write_set(root / "clean" / "train", {"a": (bare(6), []), "b": (labelled(7), [])})
    sees = {"parcel": ["missing_label"]}
    write_release(root / "releases", name="label", classes=("label",), sees=sees)
    write_release(root / "releases", name="stain")
    return root


@pytest.fixture(scope="module")
def report(photos: Path) -> dict:
    data, clean = [photos / "parcels/train"], [photos / "clean/train"]
    return measure(photos / "releases/label", data, clean)


def test_what_is_seen_is_compared_with_the_truth(report):
    parcels, clean = (report["folders"][f"{name}/train"] for name in ("parcels", "clean"))
    assert (parcels["right"]["count"], parcels["right"]["of"]) == (3, 4)
    assert parcels["there_seen"]["share"] == pytest.approx(2 / 3, abs=1e-4)
    assert parcels["absent_not_seen"]["share"] == 1
    assert (clean["right"]["count"], clean["right"]["of"]) == (1, 2)
    assert clean["there_seen"] is None
    assert (report["photos"], report["right"]["count"]) == (6, 4)
    assert report["wrong"] == ["parcels/train: missed.png", "clean/train: b.png"]


def test_what_the_gate_refuses_is_not_judged(report):
    assert report["not_judged"] == 1


def test_the_report_says_what_decided_and_what_each_brings(report):
    assert report["decided_by"] == {
        "there": {"itself": 1, "matrix_code": 1, "nothing": 1},
        "absent": {"nothing": 2, "itself": 1},
    }
    assert report["right_by_boxes_alone"]["count"] == 3
    assert report["right_by_codes_alone"]["count"] == 4  # the clean one with a block among them
    assert 0.5 < report["auroc"] < 1


def test_any_release_can_be_measured_also_one_that_knows_no_label(photos):
    report = measure(photos / "releases/stain", [photos / "parcels/train"], [])
    assert report["decided_by"]["there"] == {"nothing": 2, "matrix_code": 1}
    assert report["right_by_boxes_alone"]["count"] == 1


def test_the_command_prints_a_table_and_writes_json(photos, tmp_path):
    out = tmp_path / "report.json"
    folders = ("--data", photos / "parcels/train", "--clean", photos / "clean/train")
    arguments = ("presence", "--release", photos / "releases/label", *folders, "--json", out)
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0
    report = json.loads(out.read_text())
    assert done.stdout == table(report) + "\n"
    assert "66.7% (30.0% to 90.3%)" in done.stdout
    assert "parcels/train, there: matrix_code 1, itself 1, nothing 1" in done.stdout
    assert str(photos) not in out.read_text()  # where a set lies is nobody's business
    assert "no label without it" not in out.read_text() + done.stdout  # nor what a code says


def test_a_folder_without_photos_is_one_line(photos, tmp_path):
    arguments = ("presence", "--release", photos / "releases/label", "--data", tmp_path)
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (8, 10, 0.4902, 0.9433),  # Wilson's, as textbooks give it
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (95, 100, 0.8883, 0.9785),
    ],
)
def test_intervals_are_wilsons(hits, of, low, high):
    told = share([True] * hits + [False] * (of - hits))
    assert told
    assert (told["low"], told["high"]) == pytest.approx((low, high), abs=2e-4)


@given(st.lists(st.booleans(), min_size=1, max_size=300))
def test_an_interval_holds_its_share(right):
    told = share(right)
    assert told
    assert 0 <= told["low"] <= told["share"] <= told["high"] <= 1


def test_no_photos_give_no_share():
    assert share([]) is None
