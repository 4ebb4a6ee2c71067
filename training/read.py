"""Labelled photos from disk, as YOLO text, COCO JSON or Pascal VOC XML. Broken files are reported."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.errors import PhotoUnreadable
from models.vision import decode
from training import coco, voc, yolo
from training.boxes import Box, Crowd, Labels, plain
from training.errors import DatasetInvalid
from training.photos import SUFFIXES, image_files
from training.yolo import box_from_line, line_of

__all__ = [
    "SUFFIXES", "Box", "Labelled", "Reading", "box_from_line", "image_files", "labels_of", "line_of", "pixels", "read_set",
]  # fmt: skip
# In the order in which they are looked for; what is more is told.
_KINDS = ((yolo, yolo.YoloLabels), (coco, coco.CocoLabels), (voc, voc.VocLabels))
_NO_LABELS = "no labels"


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
    """One line for each file, label or object that could not be used."""
    labels: str = _NO_LABELS
    """Which kind of labels was found."""
    passed_over: Mapping[str, int] = field(default_factory=dict)
    """How many boxes have a class that nobody asked for, by its name in the labels."""

    @property
    def summary(self) -> str:
        """What was found, in a line: a class that is spelt unlike ours shows here."""
        boxes = Counter(box.kind for photo in self.photos for box in photo.boxes)
        told = f"{self.labels}: {len(self.photos)} photos, {_listed(boxes) or 'no boxes'}"
        others = f"; passed over: {_listed(self.passed_over)}" if self.passed_over else ""
        unusable = f"; {len(self.complaints)} complaints" if self.complaints else ""
        return told + others + unusable


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def pixels(photo: Labelled) -> NDArray[np.uint8]:
    """[height, width, 3] BGR. Raises PhotoUnreadable."""
    return decode.decode(decode.read(photo.path)).bgr


def read_set(
    folder: Path,
    classes: Sequence[str],
    *,
    clean: bool = False,
    aliases: Mapping[str, str] | None = None,
) -> Reading:
    """The photos of a folder, with the boxes of the named classes; other classes are passed over.

    Names are compared without regard to case, and space, hyphen and underscore are one; `aliases`
    says what a class of the labels is called here. `clean` asks for no labels at all: nothing of
    these classes is there, whatever labels say. Raises DatasetInvalid where there are no photos, or
    no labels when they are needed, or one file for all photos is broken.
    """
    kind, labels = _labels(folder, clean=clean)
    wanted = _Wanted(classes, aliases or {})
    photos = []
    for path in labels.photos:
        try:
            photos.append(_read_photo(path, labels, wanted))
        except (PhotoUnreadable, LookupError, ValueError) as error:
            labels.complaints.append(f"{path.name}: {error}")
    if not photos:
        first = labels.complaints[0] if labels.complaints else "there is none"
        raise DatasetInvalid(f"{folder}: no usable photo in images/ ({first})")
    return Reading(
        photos=tuple(photos),
        complaints=tuple(labels.complaints),
        labels=kind,
        passed_over=dict(wanted.passed_over),
    )


class _Wanted:
    """The classes asked for, by whatever name the labels have for them."""

    def __init__(self, classes: Sequence[str], aliases: Mapping[str, str]) -> None:
        ours = {plain(name): str(name) for name in classes}
        theirs = {plain(name): ours.get(plain(target)) for name, target in aliases.items()}
        self._names: dict[str, str | None] = {**ours, **theirs}
        self.passed_over: Counter[str] = Counter()

    def name(self, kind: str) -> str | None:
        """Our name of a class of the labels; None for one that nobody asked for."""
        return self._names.get(plain(kind))

    def of(self, found: Iterator[Box | Crowd]) -> Iterator[Box]:
        """The boxes asked for. Raises ValueError where only a crowd tells of a class."""
        for thing in found:
            name = self.name(thing.kind)
            if name is None:
                self.passed_over[thing.kind] += 1
            elif isinstance(thing, Crowd):
                raise ValueError(f"a crowd of {thing.kind} is marked on it, without a box for each")
            else:
                yield Box(kind=name, xyxy=thing.xyxy)


class _Unlabelled:
    """Photos whose labels nobody asks for."""

    def __init__(self, folder: Path) -> None:
        self.complaints: list[str] = []
        self.photos: Sequence[Path] = image_files(folder)

    def of(self, photo: Path, width: int, height: int) -> Iterator[Box]:
        """Nothing."""
        del photo, width, height
        return iter(())


def labels_of(folder: Path) -> Labels:
    """All labels of a folder, whatever their classes; photos are opened by nobody. Raises DatasetInvalid."""
    return _labels(folder, clean=False)[1]


def _labels(folder: Path, *, clean: bool) -> tuple[str, Labels]:
    """The labels of a folder and what kind they are. Raises DatasetInvalid."""
    if clean:
        return _NO_LABELS, _Unlabelled(folder)
    there = [(kind.NAME, reader) for kind, reader in _KINDS if kind.is_in(folder)]
    if not there:
        image_files(folder)
        raise DatasetInvalid(
            f"{folder}: should hold labels: labels/ and classes.txt (YOLO text), annotations.json "
            f"(COCO) or Annotations/*.xml (Pascal VOC); classes.txt cannot be read"
        )
    (name, reader), *more = there
    labels: Labels = reader(folder)
    labels.complaints += [f"{folder.name}: its {other} labels are passed over" for other, _ in more]
    return name, labels


def _read_photo(path: Path, labels: Labels, wanted: _Wanted) -> Labelled:
    data = decode.read(path)
    height, width = decode.decode(data).bgr.shape[:2]
    boxes = list(wanted.of(labels.of(path, width, height)))
    return Labelled(
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        width=width,
        height=height,
        boxes=tuple(_once(path, boxes, labels.complaints)),
    )


def _once(path: Path, boxes: Sequence[Box], complaints: list[str]) -> Iterator[Box]:
    """Each box once: labels that were joined from several files often repeat some."""
    seen = set()
    for box in boxes:
        # Closer than a hundredth of a pixel is the same number written twice.
        key = (box.kind, *(round(edge, 2) for edge in box.xyxy))
        if key in seen:
            complaints.append(f"{path.name}: the same box of {box.kind} stands twice")
        else:
            seen.add(key)
            yield box
