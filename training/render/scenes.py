"""Clean scenes of every kind: what a bench camera sees when nothing is wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.record import XyXy
from training.errors import RecipeInvalid
from training.render import (
    apparel,
    benches,
    boxes,
    handhelds,
    housings,
    lamps,
    laptops,
    mailers,
    shading,
)
from training.render.canvas import Canvas, bare
from training.render.labels import State
from training.render.lamps import Light
from training.render.noise import Picture
from training.render.view import View, looking_at

Item = Callable[[np.random.Generator, Canvas, float], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """How the camera looks at a kind of item."""

    item: Item
    """Draws the item around the middle of the bench, turned by so many degrees."""
    field_mm: tuple[float, float]
    """Width of the view, least and most."""
    pitch_deg: tuple[float, float]
    """From straight down, least and most."""
    spread_mm: tuple[float, float]
    """How far from the item's middle a close view looks, along x and y."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Drawn:
    """A clean scene, before the camera's blur and noise."""

    kind: str
    """A key of KINDS."""
    bgr: Picture
    """[side, side, 3]."""
    item: NDArray[np.bool_]
    """[side, side]: where the item is."""
    parts: tuple[tuple[str, XyXy], ...]
    """label, barcode, qr, package with their pixel edges."""
    mm_per_px: float | None
    """In the middle of the picture; None on a photo, where nobody knows."""
    bench: str | None = None
    """A key of benches.BENCHES, or benches.TEXTURE."""
    light: Light | None = None
    """What it is lit by."""
    gain: float = 1.0
    """The exposure that the camera chose."""
    canvas: Canvas | None = None
    """The scene itself, to be changed and lit again."""


KINDS: Mapping[str, Look] = {
    "garment": Look(
        item=apparel.garment, field_mm=(90, 900), pitch_deg=(0, 25), spread_mm=(230, 330)
    ),
    "phone": Look(item=handhelds.phone, field_mm=(50, 230), pitch_deg=(0, 38), spread_mm=(25, 55)),
    "housing": Look(
        item=housings.housing, field_mm=(60, 330), pitch_deg=(0, 45), spread_mm=(40, 40)
    ),
    "carton": Look(item=boxes.carton, field_mm=(220, 800), pitch_deg=(0, 58), spread_mm=(90, 70)),
    "mailer": Look(item=mailers.mailer, field_mm=(150, 520), pitch_deg=(0, 40), spread_mm=(80, 80)),
    "laptop": Look(item=laptops.laptop, field_mm=(90, 520), pitch_deg=(0, 45), spread_mm=(110, 80)),
}


def draw(rng: np.random.Generator, kind: str, side_px: int, *, label: State | None = None) -> Drawn:
    """One clean scene; the same generator gives the same bytes. Raises RecipeInvalid.

    `label` says what became of a package's label; without it, it is missing on every fourth.
    """
    state = label or (State.PRESENT if rng.random() < 0.75 else State.MISSING)
    canvas, bench = lay(rng, kind, side_px, state)
    return lit(canvas, kind, bench, lamps.any_light(rng, canvas.view))


def _look(kind: str) -> Look:
    if kind not in KINDS:
        raise RecipeInvalid(f"kind should be one of {', '.join(KINDS)}, got {kind!r}")
    return KINDS[kind]


def lay(
    rng: np.random.Generator,
    kind: str,
    side_px: int,
    label: State = State.PRESENT,
    texture: Picture | None = None,
) -> tuple[Canvas, str]:
    """The scene without light, and the bench's name; `texture` is a picture of the bench."""
    look = _look(kind)
    canvas = bare(_view(rng, look, side_px))
    canvas.label = label
    bench = benches.lay_bench(rng, canvas, texture=texture)
    look.item(rng, canvas, float(_turn(rng)))
    return canvas, bench


def lit(canvas: Canvas, kind: str, bench: str, lamp: Light) -> Drawn:
    """The scene under a light."""
    linear = shading.radiance(canvas, lamp)
    gain = shading.exposure(linear)
    return Drawn(
        kind=kind,
        bgr=shading.developed(linear, gain),
        gain=gain,
        canvas=canvas,
        item=canvas.item > 127,
        parts=tuple(canvas.parts),
        mm_per_px=canvas.view.mm_per_px,
        bench=bench,
        light=lamp,
    )


def _turn(rng: np.random.Generator) -> float:
    """Mostly about straight, a third anyhow."""
    return float(rng.normal(0, 7) if rng.random() < 0.65 else rng.uniform(-180, 180))


def _view(rng: np.random.Generator, look: Look, side_px: int) -> View:
    """The whole item or a close part of it."""
    low, high = look.field_mm
    field = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    away = 1 - (field - low) / (high - low)
    x, y = rng.uniform(-1, 1, 2) * look.spread_mm * away
    pitch = (
        float(rng.uniform(*look.pitch_deg)) if rng.random() < 0.7 else abs(float(rng.normal(0, 3)))
    )
    return looking_at(
        (float(x), float(y), 0.0), side_px=side_px, width_mm=field,
        pitch_deg=pitch, roll_deg=float(rng.normal(0, 2)), distance=float(rng.uniform(1.2, 2.4)),
    )  # fmt: skip
