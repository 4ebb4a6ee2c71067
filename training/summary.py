"""What was measured, as the report that evaluate writes: plain numbers, none where there is none."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np

from models.records import Calibration, Release
from training.curves import threshold_table
from training.intervals import RESAMPLES, Interval, intervals, resamples
from training.metrics import Flags, Reals, Seen
from training.reliability import bins, calibration_figures, told_by
from training.sizes import SIZES, sized
from training.tally import Tally, Weighed, measured

Report = dict[str, object]
ALL = "all"
# Figures that change with the clean photos that a folder's defects are held against.
AGAINST = (
    "ap50", "photo_auroc", "photo_ap", "recall_at_01_false_boxes", "recall_at_02_false_boxes",
    "recall_iou30_at_01_false_boxes", "recall_iou30_at_02_false_boxes", "false_boxes_at_recall_85",
    "false_boxes_at_recall_85_iou30",
)  # fmt: skip
# What the photos of one size of defects can say; the rest is about clean photos.
OF_SIZES = (
    "ap50", "ap50_95", "ap30", "recall", "recall_iou30", "recall_at_01_false_boxes",
    "recall_iou30_at_01_false_boxes", "photo_auroc", "photo_ap", "photos_found",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """A release, and what it saw on labelled photos."""

    card: Release
    """The release."""
    seen: Mapping[str, Sequence[Seen]]
    """Class → one entry a photo, in one order for all classes."""
    photos: int
    """How many were given as data."""
    clean_photos: int
    """How many were given as clean."""
    passed_over: tuple[str, ...] = ()
    """A line for each file that could not be used."""
    rendered: tuple[str, ...] = ()
    """The folders whose pictures are rendered or staged."""
    seconds: float = 0.0
    """How long looking took."""


class OneClass:
    """The figures of one class; everything is read from one tally and one set of resamples."""

    def __init__(self, seen: Sequence[Seen], threshold: float, curve: Calibration | None) -> None:
        """`threshold` and `curve` are the card's."""
        self.seen = seen
        self.threshold = threshold
        self.calibration = curve
        self.groups = np.array([one.group for one in seen])

    @cached_property
    def tally(self) -> Tally:
        """Of all photos."""
        return Tally.of(self.seen)

    @cached_property
    def weights(self) -> Reals:
        """[resamples, photos]."""
        return resamples([one.group for one in self.seen])

    def figures(self, weighed: Weighed) -> dict[str, Reals]:
        """Every figure."""
        found = measured(weighed, self.threshold)
        return found | calibration_figures(weighed, self.calibration, self.threshold)

    def of(self, photos: Flags) -> Report:
        """All figures over some photos [p], with intervals."""
        tally = self.tally.only(photos)
        told = self._told(tally, self.weights[:, photos], self.figures)
        counts = {"photos": len(tally.truths), "boxes": int(tally.truths.sum())}
        return told | counts | {"threshold": self.threshold}

    def against(self, defects: Flags, clean: Flags) -> Report:
        """How well photos with the defect [p] are told from these clean ones [p]."""
        photos = defects | clean
        return self._told(self.tally.only(photos), self.weights[:, photos], self._some(AGAINST))

    def of_size(self, size: str) -> Report:
        """The figures of small, medium or large defects."""
        at, seen = sized(self.seen, size)
        tally = Tally.of(seen)
        told = self._told(tally, self.weights[:, at], self._some(OF_SIZES))
        low, high = SIZES[size]
        limits = {"from": low, "to": _number(high), "boxes": int(tally.truths.sum())}
        return limits | told

    def _some(self, names: Sequence[str]) -> Callable[[Weighed], dict[str, Reals]]:
        return lambda weighed: measured(weighed, self.threshold, names)

    def _told(
        self, tally: Tally, weights: Reals, figures: Callable[[Weighed], dict[str, Reals]]
    ) -> Report:
        spread = intervals(tally, figures, weights)
        found = {name: _number(values[0]) for name, values in figures(tally.plain()).items()}
        known = {name: _ends(spread[name]) for name in spread if found[name] is not None}
        return {**found, "intervals": known}

    def reliability(self) -> Report:
        """The tables behind the reliability plot."""
        told = {"before": None, "after": self.calibration}
        return {
            when: [_row(asdict(one)) for one in bins(told_by(self.tally, curve))]
            for when, curve in told.items()
        }


def report_of(measurement: Measurement) -> Report:
    """The figures of design.md and more: per class, and per folder."""
    card = measurement.card
    classes = {
        kind: OneClass(row, card.thresholds[kind], card.calibration.get(kind))
        for kind, row in measurement.seen.items()
    }
    groups = list(dict.fromkeys(s.group for row in measurement.seen.values() for s in row))
    return {
        "release": card.identifier,
        "photos": measurement.photos,
        "clean_photos": measurement.clean_photos,
        "rendered": bool(measurement.rendered),
        "rendered_folders": list(measurement.rendered),
        "passed_over": list(measurement.passed_over),
        "seconds": round(measurement.seconds, 3),
        "intervals": f"95 %, bootstrap by photo within folders, {RESAMPLES} resamples",
        "classes": {kind: _class_report(one, groups) for kind, one in classes.items()},
        "folders": {
            group: {kind: _folder_report(one, group, groups) for kind, one in classes.items()}
            for group in groups
        },
    }


def headlines(report: Report) -> dict[str, dict[str, object]]:
    """Class → its figures alone, without intervals and tables: what fits on a screen."""
    classes = report["classes"]
    return {
        kind: {name: value for name, value in entry.items() if not isinstance(value, dict | list)}
        for kind, entry in (classes.items() if isinstance(classes, dict) else ())
    }


def _class_report(one: OneClass, groups: Sequence[str]) -> Report:
    return one.of(np.ones(len(one.seen), np.bool_)) | {
        "against": _against(one, ~one.tally.clean, groups),
        "sizes": {size: one.of_size(size) for size in SIZES},
        "reliability": one.reliability(),
        "thresholds": [
            _row(row) for row in threshold_table(one.tally, one.threshold, one.calibration)
        ],
    }


def _folder_report(one: OneClass, group: str, groups: Sequence[str]) -> Report:
    inside = one.groups == group
    return one.of(inside) | {"against": _against(one, inside & ~one.tally.clean, groups)}


def _against(one: OneClass, defects: Flags, groups: Sequence[str]) -> Report:
    """Folder → figures against its clean photos, and against all of them."""
    clean = one.tally.clean
    against = {ALL: clean} | {group: clean & (one.groups == group) for group in groups}
    return {
        name: one.against(defects, photos)
        for name, photos in against.items()
        if defects.any() and photos.any()
    }


def _number(value: float) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None


def _ends(interval: Interval) -> list[float | None]:
    return [_number(end) for end in interval]


def _row(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: _number(value) for name, value in values.items()}
