"""From photos to a release with the real Ultralytics, on a tiny set: the road, not the model."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from models.vision.bundle import open_release
from tests.unit.training.photosets import pale, with_dark, write_set

pytestmark = [
    pytest.mark.training,
    pytest.mark.skipif(
        importlib.util.find_spec("ultralytics") is None,
        reason="the training extra (Ultralytics) is not installed",
    ),
]
EPOCHS = 3
BOX = (24, 24, 56, 60)
DATA = {
    "name": "tiny", "version": 1, "classes": ["stain"], "side_px": 64, "seed": 1, "near_bits": 2,
    "sources": [{"folder": "marked", "source": "ours", "licence": "CC0-1.0", "hold_out": 4}],
    "train": [{"source": "marked", "cut": "whole", "times": 2}],
    "val": [{"source": "marked", "times": 1}],
}  # fmt: skip
TRAIN = {
    "name": "stain", "model": "yolo26n.yaml", "sees": {"apparel": ["stain"]}, "side_px": 64,
    "tiling": {"overlap_px": 16, "max_side_px": 128}, "seed": 1, "bfloat16": True,
    "arguments": {
        "epochs": EPOCHS, "batch": 8, "nbs": 8, "workers": 0, "device": "cpu", "plots": False, "amp": False,
        "optimizer": "AdamW", "lr0": 0.005, "warmup_epochs": 0, "save_period": 1,
    },
}  # fmt: skip


def command(*arguments: object, expected: int = 0) -> str:
    program = Path(sys.executable).with_name("secondlook-training")
    done = subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == expected, done.stderr[-2000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which everything up to a finished run was done."""
    at = tmp_path_factory.mktemp("road")
    photos = {f"p{i}": (with_dark(pale(i), BOX), [(0, BOX)]) for i in range(16)}
    write_set(at / "photos/marked/train", photos)
    (at / "data.yaml").write_text(yaml.safe_dump(DATA))
    (at / "train.yaml").write_text(yaml.safe_dump(TRAIN))
    (at / "notes.yaml").write_text("en: A trial.\nzh: 试验。\n", encoding="utf-8")
    command(
        "assemble", "--photos", at / "photos", "--recipe", at / "data.yaml", "--out", at / "set"
    )
    command("train", "--recipe", at / "train.yaml", "--data", at / "set", "--run", at / "run")
    return at


def test_a_run_keeps_all_that_is_needed_to_do_it_again(road: Path) -> None:
    record = json.loads((road / "run/run.json").read_text())

    assert record["recipe"]["seed"] == 1
    assert record["data"]["version"] == "tiny@1"
    assert record["packages"]["ultralytics"]
    assert (road / "run/weights/last.pt").exists()


def test_the_road_leads_to_a_release(road: Path) -> None:
    told = command(
        "export",
        "--run",
        road / "run",
        "--out",
        road / "stain",
        "--pinned",
        road / "photos/marked/train",
        "--weights",
        "weights/last.pt",
    )
    assert "boxes, at most" in told
    command(
        "calibrate",
        "--release",
        road / "stain",
        "--photos",
        road / "photos",
        "--recipe",
        road / "data.yaml",
    )
    command(
        "evaluate",
        "--release",
        road / "stain",
        "--data",
        road / "photos/marked/train",
        "--json",
        road / "report.json",
    )
    command(
        "register", "--candidate", road / "stain", "--report", road / "report.json",
        "--notes", road / "notes.yaml", "--releases", road / "releases",
    )  # fmt: skip

    card = open_release(road / "releases/stain").card
    assert card.classes == ("stain",)
    assert card.trained_on == ("tiny@1",)
    assert card.metrics["photos"] == 16


def test_a_run_that_was_stopped_goes_on(road: Path) -> None:
    """Ultralytics strips a finished run's optimizer; the last epoch's file still has it."""
    weights = road / "run/weights"
    (weights / "last.pt").write_bytes((weights / f"epoch{EPOCHS - 2}.pt").read_bytes())

    told = command(
        "train",
        "--recipe",
        road / "train.yaml",
        "--data",
        road / "set",
        "--run",
        road / "run",
        "--resume",
    )

    assert f"{EPOCHS}/{EPOCHS}" in told


def test_a_run_that_never_began_cannot_go_on(road: Path) -> None:
    told = command(
        "train",
        "--recipe",
        road / "train.yaml",
        "--data",
        road / "set",
        "--run",
        road / "none",
        "--resume",
        expected=2,
    )
    assert "last.pt to go on from" in told


def test_a_run_is_never_overwritten(road: Path) -> None:
    told = command(
        "train",
        "--recipe",
        road / "train.yaml",
        "--data",
        road / "set",
        "--run",
        road / "run",
        expected=2,
    )
    assert "holds a run already" in told


def test_a_data_set_that_was_not_assembled_is_refused(road: Path) -> None:
    told = command(
        "train",
        "--recipe",
        road / "train.yaml",
        "--data",
        road / "photos",
        "--run",
        road / "other",
        expected=2,
    )
    assert "version.json" in told
