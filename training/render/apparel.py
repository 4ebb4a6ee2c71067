"""Garments on the bench: cut, seams, stitches, buttons, zips, pockets, prints, labels."""

from collections.abc import Callable

import numpy as np

from training.render import cloth
from training.render.canvas import (
    Canvas,
    Colour,
    Paint,
    covered,
    dashes,
    fill,
    new_face,
    pixels_of,
    raise_px,
    stroke,
)
from training.render.fittings import shifted, text
from training.render.garments import OUTLINES
from training.render.marks import words
from training.render.motifs import printed
from training.render.view import Plane, Points, disc, lying, rectangle, rounded

_LENGTH_MM = {
    "t-shirt": (620, 760),
    "shirt": (680, 800),
    "sweater": (600, 720),
    "trousers": (900, 1080),
}
_DYES: tuple[Colour, ...] = (
    (238, 240, 240), (226, 228, 230), (205, 215, 222), (40, 38, 38), (86, 64, 48), (120, 90, 60),
    (60, 60, 160), (70, 110, 70), (150, 130, 110), (110, 150, 190), (190, 180, 220), (200, 170, 130),
    (90, 180, 220), (60, 80, 110), (130, 130, 130), (160, 200, 235),
)  # fmt: skip
_DENIMS: tuple[Colour, ...] = ((110, 78, 52), (150, 118, 88), (62, 46, 36), (176, 150, 122))
_WEAVES = {
    "t-shirt": ("jersey", "jersey", "rib", "plain"), "shirt": ("plain", "plain", "twill", "denim"),
    "sweater": ("knit", "rib", "jersey", "knit"), "trousers": ("denim", "denim", "twill", "plain"),
}  # fmt: skip


def garment(rng: np.random.Generator, canvas: Canvas, turn: float) -> tuple[float, float]:
    """A garment spread out or lying loosely. Its width and length."""
    cut = str(rng.choice(list(OUTLINES)))
    length = float(rng.uniform(*_LENGTH_MM[cut]))
    plane, outline = lying(turn, 2.0), _outline(rng, cut, length)
    canvas.height_mm, canvas.outlines = 5.0, [plane.at(outline)]
    new_face(canvas, plane, outline)
    share = covered(canvas)
    weave = str(rng.choice(_WEAVES[cut]))
    colour = dye(rng, weave)
    cloth.woven(rng, canvas, plane, weave, share, colour)
    if rng.random() < 0.45 and cut != "trousers":
        printed(rng, canvas, plane, length)
    _FITTINGS[cut](rng, canvas, plane, outline, colour)
    if rng.random() < 0.3:
        care_label(rng, canvas, plane, rng.uniform(-0.2, 0.2, 2) * length)
    cloth.folded(rng, canvas, share, float(rng.choice([0.5, 1.5, 3.0, 5.0])))
    raise_px(canvas, pixels_of(canvas, plane, outline), 3.0, 2.5)
    return float(np.ptp(outline[:, 0])), length


def dye(rng: np.random.Generator, weave: str) -> Colour:
    """A colour that cloth comes in, BGR."""
    choice = _DENIMS if weave == "denim" else _DYES
    base = np.array(choice[int(rng.integers(len(choice)))])
    b, g, r = (
        float(v)
        for v in np.clip(base * rng.uniform(0.8, 1.06) * rng.uniform(0.95, 1.05, 3), 8, 244)
    )
    return b, g, r


def _outline(rng: np.random.Generator, cut: str, length: float) -> Points:
    """[n, 2] millimetres around the garment's middle: mirrored, uneven, corners softened."""
    right = np.array(OUTLINES[cut])
    both = np.concatenate([right, right[::-1][1:-1] * [-1, 1]])
    both = both + rng.normal(0, 0.007, both.shape)
    for _ in range(3):  # Chaikin's corner cutting
        ahead = np.roll(both, -1, axis=0)
        both = np.stack([0.75 * both + 0.25 * ahead, 0.25 * both + 0.75 * ahead], 1).reshape(-1, 2)
    return np.asarray((both - [0, 0.5]) * length, np.float64)


def at(outline: Points, x: float, y: float) -> Points:
    """[2] the point at x, y (0 to 1) of the outline's own box."""
    low, high = outline.min(axis=0), outline.max(axis=0)
    return np.asarray(low + (high - low) * [x, y], np.float64)


def _course(outline: Points, *points: tuple[float, float]) -> Points:
    return np.stack([at(outline, x, y) for x, y in points])


def stitched(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, course: Points, colour: Colour
) -> None:
    """A row of stitches: single where they are resolved, else a faint line."""
    thread = shifted(colour, float(rng.choice([22, 40, 70])))
    pitch = 2.8
    if pitch / canvas.view.mm_per_px < 4:
        stroke(canvas, plane, course, 0.8, Paint(bgr=shifted(colour, 14)))
        return
    lengths = np.hypot(*np.diff(course, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    starts = np.arange(0, along[-1] - pitch, pitch)
    ends = np.stack([starts, starts + pitch * 0.68], axis=1)
    line = np.stack([np.interp(ends, along, course[:, axis]) for axis in (0, 1)], axis=2)
    dashes(canvas, plane, line, 0.55, thread)


def seam(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, course: Points, colour: Colour
) -> None:
    """A groove where two pieces meet, a swollen lip beside it, stitches along it."""
    normal = np.array([-(course[-1] - course[0])[1], (course[-1] - course[0])[0]])
    aside = normal / max(np.linalg.norm(normal), 1e-6)
    stroke(canvas, plane, course, 0.7, Paint(bgr=shifted(colour, -32)))
    band = np.concatenate([course, course[::-1] + aside * 5])
    raise_px(canvas, pixels_of(canvas, plane, band), 0.7, 0.6)
    stitched(rng, canvas, plane, course + aside * 3.5, colour)


def _hem(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, outline: Points, colour: Colour
) -> None:
    middle = outline.mean(axis=0)
    inner = middle + (outline - middle) * 0.955
    stitched(rng, canvas, plane, np.concatenate([inner, inner[:1]]), colour)


def _neck(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, outline: Points, colour: Colour
) -> None:
    """A ribbed band round the neck, the inside of the back behind it, the brand's label there."""
    angle = np.linspace(0, np.pi, 20)
    wide, deep = (
        np.ptp(outline[:, 0]) * 0.125,
        np.ptp(outline[:, 0]) * float(rng.uniform(0.04, 0.1)),
    )
    top = at(outline, 0.5, 0.02)
    inner = top + np.column_stack([np.cos(angle) * wide, np.sin(angle) * deep])
    fill(canvas, plane, inner, Paint(bgr=shifted(colour, -16)))
    outer = top + np.column_stack([np.cos(angle) * (wide + 18), np.sin(angle) * (deep + 18)])
    band = np.concatenate([inner, outer[::-1]])
    raise_px(canvas, pixels_of(canvas, plane, band), 1.0, 0.8)
    stitched(rng, canvas, plane, outer, colour)
    if rng.random() < 0.7:
        brand(rng, canvas, plane, (float(top[0]), float(top[1]) + deep * 0.35))


def brand(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, centre: tuple[float, float]
) -> None:
    """A woven label with a name and a size."""
    x, y = centre
    colour: Colour = (235, 238, 240) if rng.random() < 0.6 else (28, 28, 30)
    corners = rounded(x - 22, y - 8, x + 22, y + 8, 1)
    fill(canvas, plane, corners, Paint(bgr=colour, satin=10, raised_mm=0.5, round_mm=0.3))
    name = str(rng.choice(["NORVA", "osta", "lumo", "Kepler", "tiimo"]))
    text(canvas, plane, name, (x - 15, y + 3), 7, shifted(colour, 190))


def _tee(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, outline: Points, colour: Colour
) -> None:
    _neck(rng, canvas, plane, outline, colour)
    _hem(rng, canvas, plane, outline, colour)
    for s in (-1, 1):
        seam(
            rng,
            canvas,
            plane,
            _course(outline, (0.5 + s * 0.28, 0.07), (0.5 + s * 0.29, 0.18), (0.5 + s * 0.3, 0.29)),
            colour,
        )


def _sweater(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, outline: Points, colour: Colour
) -> None:
    _neck(rng, canvas, plane, outline, colour)
    for s in (-1, 1):
        seam(
            rng,
            canvas,
            plane,
            _course(outline, (0.5 + s * 0.26, 0.08), (0.5 + s * 0.27, 0.33)),
            colour,
        )
    band = _course(outline, (0.2, 0.94), (0.8, 0.94))
    seam(rng, canvas, plane, band, colour)


def _shirt(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, outline: Points, colour: Colour
) -> None:
    _hem(rng, canvas, plane, outline, colour)
    for s in (-1, 1):
        seam(
            rng,
            canvas,
            plane,
            _course(outline, (0.5 + s * 0.27, 0.08), (0.5 + s * 0.285, 0.34)),
            colour,
        )
    placket = rectangle(*at(outline, 0.465, 0.07), *at(outline, 0.535, 0.97))
    raise_px(canvas, pixels_of(canvas, plane, placket), 0.9, 0.5)
    for x in (0.47, 0.53):
        stitched(rng, canvas, plane, _course(outline, (x, 0.07), (x, 0.97)), colour)
    pocket = _course(
        outline, (0.6, 0.28), (0.6, 0.42), (0.66, 0.45), (0.72, 0.42), (0.72, 0.28), (0.6, 0.28)
    )
    raise_px(canvas, pixels_of(canvas, plane, pocket), 0.9, 0.5)
    stitched(rng, canvas, plane, pocket, colour)
    _buttons(rng, canvas, plane, outline, colour)
    _collar(rng, canvas, plane, outline, colour)


def _buttons(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, outline: Points, colour: Colour
) -> None:
    tone: Colour = (228, 232, 235) if rng.random() < 0.6 else shifted(colour, 50)
    for y in np.linspace(0.14, 0.9, 7):
        x, row = (float(v) for v in at(outline, 0.5, float(y)))
        button(canvas, plane, (x, row), float(rng.uniform(5, 6.5)), tone)


def button(
    canvas: Canvas, plane: Plane, centre: tuple[float, float], radius: float, tone: Colour
) -> None:
    """Four holes, a rim, a gloss."""
    x, y = centre
    fill(canvas, plane, disc(x + 0.5, y + 0.8, radius * 1.06), Paint(bgr=(70, 70, 72)))
    fill(
        canvas,
        plane,
        disc(x, y, radius),
        Paint(bgr=tone, satin=40, mirror=10, raised_mm=1.4, round_mm=0.5),
    )
    fill(canvas, plane, disc(x, y, radius * 0.7), Paint(raised_mm=-0.5, round_mm=0.5))
    for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        fill(
            canvas,
            plane,
            disc(x + dx * radius * 0.2, y + dy * radius * 0.2, radius * 0.11),
            Paint(bgr=(60, 60, 62)),
        )


def _collar(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, outline: Points, colour: Colour
) -> None:
    top = _course(outline, (0.4, 0.0), (0.6, 0.0), (0.55, 0.06), (0.45, 0.06))
    fill(canvas, plane, top, Paint(bgr=shifted(colour, -20)))
    brand(rng, canvas, plane, (float(top[:, 0].mean()), float(top[0, 1]) + 14))
    for s in (-1, 1):
        wing = _course(
            outline,
            (0.5, 0.085),
            (0.5 + s * 0.12, 0.0),
            (0.5 + s * 0.16, 0.06),
            (0.5 + s * 0.07, 0.15),
        )
        fill(canvas, plane, wing, Paint(bgr=shifted(colour, 5), raised_mm=1.8, round_mm=0.8))
        stitched(rng, canvas, plane, wing.mean(axis=0) + (wing - wing.mean(axis=0)) * 0.85, colour)


def _trousers(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, outline: Points, colour: Colour
) -> None:
    _hem(rng, canvas, plane, outline, colour)
    seam(rng, canvas, plane, _course(outline, (0.06, 0.05), (0.94, 0.05)), colour)
    seam(rng, canvas, plane, _course(outline, (0.5, 0.05), (0.5, 0.37)), colour)
    curve = [(0.14, 0.06), (0.2, 0.12), (0.3, 0.145), (0.44, 0.155)]
    square = [(0.12, 0.12), (0.12, 0.22), (0.22, 0.25), (0.32, 0.22), (0.32, 0.12), (0.12, 0.12)]
    pocket = curve if rng.random() < 0.5 else square
    for s in (-1, 1):
        course = _course(outline, *[(0.5 + s * x, y) for x, y in pocket])
        stitched(rng, canvas, plane, course, colour)
        stitched(rng, canvas, plane, course + np.array([0, 6]), colour)
        for x, y in (pocket[0], pocket[-2]):
            rivet = at(outline, 0.5 + s * x, y)
            fill(
                canvas,
                plane,
                disc(float(rivet[0]), float(rivet[1]), 4),
                Paint(bgr=(70, 120, 160), satin=150, raised_mm=1.0, round_mm=0.8),
            )
    waist = at(outline, 0.5, 0.03)
    button(canvas, plane, (float(waist[0]), float(waist[1])), 8, (90, 130, 160))


_FITTINGS: dict[str, Callable[[np.random.Generator, Canvas, Plane, Points, Colour], None]] = {
    "t-shirt": _tee, "shirt": _shirt, "sweater": _sweater, "trousers": _trousers,
}  # fmt: skip


def care_label(rng: np.random.Generator, canvas: Canvas, plane: Plane, centre: Points) -> None:
    """A white tape with fine print that hangs out of a seam."""
    wide, tall = float(rng.uniform(22, 34)), float(rng.uniform(35, 70))
    x, y = float(centre[0]), float(centre[1])
    fill(
        canvas, plane, rectangle(x + 1, y + 1, x + wide + 1, y + tall + 1), Paint(bgr=(90, 92, 95))
    )
    tape = rectangle(x, y, x + wide, y + tall)
    fill(canvas, plane, tape, Paint(bgr=(232, 236, 238), satin=8, raised_mm=0.6, round_mm=0.4))
    for row in np.arange(y + 5, y + tall - 3, 3.6):
        if rng.random() < 0.8:
            text(canvas, plane, words(rng), (x + 2, float(row)), 2.0, (60, 60, 64))
