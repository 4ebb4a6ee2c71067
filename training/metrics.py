"""What was seen on photos against what is there: boxes matched, and the threshold that clean photos allow."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.record import XyXy
from models.vision.geometry import overlaps

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.intp]

# COCO's: ten overlaps from 0.5 to 0.95 (cocodataset.org, 2014).
OVERLAPS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
# A box that covers this much of a true one, and is covered by it, is right enough for a person: a
# grade depends on whether the stain is real, not on its outline. Calibration and loose figures use it.
LOOSE = 0.3
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
    path: Path | None = field(default=None, compare=False)
    """Its file, to be shown among the worst."""
    side_px: float = field(default=math.nan, compare=False)
    """The photo's longer side; NaN where nobody asks how large defects are."""

    @property
    def top(self) -> float:
        """The photo's own score: its best box's, 0 without one."""
        return max(self.scores, default=0.0)

    @property
    def shares(self) -> tuple[float, ...]:
        """Each true box's longer side in parts of the photo's."""
        return tuple(longer_side(box) / self.side_px for box in self.truth)


def longer_side(box: XyXy) -> float:
    """In pixels."""
    return max(box[2] - box[0], box[3] - box[1])


def reaches(scores: Reals, threshold: float) -> Flags:
    """Which scores count: as float32, for a model's 0.7 is 0.69999999 as a float64."""
    return np.asarray(scores, np.float32) >= np.float32(threshold)


def all_overlaps(seen: Seen) -> Reals:
    """[boxes, truths] intersection over union."""
    boxes = np.array(seen.boxes, np.float64).reshape(-1, 4)
    columns = [overlaps(np.array(box, np.float64), boxes)[0] for box in seen.truth]
    return np.array(columns, np.float64).reshape(len(seen.truth), len(boxes)).T


def matches(seen: Seen, overlap: float, shares: Reals | None = None) -> Indices:
    """[n] which true box each reported box finds, best first, each found once (COCO); −1 for none.

    `shares` spares computing all_overlaps again.
    """
    found = np.full(len(seen.boxes), -1, np.intp)
    if not seen.truth or not seen.boxes:
        return found
    left = np.array(all_overlaps(seen) if shares is None else shares)
    for index in np.argsort(-np.array(seen.scores), kind="stable"):
        best = int(left[index].argmax())
        if left[index, best] >= overlap:
            found[index] = best
            left[:, best] = -1
    return found


def hits(seen: Seen, overlap: float) -> Flags:
    """[n] whether each reported box finds a true one."""
    return np.asarray(matches(seen, overlap) >= 0)


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


def false_boxes(clean: Sequence[Seen], threshold: float) -> float:
    """Mean number of boxes of at least this score on a clean photo; NaN without clean photos."""
    if not clean:
        return math.nan
    return float(np.mean([reaches(np.array(s.scores), threshold).sum() for s in clean]))
