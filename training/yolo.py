"""Labels as YOLO text: images/, labels/ with a file a photo, and the classes' names."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from training.boxes import Box
from training.errors import DatasetInvalid
from training.photos import image_files

NAME = "YOLO text"


def is_in(folder: Path) -> bool:
    """Whether the folder says that its labels are of this kind."""
    return (folder / "labels").is_dir() or (folder / "classes.txt").exists()


class YoloLabels:
    """A folder's labels: class number, centre x, centre y, width, height in parts of the photo."""

    def __init__(self, folder: Path) -> None:
        """Raises DatasetInvalid where there are no photos or no names of classes."""
        self.complaints: list[str] = []
        self.photos: Sequence[Path] = image_files(folder)
        self._labels = folder / "labels"
        self._names = class_names(folder)

    def of(self, photo: Path, width: int, height: int) -> Iterator[Box]:
        """The boxes of a photo; lines that are none are told."""
        label = self._labels / f"{photo.stem}.txt"
        try:
            lines = label.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise LookupError(f"its label file {label.name} cannot be read") from error
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                yield box_from_line(line, self._names, width, height)
            except ValueError as error:
                self.complaints.append(f"{label.name}:{number}: {error}")


def class_names(folder: Path) -> tuple[str, ...]:
    """The classes by number: classes.txt, or `names` in data.yaml here or one folder above.

    Raises DatasetInvalid.
    """
    listed = folder / "classes.txt"
    for file in (folder / "data.yaml", folder.parent / "data.yaml"):
        if not listed.exists() and (names := _names_in(file)):
            return names
    try:
        text = listed.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetInvalid(f"{folder}: classes.txt cannot be read: {error}") from error
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _names_in(file: Path) -> tuple[str, ...]:
    """Ultralytics' `names`, a list or a mapping from numbers; empty where there are none."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        names = content["names"]
        if isinstance(names, Mapping):
            names = [names[index] for index in range(len(names))]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError):
        return ()
    return tuple(map(str, names)) if isinstance(names, list) else ()


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
