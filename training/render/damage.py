"""Damaged packaging that changes the thing itself: dented, crushed and opened cartons, burst bags.

These bend or replace surfaces before the light falls, so that they are lit as the rest is.
"""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from models.record import XyXy
from training.render.boxes import board
from training.render.canvas import (
    Canvas,
    Colour,
    Paint,
    blend,
    covered,
    dimmed,
    drop_parts,
    fill,
    fill_px,
    new_face,
    paste,
    pixels_of,
)
from training.render.cloth import streaks
from training.render.fields import clouds, field
from training.render.noise import Field
from training.render.view import Plane, Points, rectangle

Where = NDArray[np.bool_]
"""[side, side]: all that may look different now."""
Deform = Callable[[np.random.Generator, Canvas], Where | None]


def _spot(
    rng: np.random.Generator, canvas: Canvas, outline_mm: Points, plane: Plane, *, edge: bool
) -> tuple[NDArray[np.float64], float] | None:
    """A place on a side in pixels and how large damage may be there; None outside the picture."""
    size = outline_mm[2] - outline_mm[0]
    share = rng.uniform(0.15, 0.85, 2)
    if edge:
        share[int(rng.integers(2))] = rng.choice([0.02, 0.98])
    at = pixels_of(canvas, plane, (outline_mm[0] + size * share)[None])[0]
    reach = float(rng.uniform(0.12, 0.35) * min(size) / canvas.view.mm_per_px)
    side = canvas.view.side_px
    if (at < 0.06 * side).any() or (at > 0.94 * side).any() or reach < 10:
        return None
    return at, min(reach, 0.3 * side)


def _any_side(
    rng: np.random.Generator, canvas: Canvas, *, edge: bool
) -> tuple[Plane, NDArray[np.float64], float] | None:
    """A side of the item with a place on it that is in the picture."""
    for _ in range(8):
        if not canvas.sides:
            return None
        plane, outline = canvas.sides[int(rng.integers(len(canvas.sides)))]
        found = _spot(rng, canvas, outline, plane, edge=edge)
        if found:
            return plane, *found
    return None


def _round(canvas: Canvas, at: NDArray[np.float64], reach: float, bumpy: Field) -> Field:
    """[side, side]: 1 in the middle, 0 at the edge of an uneven disc, negative outside."""
    axis = np.arange(canvas.view.side_px, dtype=np.float32)
    far = np.hypot(axis[None, :] - np.float32(at[0]), axis[:, None] - np.float32(at[1]))
    return np.asarray(1 - far / np.float32(reach) + 0.35 * bumpy, np.float32)


def dented(rng: np.random.Generator, canvas: Canvas) -> Where | None:
    """Pushed in: a hollow with a crease round it and a few across."""
    found = _any_side(rng, canvas, edge=False)
    if found is None:
        return None
    _, at, reach = found
    side = canvas.view.side_px
    shape = _round(canvas, at, reach, clouds(rng, side, side, reach, 2))
    inside = np.clip(shape, 0, 1)
    hollow = inside * inside * (3 - 2 * inside)
    rim = np.exp(-((shape / 0.09) ** 2)) * (0.6 + 0.4 * field(rng, side, side, max(8.0, reach / 3)))
    folds = _folds(rng, side, reach) * hollow
    depth = np.float32(rng.uniform(0.25, 0.5) * reach)
    canvas.relief += (
        -hollow * depth + rim * np.float32(0.05) * depth + folds * np.float32(0.25) * depth
    )
    _chafed(canvas, np.asarray(rim, np.float32) * 0.5)
    return shape > -0.12


def _folds(rng: np.random.Generator, side: int, reach: float) -> Field:
    """[side, side]: sharp creases of buckled board, mostly flat between them."""
    angle = float(rng.uniform(0, np.pi))
    lines = streaks(rng, side, reach * 0.8, 3.0, angle)
    across = streaks(rng, side, reach * 0.6, 2.5, angle + 1.2)
    return np.asarray(np.abs(lines) * 0.5 + np.abs(across) * 0.35 - 0.6, np.float32)


def _chafed(canvas: Canvas, where: Field) -> None:
    """Board that was bent is paler."""
    share = np.clip(where, 0, 1) * covered(canvas) * np.float32(0.35)
    blend(canvas, np.full_like(canvas.albedo, 225), np.asarray(share, np.float32))


def crushed(rng: np.random.Generator, canvas: Canvas) -> Where | None:
    """An edge or a corner stove in: the outline itself gives way, facets and pale creases behind it."""
    found = _any_side(rng, canvas, edge=True)
    if found is None:
        return None
    plane, at, reach = found
    side = canvas.view.side_px
    middle = pixels_of(
        canvas, plane, next(o for p, o in canvas.sides if p is plane).mean(axis=0)[None]
    )[0]
    shape = _round(canvas, at, reach, clouds(rng, side, side, reach, 2))
    inside = np.clip(shape, 0, 1)
    inwards = (middle - at) / max(1.0, float(np.linalg.norm(middle - at)))
    push = (
        inside**1.5
        * np.float32(reach * rng.uniform(0.2, 0.4))
        * (0.7 + 0.3 * field(rng, side, side, max(8.0, reach / 2)))
    )
    _pushed(canvas, push * np.float32(inwards[0]), push * np.float32(inwards[1]))
    soft = np.clip(shape * 3, 0, 1)
    folds = _folds(rng, side, reach)
    canvas.relief += (
        folds * soft * np.float32(reach * rng.uniform(0.12, 0.25)) * (canvas.item > 127)
    )
    _chafed(canvas, np.asarray(np.exp(-(((folds + 0.55) / 0.05) ** 2)) * soft, np.float32))
    return shape > -0.1


def _pushed(canvas: Canvas, by_x: Field, by_y: Field) -> None:
    """Every layer moved by so many pixels."""
    axis = np.arange(canvas.view.side_px, dtype=np.float32)
    x, y = axis[None, :] - by_x, axis[:, None] - by_y
    for name in ("albedo", "mirror", "satin", "glow", "relief", "item"):
        layer = getattr(canvas, name)
        layer[:] = cv2.remap(layer, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    canvas.face[:] = cv2.remap(
        canvas.face, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )


def opened(rng: np.random.Generator, canvas: Canvas) -> Where | None:
    """The lid's flaps stand open: a dark inside with something in it, board on its edge."""
    if not canvas.sides or canvas.sides[0][0].normal[2] < 0.99:
        return None
    lid, outline = canvas.sides[0]
    before = canvas.albedo.copy()
    colour: Colour = (104.0, 140.0, 172.0)
    flaps = _flaps(rng, lid, outline)
    drop_parts(canvas, _bounds(pixels_of(canvas, lid, outline)))
    for plane, corners in flaps[:3]:
        _flap(rng, canvas, plane, corners, colour)
    _inside(rng, canvas, lid, outline, colour)
    for plane, corners in flaps[3:]:
        _flap(rng, canvas, plane, corners, colour)
    where = np.asarray((before != canvas.albedo).any(axis=2), np.bool_)
    if where.sum() <= 400:
        return None
    canvas.parts[:] = [_reaching(part, where) for part in canvas.parts]
    return where


def _reaching(part: tuple[str, XyXy], where: Where) -> tuple[str, XyXy]:
    """The package's box as far as its flaps reach."""
    name, (x1, y1, x2, y2) = part
    if name != "package":
        return part
    rows, columns = np.nonzero(where)
    low, high = (float(columns.min()), float(rows.min())), (columns.max() + 1.0, rows.max() + 1.0)
    return name, (min(x1, low[0]), min(y1, low[1]), max(x2, high[0]), max(y2, high[1]))


def _bounds(points: Points) -> XyXy:
    low, high = points.min(axis=0), points.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _flaps(rng: np.random.Generator, lid: Plane, outline: Points) -> list[tuple[Plane, Points]]:
    """Four flaps at the lid's edges, the one nearest to the viewer last."""
    flaps = []
    half = (outline[2] - outline[0]) / 2
    long = float(min(half)) * rng.uniform(0.75, 1.0)
    for a, b in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        out = (a + b) / 2 / max(1e-6, float(np.linalg.norm((a + b) / 2)))
        along = (b - a) / np.linalg.norm(b - a)
        outward = out[0] * lid.u + out[1] * lid.v
        rise = np.radians(rng.uniform(-35, 70))
        u = along[0] * lid.u + along[1] * lid.v
        v = np.cos(rise) * outward + np.sin(rise) * np.array([0, 0, 1.0])
        plane = Plane(origin=lid.at(a[None])[0], u=u, v=v)
        flaps.append((plane, rectangle(0, 0, float(np.linalg.norm(b - a)), long)))
    return sorted(
        flaps, key=lambda flap: float((flap[0].origin + flap[0].u * flap[1][2, 0] / 2)[1])
    )


def _flap(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, corners: Points, colour: Colour
) -> None:
    """One flap, its other side when the camera sees that one."""
    facing = (
        plane
        if plane.seen_from(canvas.view)
        else Plane(origin=plane.at(corners[1][None])[0], u=-plane.u, v=plane.v)
    )
    new_face(canvas, facing, corners)
    fill(canvas, facing, corners, Paint(bgr=colour, satin=4))
    size = [max(24, min(400, round(v / canvas.view.mm_per_px))) for v in corners[2]]
    paste(
        canvas,
        facing,
        corners,
        board(rng, size[1], size[0], colour, canvas.view.mm_per_px, along=True),
    )
    lip = rectangle(0, corners[2, 1] - 2.5, corners[2, 0], corners[2, 1])
    fill(canvas, facing, lip, Paint(bgr=dimmed(colour, 0.8)))


def _inside(
    rng: np.random.Generator, canvas: Canvas, lid: Plane, outline: Points, colour: Colour
) -> None:
    """Walls in the shade, the floor or what lies on it, clipped to the opening."""
    kept, opening = canvas.albedo.copy(), np.zeros(canvas.item.shape, np.uint8)
    mouth = pixels_of(canvas, lid, outline)
    cv2.fillPoly(opening, [np.asarray(mouth * 16, np.int32)], 255, cv2.LINE_AA, 4)
    deep = float(lid.origin[2]) * rng.uniform(0.4, 0.95)
    floor = Plane(origin=lid.origin - [0, 0, deep], u=lid.u, v=lid.v)
    bottom = pixels_of(canvas, floor, outline)
    new_face(canvas, lid, outline)
    for i in range(4):
        j = (i + 1) % 4
        shade = float(rng.uniform(0.12, 0.4))
        fill_px(
            canvas,
            np.stack([mouth[i], mouth[j], bottom[j], bottom[i]]),
            Paint(bgr=dimmed(colour, shade)),
        )
    fill_px(canvas, bottom, Paint(bgr=dimmed(colour, 0.2)))
    _contents(rng, canvas, floor, outline)
    share = (opening.astype(np.float32) / 255)[..., None]
    canvas.albedo[:] = kept + (canvas.albedo.astype(np.float32) - kept) * share


def _contents(rng: np.random.Generator, canvas: Canvas, floor: Plane, outline: Points) -> None:
    """Something in a bag, crumpled paper, or nothing."""
    if rng.random() < 0.3:
        return
    size = (outline[2] - outline[0]) * rng.uniform(0.35, 0.8, 2)
    low = outline[0] + (outline[2] - outline[0] - size) * rng.uniform(0, 1, 2)
    bgr = np.empty((64, 64, 3), np.uint8)
    tone = 0.45 * (1 + 0.4 * clouds(rng, 64, 64, 24))
    bgr[:] = np.clip(rng.uniform(40, 235, 3) * tone[..., None], 0, 255)
    paste(canvas, floor, rectangle(*low, *(low + size)), bgr)


def _largest(there: Where) -> Where:
    """The largest of the patches that hang together."""
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(there.astype(np.uint8))
    if len(stats) < 2:
        return there
    return np.asarray(numbers == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()), np.bool_)


def burst(rng: np.random.Generator, canvas: Canvas) -> Where | None:
    """A bag split open: ragged lips, what is inside showing."""
    found = _any_side(rng, canvas, edge=rng.random() < 0.4)
    if found is None:
        return None
    _, at, reach = found
    side = canvas.view.side_px
    ragged = clouds(rng, side, side, reach / 1.5, 4) + 0.6 * streaks(
        rng, side, reach * 0.7, 3.0, float(rng.uniform(0, np.pi))
    )
    shape = _round(canvas, at, reach * 1.2, np.asarray(ragged * 1.4, np.float32))
    shape = np.where(_largest(shape > 0.1), shape, np.float32(-1))
    hole = np.clip((shape - 0.3) * 14, 0, 1) * (canvas.item.astype(np.float32) / 255)
    lip = np.exp(-(((shape - 0.28) / 0.06) ** 2)) * (canvas.item > 127)
    inside = rng.uniform(10, 200, 3) * (0.35 + 0.12 * clouds(rng, side, side, reach / 2)[..., None])
    under = canvas.albedo.astype(np.float32)
    under += (inside - under) * hole[..., None]
    under += (235 - under) * (lip * rng.uniform(0.15, 0.6))[..., None]
    canvas.albedo[:] = np.clip(under, 0, 255)
    canvas.relief += np.asarray(
        lip * np.float32(reach * 0.06) - hole * np.float32(reach * 0.05), np.float32
    )
    for layer in (canvas.mirror, canvas.satin):
        layer[:] = layer * (1 - hole)
    return shape > 0.0


DAMAGE: Mapping[str, Deform] = {
    "dented": dented,
    "crushed": crushed,
    "opened": opened,
    "burst": burst,
}
