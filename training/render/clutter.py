"""What else lies on a bench: rulers, markers, pens, rolls of tape, a loupe. None of it is the item."""

from collections.abc import Callable

import numpy as np

from training.render.canvas import Canvas, Colour, Paint, fill, paste, stroke
from training.render.view import Plane, disc, lying, rectangle, rounded

Thing = Callable[[np.random.Generator, Canvas, Plane], None]


def strew(rng: np.random.Generator, canvas: Canvas) -> None:
    """On every third bench one thing or two, before the item is laid over them."""
    reach = canvas.view.mm_per_px * canvas.view.side_px / 2
    for _ in range(int(rng.choice([0, 1, 2], p=[0.65, 0.27, 0.08]))):
        away = rng.uniform(0.45, 1.0) * reach * rng.choice([-1, 1], 2)
        plane = lying(float(rng.uniform(-180, 180)), 0.5, (float(away[0]), float(away[1])))
        THINGS[int(rng.integers(len(THINGS)))](rng, canvas, plane)


def _ruler(rng: np.random.Generator, canvas: Canvas, plane: Plane) -> None:
    """Steel or clear plastic, a tick a millimetre where the camera resolves it."""
    steel = rng.random() < 0.6
    body = rectangle(-150, -15, 150, 15)
    paint = (
        Paint(bgr=(150, 150, 152), satin=120) if steel else Paint(bgr=(205, 215, 220), mirror=14)
    )
    fill(
        canvas,
        plane,
        body,
        Paint(bgr=paint.bgr, satin=paint.satin, mirror=paint.mirror, raised_mm=0.6, round_mm=0.4),
    )
    step = 1.0 if canvas.view.mm_per_px < 0.3 else 5.0 if canvas.view.mm_per_px < 1.2 else 10.0
    ink = Paint(bgr=(40, 40, 42))
    for x in np.arange(-148.0, 148.0, step):
        long = 9.0 if x % 10 < 0.01 else 6.0 if x % 5 < 0.01 else 4.0
        stroke(canvas, plane, np.array([(x, -15), (x, -15 + long)]), 0.25, ink)


def _marker(rng: np.random.Generator, canvas: Canvas, plane: Plane) -> None:
    """A board with black squares, as cameras are calibrated by."""
    cells = np.where(rng.random((6, 6)) < 0.5, 20, 238).astype(np.uint8)
    cells[[0, -1], :] = cells[:, [0, -1]] = 20
    board = np.repeat(np.repeat(cells, 12, axis=0), 12, axis=1)
    side = float(rng.uniform(20, 40))
    fill(
        canvas,
        plane,
        rectangle(-side * 0.7, -side * 0.7, side * 0.7, side * 0.7),
        Paint(bgr=(240, 242, 242), satin=4, raised_mm=0.3),
    )
    sheet = np.repeat(board[..., None], 3, axis=2)
    paste(canvas, plane, rectangle(-side / 2, -side / 2, side / 2, side / 2), sheet, on_item=False)


def _pen(rng: np.random.Generator, canvas: Canvas, plane: Plane) -> None:
    colour: Colour = (
        float(rng.uniform(10, 220)),
        float(rng.uniform(10, 120)),
        float(rng.uniform(10, 220)),
    )
    fill(
        canvas,
        plane,
        rounded(-70, -5, 70, 5, 4),
        Paint(bgr=colour, mirror=24, satin=20, raised_mm=6, round_mm=3),
    )
    fill(
        canvas,
        plane,
        np.array([(70, -3.5), (70, 3.5), (82, 0)]),
        Paint(bgr=(180, 180, 182), satin=120),
    )


def _roll(rng: np.random.Generator, canvas: Canvas, plane: Plane) -> None:
    """Packing tape, lying flat."""
    tone = float(rng.uniform(0.6, 1.1))
    fill(canvas, plane, disc(3, 4, 52), Paint(bgr=(30, 32, 34)))
    fill(
        canvas,
        plane,
        disc(0, 0, 50),
        Paint(
            bgr=(90 * tone, 140 * tone, 175 * tone), mirror=14, satin=30, raised_mm=4, round_mm=2
        ),
    )
    fill(canvas, plane, disc(0, 0, 41), Paint(bgr=(110, 150, 180), satin=0))
    fill(canvas, plane, disc(0, 0, 38), Paint(bgr=(45, 48, 52), raised_mm=-4, round_mm=1))


THINGS: tuple[Thing, ...] = (_ruler, _ruler, _marker, _pen, _roll)
