"""From photos to a release with the real Ultralytics, on a tiny set: the road, not the model."""

import hashlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import onnx
import pytest
import yaml

from models.vision.bundle import open_release
from tests.unit.training.photosets import pale, with_dark, write_set
from training.learning_curves import PICTURE, rows_of
from training.runs import read_record

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


PROGRAM = Path(sys.executable).with_name("secondlook-training")


def command(*arguments: object, expected: int = 0) -> str:
    done = subprocess.run(
        [PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == expected, done.stderr[-2000:]
    return done.stdout + done.stderr


def training(road: Path, run: str, recipe: str = "train.yaml", data: str = "set") -> list[object]:
    return ["train", "--recipe", road / recipe, "--data", road / data, "--run", road / run]


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


def test_a_run_keeps_all_that_is_needed_to_do_it_again_and_to_judge_it(road: Path) -> None:
    record = read_record(road / "run")

    assert record["recipe"]["seed"] == 1
    assert record["data"]["version"] == "tiny@1"
    assert record["packages"]["ultralytics"]
    assert record["progress"]["epochs"] == EPOCHS
    assert record["progress"]["images_seen"] == EPOCHS * record["data"]["pictures"]["train"]
    assert record["progress"]["images_per_second"] > 0
    assert [sitting["device"] for sitting in record["sessions"]] == ["cpu"]
    assert record["finished_at"]
    assert (road / "run/weights/last.pt").exists()
    assert (road / "run" / PICTURE).read_bytes().startswith(b"\x89PNG")
    assert f"{EPOCHS}/{EPOCHS}" in (road / "run/ultralytics.log").read_text()


def exported(road: Path, to: str) -> Path:
    told = command(
        "export", "--run", road / "run", "--out", road / to, "--version", "7",
        "--pinned", road / "photos/marked/train", "--weights", "weights/last.pt",
    )  # fmt: skip
    assert "boxes, at most" in told
    return road / to / "model.onnx"


def test_the_road_leads_to_a_release(road: Path) -> None:
    exported(road, "stain")
    command("calibrate", "--release", road / "stain", "--data", road / "set/held-out/marked")
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


def test_a_file_without_its_card_still_says_what_it_is(road: Path) -> None:
    model = exported(road, "alone")
    told = {fact.key: fact.value for fact in onnx.load(str(model)).metadata_props}

    record = read_record(road / "run")
    assert told["secondlook.name"] == "stain"
    assert told["secondlook.version"] == "7"
    assert told["secondlook.classes"] == "stain"
    assert told["secondlook.trained_on"] == f"tiny@1 ({record['data']['digest']})"
    assert json.loads(told["secondlook.recipe"])["seed"] == 1
    assert told["secondlook.licence"].startswith("AGPL-3.0-only")
    assert told["secondlook.created"] == record["finished_at"]
    assert told["secondlook.code"] == record["code"]
    assert told["names"] == "{0: 'stain'}"  # what opening a release compares with the card
    assert str(road) not in "".join(told.values())


def test_the_same_weights_give_the_same_file(road: Path) -> None:
    digests = {hashlib.sha256(exported(road, to).read_bytes()).hexdigest() for to in ("one", "two")}

    assert len(digests) == 1


def test_a_run_killed_while_it_wrote_its_weights_goes_on(road: Path) -> None:
    longer = {**TRAIN, "arguments": {**TRAIN["arguments"], "epochs": EPOCHS + 2}}
    (road / "longer.yaml").write_text(yaml.safe_dump(longer))
    asked = training(road, "killed", "longer.yaml")
    run = road / "killed"
    process = subprocess.Popen([PROGRAM, *map(str, asked)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not ((run / "run.json").exists() and read_record(run).get("progress")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    last = run / "weights/last.pt"
    last.write_bytes(last.read_bytes()[:20_000])

    told = command(*asked, "--resume")

    record = read_record(run)
    assert "was not written to its end" in told
    assert f"epoch {EPOCHS + 2} of {EPOCHS + 2}: loss" in told
    assert len(record["sessions"]) == 2
    assert 1 <= record["sessions"][1]["after_epoch"] <= EPOCHS
    assert [row["epoch"] for row in rows_of(run / "results.csv")] == [*range(1, EPOCHS + 3)]
    assert "holds a run already" in command(*asked, expected=2)
    assert "is finished" in command(*asked, "--resume", expected=2)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("none", "train.yaml", "set", "--resume"), "last.pt to go on from"),
        (("run", "train.yaml", "set"), "holds a run already"),
        (("run", "train.yaml", "set", "--resume"), "is finished"),
        (("other", "train.yaml", "photos"), "version.json"),
    ],
)
def test_what_cannot_be_trained_is_told(road: Path, asked: tuple[str, ...], told: str) -> None:
    run, recipe, data, *options = asked
    assert told in command(*training(road, run, recipe, data), *options, expected=2)


def test_a_run_that_starts_from_weights_really_does(road: Path) -> None:
    """Ultralytics keeps quiet when it drops them."""
    still = {**TRAIN["arguments"], "epochs": 1, "lr0": 1e-9, "lrf": 1.0, "warmup_bias_lr": 1e-9}
    (road / "still.yaml").write_text(yaml.safe_dump({**TRAIN, "arguments": still}))
    command(*training(road, "warm", "still.yaml"), "--weights", road / "run/weights/last.pt")

    first, *_, learnt = (row["train/cls_loss"] for row in rows_of(road / "run/results.csv"))
    (warm,) = (row["train/cls_loss"] for row in rows_of(road / "warm/results.csv"))
    assert learnt < 0.7 * first
    assert warm < 0.7 * first
