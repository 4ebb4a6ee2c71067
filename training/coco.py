"""Labels as COCO JSON: one file for a folder's photos, https://cocodataset.org/#format-data."""

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.record import XyXy
from training.boxes import Box, Crowd, check_size, inside, number
from training.errors import DatasetInvalid
from training.photos import first_with, image_files, photo_named

NAME = "COCO"
# Ours and CVAT's, Roboflow's, the COCO data set's own.
_FILES = ("annotations.json", "_annotations.coco.json", "instances_*.json")


def files_in(folder: Path) -> list[Path]:
    """The annotation files of a folder, beside the photos or in annotations/."""
    places = (folder, folder / "annotations")
    return [path for pattern in _FILES for path in first_with(places, pattern)]


def is_in(folder: Path) -> bool:
    """Whether the folder says that its labels are of this kind."""
    return bool(files_in(folder))


@dataclass(kw_only=True, slots=True)
class _Image:
    """What the file says about one photo."""

    size: tuple[float, float] | None
    """Width and height in pixels when it was labelled; None where it does not say."""
    things: list[tuple[str, Box | Crowd]] = field(default_factory=list)
    """Each annotation's name in complaints, and what it marks."""


class CocoLabels:
    """A folder's labels, read and checked as a whole; what is broken in it is told and left out."""

    def __init__(self, folder: Path) -> None:
        """Raises DatasetInvalid where the file is no COCO file, or there are several."""
        self.complaints: list[str] = []
        self._images: dict[Path, _Image] = {}
        file, *more = files_in(folder)
        if more:
            raise DatasetInvalid(
                f"{folder}: should hold one COCO file, got {file.name}, {more[0].name}"
            )
        content = _content(file)
        names = self._categories(content["categories"])
        paths = self._photos(folder, content["images"])
        self._annotations(content["annotations"], names, paths)
        self.complaints += [
            f"{path.name}: {file.name} does not name it" for path in _others(folder, self._images)
        ]

    @property
    def photos(self) -> Sequence[Path]:
        """The photos that the file names and that are there."""
        return sorted(self._images)

    def of(self, photo: Path, width: int, height: int) -> Iterator[Box | Crowd]:
        """The boxes of a photo, cut at its border; what is none is told."""
        image = self._images[photo]
        check_size(image.size, width, height)
        for where, thing in image.things:
            if isinstance(thing, Crowd):
                yield thing
                continue
            try:
                yield Box(kind=thing.kind, xyxy=inside(thing.xyxy, width, height))
            except ValueError as error:
                self.complaints.append(f"{photo.name}: {where}: {error}")

    def _categories(self, entries: Sequence[Any]) -> dict[Hashable, str]:
        names: dict[Hashable, str] = {}
        for where, entry in _dicts("category", entries, self.complaints):
            key, name = entry.get("id"), entry.get("name")
            if not _is_key(key) or not isinstance(name, str) or not name.strip():
                self.complaints.append(f"{where}: should have an id and a name")
            elif names.setdefault(key, name) != name:
                self.complaints.append(f"{where}: id {key} is {names[key]!r} already, not {name!r}")
        return names

    def _photos(self, folder: Path, entries: Sequence[Any]) -> dict[Hashable, Path | None]:
        """The photo of each image id; None for one that was told to be unusable."""
        paths: dict[Hashable, Path | None] = {}
        for where, entry in _dicts("image", entries, self.complaints):
            key = entry.get("id")
            if not _is_key(key) or key in paths:
                self.complaints.append(f"{where}: should have an id of its own, got {key!r}")
                continue
            paths[key] = None
            try:
                paths[key] = path = photo_named(folder, entry.get("file_name"))
                self._images.setdefault(path, _Image(size=_size(entry)))
            except (LookupError, ValueError) as error:
                self.complaints.append(f"{where}: {error}")
        return paths

    def _annotations(
        self,
        entries: Sequence[Any],
        names: Mapping[Hashable, str],
        paths: Mapping[Hashable, Path | None],
    ) -> None:
        for where, entry in _dicts("annotation", entries, self.complaints):
            try:
                path = paths[_known(entry, "image_id", paths)]
                kind = names[_known(entry, "category_id", names)]
                thing = _thing(entry, kind)
            except (LookupError, ValueError) as error:
                self.complaints.append(f"{where}: {error}")
                continue
            if path is not None:  # that its photo cannot be used was told once
                self._images[path].things.append((where, thing))


def _content(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetInvalid(f"{file}: it cannot be read as JSON: {error}") from error
    for part in ("images", "annotations", "categories"):
        if not isinstance(content, dict) or not isinstance(content.get(part), list):
            raise DatasetInvalid(f"{file}: should be a COCO file with a list {part!r}")
    return dict(content)


def _others(folder: Path, named: Iterable[Path]) -> list[Path]:
    """Photos that are there and have no labels."""
    try:
        return sorted(set(image_files(folder)) - set(named))
    except DatasetInvalid:  # all photos lie in folders that only their names tell
        return []


def _dicts(
    what: str, entries: Sequence[Any], complaints: list[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each entry with its name in complaints; what is no object is told."""
    for index, entry in enumerate(entries):
        if isinstance(entry, dict):
            yield f"{what} {entry.get('id', f'number {index}')}", entry
        else:
            complaints.append(
                f"{what} number {index}: should be an object, got {str(entry)[:40]!r}"
            )


def _is_key(value: object) -> bool:
    return isinstance(value, int | float | str) and not isinstance(value, bool)


def _known(entry: Mapping[str, Any], name: str, among: Mapping[Hashable, Any]) -> Hashable:
    key: Hashable = entry.get(name) if _is_key(entry.get(name)) else None
    if key not in among:
        raise LookupError(f"its {name} {entry.get(name)!r} is unknown")
    return key


def _size(entry: Mapping[str, Any]) -> tuple[float, float] | None:
    if not entry.get("width") or not entry.get("height"):
        return None
    return number(entry["width"]), number(entry["height"])


def _thing(entry: Mapping[str, Any], kind: str) -> Box | Crowd:
    """What an annotation marks. Raises ValueError."""
    if entry.get("iscrowd") in (1, "1"):
        return Crowd(kind=kind)
    mask, bbox = entry.get("segmentation"), entry.get("bbox")
    if not bbox and isinstance(mask, list) and mask:
        return Box(kind=kind, xyxy=_around(mask))
    if not bbox:
        raise ValueError("has no bbox (masks as run lengths alone are not read)")
    if not isinstance(bbox, list) or len(bbox) != 4:
        raise ValueError(f"bbox should be x, y, width, height, got {str(bbox)[:60]}")
    x, y, width, height = map(number, bbox)
    if width <= 0 or height <= 0:
        raise ValueError(f"bbox should have an area, got {width:g} x {height:g}")
    return Box(kind=kind, xyxy=(x, y, x + width, y + height))


def _around(polygons: Sequence[Any]) -> XyXy:
    """The edges of a mask's polygons: lists of x, y, x, y and so on."""
    flat = [polygon for polygon in polygons if isinstance(polygon, list)]
    xs = [number(value) for polygon in flat for value in polygon[0::2]]
    ys = [number(value) for polygon in flat for value in polygon[1::2]]
    if not xs or not ys:
        raise ValueError("segmentation should be lists of x, y, x, y, …")
    return min(xs), min(ys), max(xs), max(ys)
