"""What lies before the camera, before any light falls on it: colours, gloss, relief, faces.

One canvas is drawn on again and again: cv2's polygons are fast only in place.
"""

import copy
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from models.record import XyXy
from training.render.noise import Field, Picture
from training.render.view import Plane, Points, View

Mask = NDArray[np.uint8]
Colour = tuple[float, float, float]
_SHIFT = 4


@dataclass(kw_only=True, slots=True, eq=False)
class Canvas:
    """Per pixel: what is there and how it takes light."""

    view: View
    """The camera."""
    albedo: Picture
    """[side, side, 3] BGR: colours under white light."""
    mirror: Mask
    """[side, side]: how much is reflected sharply, 255 = half of the light."""
    satin: Mask
    """[side, side]: how much is reflected softly, 255 = half of the light."""
    glow: Picture
    """[side, side, 3] BGR: light of its own, of screens and lamps."""
    relief: Field
    """[side, side]: height in pixels; its slopes bend light and reflections."""
    face: Mask
    """[side, side]: index into normals."""
    item: Mask
    """[side, side]: 255 where the item covers the bench."""
    normals: list[NDArray[np.float64]]
    """Unit vectors; 0 is the bench."""
    height_mm: float = 0.0
    """How far the item stands out, for its shadow."""
    parts: list[tuple[str, XyXy]] = field(default_factory=list)
    """What should be there: name, pixel edges."""
    outlines: list[Points] = field(default_factory=list)
    """[n, 3] millimetres: tops of what casts a shadow."""
    sides: list[tuple[Plane, Points]] = field(default_factory=list)
    """The package's faces that are seen, the upper one first, with their corners."""
    label: str = "present"
    """A labels.State: how the item's label is to be drawn."""


def bare(view: View) -> Canvas:
    """Nothing yet: a white bench."""
    side = view.side_px
    return Canvas(
        view=view,
        albedo=np.full((side, side, 3), 255, np.uint8),
        glow=np.zeros((side, side, 3), np.uint8),
        relief=np.zeros((side, side), np.float32),
        mirror=np.zeros((side, side), np.uint8),
        satin=np.zeros((side, side), np.uint8),
        face=np.zeros((side, side), np.uint8),
        item=np.zeros((side, side), np.uint8),
        normals=[np.array([0.0, 0.0, 1.0])],
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Paint:
    """How a patch is painted; None leaves what is there."""

    bgr: Colour | None = None
    """Colour under white light, 0 to 255."""
    mirror: int | None = None
    """Sharp reflection, 0 to 255."""
    satin: int | None = None
    """Soft reflection, 0 to 255."""
    glow: Colour | None = None
    """Light of its own."""
    raised_mm: float = 0.0
    """How far it stands out; negative is sunk."""
    round_mm: float = 0.6
    """How wide its rounded edge is."""


def pixels_of(canvas: Canvas, plane: Plane, points_mm: Points) -> Points:
    """[n, 2] on a face → [n, 2] pixels."""
    return canvas.view.project(plane.at(points_mm))


def _fixed(points_px: Points) -> NDArray[np.int32]:
    return np.asarray(np.rint(np.clip(points_px, -9000, 9000) * 2**_SHIFT), np.int32)


def fill(canvas: Canvas, plane: Plane, points_mm: Points, paint: Paint) -> None:
    """Paint a patch of a face."""
    fill_px(canvas, pixels_of(canvas, plane, points_mm), paint)


def fill_px(canvas: Canvas, points_px: Points, paint: Paint) -> None:
    """Paint a patch given in pixels."""
    at = [_fixed(points_px)]
    for layer, value in (
        (canvas.albedo, paint.bgr), (canvas.mirror, paint.mirror),
        (canvas.satin, paint.satin), (canvas.glow, paint.glow),
    ):  # fmt: skip
        if value is not None:
            cv2.fillPoly(layer, at, value, cv2.LINE_AA, _SHIFT)
    if paint.raised_mm:
        raise_px(canvas, points_px, paint.raised_mm, paint.round_mm)


def stroke(canvas: Canvas, plane: Plane, points_mm: Points, wide_mm: float, paint: Paint) -> None:
    """Paint a line along a course on a face."""
    at = [_fixed(pixels_of(canvas, plane, points_mm))]
    wide = max(1, round(wide_mm / canvas.view.mm_per_px))
    for layer, value in ((canvas.albedo, paint.bgr), (canvas.mirror, paint.mirror),
                         (canvas.satin, paint.satin)):  # fmt: skip
        if value is not None:
            cv2.polylines(layer, at, False, value, wide, cv2.LINE_AA, _SHIFT)  # noqa: FBT003 - cv2's own


def dashes(
    canvas: Canvas, plane: Plane, ends_mm: NDArray[np.float64], wide_mm: float, colour: Colour
) -> None:
    """Paint many short lines on a face at once, [n, 2, 2] from where to where."""
    flat = pixels_of(canvas, plane, ends_mm.reshape(-1, 2)).reshape(-1, 2, 2)
    side = canvas.view.side_px
    near = ((flat > -20) & (flat < side + 20)).all(axis=(1, 2))
    wide = max(1, round(wide_mm / canvas.view.mm_per_px))
    lines = list(_fixed(flat[near]))
    cv2.polylines(canvas.albedo, lines, False, colour, wide, cv2.LINE_AA, _SHIFT)  # noqa: FBT003 - cv2's own


def window_of(canvas: Canvas, points_px: Points, margin: float = 0.0) -> tuple[slice, slice] | None:
    """Rows and columns around points, inside the picture; None outside it."""
    side = canvas.view.side_px
    low = np.floor(points_px.min(axis=0) - margin).clip(0, side).astype(int)
    high = np.ceil(points_px.max(axis=0) + margin).clip(0, side).astype(int)
    if (high - low).min() < 1:
        return None
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def raise_px(canvas: Canvas, points_px: Points, raised_mm: float, round_mm: float) -> None:
    """Lift a patch out of its surroundings, with a rounded edge."""
    edge = max(0.6, round_mm / canvas.view.mm_per_px)
    where = window_of(canvas, points_px, 3 * edge)
    if where is None:
        return
    rows, columns = where
    mask = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
    cv2.fillPoly(mask, [_fixed(points_px - [columns.start, rows.start])], 255, cv2.LINE_AA, _SHIFT)
    soft = cv2.GaussianBlur(mask, (0, 0), edge)
    canvas.relief[where] += soft * np.float32(raised_mm / canvas.view.mm_per_px / 255)


def new_face(canvas: Canvas, plane: Plane, points_mm: Points, *, item: bool = True) -> int:
    """A face of the item: from here on these pixels take light as it does. Its number."""
    return new_face_px(canvas, plane.normal, pixels_of(canvas, plane, points_mm), item=item)


def new_face_px(
    canvas: Canvas, normal: NDArray[np.float64], points_px: Points, *, item: bool = True
) -> int:
    """A face given in pixels; whatever relief and gloss lay under it is gone."""
    canvas.normals.append(normal)
    number = len(canvas.normals) - 1
    at = [_fixed(points_px)]
    for layer, value in (
        (canvas.face, number),
        (canvas.relief, 0.0),
        (canvas.mirror, 0),
        (canvas.satin, 0),
    ):
        cv2.fillPoly(layer, at, value, cv2.LINE_8, _SHIFT)
    if item:
        cv2.fillPoly(canvas.item, at, 255, cv2.LINE_AA, _SHIFT)
    return number


def paste(
    canvas: Canvas, plane: Plane, corners_mm: Points, texture: Picture, alpha: Mask | None = None,
    *, on_item: bool = True,
) -> None:  # fmt: skip
    """Lay a picture onto four corners of a face (upper left, upper right, lower right, lower left).

    With `alpha` ([height, width], 255 = opaque) only where it is; on the item only, or anywhere.
    """
    corners = pixels_of(canvas, plane, corners_mm)
    where = window_of(canvas, corners)
    if where is None:
        return
    there, flat = _warped(texture, alpha, corners, where)
    there = np.minimum(there, canvas.item[where]) if on_item else there
    share = there.astype(np.float32)[..., None] / 255
    under = canvas.albedo[where]
    canvas.albedo[where] = under + (flat.astype(np.float32) - under) * share


def _warped(
    texture: Picture, alpha: Mask | None, corners: Points, where: tuple[slice, slice]
) -> tuple[Mask, Picture]:
    """The picture in perspective inside a window, and where it is."""
    rows, columns = where
    size = (columns.stop - columns.start, rows.stop - rows.start)
    texture, alpha = _fitting(texture, alpha, corners)
    height, width = texture.shape[:2]
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    target = (corners - [columns.start, rows.start]).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    shape = np.zeros(size[::-1], np.uint8)
    cv2.fillPoly(shape, [_fixed(target)], 255, cv2.LINE_AA, _SHIFT)
    flat = cv2.warpPerspective(texture, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    if alpha is not None:
        shape = np.minimum(shape, cv2.warpPerspective(alpha, matrix, size))
    return shape, np.asarray(flat, np.uint8)


def _fitting(texture: Picture, alpha: Mask | None, corners: Points) -> tuple[Picture, Mask | None]:
    """Reduced by areas to about the size that it is seen at, so that fine print doesn't shimmer."""
    sides = np.hypot(*np.diff(corners[[0, 1, 2, 3, 0]], axis=0).T)
    wide, high = max(sides[0], sides[2], 2.0), max(sides[1], sides[3], 2.0)
    size = min(texture.shape[1], round(wide * 1.1)), min(texture.shape[0], round(high * 1.1))
    if size[0] * size[1] > 0.6 * texture.shape[0] * texture.shape[1]:
        return texture, alpha
    small = np.asarray(cv2.resize(texture, size, interpolation=cv2.INTER_AREA), np.uint8)
    if alpha is None:
        return small, None
    return small, np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), np.uint8)


def box_of(canvas: Canvas, points_px: Points) -> XyXy | None:
    """Edges of a patch as far as it is in the picture; None where less than a third is."""
    side = float(canvas.view.side_px)
    low, high = points_px.min(axis=0), points_px.max(axis=0)
    a, b = low.clip(0, side), high.clip(0, side)
    if (b - a).prod() < 0.33 * (high - low).prod() or (b - a).min() < 4:
        return None
    return float(a[0]), float(a[1]), float(b[0]), float(b[1])


Codes = tuple[tuple[str, XyXy], ...]
"""Names of codes on a sheet with their pixel edges there."""


def stick(canvas: Canvas, plane: Plane, corners_mm: Points, sheet: Picture, codes: Codes) -> None:
    """Stick an upright printed sheet on a face; the label and its codes become parts."""
    fill(canvas, plane, corners_mm, Paint(mirror=0, satin=6, raised_mm=0.12, round_mm=0.2))
    paste(canvas, plane, corners_mm, sheet)
    scale = (corners_mm[2] - corners_mm[0]) / [sheet.shape[1], sheet.shape[0]]
    add_part(canvas, plane, "label", corners_mm)
    for name, box in codes:
        x1, y1, x2, y2 = np.array(box).reshape(2, 2).dot(np.diag(scale)).ravel() + np.tile(
            corners_mm[0], 2
        )
        add_part(canvas, plane, name, np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)]))


def add_part(canvas: Canvas, plane: Plane, name: str, points_mm: Points) -> None:
    """Note that a part is there, where enough of it is in the picture."""
    points = pixels_of(canvas, plane, points_mm)
    box = box_of(canvas, points)
    if box is None or _foreshortened(canvas, points_mm, points):
        return
    if name == "label":
        drop_parts(canvas, box)
    canvas.parts.append((name, box))


def _foreshortened(canvas: Canvas, points_mm: Points, points_px: Points) -> bool:
    """Whether a patch is seen so much from the side that nobody could read it."""
    flat, seen = (cv2.contourArea(p.astype(np.float32)) for p in (points_mm, points_px))
    return bool(seen * canvas.view.mm_per_px**2 < 0.2 * flat)


def drop_parts(canvas: Canvas, box: XyXy) -> None:
    """What something else covers from here on is no longer seen."""
    kept = [one for one in canvas.parts if one[0] == "package" or _covered(one[1], box) < 0.25]
    canvas.parts[:] = kept


def _covered(box: XyXy, by: XyXy) -> float:
    """The share of a box that another one covers."""
    wide = min(box[2], by[2]) - max(box[0], by[0])
    high = min(box[3], by[3]) - max(box[1], by[1])
    return max(0.0, wide) * max(0.0, high) / ((box[2] - box[0]) * (box[3] - box[1]))


def copied(canvas: Canvas) -> Canvas:
    """The same, to be changed without changing the first."""
    return copy.deepcopy(canvas)


def dimmed(colour: Colour, share: float) -> Colour:
    """The colour with that share of its light."""
    b, g, r = (c * share for c in colour)
    return b, g, r


def covered(canvas: Canvas) -> Field:
    """[side, side]: the item's share of each pixel, 0 to 1."""
    return canvas.item.astype(np.float32) / np.float32(255)


def tinted(change: Field, colour: Colour) -> Picture:
    """[height, width, 3]: one colour, lighter and darker by `change` (around 0)."""
    planes = [change * np.float32(c) + np.float32(c) for c in colour]
    return np.asarray(cv2.convertScaleAbs(np.maximum(cv2.merge(planes), 0)), np.uint8)


def blend(canvas: Canvas, over: Picture, share: Field) -> None:
    """Lay a picture over the whole canvas, `share` of it at each pixel (0 to 1)."""
    canvas.albedo[:] = cv2.blendLinear(over, canvas.albedo, share, 1 - share)
