"""Measure a release on labelled photos, through the same pipeline that inspects returns."""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.vision.bundle import Bundle, open_release
from models.vision.detector import Detector
from training.metrics import Seen, measured
from training.read import Labelled, pixels, read_set

# Boxes below this are counted nowhere; keeping them all would cost minutes and move AP by nothing.
FLOOR = 0.005


@dataclass(frozen=True, kw_only=True, slots=True)
class Photo:
    """One photo to be measured on."""

    photo: Labelled
    """With its truth."""
    group: str
    """The folder that it is from, or the set."""
    clean: bool = False
    """It was given as clean, whatever its labels say."""


def evaluate(
    release: Path,
    data: Sequence[Path],
    clean: Sequence[Path],
    *,
    told: Callable[[str], None] = lambda _: None,
) -> dict[str, object]:
    """The figures of design.md: per class over all photos, and per folder. Raises SecondlookError.

    Photos of `data` without boxes of a class, and all of `clean`, are that class's clean photos.
    """
    bundle = open_release(release)
    photos = [*_photos(data, bundle, told, clean=False), *_photos(clean, bundle, told, clean=True)]
    seen = look(bundle, photos, told)
    thresholds = bundle.card.thresholds
    return {
        "release": bundle.card.identifier,
        "photos": sum(not photo.clean for photo in photos),
        "clean_photos": sum(photo.clean for photo in photos),
        "classes": {kind: figures(seen[kind], thresholds[kind]) for kind in bundle.card.classes},
        "folders": {
            group: {
                kind: figures([s for s in seen[kind] if s.group == group], thresholds[kind])
                for kind in bundle.card.classes
            }
            for group in dict.fromkeys(photo.group for photo in photos)
        },
    }


def _short(folder: Path) -> str:
    """The last two parts of a path: where a set lies on this machine is nobody's business."""
    return "/".join(folder.resolve().parts[-2:])


def _photos(
    folders: Iterable[Path], bundle: Bundle, told: Callable[[str], None], *, clean: bool
) -> list[Photo]:
    photos = []
    for folder in folders:
        reading = read_set(folder, bundle.card.classes, clean=clean)
        for complaint in reading.complaints:
            told(f"{folder}: {complaint}")
        photos += [
            Photo(photo=photo, group=_short(folder), clean=clean) for photo in reading.photos
        ]
    return photos


def look(
    bundle: Bundle, photos: Sequence[Photo], told: Callable[[str], None] = lambda _: None
) -> dict[str, list[Seen]]:
    """Class → what is on each photo and what the release reports there, down to FLOOR."""
    detector = Detector(bundle)
    seen: dict[str, list[Seen]] = {kind: [] for kind in bundle.card.classes}
    floors = dict.fromkeys(bundle.card.classes, FLOOR)
    for number, photo in enumerate(photos, start=1):
        detections = detector.detect(pixels(photo.photo), floors=floors)
        for kind, row in seen.items():
            mine = [d for d in detections if d.kind == kind]
            row.append(
                Seen(
                    truth=tuple(box.xyxy for box in photo.photo.boxes if box.kind == kind),
                    boxes=tuple(d.xyxy for d in mine),
                    scores=tuple(d.raw for d in mine),
                    group=photo.group,
                )
            )
        if number % 100 == 0:
            told(f"{number} of {len(photos)} photos")
    return seen


def figures(seen: Sequence[Seen], threshold: float) -> dict[str, float | None]:
    """The measured figures, rounded; None where these photos cannot give one."""
    return {
        name: None if math.isnan(value) else round(value, 4)
        for name, value in measured(seen, threshold).items()
    }


def write(report: dict[str, object], path: Path) -> None:
    """The report as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
