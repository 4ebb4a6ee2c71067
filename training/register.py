"""A candidate becomes a release: model.onnx with a card that says what it is and how well it does."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from models.errors import RecordInvalid
from models.records import Release
from models.vision.bundle import CARD, open_release, read_card
from training.errors import RunInvalid, TrainingError
from training.recipe import TrainRecipe
from training.reliability import VALIDATION
from training.summary import ALL

MODEL = "model.onnx"
# Trained by Ultralytics' AGPL-3.0 code, which claims the weights as well; see the README's licences.
LICENCE = "AGPL-3.0-only (trained with Ultralytics YOLO, whose licence covers trained models)"
# The threshold before calibration chose one.
FIRST_THRESHOLD = 0.25
# Figures of evaluate that a card repeats: for each class, for each folder, for each size of defect,
# and for a folder's defects held against one folder of clean photos.
FIGURES = (
    "ap50", "ap50_95", "ap30", "recall", "recall_iou30", "recall_at_01_false_boxes",
    "recall_at_02_false_boxes", "recall_iou30_at_02_false_boxes", "false_boxes_at_recall_85",
    "photo_auroc", "photo_ap", "false_boxes_per_clean_photo", "photos_found",
    "clean_photos_flagged", "photos_right", "brier_before", "brier_after", "d_ece_before",
    "d_ece_after", "d_ece_reported_before", "d_ece_reported_after",
)  # fmt: skip
OF_FOLDERS = (
    "ap50", "ap50_95", "recall", "recall_iou30", "photo_auroc", "photo_ap",
    "false_boxes_per_clean_photo", "photos_found", "clean_photos_flagged",
)  # fmt: skip
OF_SIZES = ("recall",)
OF_PAIRS = ("photo_auroc", "false_boxes_at_recall_85")
# The figures whose intervals a card repeats, as `…/low` and `…/high`.
WITH_INTERVALS = ("ap50", "photo_auroc", "recall")


def candidate_card(
    record: Mapping[str, Any], classes: tuple[str, ...], model: Path, version: str
) -> Release:
    """The card of a fresh export, before thresholds, figures and notes are known."""
    recipe = TrainRecipe.model_validate_json(json.dumps(record["recipe"]))
    with model.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Release(
        name=recipe.name,
        version=version,
        file=model.name,
        sha256=digest,
        classes=classes,
        sees=recipe.sees,
        input_name="images",
        input_side_px=recipe.side_px,
        output_name="output0",
        tiling=recipe.tiling,
        thresholds=dict.fromkeys(classes, FIRST_THRESHOLD),
        trained_on=(str(record["data"]["version"]),),
        licence=LICENCE,
        recipe=f"training/recipes/{recipe.name}.train.yaml at {record['code']}, data {record['data']['digest']}",
    )


def write_card(card: Release, folder: Path) -> None:
    """The card as YAML beside the model."""
    content = json.loads(card.to_json())
    order = {name: content[name] for name in Release.model_fields if name in content}
    text = yaml.safe_dump(order, allow_unicode=True, sort_keys=False, width=100)
    (folder / CARD).write_text(text, encoding="utf-8")


def figures_of(report: Mapping[str, Any]) -> dict[str, float]:
    """The card's metrics: `class/figure`, `class/figure/folder`, and intervals as `…/low`, `…/high`.

    `class/figure/folder vs clean folder` holds one folder's defects against one folder of clean
    photos. Where rendered pictures are among the photos only the folders' own figures stand, and
    the rendered folders say so in their names.
    """
    found: dict[str, float | None] = {}
    for kind, entry in report["classes"].items():
        if not report.get("rendered"):
            found |= _named(kind, entry, FIGURES)
            for size, figures in entry.get("sizes", {}).items():
                found |= _named(kind, figures, OF_SIZES, f"/{size}", ends=False)
    for folder, kinds in report["folders"].items():
        for kind, entry in kinds.items():
            found |= _named(kind, entry, OF_FOLDERS, f"/{folder}")
            found |= _pairs(kind, folder, entry.get("against", {}))
    told = {key: float(value) for key, value in found.items() if value is not None}
    return {"photos": report["photos"], "clean_photos": report["clean_photos"]} | told


def _pairs(kind: str, folder: str, against: Mapping[str, Any]) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for clean, figures in against.items():
        if clean not in {ALL, folder}:
            found |= _named(kind, figures, OF_PAIRS, f"/{folder} vs {clean}", ends=False)
    return found


def _named(
    kind: str, entry: Mapping[str, Any], names: Sequence[str], where: str = "", *, ends: bool = True
) -> dict[str, float | None]:
    """`kind/name/where` → figure, with the ends of its interval where a card repeats them."""
    found = {f"{kind}/{name}{where}": entry.get(name) for name in names}
    for name in WITH_INTERVALS if ends else ():
        low, high = entry.get("intervals", {}).get(name) or (None, None)
        found |= {f"{kind}/{name}{where}/low": low, f"{kind}/{name}{where}/high": high}
    return found


def register(candidate: Path, report: Path, notes: Path, releases: Path) -> Path:
    """Copy a candidate into the releases with its figures and notes; returns its folder there.

    The copy is opened as a station would open it. Raises RunInvalid, TrainingError, ReleaseRefused.
    """
    card = read_card(candidate)
    figures = _json(report)
    if figures.get("release") != card.identifier:
        raise RunInvalid(f"{report}: should be of {card.identifier}, got {figures.get('release')}")
    try:
        said = dict(yaml.safe_load(notes.read_text(encoding="utf-8")).items())
        chosen = {name: v for name, v in card.metrics.items() if name.endswith(VALIDATION)}
        told = {"metrics": chosen | figures_of(figures), "notes": said}
        card = Release.from_json(json.dumps(card.model_dump(mode="json") | told))
    except (OSError, ValueError, AttributeError, yaml.YAMLError, RecordInvalid) as error:
        raise TrainingError(f"{notes}: {' '.join(str(error).split())}") from error
    folder = releases / card.name
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(candidate / card.file, folder / card.file)
    write_card(card, folder)
    open_release(folder)
    return folder


def _json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunInvalid(f"{path}: should be the report that evaluate wrote") from error
    return content
