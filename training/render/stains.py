"""Stains: their shapes, their colours, and how they sit in cloth.

A stain soaks into threads: it is blended by multiplication, so that folds and weave show through,
and takes more where the thread is dark. Kinds and colours are judgement, after looking at the
training photos.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.record import XyXy
from training.render.noise import Field, Picture, blur, fractal, grey_of, grid, smooth, to_picture

Bgr = tuple[float, float, float]
Shape = Callable[[np.random.Generator, int], Field]

# Grey levels by which a stain must differ from the cloth under it to be labelled: below, people
# don't see it either.
MIN_CONTRAST = 7.0
# ... and how many times the cloth's own unevenness, so that weave doesn't hide what is labelled.
MIN_CONTRAST_OVER_TEXTURE = 0.45
# Where the paint is thinner than this share of its densest place, it is no longer inside the box.
EDGE_SHARE = 0.3


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A family of stains."""

    shape: Shape
    """Random generator, side in px → [side, side] density 0 to 1."""
    colours: tuple[Bgr, ...]
    """What multiplies the cloth, BGR 0 to 1."""
    strength: tuple[float, float]
    """How opaque, least and most."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Stained:
    """A picture with one more stain."""

    bgr: Picture
    """After painting."""
    xyxy: XyXy
    """What is visibly stained, pixel edges."""
    contrast: float
    """Mean grey levels by which the stain differs from what was there."""


def blob(rng: np.random.Generator, side: int, roughness: float = 0.3) -> Field:
    """[side, side]: positive inside a wobbly round shape, 0 at its edge, negative outside."""
    x, y = (axis / side * 2 - 1 for axis in grid(side, side))
    angle, radius = np.arctan2(y, x), np.hypot(x, y)
    edge = np.full_like(radius, 0.66)
    for harmonic in (2, 3, 5):
        wave = np.cos(harmonic * angle + rng.uniform(0, 2 * np.pi))
        edge += rng.uniform(0, 0.22 / harmonic) * wave
    return np.asarray(
        edge - radius + roughness * 0.4 * fractal(rng, side, side, side / 5), np.float32
    )


def liquid(rng: np.random.Generator, side: int) -> Field:
    """Coffee, juice, water: pale inside, a darker rim where it dried."""
    field = blob(rng, side, rng.uniform(0.1, 0.6))
    rim = np.exp(-((field / 0.07) ** 2))
    inside = smooth(field, -0.02, 0.05) * rng.uniform(0.35, 0.8)
    return np.asarray(np.clip(inside + rim * rng.uniform(0.2, 0.6), 0, 1), np.float32)


def grease(rng: np.random.Generator, side: int) -> Field:
    """Oil: even, soft at the edge."""
    return smooth(blob(rng, side, 0.25), -0.05, rng.uniform(0.15, 0.45))


def ink(rng: np.random.Generator, side: int) -> Field:
    """Ink, tar, blood: dense, hardly a rim, threads that bleed."""
    return smooth(blob(rng, side, rng.uniform(0.3, 0.9)), -0.03, 0.12)


def spot(rng: np.random.Generator, side: int) -> Field:
    """A dab: dense in the middle, feathered, often longer than wide."""
    field = blob(rng, side, rng.uniform(0.2, 0.8))
    density = smooth(field, -0.05, rng.uniform(0.1, 0.4))
    return np.asarray(density * np.clip(0.8 + 0.2 * fractal(rng, side, side, 4), 0, 1), np.float32)


def dust(rng: np.random.Generator, side: int) -> Field:
    """Dirt and dust: grains and crumbs, densest in the middle."""
    cloud = smooth(blob(rng, side, 0.8), -0.1, 0.5)
    crumbs = smooth(fractal(rng, side, side, max(3.0, side / 12)), -0.1, 0.25)
    return np.asarray(np.clip(cloud * (0.25 + 0.75 * crumbs), 0, 1), np.float32)


def smear(rng: np.random.Generator, side: int) -> Field:
    """Make-up, mud wiped off: streaks along one direction."""
    field = smooth(blob(rng, side, 0.4), -0.05, 0.35)
    streaks = fractal(rng, side, max(4, side // 6), max(2.0, side / 14))
    streaks = np.asarray(cv2.resize(streaks, (side, side)), np.float32)
    return field * smooth(streaks, -0.5, 0.25)


def line(rng: np.random.Generator, side: int) -> Field:
    """A thread of pen, oil or chalk: thin, bent, broken, faint at the ends."""
    canvas = np.zeros((side, side), np.uint8)
    bend = rng.uniform(-0.12, 0.12, 2).cumsum()
    along = np.linspace(0.12, 0.88, 4)
    across = 0.5 + np.concatenate([[0.0], bend, [rng.uniform(-0.05, 0.05)]])
    course = np.stack([across, along], axis=1) * side * 16
    thickness = int(rng.integers(1, max(2, side // 14) + 1))
    cv2.polylines(
        canvas,
        [course.astype(np.int32)],
        isClosed=False,
        color=255,
        thickness=thickness,
        lineType=cv2.LINE_AA,
        shift=4,
    )
    broken = smooth(fractal(rng, side, side, max(3.0, side / 6)), -0.5, 0.1)
    return np.asarray(blur(canvas.astype(np.float32) / 255, 0.6) * broken, np.float32)


def specks(rng: np.random.Generator, side: int) -> Field:
    """A few splashes beside each other."""
    total = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(2, 7))):
        small = int(rng.integers(max(4, side // 8), max(6, side // 3) + 1))
        x, y = rng.integers(0, side - small + 1, 2)
        area = total[y : y + small, x : x + small]
        np.maximum(area, ink(rng, small), out=area)
    return total


_BROWN: tuple[Bgr, ...] = ((0.25, 0.42, 0.62), (0.15, 0.28, 0.45), (0.35, 0.55, 0.75))
_DARK: tuple[Bgr, ...] = ((0.12, 0.12, 0.13), (0.2, 0.22, 0.25), (0.35, 0.3, 0.3))
_RED: tuple[Bgr, ...] = ((0.25, 0.2, 0.7), (0.35, 0.3, 0.6), (0.5, 0.5, 0.85))
_GREY: tuple[Bgr, ...] = ((0.5, 0.52, 0.55), (0.4, 0.45, 0.5), (0.6, 0.6, 0.6))
_GREEN: tuple[Bgr, ...] = ((0.3, 0.55, 0.4), (0.25, 0.5, 0.5), (0.3, 0.75, 0.85))
_BLUE: tuple[Bgr, ...] = ((0.55, 0.25, 0.2), (0.7, 0.4, 0.35))

KINDS: Mapping[str, Kind] = {
    "liquid": Kind(shape=liquid, colours=_BROWN + _RED + _GREEN, strength=(0.45, 0.95)),
    "grease": Kind(shape=grease, colours=_GREY + _BROWN, strength=(0.35, 0.8)),
    "ink": Kind(shape=ink, colours=_DARK + _BLUE + _RED, strength=(0.6, 1.0)),
    "spot": Kind(shape=spot, colours=_DARK + _BROWN + _GREY, strength=(0.5, 1.0)),
    "dust": Kind(shape=dust, colours=_GREY + _BROWN + _DARK, strength=(0.5, 1.0)),
    "smear": Kind(shape=smear, colours=_RED + _BROWN + _GREY, strength=(0.45, 0.95)),
    "line": Kind(shape=line, colours=_DARK + _GREY + _BLUE, strength=(0.4, 0.95)),
    "specks": Kind(shape=specks, colours=_DARK + _BROWN + _RED, strength=(0.5, 1.0)),
}


def overlay_kind(path: Path) -> Kind:
    """A kind whose shape is a RGBA file's transparency, cut to what is there.

    Raises ValueError when the file is no picture with transparency.
    """
    rgba = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if rgba is None or rgba.ndim != 3 or rgba.shape[2] != 4:
        raise ValueError(f"{path.name}: should be a picture with transparency")
    alpha = _cut_to_content(np.asarray(rgba[..., 3] / 255, np.float32))

    def shape(_rng: np.random.Generator, side: int) -> Field:
        return np.asarray(cv2.resize(alpha, (side, side), interpolation=cv2.INTER_AREA), np.float32)

    return Kind(shape=shape, colours=_BROWN + _DARK + _GREY, strength=(0.5, 1.0))


def _cut_to_content(alpha: Field) -> Field:
    rows = np.flatnonzero((alpha > 0.2).sum(axis=1) > 2)
    columns = np.flatnonzero((alpha > 0.2).sum(axis=0) > 2)
    if not rows.size or not columns.size:
        return alpha
    return alpha[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def paint(
    rng: np.random.Generator,
    bgr: Picture,
    *,
    kind: Kind,
    centre: tuple[float, float],
    side_px: float,
    allowed: NDArray[np.bool_] | None = None,
    strength: float | None = None,
    colour: Bgr | None = None,
) -> Stained | None:
    """Paint one stain of about side_px around centre (x, y); None where it would not be seen.

    Strength and colour are drawn from the kind's where none are given. Only `allowed` pixels ([height, width]) take paint. Dark cloth, on which multiplying shows
    nothing, gets a light stain instead: chalk, foam, bleach.
    """
    density = _placed(rng, kind, bgr.shape[:2], centre, side_px)
    if allowed is not None:
        density = density * allowed
    density *= rng.uniform(*kind.strength) if strength is None else strength
    tint = np.array(kind.colours[rng.integers(len(kind.colours))], np.float32)
    tint = np.clip(tint * rng.uniform(0.8, 1.2, 3), 0, 1).astype(np.float32)
    return _blended(bgr, density, tint if colour is None else np.array(colour, np.float32))


def _placed(
    rng: np.random.Generator,
    kind: Kind,
    size: tuple[int, int],
    centre: tuple[float, float],
    side_px: float,
) -> Field:
    """The kind's density, turned and stretched, on a canvas of height × width."""
    side = max(8, round(side_px))
    small = kind.shape(rng, side)
    longer, angle = rng.uniform(0.55, 1.0), rng.uniform(0, 360)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), angle, 1.0)
    squeeze = np.array([[longer, 0, 0], [0, 1, 0], [0, 0, 1]])
    full = np.vstack([turn, [0, 0, 1]]) @ squeeze
    middle = full @ np.array([side / 2, side / 2, 1])
    full[:2, 2] += np.array(centre) - middle[:2]
    return np.asarray(cv2.warpAffine(small, full[:2], size[::-1]), np.float32)


def _blended(bgr: Picture, density: Field, colour: NDArray[np.float32]) -> Stained | None:
    box = _box_of(density)
    if box is None:
        return None
    inside = density > EDGE_SHARE * density.max()
    before = grey_of(bgr)
    take = _thread_takes(before, density)[..., None]
    multiplied = bgr * (1 - take * (1 - colour))
    if before[inside].mean() < 75:
        light = 235 * (0.35 + 0.65 * colour / max(colour.max(), 0.01))
        multiplied = bgr + take * 0.7 * (light - bgr)
    after = to_picture(multiplied)
    contrast = float(np.abs(grey_of(after) - before)[inside].mean())
    texture = float(before[inside].std())
    if contrast < max(MIN_CONTRAST, MIN_CONTRAST_OVER_TEXTURE * texture):
        return None
    return Stained(bgr=after, xyxy=box, contrast=contrast)


def _thread_takes(grey: Field, density: Field) -> Field:
    """How much each pixel takes: more where the thread is darker than its surroundings."""
    around = blur(grey, 3.0) + 8
    dark = np.clip(1 + 0.7 * (1 - grey / around), 0.5, 1.4)
    return np.asarray(np.clip(density * dark, 0, 1), np.float32)


def _box_of(density: Field) -> XyXy | None:
    """Edges of what is visibly painted; None for next to nothing."""
    if density.max() < 0.05:
        return None
    there = density > EDGE_SHARE * density.max()
    columns, rows = np.flatnonzero(there.any(axis=0)), np.flatnonzero(there.any(axis=1))
    if columns.size < 3 or rows.size < 3 or there.sum() < 12:
        return None
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
