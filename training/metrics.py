"""How well a detector does, as numbers: pure arithmetic on scores, hits and photos."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from models.record import XyXy
from models.vision.geometry import overlaps

Reals = NDArray[np.float64]

# COCO's: ten overlaps from 0.5 to 0.95, precision read at 101 recalls (cocodataset.org, 2014).
OVERLAPS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
_RECALLS = np.linspace(0, 1, 101)
# What a bench can bear: one false box in ten clean photos.
FALSE_BOXES_ALLOWED = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What is on one photo, and what was reported there, of one class."""

    truth: tuple[XyXy, ...] = ()
    """True boxes; a photo without any counts as clean."""
    boxes: tuple[XyXy, ...] = ()
    """Reported boxes."""
    scores: tuple[float, ...] = ()
    """Their raw scores, in the same order."""
    group: str = field(default="", compare=False)
    """Where the photo is from."""

    @property
    def top(self) -> float:
        """The photo's own score: its best box's, 0 without one."""
        return max(self.scores, default=0.0)


def hits(seen: Seen, overlap: float) -> NDArray[np.bool_]:
    """[n] whether each reported box finds a true one, best first, each true one found once (COCO)."""
    found = np.zeros(len(seen.boxes), np.bool_)
    if not seen.truth or not seen.boxes:
        return found
    truth = np.array(seen.truth, np.float64)
    shares = np.array([overlaps(np.array(box, np.float64), truth)[0] for box in seen.boxes])
    for index in np.argsort(-np.array(seen.scores), kind="stable"):
        best = int(shares[index].argmax())
        if shares[index, best] >= overlap:
            found[index] = True
            shares[:, best] = -1
    return found


def average_precision(scores: Reals, found: NDArray[np.bool_], truths: int) -> float:
    """Mean of the precision's envelope at 101 recalls; NaN where there is nothing to find."""
    if not truths:
        return math.nan
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(found[order])
    recall = right / truths
    precision = right / np.arange(1, len(order) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, _RECALLS, side="left")
    reached = at < len(envelope)
    return (
        float(np.where(reached, envelope[np.minimum(at, len(envelope) - 1)], 0).mean())
        if len(order)
        else 0.0
    )


def threshold_allowing(clean: Sequence[Seen], allowed: float = FALSE_BOXES_ALLOWED) -> float:
    """The lowest score at which clean photos show at most `allowed` false boxes each; 1 at worst.

    Among the scores of the clean photos themselves the next higher one than the first too many.
    """
    scores = np.sort(
        np.concatenate([np.array(s.scores, np.float64) for s in clean] or [np.zeros(0)])
    )[::-1]
    most = math.floor(allowed * len(clean) + 1e-9)
    if len(scores) <= most:
        return 0.0
    return float(min(1.0, np.nextafter(np.float32(scores[most]), np.float32(2))))


def recall_at(seen: Sequence[Seen], threshold: float, overlap: float = 0.5) -> float:
    """Share of the true boxes that are found by boxes of at least this score; NaN without any."""
    truths = sum(len(s.truth) for s in seen)
    found = sum(int((hits(s, overlap) & (np.array(s.scores) >= threshold)).sum()) for s in seen)
    return found / truths if truths else math.nan


def false_boxes(clean: Sequence[Seen], threshold: float) -> float:
    """Mean number of boxes of at least this score on a clean photo; NaN without clean photos."""
    if not clean:
        return math.nan
    return float(np.mean([sum(score >= threshold for score in s.scores) for s in clean]))


def measured(seen: Sequence[Seen], threshold: float) -> dict[str, float]:
    """All figures of one class over photos; NaN where a figure cannot be had from these photos."""
    clean = [s for s in seen if not s.truth]
    stained = [s for s in seen if s.truth]
    precisions = [_precision(seen, overlap) for overlap in OVERLAPS]
    both = [bool(clean), bool(stained)]
    truth, tops = [bool(s.truth) for s in seen], [s.top for s in seen]
    return {
        "ap50": precisions[0],
        "ap50_95": float(np.mean(precisions)),
        "recall_at_01_false_boxes": recall_at(seen, threshold_allowing(clean))
        if clean
        else math.nan,
        "photo_auroc": float(roc_auc_score(truth, tops)) if all(both) else math.nan,
        "photo_ap": float(average_precision_score(truth, tops)) if all(both) else math.nan,
        "false_boxes_per_clean_photo": false_boxes(clean, threshold),
        "threshold": threshold,
        "recall": recall_at(seen, threshold),
        "photos_found": _share([s.top >= threshold for s in stained]),
        "clean_photos_flagged": _share([s.top >= threshold for s in clean]),
        "boxes": float(sum(len(s.truth) for s in seen)),
    }


def _share(flags: Sequence[bool]) -> float:
    return float(np.mean(flags)) if flags else math.nan


def _precision(seen: Sequence[Seen], overlap: float) -> float:
    scores = np.concatenate([np.array(s.scores, np.float64) for s in seen] or [np.zeros(0)])
    found = np.concatenate([hits(s, overlap) for s in seen] or [np.zeros(0, np.bool_)])
    return average_precision(scores, found, sum(len(s.truth) for s in seen))
