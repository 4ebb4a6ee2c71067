"""The painters of stains, scratches and tears as one kind of brush: a picture in, a picture out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.render import scratches, stains, tears
from training.render.noise import Picture

Bool = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shapes:
    """Shapes from files; painters that lack theirs are passed over."""

    overlays: Sequence[Path] = ()
    """RGBA pictures whose transparency is a stain's shape."""
    courses: Sequence[Path] = ()
    """Masks of real scratches: their course is used."""


NO_SHAPES = Shapes()
Painter = Callable[
    [np.random.Generator, Picture, tuple[float, float], float, Bool, Shapes], Picture | None
]
"""Draws around a centre (x, y), so many pixels wide, on allowed pixels; None where nothing would be seen."""


def stain(kind: stains.Kind) -> Painter:
    """Stains of one kind."""

    def paint(
        rng: np.random.Generator,
        bgr: Picture,
        centre: tuple[float, float],
        side: float,
        allowed: Bool,
        _: Shapes,
    ) -> Picture | None:
        # A blob fills about 0.7 of the square that it is drawn in.
        done = stains.paint(rng, bgr, kind=kind, centre=centre, side_px=side / 0.7, allowed=allowed)
        return None if done is None else done.bgr

    return paint


def overlay(
    rng: np.random.Generator,
    bgr: Picture,
    centre: tuple[float, float],
    side: float,
    allowed: Bool,
    shapes: Shapes,
) -> Picture | None:
    """A stain whose shape is from a file; none without files."""
    if not shapes.overlays:
        return None
    kind = stains.overlay_kind(shapes.overlays[int(rng.integers(len(shapes.overlays)))])
    return stain(kind)(rng, bgr, centre, side, allowed, shapes)


def scratch(kind: str) -> Painter:
    """Scratches of one kind; none where their shapes should come from files that are not there."""

    def paint(
        rng: np.random.Generator,
        bgr: Picture,
        centre: tuple[float, float],
        side: float,
        allowed: Bool,
        shapes: Shapes,
    ) -> Picture | None:
        if scratches.KINDS[kind] is None and not shapes.courses:
            return None
        done = scratches.paint(
            rng,
            bgr,
            kind=kind,
            centre=centre,
            side_px=side,
            courses=shapes.courses,
            allowed=allowed,
        )
        return None if done is None else done.bgr

    return paint


def tear(kind: str) -> Painter:
    """Torn board of one kind."""

    def paint(
        rng: np.random.Generator,
        bgr: Picture,
        centre: tuple[float, float],
        side: float,
        allowed: Bool,
        _: Shapes,
    ) -> Picture | None:
        done = tears.paint(rng, bgr, kind=kind, centre=centre, side_px=side, allowed=allowed)
        return None if done is None else done.bgr

    return paint
