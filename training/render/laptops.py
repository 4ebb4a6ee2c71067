"""Laptops on the bench, closed or open: lids, keys, trackpads, screens."""

import numpy as np

from training.render.canvas import Canvas, Colour, Paint, fill, new_face, pixels_of
from training.render.fields import field
from training.render.fittings import BLACK, body_colour, handled, logo, shifted, slab, sticker, text
from training.render.screens import lit_screen
from training.render.view import Plane, lying, rectangle, rounded


def laptop(rng: np.random.Generator, canvas: Canvas, turn: float) -> tuple[float, float]:
    """A laptop, closed or open. Its width and length."""
    wide, deep = float(rng.uniform(285, 360)), float(rng.uniform(205, 245))
    metal = body_colour(rng)
    outline = rounded(-wide / 2, -deep / 2, wide / 2, deep / 2, float(rng.uniform(4, 14)))
    skin = Paint(bgr=metal, satin=int(rng.integers(50, 120)), mirror=int(rng.choice([0, 0, 14])))
    top = slab(canvas, outline, turn=turn, thick_mm=float(rng.uniform(11, 18)), side=skin)
    fill(canvas, top, outline, Paint(raised_mm=1.2, round_mm=1.0))
    if rng.random() < 0.5:
        size = wide * float(rng.uniform(0.08, 0.16))
        logo(rng, canvas, top, (0.0, 0.0), size, Paint(bgr=shifted(metal, 40), mirror=60))
        if rng.random() < 0.2:
            sticker(rng, canvas, top, (wide * 0.3, deep * 0.3), 50)
    else:
        _deck(rng, canvas, top, wide, deep, metal)
        _lid(rng, canvas, turn, wide, deep, metal)
    _grainy(rng, canvas)
    handled(rng, canvas, pixels_of(canvas, top, outline))
    return wide, deep


def _grainy(rng: np.random.Generator, canvas: Canvas) -> None:
    """Blasted metal or textured plastic: fine and even."""
    side = canvas.view.side_px
    canvas.relief += (
        field(rng, side, side, 1.3) * np.float32(rng.uniform(0.02, 0.08)) * (canvas.item > 0)
    )


def _deck(
    rng: np.random.Generator, canvas: Canvas, top: Plane, wide: float, deep: float, metal: Colour
) -> None:
    """Keys in a well, a trackpad, speaker holes."""
    left, upper, right, lower = -wide * 0.44, -deep * 0.36, wide * 0.44, deep * 0.1
    fill(
        canvas,
        top,
        rounded(left, upper, right, lower, 3),
        Paint(bgr=shifted(metal, -14), raised_mm=-0.5),
    )
    keys = BLACK if rng.random() < 0.7 else shifted(metal, 20)
    rows, columns = 6, int(rng.integers(13, 16))
    tall, broad = (lower - upper) / rows, (right - left) / columns
    for row in range(rows):
        for column in range(columns):
            if row == rows - 1 and 3 < column < 9:
                continue
            _key(rng, canvas, top, (left + column * broad, upper + row * tall, broad, tall), keys)
    fill(
        canvas,
        top,
        rounded(left + 4 * broad + 1, lower - tall + 1, left + 9 * broad - 1, lower - 1, 1.5),
        Paint(bgr=keys, satin=16),
    )
    pad = rounded(-wide * 0.17, deep * 0.15, wide * 0.17, deep * 0.44, 4)
    fill(canvas, top, pad, Paint(bgr=shifted(metal, 5), raised_mm=-0.25, round_mm=0.4, mirror=8))
    for at in (-0.4, 0.3):
        label = Paint(bgr=tuple(float(v) for v in rng.uniform(40, 230, 3)), satin=20)  # type: ignore[arg-type]
        if rng.random() < 0.5:
            fill(
                canvas,
                top,
                rounded(wide * at, deep * 0.3, wide * at + 22, deep * 0.3 + 16, 2),
                label,
            )


def _key(
    rng: np.random.Generator,
    canvas: Canvas,
    top: Plane,
    box: tuple[float, float, float, float],
    colour: Colour,
) -> None:
    x, y, wide, tall = box
    cap = rounded(x + 0.9, y + 0.9, x + wide - 0.9, y + tall - 0.9, 1.5)
    fill(canvas, top, cap, Paint(bgr=colour, satin=16))
    if canvas.view.mm_per_px < 0.7:
        sign = chr(int(rng.integers(65, 91)))
        text(canvas, top, sign, (x + wide * 0.3, y + tall * 0.6), tall * 0.28, shifted(colour, 160))


def _lid(
    rng: np.random.Generator, canvas: Canvas, turn: float, wide: float, deep: float, metal: Colour
) -> None:
    """The screen, leaning back from the hinge."""
    base = lying(turn, 14.0)
    lean = np.radians(rng.uniform(8, 35))
    hinge = base.at(np.array([(0.0, -deep / 2)]))[0]
    down = base.v * np.sin(lean) - np.array([0, 0, 1.0]) * np.cos(lean)
    plane = Plane(origin=hinge - down * deep, u=base.u, v=down)
    outline = rounded(-wide / 2, 0, wide / 2, deep, 8)
    new_face(canvas, plane, outline)
    canvas.outlines.append(plane.at(outline))
    fill(canvas, plane, outline, Paint(bgr=metal, satin=60))
    fill(
        canvas,
        plane,
        rounded(-wide / 2 + 2, 2, wide / 2 - 2, deep - 2, 6),
        Paint(bgr=BLACK, mirror=22, satin=0),
    )
    glass = rectangle(-wide / 2 + 8, 10, wide / 2 - 8, deep - 18)
    fill(canvas, plane, glass, Paint(bgr=(26, 24, 24)))
    if rng.random() < 0.5:
        lit_screen(rng, canvas, plane, glass, portrait=False)
