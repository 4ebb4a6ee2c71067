"""Train a detector by a recipe.

This file imports Ultralytics, which is licensed under AGPL-3.0: who distributes a work made with
this file, or offers it over a network, has to keep to that licence. The rest of Secondlook is
Apache-2.0 and does not need this file to run.
"""

import functools
import json
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from models.vision.session import usable_cores
from training.errors import DatasetInvalid, ExtraMissing, RecipeInvalid, RunInvalid
from training.recipe import TrainRecipe

RECORD = "run.json"
LAST = Path("weights/last.pt")
BEST = Path("weights/best.pt")


def train(
    recipe: TrainRecipe, data: Path, run: Path, *, weights: Path | None = None, resume: bool = False
) -> Path:
    """Train on an assembled data set folder; returns the weights chosen on its validation part.

    The run's folder keeps run.json: recipe, seed, data version, code version. `weights` starts from
    a file instead of from scratch; `resume` goes on after the last finished epoch. Raises
    DatasetInvalid, RecipeInvalid, RunInvalid, ExtraMissing.
    """
    yolo = _ultralytics()
    if resume:
        if not (run / LAST).exists():
            raise RunInvalid(f"{run}: should hold {LAST} to go on from")
        model, arguments = yolo(str(run / LAST)), {"resume": True}
    elif (run / LAST).exists():
        raise RunInvalid(f"{run}: holds a run already: go on with --resume, or name a new folder")
    else:
        write_record(recipe, data, run, weights)
        start = str(weights or recipe.model)
        model, arguments = yolo(start), _arguments(recipe, data, run, start)
    workers = int(recipe.arguments.get("workers", 1))
    model.add_callback("on_pretrain_routine_start", functools.partial(_with_workers, workers))
    model.add_callback("on_train_start", _on_all_cores)
    if recipe.bfloat16:
        model.add_callback("on_train_start", _in_bfloat16)
    try:
        model.train(**arguments)
    except (SyntaxError, TypeError, ValueError) as error:
        raise RecipeInvalid(f"Ultralytics refuses the recipe: {error}") from error
    return run / BEST


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


def write_record(recipe: TrainRecipe, data: Path, run: Path, weights: Path | None = None) -> None:
    """Write run.json: all that is needed to do it again. Raises DatasetInvalid."""
    frozen = data / "version.json"
    if not frozen.exists():
        raise DatasetInvalid(f"{data}: should be a folder written by assemble, with version.json")
    record = {
        "recipe": recipe.model_dump(mode="json"),
        "data": json.loads(frozen.read_text()),
        "weights": weights.name if weights else None,
        "code": code_version(),
        "packages": {name: installed(name) for name in ("ultralytics", "torch", "numpy")},
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    run.mkdir(parents=True, exist_ok=True)
    (run / RECORD).write_text(json.dumps(record, indent=1))


def code_version() -> str:
    """The commit that runs, with -dirty where files differ from it; unknown outside a repository."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607 - whichever git the user has
        cwd=Path(__file__).parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return asked.stdout.strip() or "unknown"


def _ultralytics() -> Any:  # noqa: ANN401 - Ultralytics ships no types
    try:
        from ultralytics import YOLO  # noqa: PLC0415 - an extra that only training needs
    except ImportError as error:
        raise ExtraMissing("install the training extra first: pip install '.[training]'") from error
    return YOLO
