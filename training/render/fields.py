"""Noise for whole pictures in a millisecond: a few wrapping fields, made once, cut at random places."""

from functools import cache

import cv2
import numpy as np

from training.render.noise import Field

_SIDE = 1024
# The field that all wider noise is stretched from: bumps about this wide.
_CELL_PX = 4.0


@cache
def _tile(cell_px: float) -> Field:
    """[_SIDE, _SIDE] that continues over its edges, standard deviation 1. Never written to."""
    white = np.random.default_rng(20_251).standard_normal((_SIDE, _SIDE)).astype(np.float32)
    edge = 32
    around = cv2.copyMakeBorder(white, edge, edge, edge, edge, cv2.BORDER_WRAP)
    soft = cv2.GaussianBlur(around, (0, 0), cell_px * 0.4)[edge:-edge, edge:-edge]
    field = np.ascontiguousarray(soft / soft.std(), np.float32)
    field.setflags(write=False)
    return field


def field(rng: np.random.Generator, height: int, width: int, cell_px: float) -> Field:
    """[height, width] of smooth noise, bumps about cell_px wide, standard deviation near 1."""
    base = 1.2 if cell_px < 2 else 2.0 if cell_px < _CELL_PX else _CELL_PX
    shrink = 1.0 if cell_px < _CELL_PX else _CELL_PX / cell_px
    rows, columns = (min(_SIDE, int(length * shrink) + 3) for length in (height, width))
    part = _cut(rng, _tile(base), rows, columns)
    if (rows, columns) == (height, width):
        return part
    if shrink == 1.0 and min(rows, columns) < _SIDE:
        return np.ascontiguousarray(part[:height, :width])
    return _stretched(part, height, width, shrink)


def _stretched(part: Field, height: int, width: int, shrink: float) -> Field:
    """Enlarged by a matrix, so that the bumps keep their width on narrow pictures too."""
    scale = min(shrink, (part.shape[1] - 1) / width, (part.shape[0] - 1) / height)
    matrix = np.array([[scale, 0, 0], [0, scale, 0]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    wide = cv2.warpAffine(part, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(wide, np.float32)


def _cut(rng: np.random.Generator, tile: Field, rows: int, columns: int) -> Field:
    """A window of the wrapping tile at a random place, perhaps mirrored; a copy."""
    y, x = (int(v) for v in rng.integers(0, _SIDE, 2))
    flip = rng.integers(0, 2, 3)
    ys, xs = np.arange(y, y + rows) % _SIDE, np.arange(x, x + columns) % _SIDE
    source = tile.T if flip[2] else tile
    part = source[np.ix_(ys[:: -1 if flip[0] else 1], xs[:: -1 if flip[1] else 1])]
    return np.ascontiguousarray(part * rng.choice([-1.0, 1.0]), np.float32)


def clouds(
    rng: np.random.Generator, height: int, width: int, cell_px: float, octaves: int = 3
) -> Field:
    """Noise over several scales, each half as wide and half as strong; near -1 to 1."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        cell = max(1.2, cell_px / 2**octave)
        total += field(rng, height, width, cell) * (0.5 ** (octave + 1))
    return total
