import importlib.util
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.vision.bundle import read_card
from tests.tiny_model import write_release
from tests.unit.training.photosets import pale, with_dark, write_set
from training.cli import app
from training.recipe import RECIPES

BOX = (20, 20, 40, 40)


def run(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_set(
        tmp_path / "data", {"a": (with_dark(pale(1), BOX), [(0, BOX)]), "b": (pale(2), [])}
    )


def test_evaluate_writes_json_and_prints_the_figures(tmp_path: Path, data: Path) -> None:
    release = write_release(tmp_path / "releases")
    code, out, _ = run(
        "evaluate",
        "--release",
        release,
        "--data",
        data,
        "--data",
        data,
        "--clean",
        data,
        "--json",
        tmp_path / "r.json",
        "--html",
        tmp_path / "pages/r.html",
    )

    report = json.loads((tmp_path / "r.json").read_text())
    assert code == 0
    assert (report["photos"], report["clean_photos"]) == (4, 2)
    # The screen shows the figures, the file intervals and tables too.
    [(kind, told)] = json.loads(out).items()
    assert kind == "stain"
    assert told.items() <= report["classes"]["stain"].items()
    assert {"ap50", "photo_auroc", "threshold"} <= set(told)
    assert not any(isinstance(value, dict | list) for value in told.values())
    assert "stain@1, measured" in (tmp_path / "pages/r.html").read_text()


def test_calibrate_changes_the_card_and_writes_its_page(tmp_path: Path) -> None:
    release = write_release(tmp_path / "releases")
    photos = {f"{i}": (with_dark(pale(i), BOX, level=3 * i), []) for i in range(8)}
    shelf = write_set(tmp_path / "held-out/shelf", photos)
    given = ("--release", release, "--data", shelf)

    code, _, err = run(
        "calibrate",
        *given,
        "--quiet",
        "held-out/shelf",
        "--allowed",
        1,
        "--html",
        tmp_path / "c.html",
    )
    assert (code, "from 8 validation photos" in err) == (0, True)
    card = read_card(release)
    assert card.thresholds["stain"] < 0.05
    assert card.metrics["stain/brier_before/validation"] > 0
    page = (tmp_path / "c.html").read_text()
    assert "stain@1, calibrated" in page
    assert "raw scores stand for probabilities" in page  # eight boxes say too little

    code, _, err = run("calibrate", *given, "--quiet", "floor")
    assert code == 2
    assert "are in ['held-out/shelf'], not all of ['floor']" in err


def test_bench_tells_its_ratio(tmp_path: Path, data: Path) -> None:
    release = write_release(tmp_path / "releases")
    code, out, _ = run(
        "bench", "--release", release, "--rounds", 1, *sorted((data / "images").iterdir())
    )

    report = json.loads(out)
    assert code == 0
    assert report["pipeline_over_session"] > 0
    assert report["release"] == "stain@1"
    assert report["photos"] == 2


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("evaluate", "--release", "nowhere", "--data", "nowhere"), "there is no card"),
        (("assemble", "--photos", "nowhere", "--recipe", RECIPES / "stain.data.yaml", "--out", "out"), "images/"),
        (("assemble", "--photos", "nowhere", "--recipe", "nowhere.yaml", "--out", "out"), "nowhere.yaml"),
        (("export", "--run", "nowhere", "--out", "out"), "run.json"),
        (("calibrate", "--release", "nowhere", "--data", "nowhere"), "there is no card"),
        (("register", "--candidate", "nowhere", "--report", "r", "--notes", "n"), "there is no card"),
        (("train", "--recipe", "nowhere.yaml", "--data", "d", "--run", "r"), "nowhere.yaml"),
        (("bench", "--release", "nowhere"), "there is no card"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_one_line_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[object, ...], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*command)

    assert (code, out) == (2, "")
    assert err.startswith("secondlook-training: ")
    assert err.count("\n") == 1
    assert told in err


@pytest.mark.skipif(
    importlib.util.find_spec("ultralytics") is not None, reason="the training extra is installed"
)
def test_training_without_the_extra_says_what_to_install(tmp_path: Path) -> None:
    code, _, err = run(
        "train",
        "--recipe",
        RECIPES / "stain.train.yaml",
        "--data",
        tmp_path,
        "--run",
        tmp_path / "run",
    )
    assert code == 2
    assert "training extra" in err


def test_a_report_that_cannot_be_written_is_told(tmp_path: Path, data: Path) -> None:
    release = write_release(tmp_path / "releases")
    code, _, err = run("evaluate", "--release", release, "--data", data, "--json", data)

    assert code == 2
    assert err.splitlines()[-1].startswith("secondlook-training: ")
