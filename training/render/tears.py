"""Torn packaging: holes, peeled board, rips from an edge, crushed corners.

Board is layered: where its printed face is torn off, the paler or browner core shows with its
flutes; a torn edge is ragged and pale, and what lies behind a hole is dark. Kinds are judgement,
after looking at the training photos.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.record import XyXy
from training.render.noise import Field, Picture, blur, fractal, grey_of, grid, smooth, to_picture

# Grey levels by which damage must differ from what was there, on average, to be labelled.
MIN_CONTRAST = 9.0
_VISIBLE = 0.4
_KRAFT = np.array([112, 150, 184], np.float32)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Torn:
    """A picture with one more place torn."""

    bgr: Picture
    """After painting."""
    xyxy: XyXy
    """What is visibly damaged, pixel edges."""
    mask: NDArray[np.bool_]
    """[height, width]: where it is."""


def _ragged(rng: np.random.Generator, side: int, longer: float) -> Field:
    """[side, side]: positive inside a ragged, stretched shape, negative outside."""
    x, y = (axis / side * 2 - 1 for axis in grid(side, side))
    angle = rng.uniform(0, np.pi)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    u, v = np.asarray(u, np.float32), np.asarray(v, np.float32)
    bent = v + rng.uniform(-0.3, 0.3) * (u**2 - 0.3)
    reach = np.abs(u) ** 1.6 / 0.78 + np.abs(bent * longer) ** 1.3 / 0.75
    coarse = 0.55 * fractal(rng, side, side, side / 4)
    fine = 0.18 * fractal(rng, side, side, max(3.0, side / 22), 2)
    return np.asarray(1 - reach + coarse + fine, np.float32)


def _core(rng: np.random.Generator, side: int, ground: NDArray[np.float32]) -> NDArray[np.float32]:
    """[side, side, 3] bared board: fibres, flutes along one direction, browner or paler than its face."""
    x, y = grid(side, side)
    angle = rng.uniform(0, np.pi)
    pitch = max(3.0, side / rng.uniform(9, 26))
    flutes = np.sin((x * np.cos(angle) + y * np.sin(angle)) / pitch * 2 * np.pi)
    flutes = (
        flutes * smooth(fractal(rng, side, side, side / 2, 2), -0.3, 0.3) * rng.uniform(0, 0.11)
    )
    fibre = 0.1 * fractal(rng, side, side, max(3.0, side / 10)) + 0.03 * rng.standard_normal(
        (side, side)
    )
    tone = (
        _KRAFT * rng.uniform(0.75, 1.25) if rng.random() < 0.6 else ground * rng.uniform(0.75, 1.2)
    )
    if rng.random() < 0.25:  # white-lined or grey core
        tone = np.full(3, rng.uniform(150, 225), np.float32)
    return np.asarray(tone * (1 + flutes + fibre)[..., None], np.float32)


def _with_edge(
    rng: np.random.Generator, field: Field, inside: NDArray[np.float32]
) -> tuple[NDArray[np.float32], Field]:
    """What shows inside a tear with its pale ragged lip; the picture and its opacity."""
    lip = smooth(field, -0.04, 0.02) - smooth(field, rng.uniform(0.05, 0.22), 0.3)
    pale = np.clip(inside.mean(axis=(0, 1)) * 0.4 + rng.uniform(120, 150), 0, 240)
    share = (lip * rng.uniform(0.4, 1.0))[..., None]
    return inside * (1 - share) + pale * share, smooth(field, -0.04, 0.03)


def hole(
    rng: np.random.Generator, ground: NDArray[np.float32], side: int
) -> tuple[NDArray[np.float32], Field]:
    """Torn through: a pale lip, core on its slope, the dark behind."""
    field = _ragged(rng, side, rng.uniform(1.0, 2.6))
    dark = rng.uniform(12, 60) * (1 + 0.3 * fractal(rng, side, side, side / 4))
    deep = smooth(field, rng.uniform(0.12, 0.35), 0.45)[..., None]
    inside = _core(rng, side, ground) * (1 - deep) + dark[..., None] * deep
    return _with_edge(rng, field, np.asarray(inside, np.float32))


def peel(
    rng: np.random.Generator, ground: NDArray[np.float32], side: int
) -> tuple[NDArray[np.float32], Field]:
    """The face torn off: core with its flutes, a lip, islands of the face left standing."""
    field = _ragged(rng, side, rng.uniform(0.9, 3.5))
    field -= smooth(fractal(rng, side, side, side / 5), 0.25, 0.6) * rng.uniform(0, 0.9)
    return _with_edge(rng, field, _core(rng, side, ground))


def rip(
    rng: np.random.Generator, ground: NDArray[np.float32], side: int
) -> tuple[NDArray[np.float32], Field]:
    """A narrow tear that opens: a dark, ragged wedge with pale edges."""
    field = _ragged(rng, side, rng.uniform(4.0, 9.0))
    dark = np.full((side, side, 3), rng.uniform(15, 70), np.float32)
    deep = smooth(field, 0.02, 0.25)[..., None]
    return _with_edge(rng, field, _core(rng, side, ground) * (1 - deep) + dark * deep)


KINDS: Mapping[
    str,
    Callable[[np.random.Generator, NDArray[np.float32], int], tuple[NDArray[np.float32], Field]]
    | None,
] = {
    "hole": hole,
    "peel": peel,
    "rip": rip,
    "crush": None,  # changes the surface's light instead of its material
}


def paint(
    rng: np.random.Generator,
    bgr: Picture,
    *,
    kind: str,
    centre: tuple[float, float],
    side_px: float,
    allowed: NDArray[np.bool_] | None = None,
) -> Torn | None:
    """Damage about side_px wide around centre (x, y); None where it would not be seen.

    Only `allowed` pixels ([height, width]) are damaged.
    """
    side = max(16, round(side_px * 1.25))
    draw = KINDS[kind]
    if draw is None:
        layer, alpha = _crushed(rng, bgr, side, centre)
    else:
        ground = _ground(bgr, centre, side)
        small, opacity = draw(rng, ground, side)
        light = float(np.clip(ground.mean() / 150, 0.35, 1.25))
        layer = _moved(small * light, bgr.shape[:2], centre)
        alpha = _moved(opacity, bgr.shape[:2], centre)
    return _torn(rng, bgr, layer, alpha if allowed is None else alpha * allowed)


def _ground(bgr: Picture, centre: tuple[float, float], side: int) -> NDArray[np.float32]:
    x, y, half = int(centre[0]), int(centre[1]), side // 2
    around = bgr[max(0, y - half) : y + half, max(0, x - half) : x + half]
    return np.asarray(np.median(around.reshape(-1, 3), axis=0), np.float32)


def _moved(
    small: NDArray[np.float32], shape: tuple[int, int], centre: tuple[float, float]
) -> NDArray[np.float32]:
    move = np.array(
        [[1, 0, centre[0] - small.shape[1] / 2], [0, 1, centre[1] - small.shape[0] / 2]]
    )
    return np.asarray(cv2.warpAffine(small, move, shape[::-1]), np.float32)


def _crushed(
    rng: np.random.Generator, bgr: Picture, side: int, centre: tuple[float, float]
) -> tuple[NDArray[np.float32], Field]:
    """Creases and facets: the surface's own picture under another light."""
    facets = fractal(rng, side, side, side / 3, 3)
    slope_x, slope_y = np.gradient(blur(facets, max(1.0, side / 60)))
    angle = rng.uniform(0, 2 * np.pi)
    light = (slope_x * np.cos(angle) + slope_y * np.sin(angle)) * side / 7
    creases = -(np.abs(facets) ** 0.5)
    creases = np.exp(creases * rng.uniform(10, 18)) * rng.uniform(-0.35, 0.2)
    shade = np.clip(1 + rng.uniform(0.12, 0.4) * light + creases, 0.4, 1.45)
    alpha = smooth(_ragged(rng, side, rng.uniform(1, 2.2)), -0.1, 0.3)
    there = _moved(np.asarray(shade - 1, np.float32), bgr.shape[:2], centre)
    return np.asarray(bgr * (1 + there[..., None]), np.float32), _moved(
        alpha, bgr.shape[:2], centre
    )


def _torn(
    rng: np.random.Generator, bgr: Picture, layer: NDArray[np.float32], alpha: Field
) -> Torn | None:
    there = alpha > _VISIBLE
    columns, rows = np.flatnonzero(there.any(axis=0)), np.flatnonzero(there.any(axis=1))
    if there.sum() < 40 or min(columns.size, rows.size) < 4:
        return None
    # The bent lip throws a small shadow on one side.
    cast = cv2.warpAffine(alpha, np.array([[1, 0, 2.0], [0, 1, 2.5]]), alpha.shape[::-1])
    shadow = 1 - rng.uniform(0, 0.35) * np.clip(blur(np.asarray(cast), 2) - alpha, 0, 1)
    mixed = bgr * shadow[..., None] * (1 - alpha[..., None]) + layer * alpha[..., None]
    after = to_picture(mixed)
    if float(np.abs(grey_of(after) - grey_of(bgr))[there].mean()) < MIN_CONTRAST:
        return None
    box = float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
    return Torn(bgr=after, xyxy=box, mask=there)
