"""Scratches: thin lines in a glossy or matt surface that catch the light or lose it.

A scratch is a groove: where its flank mirrors a lamp it is bright, where it mirrors the dark it is
darker than the surface, and along its course it changes from one to the other. Kinds and strengths
are judgement.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.record import XyXy
from training.render.noise import Field, Picture, blur, fractal, grey_of, smooth, to_picture

Course = Callable[[np.random.Generator, int], Field]

# Grey levels by which a scratch must differ from the surface to be labelled ...
MIN_CONTRAST = 7.0
# ... and how many times the surface's own unevenness: below, nobody sees it.
MIN_CONTRAST_OVER_TEXTURE = 0.6
# Lines are drawn larger and reduced by area, so that one thinner than a pixel is faint, not absent.
_OVERSAMPLE = 2
_VISIBLE = 0.16


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Scratched:
    """A picture with one more scratch."""

    bgr: Picture
    """After painting."""
    xyxy: XyXy
    """What is visibly scratched, pixel edges."""
    mask: NDArray[np.bool_]
    """[height, width]: where it is."""
    contrast: float
    """Mean grey levels by which it differs from the surface."""


def _polyline(canvas: Field, course: NDArray[np.float64], width_px: float) -> None:
    """Draw a course of points (x, y) with a width that may be below one pixel, by strength then."""
    line = np.zeros(canvas.shape, np.uint8)
    thick = max(1, round(width_px * _OVERSAMPLE))
    points = np.asarray(course * 16, np.int32)
    cv2.polylines(
        line, [points], isClosed=False, color=255, thickness=thick, lineType=cv2.LINE_AA, shift=4
    )
    np.maximum(
        canvas, line * np.float32(min(1.0, width_px * _OVERSAMPLE / thick) / 255), out=canvas
    )


def _bent(rng: np.random.Generator, side: int, bend: float, wobble: float) -> NDArray[np.float64]:
    """[n, 2] a course across the square: bent as a whole, unsteady in detail, at any angle."""
    t = np.linspace(-0.5, 0.5, 40)
    across = bend * (t**2 - 0.25) * 2
    across = across + wobble * np.interp(t, np.linspace(-0.5, 0.5, 9), rng.standard_normal(9))
    angle = rng.uniform(0, np.pi)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.asarray(np.stack([t, across], axis=1) @ turn * side * 0.94 + side / 2)


def _along(rng: np.random.Generator, side: int) -> Field:
    """[side, side] how much of the line shows, place by place: it skips and fades."""
    uneven = fractal(rng, side, side, max(6.0, side / rng.uniform(2, 7)), 3)
    return smooth(uneven, rng.uniform(-1.4, -0.3), rng.uniform(0.0, 0.5))


def hairline(rng: np.random.Generator, side: int) -> Field:
    """One fine line, nearly straight."""
    canvas = np.zeros((side, side), np.float32)
    _polyline(canvas, _bent(rng, side, rng.uniform(-0.12, 0.12), 0.003), rng.uniform(0.5, 1.3))
    return np.asarray(canvas * _along(rng, side), np.float32)


def gouge(rng: np.random.Generator, side: int) -> Field:
    """A deep scratch: wider, unsteady, with a thinner one running along now and then."""
    canvas = np.zeros((side, side), np.float32)
    course = _bent(rng, side, rng.uniform(-0.25, 0.25), 0.012)
    _polyline(canvas, course, rng.uniform(1.2, 3.2))
    if rng.random() < 0.4:
        _polyline(canvas, course + rng.uniform(-5, 5, 2) * _OVERSAMPLE, rng.uniform(0.5, 1.0))
    return np.asarray(canvas * np.clip(0.35 + _along(rng, side), 0, 1), np.float32)


def arc(rng: np.random.Generator, side: int) -> Field:
    """A swirl from wiping with grit: one to four lines bent alike."""
    canvas = np.zeros((side, side), np.float32)
    course = _bent(rng, side, rng.choice([-1, 1]) * rng.uniform(0.3, 0.9), 0.004)
    for _ in range(int(rng.integers(1, 5))):
        _polyline(canvas, course, rng.uniform(0.4, 1.1))
        course = course + rng.normal(0, 0.02, 2) * side
    return np.asarray(canvas * _along(rng, side), np.float32)


def scuff(rng: np.random.Generator, side: int) -> Field:
    """Many short fine lines side by side, denser in the middle: rubbed against something rough."""
    canvas = np.zeros((side, side), np.float32)
    angle = rng.uniform(0, np.pi)
    direction = np.array([np.cos(angle), np.sin(angle)])
    wide = np.array([-direction[1], direction[0]]) * side * rng.uniform(0.05, 0.22)
    for _ in range(int(rng.integers(8, 40))):
        start = side / 2 + wide * rng.standard_normal() + direction * rng.normal(0, 0.15) * side
        turned = direction + rng.normal(0, 0.05, 2)
        reach = turned * side * rng.uniform(0.04, 0.26)
        _polyline(canvas, np.stack([start - reach, start + reach]), rng.uniform(0.35, 0.9))
    return np.asarray(canvas * np.clip(0.4 + 0.6 * _along(rng, side), 0, 1), np.float32)


def crossed(rng: np.random.Generator, side: int) -> Field:
    """Two to five fine lines that cross: keys in the same pocket."""
    canvas = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(2, 6))):
        course = _bent(rng, side, rng.uniform(-0.2, 0.2), 0.004)
        share = rng.uniform(0.4, 1.0)
        _polyline(
            canvas,
            (course - side / 2) * share + side * rng.uniform(0.4, 0.6, 2),
            rng.uniform(0.4, 1.2),
        )
    return np.asarray(canvas * _along(rng, side), np.float32)


KINDS: Mapping[str, Course | None] = {
    "hairline": hairline,
    "gouge": gouge,
    "arc": arc,
    "scuff": scuff,
    "crossed": crossed,
    "course": None,  # from a file
}


def course_of(path: Path, rng: np.random.Generator, side: int) -> Field:
    """[side, side] the course of a real scratch from a mask's file, drawn as thin as any other.

    Raises ValueError when the file is no picture.
    """
    mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if mask is None:
        raise ValueError(f"{path.name}: should be a picture")
    there = mask[..., 3] if mask.ndim == 3 and mask.shape[2] == 4 else mask
    there = there.max(axis=2) if there.ndim == 3 else there
    rows, columns = np.nonzero(there > there.max() // 2)
    thin = np.zeros(there.shape, np.uint8)
    thin[rows, columns] = 255
    thin = thin[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    longer = max(thin.shape)
    square = cv2.copyMakeBorder(
        thin, 0, longer - thin.shape[0], 0, longer - thin.shape[1], cv2.BORDER_CONSTANT
    )
    square = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
    ridge = _ridge(np.asarray(square / 255, np.float32))
    turned = np.rot90(ridge, int(rng.integers(4)))
    return np.asarray(turned * _along(rng, side), np.float32)


def _ridge(mask: Field) -> Field:
    """The mask's middle line, about a pixel and a half wide."""
    core = (mask > 0.25).astype(np.uint8)
    far = cv2.distanceTransform(core, cv2.DIST_L2, 3)
    top = (far >= cv2.dilate(far, np.ones((3, 3))) - 0.05) & (core > 0)
    return np.asarray(np.clip(blur(top.astype(np.float32), 0.9) * 2.2, 0, 1), np.float32)


def paint(
    rng: np.random.Generator,
    bgr: Picture,
    *,
    kind: str,
    centre: tuple[float, float],
    side_px: float,
    courses: Sequence[Path] = (),
    allowed: NDArray[np.bool_] | None = None,
) -> Scratched | None:
    """Paint one scratch of about side_px around centre (x, y); None where it would not be seen.

    Only `allowed` pixels ([height, width]) are scratched.
    """
    side = max(12, round(side_px))
    drawn = KINDS[kind]
    density = (
        course_of(courses[int(rng.integers(len(courses)))], rng, side * _OVERSAMPLE)
        if drawn is None
        else drawn(rng, side * _OVERSAMPLE)
    )
    small = np.asarray(cv2.resize(density, (side, side), interpolation=cv2.INTER_AREA), np.float32)
    return _scratched(
        rng, bgr, _at(blur(small, rng.uniform(0.2, 0.6)), bgr.shape[:2], centre), allowed
    )


def _at(small: Field, shape: tuple[int, int], centre: tuple[float, float]) -> Field:
    """The small field on a canvas of height × width, its middle at centre."""
    move = np.array(
        [[1, 0, centre[0] - small.shape[1] / 2], [0, 1, centre[1] - small.shape[0] / 2]]
    )
    return np.asarray(cv2.warpAffine(small, move, shape[::-1]), np.float32)


def _scratched(
    rng: np.random.Generator, bgr: Picture, density: Field, allowed: NDArray[np.bool_] | None
) -> Scratched | None:
    if allowed is not None:
        density = density * allowed
    box = _box_of(density)
    if box is None:
        return None
    x1, y1, x2, y2 = (int(v) for v in box)
    grey = grey_of(bgr)
    there = density[y1:y2, x1:x2] > _VISIBLE
    before = grey[y1:y2, x1:x2]
    change = _light(rng, density, float(before[there].mean()))
    after = to_picture(np.clip(bgr + change[..., None] * _tint(rng), 0, 252))
    contrast = float(np.abs(grey_of(after)[y1:y2, x1:x2] - before)[there].mean())
    texture = float(np.abs(before - blur(before, 2.0))[there].mean())
    if contrast < max(MIN_CONTRAST, MIN_CONTRAST_OVER_TEXTURE * 2 * texture):
        return None
    return Scratched(bgr=after, xyxy=box, mask=density > _VISIBLE, contrast=contrast)


def _light(rng: np.random.Generator, density: Field, ground: float) -> Field:
    """Grey levels that the scratch adds: bright on dark, either on the rest, often with a dark flank."""
    strength = float(np.exp(rng.uniform(np.log(16), np.log(170))))
    bright = rng.random() < (0.92 if ground < 90 else 0.6 if ground < 170 else 0.3)
    sign = 1.0 if bright else -min(1.0, ground / 160)
    change = sign * strength * density
    if rng.random() < 0.45:  # the other flank of the groove
        move = np.array([[1, 0, rng.uniform(-1.2, 1.2)], [0, 1, rng.uniform(-1.2, 1.2)]])
        flank = cv2.warpAffine(density, move, density.shape[::-1])
        change = change - sign * strength * rng.uniform(0.2, 0.6) * np.asarray(flank)
    return np.asarray(change, np.float32)


def _tint(rng: np.random.Generator) -> NDArray[np.float32]:
    return np.asarray(rng.normal(1, 0.05, 3), np.float32)


def _box_of(density: Field) -> XyXy | None:
    """Edges of what is visibly painted; None for next to nothing."""
    there = density > _VISIBLE
    columns, rows = np.flatnonzero(there.any(axis=0)), np.flatnonzero(there.any(axis=1))
    if there.sum() < 8 or max(columns.size, rows.size) < 8:
        return None
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
