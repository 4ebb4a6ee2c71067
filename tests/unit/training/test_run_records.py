"""What a run leaves behind: its record, its lines in plain words, its curves."""

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from training.errors import DatasetInvalid, RunInvalid
from training.learning_curves import PICTURE, draw, rows_of
from training.recipe import RECIPES, TrainRecipe, read_train_recipe
from training.runs import (
    LAST,
    _processor,
    check_same,
    code_version,
    machine,
    read_record,
    replace_file,
    update_record,
    write_record,
)
from training.watch import MAP50, MAP50_95, SAFE, Watch, spoken

RECIPE = read_train_recipe(RECIPES / "stain.train.yaml")
CSV = """\
epoch,time,train/box_loss,val/box_loss,metrics/mAP50(B),lr/pg0,lr/pg1
1,2.8,4.5,5.3,0.1,0.003,0.003
2,6.9,3.6,5.4,0.2,0.002,0.002
2,1.1,3.5,5.2,0.25,0.002,0.002
3,9.9,3.1,nan,0.3,0.001,0.001
4,12.1,3.
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/version.json").write_text('{"version": "tiny@1", "digest": "abc"}')
    return tmp_path / "set"


def begun(tmp_path: Path, data: Path, weights: Path | None = None) -> Path:
    write_record(RECIPE, data, tmp_path / "run", weights)
    (tmp_path / "run/weights").mkdir()
    return tmp_path / "run"


def test_a_run_begins_with_all_that_it_starts_from(tmp_path: Path, data: Path) -> None:
    weights = tmp_path / "old.pt"
    weights.write_bytes(b"weights")

    record = read_record(begun(tmp_path, data, weights))

    assert TrainRecipe.model_validate_json(json.dumps(record["recipe"])) == RECIPE
    assert record["data"] == {"version": "tiny@1", "digest": "abc"}
    assert record["weights"] == "old.pt"
    assert record["weights_sha256"] == hashlib.sha256(b"weights").hexdigest()
    assert record["packages"]["numpy"]
    assert record["machine"]["cores"] >= 1
    assert str(tmp_path) not in json.dumps(record)


@pytest.mark.parametrize("text", [None, "", "{"])
def test_data_that_was_not_assembled_is_refused(
    tmp_path: Path, data: Path, text: str | None
) -> None:
    (data / "version.json").unlink()
    if text is not None:
        (data / "version.json").write_text(text)

    with pytest.raises(DatasetInvalid, match="written by assemble"):
        begun(tmp_path, data)
    assert not (tmp_path / "run").exists()


def test_a_record_is_whole_at_any_moment(tmp_path: Path, data: Path) -> None:
    run = begun(tmp_path, data)
    update_record(run, {"finished_at": "now"})

    assert read_record(run)["recipe"]["seed"] == RECIPE.seed
    assert read_record(run)["finished_at"] == "now"
    assert [path.name for path in run.iterdir() if path.is_file()] == ["run.json"]

    (run / "run.json").write_text("{")
    with pytest.raises(RunInvalid, match=r"run\.json"):
        update_record(run, {})


def test_a_run_goes_on_with_what_it_began_with_or_not_at_all(tmp_path: Path, data: Path) -> None:
    record = read_record(begun(tmp_path, data))
    check_same(record, RECIPE, data, tmp_path)

    with pytest.raises(RunInvalid, match=r"another recipe \(seed, side_px\)"):
        check_same(record, RECIPE.model_copy(update={"seed": 8, "side_px": 64}), data, tmp_path)
    (data / "version.json").write_text('{"version": "tiny@1", "digest": "def"}')
    with pytest.raises(RunInvalid, match=r"begun on data abc, .* holds def"):
        check_same(record, RECIPE, data, tmp_path)


def test_a_recipe_that_could_say_less_then_is_still_the_same(tmp_path: Path, data: Path) -> None:
    record = read_record(begun(tmp_path, data))
    del record["recipe"]["bfloat16"]  # a key that came later

    check_same(record, RECIPE, data, tmp_path)


def test_the_code_without_git_is_unknown() -> None:
    def gone(*_: object, **__: object) -> None:
        raise FileNotFoundError("git")

    assert code_version(gone) == "unknown"
    assert code_version(lambda *_, **__: SimpleNamespace(stdout="")) == "unknown"
    assert code_version(lambda *_, **__: SimpleNamespace(stdout="1a2b-dirty\n")) == "1a2b-dirty"


def test_the_machine_is_described_and_not_named(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(
        "processor: 0\nmodel name\t: Fast CPU @ 3 GHz\nmodel name\t: b\n"
    )

    assert _processor(tmp_path / "cpuinfo") == "Fast CPU @ 3 GHz"
    assert _processor(tmp_path / "none")
    assert set(machine()) == {"processor", "cores", "system", "python"}


class Sitting:
    """A trainer as far as the watch looks at it, and a clock that the test sets."""

    def __init__(self, run: Path, *, epochs: int = 3, start: int = 0) -> None:
        self.now, self.lines = 100.0, []
        self.trainer = SimpleNamespace(
            start_epoch=start, epoch=start, epochs=epochs, batch_size=4, device="cpu",
            train_loader=Loader(10), test_loader=Loader(5), metrics={}, tloss={"box": 1.25, "cls": 0.5},
            fitness=0.0, best_fitness=0.0,
        )  # fmt: skip
        self.watch = Watch(
            run=run, told=self.lines.append, threads=lambda: 2, clock=lambda: self.now
        )
        self.call("on_train_start")

    def call(self, moment: str) -> None:
        self.watch.callbacks()[moment](self.trainer)

    def epoch(self, map50: float, *, best: bool, batches: int = 3, seconds: float = 30.0) -> None:
        self.call("on_train_epoch_start")
        for _ in range(batches):
            self.now += seconds / batches
            self.call("on_train_batch_end")
        self.call("on_train_epoch_end")
        self.now += 10.0  # validation
        self.trainer.metrics = {MAP50: map50, MAP50_95: map50 / 2}
        self.trainer.fitness = map50 / 2
        self.trainer.best_fitness = map50 / 2 if best else 1.0
        self.call("on_fit_epoch_end")
        self.trainer.epoch += 1


class Loader:
    """Ten pictures in batches of four are three batches."""

    def __init__(self, pictures: int) -> None:
        self.dataset = range(pictures)

    def __len__(self) -> int:
        return (len(self.dataset) + 3) // 4


def test_every_epoch_is_counted_and_told_in_plain_words(tmp_path: Path, data: Path) -> None:
    run = begun(tmp_path, data)
    sitting = Sitting(run)
    sitting.epoch(0.25, best=True)
    sitting.epoch(0.2, best=False)

    progress = read_record(run)["progress"]
    assert progress == {
        "images_seen": 20, "training_seconds": 60.0, "seconds": 80.0, "epochs": 2, "of_epochs": 3,
        "images_per_second": 0.33, "best": {"epoch": 1, "map50": 0.25, "map50_95": 0.125},
    }  # fmt: skip
    assert sitting.lines == [
        "run: 10 pictures to learn from, 5 to check by, 2 threads on cpu",
        "epoch 1 of 3: loss 1.75, mAP50 0.250 on the validation pictures, the best so far; 40 s gone, about 80 s left",
        "epoch 2 of 3: loss 1.75, mAP50 0.200 on the validation pictures; 80 s gone, about 40 s left",
    ]


def test_long_epochs_say_how_far_they_are(tmp_path: Path, data: Path) -> None:
    sitting = Sitting(begun(tmp_path, data))
    sitting.epoch(0.1, best=True, seconds=200.0)

    assert [line for line in sitting.lines if "%" in line] == [
        "epoch 1 of 3: 33%",
        "epoch 1 of 3: 67%",
        "epoch 1 of 3: 100%",
    ]


def test_an_epoch_cut_short_by_the_time_counts_what_was_seen(tmp_path: Path, data: Path) -> None:
    run = begun(tmp_path, data)
    Sitting(run).epoch(0.1, best=True, batches=1)

    assert read_record(run)["progress"]["images_seen"] == 4


def test_a_second_sitting_adds_to_the_first(tmp_path: Path, data: Path) -> None:
    run = begun(tmp_path, data)
    Sitting(run).epoch(0.2, best=True)
    Sitting(run, start=1).epoch(0.3, best=True)

    record = read_record(run)
    assert record["progress"]["images_seen"] == 20
    assert record["progress"]["seconds"] == 80.0
    assert record["progress"]["best"]["epoch"] == 2
    assert [sitting["after_epoch"] for sitting in record["sessions"]] == [0, 1]
    assert record["sessions"][0]["threads"] == 2


def test_the_call_after_the_last_epoch_is_no_epoch(tmp_path: Path, data: Path) -> None:
    """Ultralytics checks its best weights once more and calls as for an epoch."""
    run = begun(tmp_path, data)
    sitting = Sitting(run)
    sitting.epoch(0.2, best=True)
    sitting.call("on_fit_epoch_end")

    assert read_record(run)["progress"]["epochs"] == 1
    assert len(sitting.lines) == 2


def test_whole_weights_are_kept_until_the_run_is_finished(tmp_path: Path, data: Path) -> None:
    run = begun(tmp_path, data)
    sitting = Sitting(run)
    (run / LAST).write_bytes(b"first")
    sitting.call("on_model_save")
    (run / LAST).write_bytes(b"sec")  # killed while it was written

    assert (run / SAFE).read_bytes() == b"first"
    sitting.call("on_train_end")
    assert not (run / SAFE).exists()
    assert read_record(run)["finished_at"]


def test_a_file_is_replaced_or_left(tmp_path: Path) -> None:
    replace_file(tmp_path / "a", b"one")
    replace_file(tmp_path / "a", b"two")

    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"two")]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (5000, "83 min"), (12_000, "3 h 20 min")],
)
def test_time_is_told_as_one_says_it(seconds: float, words: str) -> None:
    assert spoken(seconds) == words


def test_the_last_line_of_an_epoch_counts_and_broken_ones_do_not(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text(CSV)

    rows = rows_of(tmp_path / "results.csv")

    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert rows[1]["metrics/mAP50(B)"] == 0.25
    assert rows_of(tmp_path / "none.csv") == []


def test_the_curves_are_a_picture(tmp_path: Path, data: Path) -> None:
    pytest.importorskip("matplotlib")
    run = begun(tmp_path, data)
    (run / "results.csv").write_text(CSV)
    sitting: Any = Sitting(run)
    sitting.epoch(0.1, best=True, seconds=200.0)

    picture = (run / PICTURE).read_bytes()
    assert picture.startswith(b"\x89PNG")
    draw(rows_of(run / "results.csv"), run / PICTURE)
    assert (run / PICTURE).read_bytes() == picture  # the same rows, the same bytes
    draw([{"epoch": 1.0}], run / PICTURE)  # nothing to draw is no error
    assert (run / PICTURE).read_bytes() != picture
