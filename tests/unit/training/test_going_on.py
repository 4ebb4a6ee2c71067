"""A run that was stopped at any moment, without Ultralytics itself."""

import io
import logging
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from training.errors import RunInvalid
from training.runs import BEST, LAST
from training.train import _aside, _average_as_it_is, _mend_best, _mend_last
from training.watch import SAFE


def weights(fitness: float) -> bytes:
    """Weights are a zip file; here with nothing but what choosing needs."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("fitness", str(fitness))
    return packed.getvalue()


def opened(path: str) -> Any:
    with zipfile.ZipFile(path) as file:
        return SimpleNamespace(ckpt={"best_fitness": float(file.read("fitness"))})


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "weights").mkdir()
    (tmp_path / LAST).write_bytes(weights(0.5))
    return tmp_path


def test_whole_weights_are_left_alone(run: Path) -> None:
    (run / SAFE).write_bytes(weights(0.4))
    lines: list[str] = []
    _mend_last(run, lines.append)

    assert (run / LAST).read_bytes() == weights(0.5)
    assert lines == []


@pytest.mark.parametrize("left", [0, 10, 60])
def test_weights_cut_off_are_those_of_the_epoch_before(run: Path, left: int) -> None:
    (run / LAST).write_bytes(weights(0.5)[:left])
    (run / SAFE).write_bytes(weights(0.4))
    lines: list[str] = []
    _mend_last(run, lines.append)

    assert (run / LAST).read_bytes() == weights(0.4)
    assert "was not written to its end" in lines[0]


def test_a_run_killed_in_its_first_epoch_begins_again(run: Path) -> None:
    (run / LAST).write_bytes(b"")

    with pytest.raises(RunInvalid, match="holds no whole weights"):
        _mend_last(run, lambda _: None)


@pytest.mark.parametrize(
    ("best", "kept"),
    [
        (weights(0.5), 0.5),  # the best was another epoch, or this one: all is well
        (weights(0.4), 0.5),  # killed between last.pt and best.pt: the last one is the best
        (weights(0.5)[:30], 0.5),  # killed while best.pt was written
        (None, 0.5),
    ],
)
def test_the_best_weights_are_those_that_the_run_knows_of(
    run: Path, best: bytes | None, kept: float
) -> None:
    if best is not None:
        (run / BEST).write_bytes(best)

    _mend_best(opened, {"best_fitness": 0.5}, run)

    assert opened(str(run / BEST)).ckpt["best_fitness"] == kept


def test_ultralytics_talks_to_its_log_and_to_the_terminal_again_afterwards(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logger, terminal = logging.getLogger("ultralytics"), io.StringIO()
    handler = logging.StreamHandler(terminal)
    logger.addHandler(handler)
    try:
        with _aside(tmp_path / "log"):
            logger.error("from its logger")
            sys.stdout.write("from its bar\n")
        logger.error("afterwards")
    finally:
        logger.removeHandler(handler)

    assert (tmp_path / "log").read_text() == "from its logger\nfrom its bar\n"
    assert terminal.getvalue() == "afterwards\n"
    assert capsys.readouterr().out == ""


def test_averaged_weights_predict_by_themselves() -> None:
    class Network:
        def predict(self) -> str:
            return "its own"

    average: Any = Network()
    average.predict = lambda: "another's"  # copied along with the network that trains
    _average_as_it_is(SimpleNamespace(ema=SimpleNamespace(ema=average)))

    assert average.predict() == "its own"
    _average_as_it_is(SimpleNamespace(ema=SimpleNamespace(ema=average)))  # nothing to take away
