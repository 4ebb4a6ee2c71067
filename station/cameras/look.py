"""What the watchdog wants to know of a frame, from its glimpse alone: pure."""

import cv2
import numpy as np
from numpy.typing import NDArray

from station.cameras.frame import Bgr, Frame
from station.cameras.watch import Look

# A covered lens leaves the noise of the sensor: a few grey levels. An unlit hall is brighter.
MAX_BLACK = 16
# Squares into which a glimpse is cut: a clock that a camera writes into its picture takes a few.
_COLUMNS, _ROWS = 16, 12
# Clipped squares carry no noise even in a living picture.
_DARKEST, _BRIGHTEST = 4, 251
# A living sensor changes something in nearly every square from one frame to the next.
FROZEN_SHARE = 0.95


def look_at(frame: Frame, before: Frame | None) -> Look:
    """What a frame shows, beside the one before it."""
    is_still = before is not None and unchanged_share(before.glimpse, frame.glimpse) >= FROZEN_SHARE
    return Look(size=frame.size, is_black=is_black(frame.glimpse), is_still=is_still)


def is_black(glimpse: Bgr) -> bool:
    """Whether even the brightest percent is as dark as under a lens cap."""
    return bool(np.percentile(_grey(glimpse), 99) < MAX_BLACK)


def unchanged_share(before: Bgr, after: Bgr) -> float:
    """Of the squares that are neither black nor white, the share in which no pixel changed; 0 to 1."""
    if before.shape != after.shape:
        return 0.0
    differs = np.any(before != after, axis=2)
    counts = _squares(differs.astype(np.float32))
    tones = _squares(_grey(after).astype(np.float32))
    telling = (tones > _DARKEST) & (tones < _BRIGHTEST)
    return float(np.mean(counts[telling] == 0)) if telling.any() else 0.0


def _squares(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of _ROWS × _COLUMNS squares; exactly 0 only where all values of a square are 0."""
    size = (min(_COLUMNS, values.shape[1]), min(_ROWS, values.shape[0]))
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)


def _grey(bgr: Bgr) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8)
