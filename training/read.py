"""Labelled photos from disk: images/, labels/ in YOLO text, classes.txt. Broken files are reported."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.errors import PhotoUnreadable
from models.record import XyXy
from models.vision import decode
from training.errors import DatasetInvalid

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """One labelled thing on a photo."""

    kind: str
    """The class's name."""
    xyxy: XyXy
    """Pixel edges in the photo."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """One photo with everything of the wanted classes on it."""

    path: Path
    """The image's file."""
    sha256: str
    """Hash of the file: the photo's name in manifests."""
    width: int
    """Pixels, after the file's own orientation was applied."""
    height: int
    """Pixels, after the file's own orientation was applied."""
    boxes: tuple[Box, ...]
    """Empty where nothing of the wanted classes is there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a folder holds."""

    photos: tuple[Labelled, ...]
    """The usable photos, by file name."""
    complaints: tuple[str, ...] = ()
    """One line for each file or label line that could not be used."""


def pixels(photo: Labelled) -> NDArray[np.uint8]:
    """[height, width, 3] BGR. Raises PhotoUnreadable."""
    return decode.decode(decode.read(photo.path)).bgr


def read_set(folder: Path, classes: Sequence[str], *, clean: bool = False) -> Reading:
    """The photos of a folder, with the boxes of the named classes; other classes are passed over.

    `clean` asks for no labels at all: nothing of these classes is there, whatever labels say.
    Raises DatasetInvalid where there is no images/ with photos, or no classes.txt when it is needed.
    """
    files = image_files(folder)
    names = () if clean else _class_names(folder)
    complaints: list[str] = []
    photos = []
    for path in files:
        try:
            photos.append(_read_photo(path, names, classes, complaints))
        except (PhotoUnreadable, LookupError, ValueError) as error:
            complaints.append(f"{path.name}: {error}")
    if not photos:
        first = complaints[0] if complaints else "there is none"
        raise DatasetInvalid(f"{folder}: no usable photo in images/ ({first})")
    return Reading(photos=tuple(photos), complaints=tuple(complaints))


def image_files(folder: Path) -> list[Path]:
    """The photos in images/, by name. Raises DatasetInvalid where there is no such folder."""
    images = folder / "images"
    if not images.is_dir():
        raise DatasetInvalid(f"{folder}: should hold a folder images/")
    return sorted(path for path in images.iterdir() if path.suffix.lower() in SUFFIXES)


def _class_names(folder: Path) -> tuple[str, ...]:
    try:
        text = (folder / "classes.txt").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetInvalid(f"{folder}: classes.txt cannot be read: {error}") from error
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _read_photo(
    path: Path, names: Sequence[str], classes: Sequence[str], complaints: list[str]
) -> Labelled:
    data = decode.read(path)
    height, width = decode.decode(data).bgr.shape[:2]
    boxes: list[Box] = []
    if names:
        label = path.parent.parent / "labels" / f"{path.stem}.txt"
        boxes = list(_boxes(label, names, (width, height), complaints))
    return Labelled(
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        width=width,
        height=height,
        boxes=tuple(box for box in boxes if box.kind in classes),
    )


def _boxes(
    label: Path, names: Sequence[str], size: tuple[int, int], complaints: list[str]
) -> Iterator[Box]:
    try:
        lines = label.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LookupError(f"its label file {label.name} cannot be read") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield box_from_line(line, names, *size)
        except ValueError as error:
            complaints.append(f"{label.name}:{number}: {error}")


def box_from_line(line: str, names: Sequence[str], width: int, height: int) -> Box:
    """One line of YOLO text: class, centre x, centre y, width, height, in parts of the photo.

    Raises ValueError saying what was expected.
    """
    parts = line.split()
    if len(parts) != 5:
        raise ValueError(f"should be class x y width height, got {line[:60]!r}")
    values = [float(part) for part in parts]
    if not all(math.isfinite(value) for value in values):
        raise ValueError(f"should hold finite numbers, got {line[:60]!r}")
    index, (x, y, w, h) = int(values[0]), values[1:]
    if not 0 <= index < len(names) or index != values[0]:
        raise ValueError(f"class should be 0 to {len(names) - 1}, got {parts[0]}")
    edges = [max(0.0, x - w / 2), max(0.0, y - h / 2), min(1.0, x + w / 2), min(1.0, y + h / 2)]
    if edges[0] >= edges[2] or edges[1] >= edges[3]:
        raise ValueError(f"box should have an area inside the photo, got {line[:60]!r}")
    xyxy = (edges[0] * width, edges[1] * height, edges[2] * width, edges[3] * height)
    return Box(kind=names[index], xyxy=xyxy)


def line_of(box: Box, names: Sequence[str], width: int, height: int) -> str:
    """The box as a line of YOLO text: the inverse of box_from_line."""
    x1, y1, x2, y2 = box.xyxy
    centre = ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height)
    size = ((x2 - x1) / width, (y2 - y1) / height)
    return f"{names.index(box.kind)} " + " ".join(f"{value:.6f}" for value in (*centre, *size))
