"""A trained run becomes an ONNX file, which is refused when it says anything else than PyTorch does.

This file imports Ultralytics, which is licensed under AGPL-3.0: who distributes a work made with
this file, or offers it over a network, has to keep to that licence. The rest of Secondlook is
Apache-2.0 and does not need this file to run.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from models.vision import decode
from models.vision.detector import to_batch
from models.vision.geometry import Letterbox, resize
from models.vision.session import OnnxSession
from models.vision.tiles import plan, reduced_size
from training.errors import ExportRefused, ExtraMissing, RunInvalid
from training.recipe import TrainRecipe
from training.runs import BEST, read_record

__all__ = ["Exported", "Parity", "compare", "export", "facts_of", "inputs", "joined", "parity", "peer", "read_record"]  # fmt: skip
Rows = NDArray[np.float32]
"""[boxes, 6]: x1, y1, x2, y2, score, class."""

# What rounding in another order of sums may change, and no more (issue's acceptance).
MAX_BOX_PX = 1.0
MAX_SCORE = 0.01
# Boxes fainter than this are no finding of any release.
_FLOOR = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Parity:
    """How far two models are apart on the same pictures."""

    boxes: int
    """How many boxes were compared."""
    box_px: float
    """Largest difference of an edge, in pixels of the input."""
    score: float
    """Largest difference of a score."""

    @property
    def holds(self) -> bool:
        """Whether they say the same."""
        return self.box_px <= MAX_BOX_PX and self.score <= MAX_SCORE


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    """What was written."""

    parity: Parity
    """How far it is from PyTorch."""
    classes: tuple[str, ...]
    """Its classes, in the model's order."""


def parity(first: Rows, second: Rows) -> Parity:
    """Compare two answers to one picture; a box without a partner counts as infinitely far.

    Each box of either side is held against the nearest one of its class on the other side.
    """
    there, back = _nearest(first, second), _nearest(second, first)
    return joined([there, back])


def _nearest(mine: Rows, others: Rows) -> Parity:
    # The best box counts however faint it is, so that every picture compares something.
    floor = min(_FLOOR + MAX_SCORE, float(mine[:, 4].max(initial=0)))
    firm = mine[mine[:, 4] >= floor]
    box_px = score = 0.0
    for row in firm:
        same = others[others[:, 5] == row[5]]
        apart = (
            np.abs(same[:, :4] - row[:4]).max(axis=1, initial=0)
            if len(same)
            else np.array([np.inf])
        )
        unlike = np.abs(same[:, 4] - row[4]) if len(same) else np.array([np.inf])
        best = int((apart / MAX_BOX_PX + unlike / MAX_SCORE).argmin())
        box_px, score = max(box_px, float(apart[best])), max(score, float(unlike[best]))
    return Parity(boxes=len(firm), box_px=box_px, score=score)


def joined(parts: Sequence[Parity]) -> Parity:
    """The worst of several comparisons."""
    return Parity(
        boxes=sum(part.boxes for part in parts),
        box_px=max((part.box_px for part in parts), default=0.0),
        score=max((part.score for part in parts), default=0.0),
    )


def inputs(photos: Sequence[Path], recipe: TrainRecipe) -> list[NDArray[np.float32]]:
    """What the release's pipeline would feed of these photos: [1, 3, side, side] each."""
    batches = []
    for path in photos:
        bgr = decode.decode(decode.read(path)).bgr
        reduced = resize(bgr, *reduced_size(bgr.shape[1], bgr.shape[0], recipe.tiling.max_side_px))
        for tile in plan(reduced.shape[1], reduced.shape[0], recipe.side_px, recipe.tiling):
            fit = Letterbox.fit(tile.width, tile.height, recipe.side_px)
            batches.append(to_batch(reduced, [tile], [fit]))
    return batches


def facts_of(
    record: Mapping[str, Any], classes: Sequence[str], *, version: str, licence: str
) -> dict[str, str]:
    """What a model's file says of itself when its card is lost: the card's facts, from the run."""
    recipe, data = record["recipe"], record["data"]
    facts = {
        "name": recipe["name"],
        "version": version,
        "classes": ", ".join(classes),
        "trained_on": f"{data['version']} ({data['digest']})",
        "recipe": json.dumps(recipe, sort_keys=True),
        "licence": licence,
        # The run's end, not the export's, so that the same weights give the same file.
        "created": record.get("finished_at") or record["started_at"],
        "code": record["code"],
    }
    return {f"secondlook.{key}": str(value) for key, value in facts.items()}


def label(file: Path, facts: Mapping[str, str]) -> None:
    """Write facts into an ONNX file, and take out what changes with the day and the machine."""
    model = onnx.load(str(file))
    told = {fact.key: fact.value for fact in model.metadata_props if fact.key != "date"}
    # Ultralytics' own names the data set's place on this machine.
    named = f"{facts['secondlook.name']}@{facts['secondlook.version']}"
    told |= {"description": f"{named}, trained on {facts['secondlook.trained_on']}", **facts}
    del model.metadata_props[:]
    for key in sorted(told):
        model.metadata_props.add(key=key, value=told[key])
    onnx.save(model, str(file))


def export(
    run: Path,
    out: Path,
    pinned: Sequence[Path],
    weights: Path = BEST,
    *,
    version: str = "1",
    licence: str = "AGPL-3.0-only",
) -> Exported:
    """Write the run's weights as ONNX to `out`, checked against PyTorch on the pinned photos.

    The file says what it is, of which release's `version` and under which `licence`. Raises
    RunInvalid, ExtraMissing, and ExportRefused where they differ or nothing was compared.
    """
    record = read_record(run)
    recipe = TrainRecipe.model_validate_json(json.dumps(record["recipe"]))
    if not (run / weights).exists():
        raise RunInvalid(f"{run}: should hold {weights}")
    trained = _yolo(run / weights)
    # nms=False asks for the one-to-one head, which needs none.
    options = {"imgsz": recipe.side_px, "nms": False, "simplify": True, "device": "cpu"}
    file = Path(trained.export(format="onnx", **options))
    named: dict[int, str] = trained.names
    classes = tuple(named[index] for index in sorted(named))
    label(file, facts_of(record, classes, version=version, licence=licence))
    session = OnnxSession(file, side_px=recipe.side_px)
    apart = compare(_torch_runner(run / weights), session.run, inputs(pinned, recipe))
    if not apart.boxes:
        raise ExportRefused(
            f"{run}: it sees nothing on the pinned photos: train longer or pin others"
        )
    if not apart.holds:
        limits = f"{MAX_BOX_PX} px and {MAX_SCORE}"
        raise ExportRefused(f"{file}: boxes should differ by at most {limits}, got {apart}")
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(file, out)
    return Exported(parity=apart, classes=classes)


def compare(
    first: Callable[[Rows], Rows],
    second: Callable[[Rows], Rows],
    batches: Sequence[NDArray[np.float32]],
) -> Parity:
    """Run both on the same inputs, one by one."""
    return joined([parity(first(batch)[0], second(batch)[0]) for batch in batches])


def _torch_runner(weights: Path) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    import torch  # noqa: PLC0415 - an extra that only training needs

    network = _yolo(weights).model.float().eval()
    network.end2end = True

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            answer = network(torch.from_numpy(batch))
        rows = answer[0] if isinstance(answer, tuple | list) else answer
        return np.asarray(rows.numpy(), np.float32)

    return run


def peer(model: Path, side_px: int) -> Callable[[NDArray[np.uint8]], object] | None:
    """Ultralytics' own prediction on a BGR tile by the same ONNX file; None where it is not installed."""
    os.environ.setdefault("YOLO_VERBOSE", "False")  # it would talk on stdout, where the report goes
    try:
        yolo = _yolo(model)
    except ExtraMissing:
        return None

    def predict(bgr: NDArray[np.uint8]) -> object:
        return yolo.predict(bgr, imgsz=side_px, verbose=False, device="cpu")

    return predict


def _yolo(weights: Path) -> Any:  # noqa: ANN401 - Ultralytics ships no types
    try:
        from ultralytics.models import YOLO  # noqa: PLC0415 - an extra that only training needs
    except ImportError as error:
        raise ExtraMissing("install the training extra first: pip install '.[training]'") from error
    return YOLO(str(weights), task="detect")
