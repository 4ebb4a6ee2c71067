"""How a photo larger than the model's input is cut, and how what the tiles say is joined again.

Small marks decide: garment spots measure 0.3 to 7 % of the picture's width (domain: detection), so
a photo scaled down to the model's input would lose them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.record import XyXy
from models.records import Tiling
from models.vision.geometry import Boxes, overlaps

# A box this close to a tile's inner border is taken as cut by it: boxes are regressed, not exact.
BORDER_PX = 2.0
# Two whole boxes of one kind are one object above this (COCO's and SAHI's usual threshold).
SAME_IOU = 0.5
# A box lying this far inside one from another look is the same object, seen cut, coarser or in
# part (SAHI merges by the same measure, IOS, at 0.5). Within one look the model means them both.
PIECE_SHARE = 0.5
# Two cut boxes go on in each other when their sides along the border agree this far.
ALIGNED_SHARE = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """A part of the reduced photo that the model looks at in one go."""

    x: int
    """Left edge in the reduced photo."""
    y: int
    """Top edge in the reduced photo."""
    width: int
    """Pixels of the reduced photo."""
    height: int
    """Pixels of the reduced photo."""

    @property
    def xyxy(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom in the reduced photo."""
        return self.x, self.y, self.x + self.width, self.y + self.height


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """One box that the model gave on one tile."""

    kind: str
    """The class's name."""
    raw: float
    """The model's score."""
    xyxy: XyXy
    """In pixels of the reduced photo."""
    is_cut: bool
    """It ends at a border of its tile that is no border of the photo."""
    look: int = 0
    """Which tile of the plan it was seen on."""


def reduced_size(width: int, height: int, max_side_px: int) -> tuple[int, int]:
    """Width and height after reducing to the longer side that the release asks for."""
    scale = min(1.0, max_side_px / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def plan(width: int, height: int, input_side_px: int, tiling: Tiling) -> tuple[Tile, ...]:
    """Tiles that cover every pixel of a (reduced) photo of width × height.

    Neighbours share at least `overlap_px`, of which half the input's side is the most. What fits into the model's input is one tile; of what is
    larger, the whole photo comes first where the release asks for it.
    """
    whole = Tile(x=0, y=0, width=width, height=height)
    if max(width, height) <= input_side_px:
        return (whole,)
    cut = tuple(
        Tile(x=x, y=y, width=min(input_side_px, width), height=min(input_side_px, height))
        for y in _starts(height, input_side_px, tiling.overlap_px)
        for x in _starts(width, input_side_px, tiling.overlap_px)
    )
    return (whole, *cut) if tiling.whole_photo else cut


def _starts(length: int, side: int, overlap: int) -> list[int]:
    """Where tiles begin along one axis: as few as keep the overlap, spread evenly."""
    if length <= side:
        return [0]
    steps = math.ceil((length - side) / (side - min(overlap, side // 2)))
    return [index * (length - side) // steps for index in range(steps + 1)]


def is_cut(xyxy: XyXy, tile: Tile, width: int, height: int) -> bool:
    """Whether the box ends at an inner border of its tile, so that the object may go on."""
    x1, y1, x2, y2 = tile.xyxy
    return (
        (x1 > 0 and xyxy[0] <= x1 + BORDER_PX)
        or (y1 > 0 and xyxy[1] <= y1 + BORDER_PX)
        or (x2 < width and xyxy[2] >= x2 - BORDER_PX)
        or (y2 < height and xyxy[3] >= y2 - BORDER_PX)
    )


def merge(sightings: Sequence[Sighting]) -> tuple[Sighting, ...]:
    """Each object once, best first; the order of the input changes nothing.

    A box cut by a tile's border gives way to the box of the same kind that shows the object whole;
    pieces of which none is whole are joined. Of boxes from several looks at one object the surest
    stays, and the highest score with it.
    """
    merged: list[Sighting] = []
    for kind in sorted({sighting.kind for sighting in sightings}):
        merged += _merge_kind([sighting for sighting in sightings if sighting.kind == kind])
    return tuple(sorted(merged, key=_rank))


def _rank(sighting: Sighting) -> tuple[float, str, int, XyXy]:
    # Of equal scores the later look's comes first: tiles are finer than the whole photo.
    return -sighting.raw, sighting.kind, -sighting.look, sighting.xyxy


def _merge_kind(sightings: list[Sighting]) -> list[Sighting]:
    ordered = sorted(sightings, key=lambda sighting: (sighting.is_cut, *_rank(sighting)))
    once = _one_pass(ordered)
    # A box that grew by joining may now touch a third that its pieces did not touch.
    while {one.xyxy for one in once} - {one.xyxy for one in ordered}:
        ordered, once = once, _one_pass(once)
    return once


def _one_pass(ordered: Sequence[Sighting]) -> list[Sighting]:
    # What is kept stands in arrays too: a measurement without threshold brings thousands of boxes.
    kept: list[Sighting] = []
    boxes = np.empty((len(ordered), 4))
    looks, cuts = np.empty(len(ordered), np.intp), np.empty(len(ordered), np.bool_)
    for sighting in ordered:
        count = len(kept)
        at = _same_object(sighting, boxes[:count], looks[:count], cuts[:count])
        if at is None:
            at = count
            kept.append(sighting)
        else:
            kept[at] = _joined(kept[at], sighting)
        boxes[at], looks[at], cuts[at] = kept[at].xyxy, kept[at].look, kept[at].is_cut
    return kept


def _same_object(
    sighting: Sighting, boxes: Boxes, looks: NDArray[np.intp], cuts: NDArray[np.bool_]
) -> int | None:
    """Index of the first kept box that shows the same object."""
    mine = np.array(sighting.xyxy)
    iou, share_of_smaller = overlaps(mine, boxes)
    same = (iou >= SAME_IOU) | ((looks != sighting.look) & (share_of_smaller >= PIECE_SHARE))
    if sighting.is_cut:
        same |= cuts & _goes_on(mine, boxes)
    found = np.flatnonzero(same)
    return int(found[0]) if found.size else None


def _goes_on(mine: Boxes, others: Boxes) -> NDArray[np.bool_]:
    """[m] whether each other box touches mine [4] and agrees with it along the border."""
    shared = np.minimum(mine[2:], others[:, 2:]) - np.maximum(mine[:2], others[:, :2])
    sides = np.minimum(mine[2:] - mine[:2], others[:, 2:] - others[:, :2])
    touches, agrees = shared >= -BORDER_PX, shared >= ALIGNED_SHARE * sides
    return np.logical_and(touches.all(axis=1), agrees.any(axis=1))


def _joined(kept: Sighting, other: Sighting) -> Sighting:
    raw = max(kept.raw, other.raw)
    if not kept.is_cut:
        return replace(kept, raw=raw)
    a, b = kept.xyxy, other.xyxy
    union = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
    return replace(kept, raw=raw, xyxy=union)
