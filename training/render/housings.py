"""Glossy housings: routers, chargers, cases, consoles, remotes: rounded boxes with ports, vents and buttons."""

import numpy as np

from training.render.canvas import Canvas, Colour, Paint, fill, pixels_of, stroke
from training.render.fittings import body_colour, handled, lens, logo, shifted, slab, sticker, text
from training.render.marks import words
from training.render.view import Plane, disc, rounded


def housing(rng: np.random.Generator, canvas: Canvas, turn: float) -> tuple[float, float]:
    """A rounded box of glossy or satin plastic. Its width and length."""
    wide, long = float(rng.uniform(45, 220)), float(rng.uniform(45, 170))
    corner = min(wide, long) * float(rng.choice([0.06, 0.15, 0.3, 0.5]))
    thick = float(rng.uniform(12, 45))
    colour = body_colour(rng)
    glossy = rng.random() < 0.7
    skin = Paint(
        bgr=colour, mirror=int(rng.integers(18, 34)) if glossy else 0, satin=12 if glossy else 46
    )
    outline = rounded(-wide / 2, -long / 2, wide / 2, long / 2, corner)
    top = slab(canvas, outline, turn=turn, thick_mm=thick, side=skin)
    edge = float(rng.uniform(1.0, min(14.0, min(wide, long) * 0.16)))
    fill(canvas, top, rounded(-wide / 2 + edge / 2, -long / 2 + edge / 2, wide / 2 - edge / 2, long / 2 - edge / 2, corner),
         Paint(bgr=colour, mirror=skin.mirror, satin=skin.satin, raised_mm=edge * rng.uniform(0.2, 0.5), round_mm=edge * 0.5))  # fmt: skip
    chosen = [_FITTINGS[n] for n in rng.permutation(len(_FITTINGS))[: int(rng.integers(1, 5))]]
    for fitting in sorted(chosen, key=lambda one: one is _plate):  # nothing covers the type plate
        fitting(rng, canvas, top, (wide - 2 * edge, long - 2 * edge), colour)
    handled(rng, canvas, pixels_of(canvas, top, outline))
    return wide, long


Size = tuple[float, float]


def _seam(rng: np.random.Generator, canvas: Canvas, top: Plane, size: Size, colour: Colour) -> None:
    """The gap between two halves of the shell."""
    at = float(rng.uniform(-0.4, 0.4)) * size[1]
    x = size[0] / 2
    stroke(canvas, top, np.array([(-x, at), (x, at)]), 0.5, Paint(bgr=shifted(colour, -30)))
    band = rounded(-x, at, x, at + 0.7, 0.3)
    fill(canvas, top, band, Paint(raised_mm=-0.4, round_mm=0.3))


def _vents(
    rng: np.random.Generator, canvas: Canvas, top: Plane, size: Size, _colour: Colour
) -> None:
    """Rows of slots or holes."""
    dark = Paint(bgr=(16, 15, 15), mirror=0, satin=0)
    x0, y0 = rng.uniform(-0.45, 0.0, 2) * size
    pitch = float(rng.uniform(2.2, 4.5))
    columns, rows = int(rng.integers(4, 14)), int(rng.integers(1, 6))
    round_holes = rng.random() < 0.5
    for row in range(rows):
        for column in range(columns):
            x, y = x0 + column * pitch, y0 + row * pitch * (1 if round_holes else 3)
            if abs(x) > size[0] / 2 or abs(y) + pitch * 2 > size[1] / 2:
                continue
            hole = (
                disc(x, y, pitch * 0.26)
                if round_holes
                else rounded(x, y, x + pitch * 0.4, y + pitch * 2.2, 0.5)
            )
            fill(canvas, top, hole, dark)


def _buttons(
    rng: np.random.Generator, canvas: Canvas, top: Plane, size: Size, colour: Colour
) -> None:
    """Raised buttons or keys with signs, perhaps a row of small lamps."""
    n, radius = int(rng.integers(1, 6)), min(size) * float(rng.uniform(0.03, 0.09))
    y = float(rng.uniform(-0.35, 0.35)) * size[1]
    for x in (np.arange(n) - (n - 1) / 2) * radius * 2.8:
        cap = disc(float(x), y, radius)
        fill(
            canvas,
            top,
            cap,
            Paint(bgr=shifted(colour, rng.choice([0.0, 25.0])), raised_mm=0.8, round_mm=0.35),
        )
        text(
            canvas,
            top,
            str(rng.choice(list("+-><OX"))),
            (float(x) - radius * 0.3, y + radius * 0.3),
            radius * 0.6,
            shifted(colour, 90),
        )
        lamp = (60.0, 220.0, 90.0) if rng.random() < 0.5 else (230.0, 160.0, 60.0)
        if rng.random() < 0.4:
            fill(
                canvas,
                top,
                disc(float(x), y + radius * 1.8, radius * 0.14),
                Paint(bgr=lamp, glow=lamp),
            )


def _ports(
    rng: np.random.Generator, canvas: Canvas, top: Plane, size: Size, _colour: Colour
) -> None:
    """Sockets: dark hollows with metal in them."""
    y = float(rng.choice([-0.38, 0.38])) * size[1]
    for x in np.linspace(-0.35, 0.35, int(rng.integers(1, 5))) * size[0]:
        wide = min(float(rng.uniform(7, 14)), size[0] * 0.2)
        tall = wide * float(rng.uniform(0.35, 0.9))
        fill(
            canvas,
            top,
            rounded(x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2, 1),
            Paint(bgr=(150, 150, 152), satin=150, raised_mm=-0.6, round_mm=0.4),
        )
        fill(
            canvas,
            top,
            rounded(x - wide * 0.4, y - tall * 0.36, x + wide * 0.4, y + tall * 0.36, 0.6),
            Paint(bgr=(18, 18, 18), satin=0),
        )


def _name(rng: np.random.Generator, canvas: Canvas, top: Plane, size: Size, colour: Colour) -> None:
    at = (float(rng.uniform(-0.2, 0.2) * size[0]), float(rng.uniform(-0.3, 0.3) * size[1]))
    logo(
        rng,
        canvas,
        top,
        at,
        min(size) * float(rng.uniform(0.15, 0.3)),
        Paint(bgr=shifted(colour, 70)),
    )
    for row in range(int(rng.integers(0, 4))):
        text(
            canvas,
            top,
            words(rng),
            (-size[0] * 0.3, size[1] * 0.3 + row * 3.2),
            1.9,
            shifted(colour, 60),
        )


def _plate(
    rng: np.random.Generator, canvas: Canvas, top: Plane, size: Size, _colour: Colour
) -> None:
    """The type plate."""
    sticker(
        rng,
        canvas,
        top,
        (0.0, float(rng.uniform(-0.2, 0.2) * size[1])),
        size[0] * float(rng.uniform(0.3, 0.6)),
    )


def _window(
    rng: np.random.Generator, canvas: Canvas, top: Plane, size: Size, _colour: Colour
) -> None:
    """A display or a lens behind dark glass."""
    x, y = size[0] * 0.3, size[1] * float(rng.uniform(0.12, 0.3))
    fill(
        canvas,
        top,
        rounded(-x, -y, x, y, 3),
        Paint(bgr=(20, 18, 18), mirror=32, satin=0, raised_mm=-0.3, round_mm=0.5),
    )
    if rng.random() < 0.4:
        lens(canvas, top, (0.0, 0.0), y * 0.8)


def _screws(
    rng: np.random.Generator, canvas: Canvas, top: Plane, size: Size, _colour: Colour
) -> None:
    """Screws in the corners, their slots turned anyhow."""
    radius = float(rng.uniform(1.4, 2.6))
    for sx in (-0.42, 0.42):
        for sy in (-0.42, 0.42):
            x, y = sx * size[0], sy * size[1]
            fill(
                canvas,
                top,
                disc(x, y, radius),
                Paint(bgr=(140, 140, 142), satin=170, raised_mm=-0.5, round_mm=0.4),
            )
            a, middle = rng.uniform(0, np.pi), np.array([x, y])
            reach = np.array([np.cos(a), np.sin(a)]) * radius * 0.7
            stroke(
                canvas,
                top,
                np.array([middle - reach, middle + reach]),
                0.4,
                Paint(bgr=(40, 40, 40)),
            )


_FITTINGS = (_seam, _vents, _buttons, _ports, _name, _plate, _window, _screws)
