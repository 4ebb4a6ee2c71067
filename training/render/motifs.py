"""What is printed on cloth on purpose: words, emblems, small shapes all over. None of it is a stain."""

import numpy as np

from training.render.canvas import Canvas, Colour, Paint, fill, stroke
from training.render.cloth import coordinates
from training.render.fittings import shifted, text
from training.render.marks import words
from training.render.view import Plane, Points, disc


def printed(rng: np.random.Generator, canvas: Canvas, plane: Plane, length: float) -> None:
    """Words or a picture on the chest, or small motifs all over: what is no stain."""
    ink: Colour = tuple(float(v) for v in rng.uniform(15, 240, 3))  # type: ignore[assignment]
    sort = rng.random()
    if sort < 0.4:
        for row in range(int(rng.integers(1, 4))):
            text(
                canvas,
                plane,
                words(rng),
                (-length * 0.17, length * (-0.2 + 0.06 * row)),
                length * 0.045,
                ink,
                opacity=0.85,
            )
    elif sort < 0.7:
        _motif(
            rng, canvas, plane, (0.0, -length * 0.12), length * float(rng.uniform(0.08, 0.14)), ink
        )
    else:
        pitch = float(rng.uniform(14, 60))
        size = pitch * float(rng.uniform(0.15, 0.4))
        _scattered(rng, canvas, plane, pitch, size, ink)


def _motif(
    rng: np.random.Generator,
    canvas: Canvas,
    plane: Plane,
    centre: tuple[float, float],
    size: float,
    ink: Colour,
) -> None:
    """A round emblem with stripes, or a star, or blots of several colours."""
    x, y = centre
    if rng.random() < 0.5:
        fill(canvas, plane, disc(x, y, size), Paint(bgr=ink, satin=8))
        for row in np.arange(-0.6, 0.9, 0.3):
            stroke(
                canvas,
                plane,
                np.array([(x - size, y + row * size), (x + size, y + row * size)]),
                size * 0.08,
                Paint(bgr=shifted(ink, 70)),
            )
        return
    for _ in range(int(rng.integers(3, 9))):
        blot: Colour = tuple(float(v) for v in rng.uniform(15, 240, 3))  # type: ignore[assignment]
        bx, by = rng.normal(0, 0.5, 2) * size
        angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        radius = size * rng.uniform(0.15, 0.5) * (1 + 0.3 * np.cos(angle * rng.integers(2, 6)))
        fill(
            canvas,
            plane,
            np.column_stack([x + bx + radius * np.cos(angle), y + by + radius * np.sin(angle)]),
            Paint(bgr=blot),
        )


def _scattered(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, pitch: float, size: float, ink: Colour
) -> None:
    """Dots or small shapes in rows over the whole cloth, as far as the picture reaches."""
    reach = min(700.0, canvas.view.mm_per_px * canvas.view.side_px)
    middle = _seen_middle(canvas, plane)
    pitch = max(pitch, reach / 22)
    corners = int(rng.choice([3, 4, 12]))
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False) + rng.uniform(0, 1)
    shape = np.column_stack([np.cos(angle), np.sin(angle)]) * size
    steps = np.arange(-reach * 0.7, reach * 0.7, pitch)
    kept = canvas.albedo.copy()
    for row, y in enumerate(steps):
        for x in steps + (pitch / 2 if row % 2 else 0):
            fill(canvas, plane, shape + np.round(middle / pitch) * pitch + [x, y], Paint(bgr=ink))
    outside = canvas.item < 128
    canvas.albedo[outside] = kept[outside]


def _seen_middle(canvas: Canvas, plane: Plane) -> Points:
    """[2] millimetres on the face under the picture's middle."""
    u, v = coordinates(canvas, plane)
    half = canvas.view.side_px // 2
    return np.array([float(u[half, half]), float(v[half, half])])
