"""A photo beside the camera's view of its own empty bench: where the item is, and what has drifted.

The reference is one photo that somebody took when all was well. It says what the light, the colours and
the focus of this station are, and what of a later photo is the item.
"""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from models.vision.edges import MEASURED_SIDE_PX, edge_width_px
from models.vision.picture import Bgr, reduced

Mask = NDArray[np.bool_]
"""Height × width."""

# The item is looked for at this longer side.
SEARCHED_SIDE_PX = 256
# Grey levels, light and colour made equal: shadows of cloth are fainter, a shirt in the table's own
# colour is told by its edges.
_MIN_DIFFERENCE = 20.0
# The outermost tenth of the picture, where the bench shows longest.
_RIM_SHARE = 0.1
# At least so much of the bench has to be seen for its light to be compared.
_MIN_BENCH_SHARE = 0.3
_DARKEST, _BRIGHTEST = 8, 247
_MAX_GAIN = 1.6
# What counts as bench has to look like it, where it has anything to look like: grey levels, correlation.
_MIN_BENCH_CONTRAST, _MIN_BENCH_LIKENESS = 4.0, 0.7
# Two frames of a still scene: grey levels that noise reaches, capped, for where all moves the median does.
_STILL_LEVELS, _MOVING_LEVELS, _NOISE_FACTOR = 8.0, 20.0, 4.0
# Corners by which a camera that was pushed is told: their side and how far they are sought, as shares.
_CORNER_SHARE, _SOUGHT_SHARE = 0.15, 0.08
_MIN_CORNER_CONTRAST = 6.0
_MIN_CORNER_MATCH = 0.8
_CORNERS_AGREE_PX = 2.0
# What a station's lamps and cameras vary by from day to day is less (pixel values, not light: 12 % of
# them are a quarter of the light); the blur of 0.6 px at 1,024 is 0.06 % of the side.
MAX_LIGHT_DRIFT, MAX_COLOUR_DRIFT, MAX_FOCUS_DRIFT_PX = 0.12, 0.06, 0.6


class Drifted(StrEnum):
    """What no longer is as it was when the reference was taken."""

    LIGHT = "light"
    COLOUR = "colour"
    FOCUS = "focus"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reference:
    """A camera's view of its empty bench, upright."""

    view: Bgr
    """At most MEASURED_SIDE_PX on the longer side."""
    edge_px: float | None
    """Width of its sharpest edges; none where it shows too few."""

    @classmethod
    def of(cls, bgr: Bgr) -> "Reference":
        """From a photo of any size."""
        view = reduced(bgr, MEASURED_SIDE_PX)
        return cls(view=view, edge_px=edge_width_px(_grey(view)))

    def matches(self, bgr: Bgr) -> bool:
        """Whether a photo has this view's format; otherwise nothing can be compared."""
        return reduced(bgr, MEASURED_SIDE_PX).shape == self.view.shape


@dataclass(frozen=True, kw_only=True, slots=True)
class Drift:
    """How a photo's bench differs from the reference's; 1 is no difference."""

    light: float
    """How many times as bright."""
    blue: float
    """How many times as blue, beside green."""
    red: float
    """How many times as red, beside green."""
    wider_px: float | None
    """By how much edges are wider; none where too few can be compared."""

    @property
    def drifted(self) -> tuple[Drifted, ...]:
        """What has drifted further than a station may."""
        colours = (self.blue, self.red)
        found = {
            Drifted.LIGHT: _is_off(self.light, MAX_LIGHT_DRIFT),
            Drifted.COLOUR: any(_is_off(one, MAX_COLOUR_DRIFT) for one in colours),
            Drifted.FOCUS: self.wider_px is not None and self.wider_px > MAX_FOCUS_DRIFT_PX,
        }
        return tuple(what for what, is_so in found.items() if is_so)


def _is_off(times: float, tolerance: float) -> bool:
    return not 1 / (1 + tolerance) <= times <= 1 + tolerance


def look_for_drift(reference: Reference, bgr: Bgr) -> Drift | None:
    """How a photo's bench differs from the reference's; none where it cannot be compared."""
    small = reduced(bgr, MEASURED_SIDE_PX)
    return (
        drift(reference, small, item_mask(reference, small)) if reference.matches(small) else None
    )


def item_mask(reference: Reference, bgr: Bgr) -> Mask:
    """Where a photo differs from the empty bench, at SEARCHED_SIDE_PX; the photo `matches`."""
    empty = reduced(reference.view, SEARCHED_SIDE_PX).astype(np.float32)
    now = reduced(bgr, SEARCHED_SIDE_PX).astype(np.float32)
    alike = empty * _gains(empty, now, _rim(empty.shape[:2]))
    differs = np.abs(cv2.blur(now, (3, 3)) - cv2.blur(alike, (3, 3))).max(axis=2)
    mask = (differs > _MIN_DIFFERENCE).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    return np.asarray(mask > 0)


def drift(reference: Reference, bgr: Bgr, mask: Mask) -> Drift | None:
    """Light, colour and focus of what a photo shows of the bench; none where that is too little.

    `mask`: where the item is, by `item_mask`.
    """
    if np.mean(~mask) < _MIN_BENCH_SHARE or not shows_bench(reference, bgr, mask):
        return None
    empty = reduced(reference.view, SEARCHED_SIDE_PX).astype(np.float32)
    blue, green, red = _gains(empty, reduced(bgr, SEARCHED_SIDE_PX).astype(np.float32), ~mask)
    return Drift(
        light=float(green),
        blue=float(blue / green),
        red=float(red / green),
        wider_px=_wider_px(reference, bgr, mask),
    )


def shows_bench(reference: Reference, bgr: Bgr, mask: Mask) -> bool:
    """Whether what is not the item is this bench: a shirt that hides all of it is as plain as a table.

    True where the bench has nothing to be known by.
    """
    empty = _grey(reduced(reference.view, SEARCHED_SIDE_PX))[~mask].astype(np.float64)
    now = _grey(reduced(bgr, SEARCHED_SIDE_PX))[~mask].astype(np.float64)
    if empty.size < 2 or np.std(empty) < _MIN_BENCH_CONTRAST:
        return True
    return bool(np.std(now) > 0 and np.corrcoef(empty, now)[0, 1] >= _MIN_BENCH_LIKENESS)


def _wider_px(reference: Reference, bgr: Bgr, mask: Mask) -> float | None:
    bench = ~grown(mask, reference.view.shape[:2])
    before = edge_width_px(_grey(reference.view), bench)
    now = edge_width_px(_grey(reduced(bgr, MEASURED_SIDE_PX)), bench)
    return None if before is None or now is None else now - before


def grown(mask: Mask, size: tuple[int, ...]) -> Mask:
    """A mask at another size (height, width), a little larger, so that edges of the item are inside."""
    wide = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.asarray(cv2.resize(wide, (size[1], size[0]), interpolation=cv2.INTER_NEAREST) > 0)


def shrunk(mask: Mask, size: tuple[int, ...]) -> Mask:
    """A mask at another size (height, width), a little smaller: its outline is the bench's as well."""
    inner = cv2.erode(mask.astype(np.uint8), np.ones((5, 5), np.uint8))
    return np.asarray(cv2.resize(inner, (size[1], size[0]), interpolation=cv2.INTER_NEAREST) > 0)


def shift_share(reference: Reference, bgr: Bgr) -> float | None:
    """How far the camera was pushed, as a share of the longer side; none where it cannot be told.

    Two corners of the bench have to agree; one that lies where it always lay says 0.
    """
    empty = _grey(reduced(reference.view, SEARCHED_SIDE_PX))
    now = _grey(reduced(bgr, SEARCHED_SIDE_PX))
    found = [s for corner in _corners(empty.shape) if (s := _corner_shift(empty, now, *corner))]
    if any(np.hypot(*shift) <= _CORNERS_AGREE_PX for shift in found):
        return 0.0
    for number, one in enumerate(found):
        for other in found[:number]:
            if np.hypot(one[0] - other[0], one[1] - other[1]) <= _CORNERS_AGREE_PX:
                return float(np.hypot(*one) / max(empty.shape))
    return None


def _corners(shape: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Top, left and side of each corner, as far inside as it is sought outside."""
    side, margin = round(max(shape) * _CORNER_SHARE), round(max(shape) * _SOUGHT_SHARE)
    if min(shape) < 2 * (side + margin):
        return []
    tops, lefts = ((margin, length - margin - side) for length in shape[:2])
    return [(top, left, side) for top in tops for left in lefts]


def _corner_shift(
    empty: NDArray[np.uint8], now: NDArray[np.uint8], top: int, left: int, side: int
) -> tuple[float, float] | None:
    margin = round(max(empty.shape) * _SOUGHT_SHARE)
    corner = empty[top : top + side, left : left + side]
    if np.std(corner) < _MIN_CORNER_CONTRAST:
        return None
    around = now[top - margin : top + side + margin, left - margin : left + side + margin]
    _, best, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(around, corner, cv2.TM_CCOEFF_NORMED))
    return (float(x - margin), float(y - margin)) if best >= _MIN_CORNER_MATCH else None


def moved_share(before: Bgr, after: Bgr) -> float:
    """Share of the picture that changed between two small pictures of one scene, 0 to 1.

    What light and noise do is left out. Pictures of two sizes have everything changed.
    """
    if before.shape != after.shape:
        return 1.0
    one, two = (_grey(bgr).astype(np.float32) for bgr in (before, after))
    telling = (np.minimum(one, two) > _DARKEST) & (np.maximum(one, two) < _BRIGHTEST)
    if not telling.any():
        return 0.0
    gain = float(np.median(two[telling] / one[telling]))
    changed = np.where(telling, np.abs(cv2.blur(two - one * gain, (3, 3))), 0)
    noise = _NOISE_FACTOR * float(np.median(changed))
    return float(np.mean(changed > np.clip(noise, _STILL_LEVELS, _MOVING_LEVELS)))


def _rim(shape: tuple[int, ...]) -> Mask:
    rim = np.ones(shape, np.bool_)
    rows, columns = (max(1, round(length * _RIM_SHARE)) for length in shape)
    rim[rows:-rows, columns:-columns] = False
    return rim


def _gains(
    empty: NDArray[np.float32], now: NDArray[np.float32], where: Mask
) -> NDArray[np.float32]:
    """How many times as bright each channel is, by the median of what is neither black nor white."""
    lowest, highest = np.minimum(empty, now).min(axis=2), np.maximum(empty, now).max(axis=2)
    telling = where & (lowest > _DARKEST) & (highest < _BRIGHTEST)
    if not telling.any():
        return np.ones(3, np.float32)
    gains = np.median(now[telling] / empty[telling], axis=0)
    # Beyond it no lamp has aged: something else lies there.
    return np.asarray(np.clip(gains, 1 / _MAX_GAIN, _MAX_GAIN), np.float32)


def _grey(bgr: Bgr) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8)
