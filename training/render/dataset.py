"""Rendered pictures on disk: images/, labels/, masks/, truth.json, card.yaml, as evaluate reads them."""

import collections
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from models.record import XyXy
from training.errors import DatasetInvalid
from training.render.camera import compressed
from training.render.canvas import Mask
from training.render.labels import State
from training.render.noise import Picture
from training.render.order import VERSION, Order
from training.render.taking import Taken, Told, take

# Lamps beyond the first, and all three as the channels of one picture, in folders of their own.
STACKED = "stacked"
Truth = dict[str, Any]
"""As it stands in truth.json."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """One thing in a picture."""

    kind: str
    """Its class."""
    xyxy: XyXy
    """Pixel edges."""
    sort: str | None = None
    """Which sort of defect; None for what should be there."""
    instance: int | None = None
    """Its value in the mask's file; None for what should be there."""


def boxes_of(taken: Taken) -> list[Box]:
    """Defects first, then labels, codes and packages."""
    defects = [
        Box(kind=fault.defect.value, xyxy=fault.xyxy, sort=fault.sort, instance=number)
        for number, fault in enumerate(taken.faulty.faults, start=1)
    ]
    return defects + [Box(kind=name, xyxy=xyxy) for name, xyxy in taken.faulty.parts]


def mask_of(taken: Taken) -> Mask:
    """[height, width]: 0 where nothing is wrong, else the number of the last defect drawn there."""
    mask = np.zeros(taken.drawn.bgr.shape[:2], np.uint8)
    for number, fault in enumerate(taken.faulty.faults, start=1):
        mask[fault.mask] = number
    return mask


def truth_of(order: Order, index: int, taken: Taken) -> Truth:
    """All that is known about a picture."""
    drawn, lamp = taken.drawn, taken.drawn.light
    height, width = drawn.bgr.shape[:2]
    return {
        "file": f"{index:06}.jpg",
        "seed": [order.seed, index],
        "kind": drawn.kind,
        "background": taken.background,
        "bench": drawn.bench,
        "light": lamp and {"name": lamp.name, "azimuth_deg": round(lamp.azimuth_deg, 1),
                           "elevation_deg": round(lamp.elevation_deg, 1)},
        "width": width,
        "height": height,
        "mm_per_px": drawn.mm_per_px and round(drawn.mm_per_px, 5),
        "label": taken.label,
        "boxes": [_told(box, drawn.mm_per_px) for box in boxes_of(taken)],
    }  # fmt: skip


def _told(box: Box, mm_per_px: float | None) -> Truth:
    x1, y1, x2, y2 = box.xyxy
    longer = max(x2 - x1, y2 - y1)
    return {
        "class": box.kind,
        "sort": box.sort,
        "instance": box.instance,
        "xyxy": [round(v, 1) for v in box.xyxy],
        "size_mm": mm_per_px and round(longer * mm_per_px, 1),
    }


def line_of(box: Box, classes: tuple[str, ...], width: int, height: int) -> str:
    """A line of YOLO text."""
    x1, y1, x2, y2 = box.xyxy
    values = ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height)
    return f"{classes.index(box.kind)} " + " ".join(f"{value:.6f}" for value in values)


def write(
    order: Order, numbers: Iterable[int], out: Path, told: Told = lambda _: None
) -> Mapping[str, int]:
    """Render the pictures of these numbers into a new folder. Tells how fast it went.

    Returns how many boxes there are of each class. Raises DatasetInvalid where the folder holds something, SecondlookError, OSError.
    """
    if out.exists() and any(out.iterdir()):
        raise DatasetInvalid(
            f"{out}: should be a new or an empty folder: rendering replaces nothing"
        )
    for folder in _folders(order, out):
        folder.mkdir(parents=True, exist_ok=True)
    truths, complaints, begun = [], set[str](), time.monotonic()

    def once(line: str) -> None:
        if line not in complaints:
            told(line)
        complaints.add(line)

    for number in numbers:
        taken = take(order, number, once)
        _keep(order, number, taken, out)
        truths.append(truth_of(order, number, taken))
    _finish(order, out, truths)
    counts, speed = _counted(order, truths), len(truths) / (time.monotonic() - begun)
    told(f"{len(truths)} pictures, {speed:.1f} a second, boxes {counts} in {out}")
    return counts


def _folders(order: Order, out: Path) -> list[Path]:
    names = ["images", "labels", "masks"]
    if order.angles > 1:
        names += [f"images-{n}" for n in range(2, order.angles + 1)]
        names += [f"{STACKED}/images", f"{STACKED}/labels"]
    return [out / name for name in names]


def _keep(order: Order, index: int, taken: Taken, out: Path) -> None:
    """One picture's files."""
    name = f"{index:06}"
    height, width = taken.drawn.bgr.shape[:2]
    for lamp, bgr in enumerate(taken.pictures, start=1):
        folder = "images" if lamp == 1 else f"images-{lamp}"
        rng = np.random.default_rng([order.seed, index, 0])
        (out / folder / f"{name}.jpg").write_bytes(compressed(rng, bgr))
    lines = "".join(
        f"{line_of(box, order.classes, width, height)}\n"
        for box in boxes_of(taken)
        if box.kind in order.classes
    )
    (out / "labels" / f"{name}.txt").write_text(lines, encoding="utf-8")
    (out / "masks" / f"{name}.png").write_bytes(_png(mask_of(taken)))
    if len(taken.pictures) == 3:
        (out / STACKED / "images" / f"{name}.png").write_bytes(_png(stacked(taken.pictures)))
        (out / STACKED / "labels" / f"{name}.txt").write_text(lines, encoding="utf-8")


def stacked(pictures: tuple[Picture, ...]) -> Picture:
    """[height, width, 3]: the grey of each lamp's picture as one channel."""
    greys = [cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY) for bgr in pictures]
    return np.asarray(np.dstack(greys), np.uint8)


def _png(picture: Mask | Picture) -> bytes:
    done, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    assert done  # noqa: S101 - fails only without memory
    return data.tobytes()


def _counted(order: Order, truths: list[Truth]) -> dict[str, int]:
    counts = collections.Counter(box["class"] for truth in truths for box in truth["boxes"])
    return {name: counts[name] for name in order.classes}


def _finish(order: Order, out: Path, truths: list[Truth]) -> None:
    """Classes, truth and card."""
    names = "".join(f"{name}\n" for name in order.classes)
    for folder in [out, *([out / STACKED] if order.angles == 3 else [])]:
        (folder / "classes.txt").write_text(names, encoding="utf-8")
    text = ",\n".join(json.dumps(truth, ensure_ascii=False) for truth in truths)
    (out / "truth.json").write_text(f"[\n{text}\n]\n", encoding="utf-8")
    card = yaml.safe_dump(_card(order, truths), allow_unicode=True, sort_keys=False, width=100)
    (out / "card.yaml").write_text(card, encoding="utf-8")


def _is_clean(truth: Truth) -> bool:
    return truth["label"] in (None, "present") and not any(box["sort"] for box in truth["boxes"])


def _card(order: Order, truths: list[Truth]) -> dict[str, object]:
    clean = sum(_is_clean(truth) for truth in truths)
    return {
        "rendered": True,
        "seed": order.seed,
        "version": VERSION,
        "pictures": len(truths),
        "clean": clean,
        "side_px": order.side_px,
        "angles": order.angles,
        "kinds": ["photo"] if order.backgrounds else list(order.kinds),
        "defects": list(order.sorts) + (["label"] if order.labels else []),
        "backgrounds": len(order.backgrounds),
        "shapes_from_files": len(order.shapes.overlays) + len(order.shapes.courses),
        "boxes": _counted(order, truths),
        "labels": {state.value: sum(t["label"] == state for t in truths) for state in State},
        "note": "Drawn, not photographed: a figure that rests on these pictures says nothing of real goods.",
    }
