"""Label seen or not seen, photo by photo: how often a release and the codes are right about it."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn.metrics import roc_auc_score

from models.vision.bundle import open_release
from models.vision.codes import READER, read_codes
from models.vision.detector import Detector
from models.vision.presence import (
    SEEN_AT,
    box_traces,
    code_traces,
    floors,
    is_seen,
    overlooked,
    probability,
    telling,
)
from models.vision.quality import faults_of
from models.vocabulary import Part
from training.progress import track
from training.read import Labelled, pixels, read_set

# A photo that shows one of these shows a label, or what stands for it in sets of codes alone.
SHOWN = (Part.LABEL, Part.BARCODE, Part.QR)
# 95 % of a normal distribution lie within.
_Z = 1.959964
NOTHING = "nothing"
Told = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One photo: what is on it and what was made of it."""

    name: str
    """The file's, below its folder."""
    group: str
    """The folder that it is from."""
    is_there: bool
    """A label, a barcode or a QR code is on it, by its truth."""
    sure: float
    """Probability of a label, by boxes and codes together."""
    is_seen: bool
    """What a station would say."""
    by_boxes: bool
    """The same by the release's boxes alone."""
    by_codes: bool
    """The same by the codes alone."""
    strongest: str
    """The most telling evidence (a Cue); NOTHING where there is none."""


def measure(
    release: Path, data: Sequence[Path], clean: Sequence[Path], *, told: Told = lambda _: None
) -> dict[str, Any]:
    """How often "seen" and "not seen" are right, as a report. Raises SecondlookError.

    Photos of `data` with a box of SHOWN show a label, its others and all of `clean` show none.
    Photos that the quality gate refuses are not judged, as at a station.
    """
    bundle = open_release(release)
    detector = Detector(bundle)
    photos = [*_photos(data, told, clean=False), *_photos(clean, told, clean=True)]
    looked = [_case(group, photo, detector) for group, photo in track(photos, "photos", told)]
    cases = [case for case in looked if case]
    return {
        "release": bundle.identifier,
        "reader": READER,
        "seen_at": SEEN_AT,
        "not_judged": len(looked) - len(cases),
        **_figures(cases),
        "folders": {
            group: _figures([case for case in cases if case.group == group])
            for group in dict.fromkeys(group for group, _ in photos)
        },
        "wrong": [f"{c.group}: {c.name}" for c in cases if c.is_seen != c.is_there],
    }


def _photos(folders: Iterable[Path], told: Told, *, clean: bool) -> list[tuple[str, Labelled]]:
    photos = []
    for folder in folders:
        reading = read_set(folder, SHOWN, clean=clean)
        for complaint in reading.complaints:
            told(f"passed over: {_short(folder)}: {complaint}")
        photos += [(_short(folder), photo) for photo in reading.photos]
    return photos


def _short(folder: Path) -> str:
    """The last two parts of a path: where a set lies on this machine is nobody's business."""
    return "/".join(folder.resolve().parts[-2:])


def _case(group: str, photo: Labelled, detector: Detector) -> Case | None:
    """None where the gate refuses the photo."""
    bgr = pixels(photo)
    if faults_of(bgr):
        return None
    detections = detector.detect(bgr, floors=floors(detector.card))
    card = detector.card
    boxes = tuple(box_traces(Part.LABEL, detections, card, detector.identifier))
    unseen = overlooked(Part.LABEL, [card])
    codes = tuple(code_traces(read_codes(bgr)))
    told = telling(Part.LABEL, (*boxes, *codes))
    return Case(
        name=photo.path.name,
        group=group,
        is_there=bool(photo.boxes),
        sure=max(unseen, probability(Part.LABEL, told)),
        is_seen=is_seen(Part.LABEL, told),
        by_boxes=is_seen(Part.LABEL, boxes),
        by_codes=is_seen(Part.LABEL, codes),
        strongest=told[0].cue if told else NOTHING,
    )


def _figures(cases: Sequence[Case]) -> dict[str, Any]:
    there = [case for case in cases if case.is_there]
    absent = [case for case in cases if not case.is_there]
    return {
        "photos": len(cases),
        "right": share([case.is_seen == case.is_there for case in cases]),
        "right_by_boxes_alone": share([case.by_boxes == case.is_there for case in cases]),
        "right_by_codes_alone": share([case.by_codes == case.is_there for case in cases]),
        "there_seen": share([case.is_seen for case in there]),
        "absent_not_seen": share([not case.is_seen for case in absent]),
        "auroc": _auroc(cases) if there and absent else None,
        "decided_by": {"there": _decided(there), "absent": _decided(absent)},
    }


def _auroc(cases: Sequence[Case]) -> float:
    truth, sure = [c.is_there for c in cases], [c.sure for c in cases]
    return round(float(roc_auc_score(truth, sure)), 4)


def _decided(cases: Iterable[Case]) -> dict[str, int]:
    """The most telling evidence → photos on which it decided that a label is there."""
    return dict(Counter(c.strongest if c.is_seen else NOTHING for c in cases))


def share(right: Sequence[bool]) -> dict[str, float | int] | None:
    """How many are right, as a share with its 95 % interval (Wilson, 1927); None without any."""
    count = len(right)
    if not count:
        return None
    hits = sum(right)
    middle = (hits + _Z**2 / 2) / (count + _Z**2)
    half = _Z / (count + _Z**2) * math.sqrt(hits * (count - hits) / count + _Z**2 / 4)
    return {
        "count": hits,
        "of": count,
        "share": round(hits / count, 4),
        "low": round(middle - half, 4),
        "high": round(middle + half, 4),
    }


def table(report: Mapping[str, Any]) -> str:
    """The report for people: all photos and each folder, a line each, and what decided."""
    rows = [("all", report), *report["folders"].items()]
    head = ("folder", "photos", "right", "by boxes alone", "by codes alone", "auroc")
    lines = [head, *((name, *_cells(figures)) for name, figures in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    told = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
    decided = (
        f"{name}, {truth}: " + ", ".join(f"{cue} {count}" for cue, count in cues.items())
        for name, figures in rows
        for truth, cues in figures["decided_by"].items()
        if cues
    )
    return "\n".join([*told, "", "decided by", *decided])


def _cells(figures: Mapping[str, Any]) -> tuple[str, ...]:
    keys = ("right", "right_by_boxes_alone", "right_by_codes_alone")
    auroc = figures["auroc"]
    return (
        str(figures["photos"]),
        *(_percent(figures[key]) for key in keys),
        "" if auroc is None else f"{auroc:.3f}",
    )


def _percent(right: Mapping[str, float] | None) -> str:
    if right is None:
        return ""
    return f"{right['share']:.1%} ({right['low']:.1%} to {right['high']:.1%})"
