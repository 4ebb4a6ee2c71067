"""Small, medium and large defects apart, for what is missed is mostly what is small."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from training.metrics import LOOSE, Seen, all_overlaps

# Name → longer side of the box in parts of the photo's longer side, from (included) and to. Looked
# at as a whole in 320 px, 3 % are 10 px, hardly more than one cell (8 px) of the finest grid, so that
# only tiles show it; 10 % are 32 px, where COCO's small objects end. Garment spots measure 0.3–7 %.
SIZES = {"small": (0.0, 0.03), "medium": (0.03, 0.10), "large": (0.10, math.inf)}


def sized(seen: Sequence[Seen], size: str) -> tuple[list[int], list[Seen]]:
    """The photos with defects of this size, and the clean ones; the first list is their indices.

    Defects of other sizes are left out, and the boxes that lie on them; so are photos that have only
    such. False boxes of any size stay.
    """
    parts = [(index, _only(one, *SIZES[size])) for index, one in enumerate(seen)]
    kept = [(index, part) for index, part in parts if part]
    return [index for index, _ in kept], [part for _, part in kept]


def _only(seen: Seen, low: float, high: float) -> Seen | None:
    if not seen.truth:
        return seen
    wanted = np.array([low <= share < high for share in seen.shares])
    if not wanted.any():
        return None
    shares = all_overlaps(seen)
    at = [index for index, row in enumerate(shares) if wanted[row.argmax()] or row.max() < LOOSE]
    return replace(
        seen,
        truth=tuple(box for box, kept in zip(seen.truth, wanted, strict=True) if kept),
        boxes=tuple(seen.boxes[index] for index in at),
        scores=tuple(seen.scores[index] for index in at),
    )
