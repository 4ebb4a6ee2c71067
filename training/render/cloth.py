"""Cloth: weaves thread by thread where the camera resolves them, dyes, stripes, prints, folds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from training.render.canvas import Canvas, Colour, blend, pixels_of, tinted
from training.render.fields import clouds, field
from training.render.noise import Field
from training.render.view import Plane

# Threads narrower than this many pixels are noise: drawn one by one they would shimmer.
_RESOLVED_PX = 3.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Weave:
    """How threads run."""

    relief: Callable[[Field, Field], Field]
    """Threads right and down (u, v in repeats) → height, -1 to 1."""
    pitch_mm: tuple[float, float]
    """One repeat, least and most."""
    deep: float
    """Height of a thread in parts of its pitch."""


def coordinates(canvas: Canvas, plane: Plane) -> tuple[Field, Field]:
    """Millimetres along the face's two axes under each pixel, each [side, side], without perspective."""
    corners = pixels_of(canvas, plane, np.array([(0.0, 0.0), (100.0, 0.0), (0.0, 100.0)]))
    forward = np.column_stack([corners[1] - corners[0], corners[2] - corners[0]]) / 100
    back = np.linalg.inv(forward).astype(np.float32)
    axis = np.arange(canvas.view.side_px, dtype=np.float32)
    x, y = axis[None, :] - np.float32(corners[0, 0]), axis[:, None] - np.float32(corners[0, 1])
    return back[0, 0] * x + back[0, 1] * y, back[1, 0] * x + back[1, 1] * y


def _wave(phase: Field) -> Field:
    """A sine's shape for a fraction of its price: parabolas, -1 to 1, period 1."""
    t = (phase - np.floor(phase)) * 2 - 1
    return np.asarray(4 * t * (np.abs(t) - 1), np.float32)


def _plain(u: Field, v: Field) -> Field:
    return _wave(u) * _wave(v)


def _twill(u: Field, v: Field) -> Field:
    up, down = np.add(u, v, dtype=np.float32), np.subtract(3 * u, v, dtype=np.float32)
    return np.asarray(0.75 * _wave(up) + 0.25 * _wave(down), np.float32)


def _jersey(u: Field, v: Field) -> Field:
    """Columns of small V."""
    across = np.abs(u - np.floor(u) - 0.5)
    return np.asarray(
        0.7 * _wave(np.asarray(v * 1.3 + across * 1.4, np.float32)) + 0.6 * (0.25 - across),
        np.float32,
    )


def _rib(u: Field, v: Field) -> Field:
    """Raised and sunk columns of stitches."""
    half = np.asarray(u / 2, np.float32)
    return np.asarray(0.5 * _jersey(4 * half, 2 * v) + 0.9 * _wave(half), np.float32)


WEAVES: Mapping[str, Weave] = {
    "plain": Weave(relief=_plain, pitch_mm=(0.5, 1.1), deep=0.16),
    "twill": Weave(relief=_twill, pitch_mm=(0.7, 1.4), deep=0.16),
    "jersey": Weave(relief=_jersey, pitch_mm=(0.6, 1.1), deep=0.18),
    "denim": Weave(relief=_twill, pitch_mm=(0.9, 1.6), deep=0.2),
    "knit": Weave(relief=_jersey, pitch_mm=(3.5, 8.0), deep=0.2),
    "rib": Weave(relief=_rib, pitch_mm=(1.6, 4.0), deep=0.2),
}


def woven(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, name: str, share: Field, colour: Colour
) -> None:
    """Cover `share` (0 to 1 of each pixel) with cloth of one weave and colour."""
    side, weave = canvas.view.side_px, WEAVES[name]
    pitch = float(rng.uniform(*weave.pitch_mm))
    tone = 0.02 * field(rng, side, side, 1.5) + 0.02 * clouds(rng, side, side, 90)
    u, v = coordinates(canvas, plane)
    tone += _dyed(rng, canvas, u, v, name)
    if pitch / canvas.view.mm_per_px > _RESOLVED_PX:
        wobble = field(rng, side, side, 40) * np.float32(0.12)
        threads = weave.relief(u / np.float32(pitch) + wobble, v / np.float32(pitch) + wobble)
        canvas.relief += threads * share * np.float32(weave.deep * pitch / canvas.view.mm_per_px)
        tone += threads * np.float32(0.16 if name == "denim" else 0.05)
    else:
        canvas.relief += field(rng, side, side, 2) * share * np.float32(0.1)
    _mixed(canvas, colour, tone, share)


def _mixed(canvas: Canvas, colour: Colour, tone: Field, share: Field) -> None:
    blend(canvas, tinted(tone, colour), share)


def _dyed(rng: np.random.Generator, canvas: Canvas, u: Field, v: Field, name: str) -> Field:
    """[side, side] around 0: stripes, checks, melange, wear, or nothing."""
    side = canvas.view.side_px
    if name == "denim":
        worn = clouds(rng, side, side, side * 0.8, 2) * np.float32(rng.uniform(0, 0.18))
        slubs = cv2.resize(field(rng, max(8, side // 10), side, 1.4), (side, side))
        return np.asarray(worn + 0.07 * slubs, np.float32)
    sort, strength = rng.random(), np.float32(rng.uniform(0.1, 0.5) * rng.choice([-1, 1]))
    if sort < 0.12:
        return np.asarray(_stripes(rng, v) * strength, np.float32)
    if sort < 0.2:
        return np.asarray(_stripes(rng, u) * strength, np.float32)
    if sort < 0.32:
        return np.asarray((_stripes(rng, u) + _stripes(rng, v)) * strength / 2, np.float32)
    if sort < 0.42:
        return np.asarray(0.09 * field(rng, side, side, 2.5), np.float32)
    return np.zeros((side, side), np.float32)


def _stripes(rng: np.random.Generator, along: Field) -> Field:
    """[side, side] of 0 and 1 in repeats of a few widths."""
    repeat = float(np.exp(rng.uniform(np.log(4), np.log(70))))
    phase = along / np.float32(repeat)
    phase = phase - np.floor(phase)
    edges = rng.uniform(0.1, 0.9, 2)
    wide = np.float32(1 / max(0.02, 0.7 / repeat))
    return np.asarray(
        np.clip(
            (edges.max() - edges.min()) / 2 * wide - np.abs(phase - edges.mean()) * wide + 0.5, 0, 1
        ),
        np.float32,
    )


def folded(rng: np.random.Generator, canvas: Canvas, share: Field, depth_mm: float) -> None:
    """Lay folds into the cloth: a slow roll of the whole, long soft folds, patches of fine creases."""
    side, per_mm = canvas.view.side_px, 1 / canvas.view.mm_per_px
    relief = clouds(rng, side, side, 150 * per_mm, 2) * np.float32(depth_mm * 2.0 * per_mm)
    angle = float(rng.uniform(0, np.pi))
    patches = np.clip(0.3 + clouds(rng, side, side, max(side / 2, 64.0), 2), 0, 1)
    for wide_mm, longer, high in ((38.0, 4.0, 1.3), (14.0, 5.0, 0.5), (4.5, 4.0, 0.12)):
        if wide_mm * per_mm < 4:
            continue
        angle += float(rng.normal(0, 0.7))
        lines = streaks(rng, side, wide_mm * per_mm, longer, angle)
        lines = np.exp(-4 * lines * lines) - 0.4  # creases run where the noise changes its sign
        relief += lines * patches * np.float32(depth_mm * high * per_mm * rng.choice([-1, 1, 1]))
    canvas.relief += relief * share


def streaks(
    rng: np.random.Generator, side: int, cell_px: float, longer: float, angle: float
) -> Field:
    """[side, side] of noise whose bumps are cell_px wide and so many times longer, along one direction."""
    part = field(rng, 512, 512, 4.0)
    c, s = np.cos(angle) * 4 / cell_px, np.sin(angle) * 4 / cell_px
    matrix = np.array([[c / longer, s / longer, 256.0], [-s, c, 256.0]])
    matrix[:, 2] -= matrix[:, :2] @ [side / 2, side / 2]
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    out = cv2.warpAffine(part, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(out, np.float32)
