"""Noise for whole pictures in a millisecond: a few wrapping fields, made once, cut at random places."""

from functools import cache

import cv2
import numpy as np

from training.render.noise import Field

_SIDE = 1024
# So much of the beginning is repeated at the end, that windows up to this side need no wrapping.
_REPEATED = 704
# The field that all wider noise is stretched from: bumps about this wide.
_CELL_PX = 4.0
# Bumps this wide are drawn on a quarter of the size: straight lines between every fourth pixel are
# then as good as curves, and far cheaper.
_WIDE_PX = 32.0
_QUARTER = 4


@cache
def _tile(cell_px: float) -> Field:
    """[_SIDE + _REPEATED, same], standard deviation 1, periodic by _SIDE. Never written to."""
    white = np.random.default_rng(20_251).standard_normal((_SIDE, _SIDE)).astype(np.float32)
    edge = 32
    around = cv2.copyMakeBorder(white, edge, edge, edge, edge, cv2.BORDER_WRAP)
    soft = cv2.GaussianBlur(around, (0, 0), cell_px * 0.4)[edge:-edge, edge:-edge]
    tile = np.asarray(np.pad(soft / soft.std(), (0, _REPEATED), "wrap"), np.float32)
    tile.setflags(write=False)
    return tile


def field(rng: np.random.Generator, height: int, width: int, cell_px: float) -> Field:
    """[height, width] of smooth noise, bumps about cell_px wide, standard deviation near 1."""
    if cell_px <= _CELL_PX:
        base = 1.2 if cell_px < 2 else 2.0 if cell_px < _CELL_PX else _CELL_PX
        return _cut(rng, _tile(base), height, width)
    if cell_px >= _WIDE_PX:
        return _quadrupled(field(rng, *_quarter(height, width), cell_px / _QUARTER), height, width)
    by = _CELL_PX / cell_px
    rows, columns = (max(4, int(length * by) + 3) for length in (height, width))
    return enlarged(_cut(rng, _tile(_CELL_PX), rows, columns), height, width, by)


def _quarter(height: int, width: int) -> tuple[int, int]:
    return height // _QUARTER + 2, width // _QUARTER + 2


def _quadrupled(small: Field, height: int, width: int) -> Field:
    size = small.shape[1] * _QUARTER, small.shape[0] * _QUARTER
    large = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(large[:height, :width], np.float32)


def enlarged(part: Field, height: int, width: int, by: float) -> Field:
    """[height, width] whose pixel x shows the part's pixel x · by: bumps keep their width."""
    matrix = np.array([[by, 0, 0.5], [0, by, 0.5]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    wide = cv2.warpAffine(part, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(wide, np.float32)


def _cut(rng: np.random.Generator, tile: Field, rows: int, columns: int) -> Field:
    """A window of the wrapping tile at a random place, perhaps mirrored or turned over; a copy."""
    y, x = (int(v) for v in rng.integers(0, _SIDE, 2))
    flip_y, flip_x, negative = (int(v) for v in rng.integers(0, 2, 3))
    if max(rows, columns) > _REPEATED:
        ys, xs = np.arange(y, y + rows) % _SIDE, np.arange(x, x + columns) % _SIDE
        part = tile[np.ix_(ys, xs)]
    else:
        part = tile[y : y + rows, x : x + columns]
    part = part[:: 1 - 2 * flip_y, :: 1 - 2 * flip_x]
    return np.ascontiguousarray(-part if negative else part, np.float32)


def clouds(
    rng: np.random.Generator, height: int, width: int, cell_px: float, octaves: int = 3
) -> Field:
    """Noise over several scales, each half as wide and half as strong; near -1 to 1."""
    finest = cell_px / 2 ** (octaves - 1)
    if finest >= _WIDE_PX:
        small = clouds(rng, *_quarter(height, width), cell_px / _QUARTER, octaves)
        return _quadrupled(small, height, width)
    by = min(1.0, _CELL_PX / finest)
    rows, columns = (length if by == 1 else int(length * by) + 3 for length in (height, width))
    total = np.zeros((rows, columns), np.float32)
    for octave in range(octaves):
        cell = max(1.2, cell_px * by / 2**octave)
        total += field(rng, rows, columns, cell) * np.float32(0.5 ** (octave + 1))
    return total if by == 1 else enlarged(total, height, width, by)
