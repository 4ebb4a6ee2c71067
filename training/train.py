"""Train a detector by a recipe.

This file imports Ultralytics, which is licensed under AGPL-3.0: who distributes a work made with
this file, or offers it over a network, has to keep to that licence. The rest of Secondlook is
Apache-2.0 and does not need this file to run.
"""

import contextlib
import functools
import logging
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from models.vision.session import usable_cores
from training.errors import ExtraMissing, RecipeInvalid, RunInvalid
from training.recipe import TrainRecipe
from training.runs import BEST, LAST, RECORD, check_same, read_record, replace_file, write_record
from training.watch import SAFE, Watch

__all__ = ["BEST", "LAST", "LOG", "RECORD", "train"]
# What Ultralytics says, in its own words.
LOG = "ultralytics.log"
_Told = Callable[[str], None]


def to_stderr(line: str) -> None:
    """A line for the person who waits, at once."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def train(
    recipe: TrainRecipe,
    data: Path,
    run: Path,
    *,
    weights: Path | None = None,
    resume: bool = False,
    told: _Told = to_stderr,
) -> Path:
    """Train on an assembled data set folder; returns the weights chosen on its validation part.

    The run's folder keeps run.json with the run's whole record, curves.png, and Ultralytics' own
    log. `weights` starts from a file instead of from scratch; `resume` goes on after the last
    finished epoch, also where the run was killed; `told` gets a line for each epoch. Raises
    DatasetInvalid, RecipeInvalid, RunInvalid, ExtraMissing.
    """
    yolo = _ultralytics()
    if resume:
        model, arguments = _reopened(yolo, recipe, data, run, told)
    elif (run / LAST).exists():
        raise RunInvalid(f"{run}: holds a run already: go on with --resume, or name a new folder")
    else:
        write_record(recipe, data, run, weights)
        start = str(weights or recipe.model)
        model, arguments = yolo(start), _arguments(recipe, data, run, start)
    _prepare(model, recipe, run, told)
    try:
        with _aside(run / LOG):
            model.train(**arguments)
    except (SyntaxError, TypeError, ValueError) as error:
        raise RecipeInvalid(f"Ultralytics refuses the recipe: {error}") from error
    return run / BEST


def _reopened(
    yolo: Any,  # noqa: ANN401 - Ultralytics ships no types
    recipe: TrainRecipe,
    data: Path,
    run: Path,
    told: _Told,
) -> tuple[Any, dict[str, Any]]:
    """The model of a stopped run, and what to train it with: its folders may have been moved.

    Raises RunInvalid, DatasetInvalid.
    """
    if not (run / LAST).exists():
        raise RunInvalid(f"{run}: should hold {LAST} to go on from")
    check_same(read_record(run), recipe, data, run)
    _mend_last(run, told)
    model = yolo(str(run / LAST))
    if model.ckpt.get("epoch", -1) < 0:  # Ultralytics would begin anew
        raise RunInvalid(f"{run}: is finished: there is nothing to go on with")
    _mend_best(yolo, model.ckpt, run)
    moved = {"data": str(data / "data.yaml"), "save_dir": str(run.resolve())}
    return model, {"resume": True, **moved}


def _mend_last(run: Path, told: _Told) -> None:
    """Who was killed while last.pt was written goes on from the epoch before. Raises RunInvalid."""
    if zipfile.is_zipfile(run / LAST):  # its directory is written at the end
        return
    if not zipfile.is_zipfile(run / SAFE):
        raise RunInvalid(f"{run}: holds no whole weights: begin again in a new folder")
    told(f"{run.name}: {LAST} was not written to its end; going on from the epoch before")
    replace_file(run / LAST, (run / SAFE).read_bytes())


def _mend_best(yolo: Any, last: dict[str, Any], run: Path) -> None:  # noqa: ANN401
    """Who was killed between last.pt and best.pt has the best epoch in last.pt alone."""
    best = run / BEST
    if zipfile.is_zipfile(best):
        known = yolo(str(best)).ckpt.get("best_fitness")
        if known == last.get("best_fitness"):
            return
    replace_file(best, (run / LAST).read_bytes())


def _prepare(model: Any, recipe: TrainRecipe, run: Path, told: _Told) -> None:  # noqa: ANN401
    """Tell Ultralytics what to call at which moment."""
    import torch  # noqa: PLC0415 - an extra that only training needs

    workers = int(recipe.arguments.get("workers", 1))
    model.add_callback("on_pretrain_routine_start", functools.partial(_with_workers, workers))
    model.add_callback("on_train_start", _on_all_cores)
    if recipe.bfloat16:
        model.add_callback("on_train_start", _in_bfloat16)
        model.add_callback("on_train_epoch_start", _average_as_it_is)
    watch = Watch(run=run, told=told, threads=torch.get_num_threads)
    for moment, call in watch.callbacks().items():
        model.add_callback(moment, call)


@contextlib.contextmanager
def _aside(log: Path) -> Iterator[None]:
    """Let Ultralytics talk to a file instead of to the terminal."""
    handlers = [
        handler
        for handler in logging.getLogger("ultralytics").handlers
        if isinstance(handler, logging.StreamHandler)
    ]
    with log.open("a", encoding="utf-8") as file, contextlib.redirect_stdout(file):
        before = [handler.setStream(file) for handler in handlers]
        try:
            yield
        finally:
            for handler, stream in zip(handlers, before, strict=True):
                handler.setStream(stream or sys.__stdout__)


def _arguments(recipe: TrainRecipe, data: Path, run: Path, start: str) -> dict[str, Any]:
    return {
        "data": str(data / "data.yaml"),
        "imgsz": recipe.side_px,
        "seed": recipe.seed,
        "project": str(run.parent.resolve()),
        "name": run.name,
        "exist_ok": True,
        # False would build the network anew and drop the weights that it was opened with.
        "pretrained": start.endswith(".pt"),
        # Validation, and with it the choice of best.pt, by the one-to-one head that is released.
        "nms": False,
        **recipe.arguments,
    }


def _with_workers(workers: int, trainer: Any) -> None:  # noqa: ANN401 - Ultralytics ships no types
    """Prepare pictures beside the network: on a CPU Ultralytics would do it between two steps."""
    trainer.args.workers = workers


def _on_all_cores(_trainer: Any) -> None:  # noqa: ANN401 - Ultralytics ships no types
    """Let PyTorch use every core: Ultralytics leaves one out, which of two is half the speed."""
    import torch  # noqa: PLC0415 - an extra that only training needs

    torch.set_num_threads(usable_cores())


def _in_bfloat16(trainer: Any) -> None:  # noqa: ANN401 - Ultralytics ships no types
    """Let the network run in bfloat16 and the loss in float32.

    On a CPU with AMX this trained 1.6 times as fast. Ultralytics' own `amp: bf16` covers the loss
    as well, which in bfloat16 knows a box's edge to two pixels only.
    """
    import torch  # noqa: PLC0415 - an extra that only training needs

    model = trainer.model.to(memory_format=torch.channels_last)
    exact = model.predict

    def predict(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed through
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=model.training):
            return _as_float32(exact(*args, **kwargs))

    model.predict = predict


def _average_as_it_is(trainer: Any) -> None:  # noqa: ANN401 - Ultralytics ships no types
    """Where Ultralytics copied the network again (after NaN), the copy gets its own predict back.

    The averaged weights would otherwise be checked by the network that trains, and not be saved.
    """
    vars(trainer.ema.ema).pop("predict", None)


def _as_float32(value: Any) -> Any:  # noqa: ANN401 - tensors in dicts and lists
    if isinstance(value, dict):
        return {key: _as_float32(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_as_float32(part) for part in value)
    return (
        value.float()
        if hasattr(value, "is_floating_point") and value.is_floating_point()
        else value
    )


def _ultralytics() -> Any:  # noqa: ANN401 - Ultralytics ships no types
    try:
        from ultralytics.models import YOLO  # noqa: PLC0415 - an extra that only training needs
    except ImportError as error:
        raise ExtraMissing("install the training extra first: pip install '.[training]'") from error
    return YOLO
