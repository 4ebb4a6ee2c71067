"""What many items have: a body that stands on the bench, print, logos, lenses, stickers, fingerprints."""

import cv2
import numpy as np

from training.render.canvas import (
    Canvas,
    Colour,
    Paint,
    fill,
    fill_px,
    new_face,
    new_face_px,
    paste,
    pixels_of,
    stick,
)
from training.render.fields import clouds
from training.render.marks import product_label, write
from training.render.view import Plane, Points, disc, lying, rectangle

BLACK: Colour = (14, 13, 13)
# The normal of a low wall all round, of which the half that faces the viewer is seen.
_LEANING = np.array([0.15, 0.83, 0.53])
_BODIES: tuple[Colour, ...] = (
    (24, 23, 22), (52, 48, 46), (186, 188, 190), (226, 228, 230), (120, 92, 60), (150, 60, 40),
    (60, 70, 120), (96, 130, 96), (170, 160, 205), (190, 205, 222), (40, 36, 150),
)  # fmt: skip


def body_colour(rng: np.random.Generator) -> Colour:
    """A colour that devices come in, BGR: black, grey or white more often than not."""
    if rng.random() < 0.45:
        tone = float(rng.choice([22, 48, 90, 150, 190, 228])) * rng.uniform(0.85, 1.06)
        return tone * rng.uniform(0.96, 1.05), tone, tone * rng.uniform(0.96, 1.04)
    b, g, r = (
        float(v)
        for v in np.array(_BODIES[int(rng.integers(len(_BODIES)))]) * rng.uniform(0.85, 1.1)
    )
    return min(b, 245.0), min(g, 245.0), min(r, 245.0)


def shifted(colour: Colour, by: float) -> Colour:
    """Lighter where it is dark, darker where it is light."""
    sign = 1 if sum(colour) < 380 else -1
    b, g, r = (float(np.clip(c + sign * by, 0, 255)) for c in colour)
    return b, g, r


def slab(canvas: Canvas, outline_mm: Points, *, turn: float, thick_mm: float, side: Paint) -> Plane:
    """A flat body on the bench: its side walls are painted, its upper face is returned, bare."""
    top, foot = lying(turn, thick_mm), lying(turn)
    canvas.height_mm = max(canvas.height_mm, thick_mm)
    canvas.outlines.append(top.at(outline_mm))
    both = np.concatenate([pixels_of(canvas, top, outline_mm), pixels_of(canvas, foot, outline_mm)])
    hull = cv2.convexHull(both.astype(np.float32))[:, 0].astype(np.float64)
    new_face_px(canvas, _LEANING, hull)
    fill_px(canvas, hull, side)
    new_face(canvas, top, outline_mm)
    return top


def text(
    canvas: Canvas, plane: Plane, line: str, at: tuple[float, float], high_mm: float, colour: Colour,
    *, opacity: float = 0.9,
) -> None:  # fmt: skip
    """A line of print on a face, from its lower left corner."""
    ink = np.zeros((40, max(40, 24 * len(line)), 3), np.uint8)
    long = write(ink, line, (4, 31), 24, ink=(255, 255, 255))
    ink = ink[:, : round(long) + 8]
    scale = high_mm / 24
    corners = rectangle(
        at[0] - 4 * scale, at[1] - 31 * scale, at[0] + (long + 4) * scale, at[1] + 9 * scale
    )
    flat = np.empty_like(ink)
    flat[:] = colour
    paste(canvas, plane, corners, flat, np.asarray(ink[..., 0] * opacity, np.uint8))


def logo(
    rng: np.random.Generator,
    canvas: Canvas,
    plane: Plane,
    at: tuple[float, float],
    size: float,
    ink: Paint,
) -> None:
    """A maker's mark that belongs to nobody: a ring, a leaf, a word, a polygon."""
    sort = int(rng.integers(4))
    if sort == 0:
        fill(canvas, plane, disc(*at, size / 2), ink)
        fill(
            canvas,
            plane,
            disc(at[0] + size * 0.2, at[1] - size * 0.1, size * 0.22),
            Paint(bgr=shifted(ink.bgr or BLACK, 30)),
        )
    elif sort == 1:
        angle = np.linspace(0, 2 * np.pi, int(rng.integers(3, 8)), endpoint=False) + rng.uniform(
            0, 1
        )
        fill(
            canvas,
            plane,
            np.array(at) + size / 2 * np.column_stack([np.cos(angle), np.sin(angle)]),
            ink,
        )
    else:
        text(canvas, plane, str(rng.choice(["lumo", "NORVA", "Kepler", "osta", "VEX", "tiimo"])),
             (at[0] - size * 0.8, at[1]), size * 0.4, ink.bgr or BLACK)  # fmt: skip


def lens(canvas: Canvas, plane: Plane, at: tuple[float, float], radius: float) -> None:
    """A camera's lens: ring, glass, iris."""
    rings = ((1.0, Paint(bgr=(120, 120, 122), satin=160, raised_mm=0.8, round_mm=0.3)),
             (0.86, Paint(bgr=(10, 9, 9), mirror=70, satin=0, raised_mm=-0.3, round_mm=0.4)),
             (0.5, Paint(bgr=(34, 22, 18), mirror=90)), (0.26, Paint(bgr=(8, 6, 6))))  # fmt: skip
    for share, paint in rings:
        fill(canvas, plane, disc(*at, radius * share), paint)


def sticker(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, at: tuple[float, float], wide: float
) -> None:
    """A small printed label, with its codes among the canvas's parts."""
    label = product_label(rng)
    high = wide * label.bgr.shape[0] / label.bgr.shape[1]
    turn = float(rng.normal(0, 2))
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    u, v = c * plane.u + s * plane.v, c * plane.v - s * plane.u
    stick(
        canvas,
        Plane(origin=plane.at(np.array([at]))[0], u=u, v=v),
        rectangle(-wide / 2, -high / 2, wide / 2, high / 2),
        label.bgr,
        label.codes,
    )


def handled(rng: np.random.Generator, canvas: Canvas, around_px: Points) -> None:
    """Fingers and dust: smudges that only reflections show, a few pale specks; no defect."""
    side = canvas.view.side_px
    if rng.random() < 0.6:
        smudge = clouds(rng, side, side, side / 14, 3) * np.float32(rng.uniform(0.1, 0.5))
        canvas.mirror[:] = np.clip(canvas.mirror * (1 - np.abs(smudge)), 0, 255)
    if rng.random() < 0.6:
        low, high = around_px.min(axis=0), around_px.max(axis=0)
        for x, y in rng.uniform(low, high, (int(rng.integers(4, 60)), 2)):
            if 0 <= x < side and 0 <= y < side and canvas.item[int(y), int(x)]:
                _speck(rng, canvas, x, y)


def _speck(rng: np.random.Generator, canvas: Canvas, x: float, y: float) -> None:
    tone = float(rng.uniform(90, 200))
    at = (round(x * 16), round(y * 16))
    cv2.circle(canvas.albedo, at, int(rng.integers(5, 14)), (tone, tone, tone), -1, cv2.LINE_AA, 4)
