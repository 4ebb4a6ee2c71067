"""Labels on things: stuck on, half torn off, or gone with what they leave behind."""

from enum import StrEnum

import cv2
import numpy as np

from training.render.canvas import (
    Canvas,
    Mask,
    Paint,
    add_part,
    box_of,
    drop_parts,
    fill,
    paste,
    pixels_of,
    stick,
)
from training.render.fields import clouds, field
from training.render.marks import Label
from training.render.noise import Field
from training.render.view import Plane, Points, rectangle


class State(StrEnum):
    """What became of an item's label."""

    PRESENT = "present"
    HALF_TORN = "half_torn"
    MISSING = "missing"


def put(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, corners_mm: Points, label: Label
) -> None:
    """The label as the canvas says that it should be: canvas.label."""
    if canvas.label == State.MISSING:
        _gone(rng, canvas, plane, corners_mm)
    elif canvas.label == State.HALF_TORN:
        _half(rng, canvas, plane, corners_mm, label)
    else:
        stick(canvas, plane, corners_mm, label.bgr, label.codes)


def _torn_line(rng: np.random.Generator, height: int, width: int) -> Field:
    """[height, width]: above 0 on the side that stays, in parts of the label's height."""
    angle = rng.uniform(0, 2 * np.pi)
    x, y = np.linspace(-0.5, 0.5, width), np.linspace(-0.5, 0.5, height)
    slope = np.cos(angle) * x[None, :] * width / height + np.sin(angle) * y[:, None]
    ragged = 0.12 * clouds(rng, height, width, height / 3) + 0.02 * field(rng, height, width, 4)
    return np.asarray(slope + ragged + rng.uniform(-0.12, 0.22), np.float32)


def _half(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, corners: Points, label: Label
) -> None:
    """A ragged rest with the white of its paper along the tear; the board is roughed beyond it."""
    height, width = label.bgr.shape[:2]
    line = _torn_line(rng, height, width)
    fuzzy = line + 0.05 + 0.035 * clouds(rng, height, width, 26)
    kept = np.clip(np.where(line >= 0, 1.0, 0.5 + fuzzy * 40), 0, 1)
    _gone(rng, canvas, plane, corners)
    sheet = np.where(line[..., None] >= 0, label.bgr, np.uint8(236))
    paste(canvas, plane, corners, sheet, np.asarray(kept * 255, np.uint8))
    there = (line >= 0).astype(np.uint8)
    _note(canvas, plane, corners, label, there)


def _note(canvas: Canvas, plane: Plane, corners: Points, label: Label, there: Mask) -> None:
    """What is left of the label and of its codes is a part, where enough is left."""
    if not there.any():
        return
    points = cv2.findNonZero(there)
    scale = (corners[2] - corners[0]) / [there.shape[1], there.shape[0]]
    rest = cv2.convexHull(points)[:, 0] * scale + corners[0]
    box = box_of(canvas, pixels_of(canvas, plane, np.asarray(rest, np.float64)))
    if box and there.mean() > 0.2:
        drop_parts(canvas, box)
        canvas.parts.append(("label", box))
    for name, (x1, y1, x2, y2) in label.codes:
        if there[round(y1) : round(y2), round(x1) : round(x2)].mean() > 0.85:
            low, high = (
                np.array([x1, y1]) * scale + corners[0],
                np.array([x2, y2]) * scale + corners[0],
            )
            add_part(canvas, plane, name, rectangle(*low, *high))


def _gone(rng: np.random.Generator, canvas: Canvas, plane: Plane, corners: Points) -> None:
    """Nothing, or a patch of glue, or board that lost its skin in places."""
    sort = rng.random()
    if sort < 0.35:
        return
    height, width = 96, 128
    patchy = np.clip(0.5 + 0.8 * clouds(rng, height, width, 40), 0, 1)
    if sort < 0.7:
        fill(canvas, plane, corners, Paint(satin=int(rng.integers(12, 40))))
        tone, alpha = rng.choice([40, 235]), patchy * rng.uniform(0.04, 0.12)
    else:
        tone, alpha = 215, (patchy > 0.62) * rng.uniform(0.25, 0.6)
    sheet = np.full((height, width, 3), int(tone), np.uint8)
    paste(canvas, plane, corners, sheet, np.asarray(alpha * 255, np.uint8))
