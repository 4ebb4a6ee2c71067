"""Panes: sheets of glass, polished metal or lacquer that fill the picture, under one or two lamps.

Nothing is on them but light, dust, wipe marks and what mirrors in them: the ground on which a
scratch is a line and everything else is not.
"""

import cv2
import numpy as np

from training.render.noise import Field, Picture, blur, fractal, grid, to_picture


def pane(rng: np.random.Generator, side_px: int) -> Picture:
    """[side, side, 3] one clean pane: dark, grey or bright; the same generator gives the same bytes."""
    level = float(rng.choice([rng.uniform(8, 60), rng.uniform(50, 150), rng.uniform(140, 225)]))
    light = np.full((side_px, side_px), level, np.float32)
    light += fractal(rng, side_px, side_px, side_px * rng.uniform(0.4, 1.5), 3) * level * 0.3
    for _ in range(int(rng.integers(1, 4))):
        light += _lamp(rng, side_px)
    if rng.random() < 0.5:
        light += _mirrored(rng, side_px)
    light += _wiped(rng, side_px) + _dust(rng, side_px)
    tint = 1 + rng.normal(0, 0.06, 3)
    noise = rng.standard_normal((side_px, side_px, 1)) * rng.uniform(0.5, 3.5)
    return to_picture(np.clip(light, 0, 250)[..., None] * tint + noise)


def _lamp(rng: np.random.Generator, side: int) -> Field:
    """A lamp's glow: a soft spot, or a bar with soft edges."""
    x, y = grid(side, side)
    angle, centre = rng.uniform(0, np.pi), rng.uniform(-0.2, 1.2, 2) * side
    u = (x - centre[0]) * np.cos(angle) + (y - centre[1]) * np.sin(angle)
    v = (y - centre[1]) * np.cos(angle) - (x - centre[0]) * np.sin(angle)
    wide, high = np.exp(rng.uniform(np.log(0.05), np.log(0.7), 2)) * side
    glow = np.exp(-((np.abs(u) / wide) ** rng.uniform(1, 4)) - (np.abs(v) / high) ** 2)
    return np.asarray(glow * rng.uniform(10, 110), np.float32)


def _mirrored(rng: np.random.Generator, side: int) -> Field:
    """Out of focus edges of the room: large straight-edged patches, blurred."""
    patches = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(1, 5))):
        corners = (rng.uniform(-0.3, 1.3, (4, 2)) * side).astype(np.int32)
        shape = cv2.convexHull(corners)
        layer = np.zeros((side, side), np.uint8)
        cv2.fillConvexPoly(layer, shape, 255)
        patches += layer.astype(np.float32) / 255 * rng.uniform(-30, 40)
    return blur(patches, float(np.exp(rng.uniform(np.log(2.0), np.log(24.0)))))


def _wiped(rng: np.random.Generator, side: int) -> Field:
    """Broad soft streaks that a cloth left: wide where a scratch is thin."""
    streaks = fractal(rng, side, max(4, side // 10), max(2.0, side / 60), 2)
    wide = np.asarray(cv2.resize(streaks, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), float(rng.uniform(0, 360)), 1.5)
    turned = cv2.warpAffine(wide, turn, (side, side), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(turned * rng.uniform(0, 7), np.float32)


def _dust(rng: np.random.Generator, side: int) -> Field:
    """Grains and soft spots: round where a scratch is long."""
    field = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(0, 60))):
        x, y = rng.integers(0, side, 2)
        radius = int(np.exp(rng.uniform(0, np.log(max(3.0, side / 90)))))
        cv2.circle(field, (int(x), int(y)), radius, float(rng.uniform(-40, 90)), -1, cv2.LINE_8)
    return blur(field, float(rng.uniform(0.5, 2.0)))
