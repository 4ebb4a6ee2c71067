"""Measure a release on labelled photos, through the same pipeline that inspects returns."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from models.errors import PhotoUnreadable
from models.vision.bundle import CARD, Bundle, open_release
from models.vision.detector import Detection, Detector
from training.metrics import Seen
from training.progress import track
from training.read import Labelled, pixels, read_set
from training.summary import Measurement, Report, report_of

# Boxes below this are counted nowhere; keeping them all would cost minutes and move AP by nothing.
FLOOR = 0.005
Told = Callable[[str], None]


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
    release: Path, data: Sequence[Path], clean: Sequence[Path], *, told: Told = lambda _: None
) -> Report:
    """The figures of design.md: per class over all photos, and per folder. Raises SecondlookError."""
    return report_of(measure(release, data, clean, told=told))


def measure(
    release: Path, data: Sequence[Path], clean: Sequence[Path], *, told: Told = lambda _: None
) -> Measurement:
    """Look at every photo. Raises SecondlookError.

    Photos of `data` without boxes of a class, and all of `clean`, are that class's clean photos.
    """
    bundle = open_release(release)
    complaints: list[str] = []

    def complain(line: str) -> None:
        complaints.append(line)
        told(f"passed over: {line}")

    photos = photos_of(bundle, data, clean, complain)
    start = time.perf_counter()
    looks = list(_looks(bundle, photos, told, complain))
    return Measurement(
        card=bundle.card,
        seen=_by_class(bundle, looks),
        photos=sum(not photo.clean for photo, _ in looks),
        clean_photos=sum(photo.clean for photo, _ in looks),
        passed_over=tuple(complaints),
        rendered=tuple(_name(folder) for folder in (*data, *clean) if _is_rendered(folder)),
        seconds=time.perf_counter() - start,
    )


def photos_of(
    bundle: Bundle, data: Sequence[Path], clean: Sequence[Path], complain: Told
) -> list[Photo]:
    """The photos of labelled and of clean folders; what cannot be read is told. Raises DatasetInvalid."""
    return [
        *_photos(data, bundle, complain, clean=False),
        *_photos(clean, bundle, complain, clean=True),
    ]


def look(
    bundle: Bundle, photos: Sequence[Photo], told: Told = lambda _: None
) -> dict[str, list[Seen]]:
    """Class → what is on each photo and what the release reports there, down to FLOOR."""
    return _by_class(bundle, list(_looks(bundle, photos, told, told)))


def _name(folder: Path) -> str:
    """The last two parts of a path: where a set lies on this machine is nobody's business.

    A rendered or staged set says so in its name, wherever its figures go.
    """
    short = "/".join(folder.resolve().parts[-2:])
    return f"{short} (rendered)" if _is_rendered(folder) else short


def _is_rendered(folder: Path) -> bool:
    """Its card, or that of the folder that holds it, says `rendered: true`."""
    return any(_says_rendered(place / CARD) for place in (folder, folder.resolve().parent))


def _says_rendered(card: Path) -> bool:
    try:
        content = yaml.safe_load(card.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return False
    return isinstance(content, dict) and content.get("rendered") is True


def _photos(
    folders: Sequence[Path], bundle: Bundle, complain: Told, *, clean: bool
) -> Iterator[Photo]:
    for folder in folders:
        reading = read_set(folder, bundle.card.classes, clean=clean)
        for complaint in reading.complaints:
            complain(f"{_name(folder)}: {complaint}")
        for photo in reading.photos:
            yield Photo(photo=photo, group=_name(folder), clean=clean)


def _looks(
    bundle: Bundle, photos: Sequence[Photo], told: Told, complain: Told
) -> Iterator[tuple[Photo, tuple[Detection, ...]]]:
    """Each photo with what is reported on it, down to FLOOR; one that is gone by now is told."""
    detector = Detector(bundle)
    floors = dict.fromkeys(bundle.card.classes, FLOOR)
    for photo in track(photos, "photos", told):
        try:
            yield photo, detector.detect(pixels(photo.photo), floors=floors)
        except PhotoUnreadable as error:
            complain(f"{photo.group}: {photo.photo.path.name}: {error}")


def _by_class(
    bundle: Bundle, looks: Sequence[tuple[Photo, Sequence[Detection]]]
) -> dict[str, list[Seen]]:
    return {
        kind: [_seen(photo, [d for d in found if d.kind == kind], kind) for photo, found in looks]
        for kind in bundle.card.classes
    }


def _seen(photo: Photo, found: Sequence[Detection], kind: str) -> Seen:
    labelled = photo.photo
    return Seen(
        truth=tuple(box.xyxy for box in labelled.boxes if box.kind == kind),
        boxes=tuple(d.xyxy for d in found),
        scores=tuple(d.raw for d in found),
        group=photo.group,
        path=labelled.path,
        side_px=max(labelled.width, labelled.height),
    )


def write(report: Mapping[str, object], path: Path) -> None:
    """The report as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
