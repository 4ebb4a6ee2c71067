"""Mailer bags: poly, kraft paper, bubble: creased sheets with a flap, a label, print."""

import cv2
import numpy as np

from training.render import labels
from training.render.boxes import PRINTS, note_package, spun
from training.render.canvas import Canvas, Colour, Paint, fill, new_face, stroke
from training.render.fields import clouds, field
from training.render.marks import shipping_label
from training.render.view import Plane, Points, lying, rectangle

_POLY: tuple[Colour, ...] = (
    (205, 206, 206),
    (60, 60, 62),
    (225, 226, 226),
    (150, 110, 60),
    (150, 150, 215),
    (70, 150, 90),
)
_KRAFT: tuple[Colour, ...] = ((110, 150, 182), (120, 160, 192), (70, 170, 225))


def mailer(rng: np.random.Generator, canvas: Canvas, turn: float) -> tuple[float, float]:
    """A bag lying on the bench. Its width and length."""
    wide, long = float(rng.uniform(150, 300)), float(rng.uniform(200, 380))
    sort = str(rng.choice(["poly", "kraft", "bubble"]))
    plane = lying(turn, float(rng.uniform(2, 14)))
    outline = _edge(rng, wide, long)
    canvas.height_mm, canvas.outlines = float(plane.origin[2]) + 6, [plane.lifted(3).at(outline)]
    new_face(canvas, plane, outline)
    colours = _POLY if sort == "poly" else _KRAFT
    colour = colours[int(rng.integers(len(colours)))]
    shine = (
        (int(rng.integers(6, 16)), int(rng.integers(20, 60)))
        if sort == "poly"
        else (0, int(rng.integers(2, 14)))
    )
    fill(canvas, plane, outline, Paint(bgr=colour, mirror=shine[0], satin=shine[1]))
    _creased(rng, canvas, sort)
    corners = rectangle(-wide / 2, -long / 2, wide / 2, long / 2)
    for _ in range(int(rng.integers(0, 3))):
        at = corners[0] + (corners[2] - corners[0]) * rng.uniform([0.08, 0.2], [0.5, 0.9])
        PRINTS[int(rng.integers(len(PRINTS)))](
            rng, canvas, plane, at, (corners[2] - corners[0]) * 0.7, (30, 30, 30)
        )
    _flap(rng, canvas, plane, wide, long)
    canvas.sides = [(plane, corners)]
    label = shipping_label(rng, float(rng.uniform(0.68, 1.5)))
    size = np.array([1.0, label.bgr.shape[0] / label.bgr.shape[1]]) * min(
        wide * 0.8, float(rng.uniform(90, 140))
    )
    at = rng.uniform(-0.5, 0.5, 2) * np.maximum(0, [wide * 0.9, long * 0.7] - size)
    labels.put(
        rng,
        canvas,
        spun(plane, at, float(rng.normal(0, 3))),
        rectangle(*(-size / 2), *(size / 2)),
        label,
    )
    note_package(canvas, plane.at(outline))
    return wide, long


def _edge(rng: np.random.Generator, wide: float, long: float) -> Points:
    """A rectangle whose sides are not quite straight."""
    corners = rectangle(-wide / 2, -long / 2, wide / 2, long / 2)
    sides = []
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        t = np.linspace(0, 1, 14, endpoint=False)[:, None]
        out = np.array([(b - a)[1], -(b - a)[0]]) / np.linalg.norm(b - a)
        bulge = np.interp(
            t[:, 0], np.linspace(0, 1, 5), np.concatenate([[0], rng.normal(0, 2.5, 3), [0]])
        )
        sides.append(a + t * (b - a) + bulge[:, None] * out)
    return np.concatenate(sides)


def _creased(rng: np.random.Generator, canvas: Canvas, sort: str) -> None:
    """Folds that the contents press into the bag; bubbles under the sheet."""
    side, there = canvas.view.side_px, (canvas.item > 0).astype(np.float32)
    per_mm = 1 / canvas.view.mm_per_px
    relief = clouds(rng, side, side, 70 * per_mm, 3) * np.float32(9 * per_mm)
    ridges = 1 - np.abs(clouds(rng, side, side, 38 * per_mm, 2)) * 3
    relief += np.clip(ridges, 0, 1) ** 2 * np.float32(
        rng.uniform(0.4, 1.6) * per_mm * (1.6 if sort == "poly" else 0.9)
    )
    if sort == "bubble":
        pitch = 10.5 * per_mm
        axis = np.arange(side, dtype=np.float32) * np.float32(2 * np.pi / pitch)
        relief += np.clip(np.sin(axis)[:, None] * np.sin(axis)[None, :], 0, 1) * np.float32(
            0.9 * per_mm
        )
    canvas.relief += cv2.GaussianBlur(relief, (0, 0), 1.0) * there
    shade = 1 + 0.02 * field(rng, side, side, 1.5) * there
    cv2.multiply(canvas.albedo, cv2.merge([shade] * 3), canvas.albedo, dtype=cv2.CV_8U)


def _flap(rng: np.random.Generator, canvas: Canvas, plane: Plane, wide: float, long: float) -> None:
    """The closed end: a fold and its edge."""
    y = -long / 2 + float(rng.uniform(35, 60))
    flap = rectangle(-wide / 2 + 1, -long / 2 + 1, wide / 2 - 1, y)
    fill(canvas, plane, flap, Paint(raised_mm=0.8, round_mm=0.5))
    stroke(
        canvas,
        plane,
        np.array([(-wide / 2 + 2, y), (wide / 2 - 2, y)]),
        0.5,
        Paint(bgr=(90, 95, 100)),
    )
