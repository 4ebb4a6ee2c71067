"""Phones on the bench, front or back up: glass, metal, cameras, screens on and off."""

import numpy as np

from training.render.canvas import Canvas, Colour, Paint, fill, pixels_of
from training.render.fittings import (
    BLACK,
    body_colour,
    handled,
    lens,
    logo,
    shifted,
    slab,
    sticker,
    text,
)
from training.render.marks import words
from training.render.screens import lit_screen
from training.render.view import Plane, Points, disc, rounded


def phone(rng: np.random.Generator, canvas: Canvas, turn: float) -> tuple[float, float]:
    """A phone, front or back up. Its width and length."""
    wide, long = float(rng.uniform(66, 79)), float(rng.uniform(138, 166))
    corner, metal = float(rng.uniform(5, 13)), body_colour(rng)
    outline = rounded(-wide / 2, -long / 2, wide / 2, long / 2, corner)
    top = slab(canvas, outline, turn=turn, thick_mm=float(rng.uniform(7, 9.5)),
               side=Paint(bgr=metal, satin=150, mirror=30))  # fmt: skip
    fill(canvas, top, outline, Paint(bgr=metal, satin=150, mirror=30, raised_mm=0.8, round_mm=0.5))
    edge = float(rng.uniform(0.6, 1.6))
    inner = rounded(
        -wide / 2 + edge, -long / 2 + edge, wide / 2 - edge, long / 2 - edge, corner - edge / 2
    )
    if rng.random() < 0.55:
        _front(rng, canvas, top, inner, (wide - 2 * edge, long - 2 * edge, corner))
    else:
        _back(rng, canvas, top, inner, (wide, long, corner), metal)
    handled(rng, canvas, pixels_of(canvas, top, inner))
    return wide, long


def _front(
    rng: np.random.Generator,
    canvas: Canvas,
    top: Plane,
    inner: Points,
    size: tuple[float, float, float],
) -> None:
    """The display, off or on, with its bezel, its camera and its earpiece."""
    wide, long, corner = size
    fill(canvas, top, inner, Paint(bgr=BLACK, mirror=26, satin=0, raised_mm=0.3, round_mm=0.7))
    bezel = float(rng.uniform(0.8, 3.0))
    chin = bezel * rng.choice([1.0, 1.0, 4.0])
    glass = rounded(
        -wide / 2 + bezel,
        -long / 2 + chin,
        wide / 2 - bezel,
        long / 2 - chin,
        max(1.0, corner - bezel),
    )
    tone = float(rng.uniform(14, 40))
    fill(canvas, top, glass, Paint(bgr=(tone * 1.05, tone, tone)))
    if rng.random() < 0.35:
        lit_screen(rng, canvas, top, glass, portrait=True)
    y = -long / 2 + chin + rng.uniform(2.5, 4)
    if chin > bezel:
        fill(
            canvas,
            top,
            rounded(-6, -long / 2 + chin / 2, 6, -long / 2 + chin / 2 + 1.1, 0.5),
            Paint(bgr=(50, 50, 50)),
        )
        fill(
            canvas,
            top,
            disc(0, long / 2 - chin / 2, chin * 0.32),
            Paint(raised_mm=-0.3, bgr=(30, 30, 30)),
        )
    else:
        fill(canvas, top, disc(float(rng.choice([0.0, -wide * 0.3])), y, rng.uniform(1.4, 2.2)),
             Paint(bgr=(6, 6, 6), mirror=60, glow=(0, 0, 0)))  # fmt: skip


def _back(
    rng: np.random.Generator, canvas: Canvas, top: Plane, inner: Points,
    size: tuple[float, float, float], metal: Colour,
) -> None:  # fmt: skip
    """The back: glass or matt, cameras, a logo, small print."""
    wide, long, _ = size
    colour = metal if rng.random() < 0.4 else body_colour(rng)
    glossy = rng.random() < 0.65
    fill(canvas, top, inner, Paint(bgr=colour, mirror=24 if glossy else 0, satin=18 if glossy else 70,
                                   raised_mm=0.3, round_mm=0.9))  # fmt: skip
    _cameras(rng, canvas, top, wide, long, colour)
    ink = Paint(bgr=shifted(colour, 26), mirror=50)
    if rng.random() < 0.6:
        logo(rng, canvas, top, (0.0, float(rng.uniform(-0.1, 0.25)) * long), wide * 0.16, ink)
    if rng.random() < 0.5:
        for row in range(2):
            text(
                canvas,
                top,
                words(rng).upper(),
                (-wide * 0.22, long * (0.36 + 0.02 * row)),
                1.5,
                shifted(colour, 22),
            )
    if rng.random() < 0.15:
        sticker(rng, canvas, top, (0.0, long * 0.1), wide * 0.5)


def _cameras(
    rng: np.random.Generator, canvas: Canvas, top: Plane, wide: float, long: float, colour: Colour
) -> None:
    size = wide * rng.uniform(0.36, 0.5)
    left, upper = -wide / 2 + wide * 0.07, -long / 2 + wide * 0.07
    tall = size * float(rng.choice([1.0, 1.5]))
    island = rounded(left, upper, left + size, upper + tall, size * 0.25)
    fill(
        canvas,
        top,
        island,
        Paint(bgr=shifted(colour, 8), mirror=34, satin=10, raised_mm=1.0, round_mm=0.5),
    )
    spots = [(0.3, 0.27), (0.3, 0.73), (0.72, 0.5)][: int(rng.integers(1, 4))]
    for x, y in spots:
        lens(canvas, top, (left + size * x, upper + tall * y), size * 0.2)
    flash = disc(left + size * 0.74, upper + tall * 0.2, size * 0.06)
    fill(canvas, top, flash, Paint(bgr=(190, 215, 225), mirror=40))
