"""Cartons on the bench: five faces, flutes, tape, labels, bar codes, handling marks, dirt, wear."""

import cv2
import numpy as np

from training.render import labels
from training.render.canvas import (
    Canvas,
    Colour,
    Paint,
    add_part,
    blend,
    box_of,
    covered,
    dimmed,
    fill,
    new_face,
    paste,
    pixels_of,
    stroke,
    tinted,
)
from training.render.fields import clouds, field
from training.render.fittings import text
from training.render.marks import bars, handling_mark, qr, shipping_label, words
from training.render.noise import Picture
from training.render.view import Plane, Points, lying, rectangle

Side = tuple[Plane, Points]
"""A face and its four corners on it, in millimetres."""

_BOARDS: tuple[Colour, ...] = (
    (122, 160, 192), (108, 146, 180), (135, 170, 198), (96, 132, 168), (225, 230, 232), (60, 62, 66),
)  # fmt: skip
_TAPES: tuple[Colour, ...] = (
    (70, 112, 150),
    (150, 185, 205),
    (225, 228, 228),
    (60, 60, 62),
    (60, 130, 60),
    (180, 120, 40),
)
_BANNERS: tuple[Colour, ...] = (
    (150, 70, 30),
    (40, 50, 190),
    (60, 140, 40),
    (30, 150, 230),
    (25, 25, 25),
)


def carton(rng: np.random.Generator, canvas: Canvas, turn: float) -> tuple[float, float]:
    """A closed carton, its lid at z = its height. Its width and depth."""
    wide, deep = float(rng.uniform(180, 420)), float(rng.uniform(140, 320))
    tall = float(rng.uniform(50, 260))
    colour = board_colour(rng)
    lid = lying(turn, tall)
    faces = [
        (lid, rectangle(-wide / 2, -deep / 2, wide / 2, deep / 2)),
        *_walls(turn, wide, deep, tall),
    ]
    canvas.height_mm, canvas.outlines = tall, [lid.at(faces[0][1])]
    seen = [(plane, outline) for plane, outline in faces if plane.seen_from(canvas.view)]
    canvas.sides = seen
    whole = np.concatenate([plane.at(outline) for plane, outline in seen])
    for plane, outline in reversed(seen):
        _face(rng, canvas, plane, outline, colour)
    _printed(rng, canvas, seen)
    _tape(rng, canvas, lid, seen, wide)
    _labelled(rng, canvas, seen)
    _worn(rng, canvas, seen, colour)
    note_package(canvas, whole)
    return wide, deep


def board_colour(rng: np.random.Generator) -> Colour:
    """Kraft mostly, white and black too."""
    base = _BOARDS[int(rng.choice(len(_BOARDS), p=[0.26, 0.22, 0.18, 0.14, 0.15, 0.05]))]
    b, g, r = (
        float(min(240, c * t))
        for c, t in zip(base, rng.uniform(0.93, 1.07) * rng.uniform(0.97, 1.03, 3), strict=True)
    )
    return b, g, r


def _walls(turn: float, wide: float, deep: float, tall: float) -> list[Side]:
    """The four walls, u along the bench, v downwards."""
    walls = []
    for quarter, (long, out) in enumerate([(wide, deep), (deep, wide), (wide, deep), (deep, wide)]):
        base = lying(turn + 90 * quarter, tall)
        plane = Plane(origin=base.origin + base.v * out / 2, u=base.u, v=np.array([0.0, 0.0, -1.0]))
        walls.append((plane, rectangle(-long / 2, 0, long / 2, tall)))
    return walls


def _face(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, outline: Points, colour: Colour
) -> None:
    """One side of board: fibres in the picture's scale, flutes in the board's."""
    new_face(canvas, plane, outline)
    canvas.satin[canvas.face == len(canvas.normals) - 1] = 5
    size = outline[2] - outline[0]
    high, wide = (max(24, min(700, round(s / canvas.view.mm_per_px))) for s in (size[1], size[0]))
    paste(
        canvas,
        plane,
        outline,
        board(rng, high, wide, colour, canvas.view.mm_per_px, along=rng.random() < 0.5),
    )


def board(
    rng: np.random.Generator,
    height: int,
    width: int,
    colour: Colour,
    mm_per_px: float,
    *,
    along: bool,
) -> Picture:
    """[height, width, 3]: corrugated board from straight above."""
    fibre = (
        0.022 * field(rng, height, width, 1.5)
        + 0.016 * field(rng, height, width, 4)
        + 0.035 * clouds(rng, height, width, 160)
    )
    pitch = 6.0 / mm_per_px  # a C flute is some 7.5 mm, a B flute 6.3 mm, wide
    axis = np.arange(height if along else width, dtype=np.float32)
    flutes = np.float32(rng.uniform(0.0, 0.022)) * np.sin(
        axis * np.float32(2 * np.pi / max(pitch, 2.5))
    )
    fibre += flutes[:, None] if along else flutes[None, :]
    return tinted(fibre, colour)


def _printed(rng: np.random.Generator, canvas: Canvas, seen: list[Side]) -> None:
    """Marks, words, small codes and a banner, straight on the board."""
    for plane, outline in seen:
        ink: Colour = _BANNERS[int(rng.choice(len(_BANNERS), p=[0.12, 0.12, 0.1, 0.06, 0.6]))]
        low, high = outline[0], outline[2]
        size = high - low
        if rng.random() < 0.12:
            y = low[1] + size[1] * rng.uniform(0.1, 0.6)
            fill(
                canvas,
                plane,
                rectangle(low[0], y, high[0], y + size[1] * rng.uniform(0.1, 0.3)),
                Paint(bgr=ink),
            )
        for _ in range(int(rng.integers(0, 4))):
            at = low + size * rng.uniform([0.05, 0.15], [0.6, 0.9])
            PRINTS[int(rng.integers(len(PRINTS)))](rng, canvas, plane, at, size, ink)


def _mark(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, at: Points, size: Points, ink: Colour
) -> None:
    side = min(size) * float(rng.uniform(0.15, 0.3))
    for i in range(int(rng.integers(1, 4))):
        x, y = at[0] + i * side * 1.15, at[1] - side
        mark = handling_mark(rng)
        flat = np.empty((*mark.shape, 3), np.uint8)
        flat[:] = ink
        paste(
            canvas, plane, rectangle(x, y, x + side, y + side), flat, (mark * 0.85).astype(np.uint8)
        )


def _line(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, at: Points, size: Points, ink: Colour
) -> None:
    high = min(size) * float(rng.uniform(0.04, 0.16))
    for row in range(int(rng.integers(1, 4))):
        line = words(rng)
        fits = min(high, size[0] * 0.45 / len(line))  # a letter is about as wide as high
        text(canvas, plane, line, (at[0], at[1] - row * high * 1.5), fits, ink, opacity=0.85)


def _code(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, at: Points, size: Points, _ink: Colour
) -> None:
    """Bars or a QR code printed on the board, on a white patch or not."""
    square = rng.random() < 0.35
    high, wide = 90, 90 if square else 190
    code = np.full((high, wide, 3), 236, np.uint8)
    (qr if square else bars)(rng, code, (8, 8, wide - 8, high - 8))
    tall = min(size) * float(rng.uniform(0.12, 0.26))
    corners = rectangle(at[0], at[1] - tall, at[0] + tall * wide / high, at[1])
    if (corners.max(axis=0) > at + size * 0.5).any():
        return
    alpha = None if rng.random() < 0.4 else np.where(code[..., 0] > 128, 0, 225).astype(np.uint8)
    paste(canvas, plane, corners, code, alpha)
    inset = tall * 8 / high
    add_part(
        canvas,
        plane,
        "qr" if square else "barcode",
        rectangle(*(corners[0] + inset), *(corners[2] - inset)),
    )


PRINTS = (_mark, _line, _code)


def _tape(
    rng: np.random.Generator,
    canvas: Canvas,
    lid: Plane,
    seen: list[Side],
    wide: float,
) -> None:
    """The lid's slit, and tape over it that reaches down two walls."""
    half = float(rng.uniform(18, 38)) / 1.5
    stroke(canvas, lid, np.array([(-wide / 2, 0), (wide / 2, 0)]), 1.2, Paint(bgr=(40, 55, 68)))
    if rng.random() < 0.12:
        return
    colour = _TAPES[int(rng.choice(len(_TAPES), p=[0.35, 0.3, 0.12, 0.08, 0.08, 0.07]))]
    clear = rng.random() < 0.6
    strip(rng, canvas, lid, rectangle(-wide / 2, -half, wide / 2, half), colour, clear=clear)
    for plane, _ in seen:
        if plane.v[2] < -0.5 and abs(abs(plane.u @ lid.v) - 1) < 0.01:
            low = -float((plane.origin - lid.origin) @ lid.v * (plane.u @ lid.v))
            strip(
                rng,
                canvas,
                plane,
                rectangle(low - half, 0, low + half, float(rng.uniform(40, 70))),
                colour,
                clear=clear,
            )


def strip(
    rng: np.random.Generator,
    canvas: Canvas,
    plane: Plane,
    corners: Points,
    colour: Colour,
    *,
    clear: bool,
) -> None:
    """A strip of tape: the board shows through, glossy, wrinkled a little."""
    flat = np.empty((32, 128, 3), np.uint8)
    flat[:] = colour
    share = 0.35 if clear else 0.9
    alpha = np.clip(255 * (share + 0.06 * field(rng, 32, 128, 12)), 0, 255).astype(np.uint8)
    paste(canvas, plane, corners, flat, alpha)
    fill(
        canvas,
        plane,
        corners,
        Paint(
            mirror=int(rng.integers(4, 16)),
            satin=int(rng.integers(14, 40)),
            raised_mm=0.1,
            round_mm=0.3,
        ),
    )
    where = pixels_of(canvas, plane, corners)
    mask = np.zeros(canvas.item.shape, np.uint8)
    cv2.fillConvexPoly(mask, np.asarray(where, np.int32), 255)
    wrinkles = field(rng, canvas.view.side_px, canvas.view.side_px, 22) * np.float32(0.5)
    canvas.relief += np.where(mask > 0, wrinkles, 0)


def _labelled(rng: np.random.Generator, canvas: Canvas, seen: list[Side]) -> None:
    """A shipping label, now and then a second one."""
    for _ in range(2 if canvas.label == labels.State.PRESENT and rng.random() < 0.15 else 1):
        plane, outline = seen[0] if rng.random() < 0.65 else seen[int(rng.integers(len(seen)))]
        label = shipping_label(rng, float(rng.uniform(0.68, 1.6)))
        ratio = label.bgr.shape[1] / label.bgr.shape[0]
        room = (outline[2] - outline[0]) * 0.92
        wide = min(float(rng.uniform(80, 160)), room[0], room[1] * ratio)
        size = np.array([wide, wide / ratio])
        at = outline[0] + size / 2 + (outline[2] - outline[0] - size) * rng.uniform(0.05, 0.95, 2)
        turn = float(rng.normal(0, 3)) + float(rng.choice([0, 0, 0, 90, 180]))
        if turn > 45 and turn < 135:
            at = (outline[0] + outline[2]) / 2
        labels.put(
            rng,
            canvas,
            spun(plane, at, turn),
            rectangle(*(-size / 2), *(size / 2)),
            label,
        )


def spun(plane: Plane, at: Points, turn_deg: float) -> Plane:
    """The same face with its 0, 0 at `at` and its axes turned."""
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    return Plane(
        origin=plane.at(np.array([at]))[0], u=c * plane.u + s * plane.v, v=c * plane.v - s * plane.u
    )


def _worn(rng: np.random.Generator, canvas: Canvas, seen: list[Side], colour: Colour) -> None:
    """Lighter, rounded edges; a little dirt from the floor. Not damage."""
    pale = Paint(bgr=dimmed(colour, 1.06))
    for plane, outline in seen:
        stroke(canvas, plane, np.concatenate([outline, outline[:1]]), 0.9, pale)
    if rng.random() < 0.5:
        side = canvas.view.side_px
        dirt = np.clip(clouds(rng, side, side, side / 3) + 0.1, 0, 1) * covered(canvas)
        grey = np.full_like(canvas.albedo, 58)
        blend(canvas, grey, np.asarray(dirt * np.float32(rng.uniform(0.05, 0.25)), np.float32))


def note_package(canvas: Canvas, whole_mm: Points) -> None:
    """The whole item, as far as it is in the picture."""
    box = box_of(canvas, canvas.view.project(whole_mm))
    if box:
        canvas.parts.append(("package", box))
