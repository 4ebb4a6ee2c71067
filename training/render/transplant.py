"""Real defects of training photos set into other surfaces: their own look, on new ground.

A stain is taken as a ratio: how much darker or paler it is than the cloth around it. Multiplied
onto other cloth it keeps its shape, edge and strength while folds and weave of the new cloth show
through. A tear is set in whole, by Poisson blending (Perez, Gangnet, Blake, SIGGRAPH 2003), for what
lies behind torn board has its own colours.
"""

from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

from models.record import XyXy
from training.render.noise import Field, Picture, blur, to_picture

# How much of the surroundings comes along on each side, in parts of the box: the ratio is to them.
_RING = 0.35
# Below this a donor's box holds too little to be set into anything.
_MIN_PX = 6
# Grey levels and multiples of the new ground's unevenness by which a stain must show (stains.py).
_MIN_CONTRAST = 5.0
_MIN_CONTRAST_OVER_TEXTURE = 0.35


class How(Enum):
    """How a defect is set into a surface."""

    RATIO = "ratio"
    """By multiplication."""
    SEAMLESS = "seamless"
    """By Poisson blending."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Donor:
    """One real defect, cut out with some of its surroundings."""

    bgr: Picture
    """[height, width, 3]: the box and a ring around it."""
    box: XyXy
    """The labelled box in it, pixel edges."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Transplanted:
    """A picture with one more defect."""

    bgr: Picture
    """After setting it in."""
    xyxy: XyXy
    """Its box, as large in proportion as the donor's label was."""
    mask: NDArray[np.bool_]
    """[height, width]: where the picture changed."""


def donor_of(bgr: Picture, xyxy: XyXy) -> Donor | None:
    """Cut a labelled defect out of its photo; None where it is too small or fills the photo."""
    height, width = bgr.shape[:2]
    x1, y1, x2, y2 = xyxy
    if min(x2 - x1, y2 - y1) < _MIN_PX or (x2 - x1) * (y2 - y1) > 0.5 * width * height:
        return None
    ring = _RING * max(x2 - x1, y2 - y1)
    left, top = max(0, int(x1 - ring)), max(0, int(y1 - ring))
    right, bottom = min(width, int(x2 + ring) + 1), min(height, int(y2 + ring) + 1)
    return Donor(
        bgr=bgr[top:bottom, left:right].copy(), box=(x1 - left, y1 - top, x2 - left, y2 - top)
    )


def paint(
    rng: np.random.Generator,
    bgr: Picture,
    *,
    donor: Donor,
    centre: tuple[float, float],
    side_px: float,
    how: How,
) -> Transplanted | None:
    """Set the donor's defect, its box's longer side about side_px, in around centre (x, y).

    Turned by quarter turns, mirrored, made stronger or weaker. None where it would not fit or show.
    """
    piece, box = _turned(rng, donor)
    scale = side_px / max(box[2] - box[0], box[3] - box[1])
    # Enlarging much would show the donor's pixels, shrinking much would lose its edge.
    scale = float(np.clip(scale, 0.35, 1.8))
    piece, box = _scaled(piece, box, scale)
    height, width = piece.shape[:2]
    x, y = round(centre[0] - width / 2), round(centre[1] - height / 2)
    if x < 1 or y < 1 or x + width >= bgr.shape[1] or y + height >= bgr.shape[0]:
        return None
    window = (x, y, x + width, y + height)
    done = (_by_ratio if how is How.RATIO else _seamless)(rng, bgr, piece, box, window)
    if done is None:
        return None
    mask = (done != bgr).any(axis=2)
    return Transplanted(bgr=done, xyxy=(box[0] + x, box[1] + y, box[2] + x, box[3] + y), mask=mask)


def _turned(rng: np.random.Generator, donor: Donor) -> tuple[Picture, XyXy]:
    piece, (x1, y1, x2, y2) = donor.bgr, donor.box
    for _ in range(int(rng.integers(4))):
        width = piece.shape[1]
        piece = np.rot90(piece)
        x1, y1, x2, y2 = y1, width - x2, y2, width - x1
    if rng.random() < 0.5:
        x1, x2 = piece.shape[1] - x2, piece.shape[1] - x1
        piece = piece[:, ::-1]
    return np.ascontiguousarray(piece), (x1, y1, x2, y2)


def _scaled(piece: Picture, box: XyXy, scale: float) -> tuple[Picture, XyXy]:
    size = max(4, round(piece.shape[1] * scale)), max(4, round(piece.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    x, y = size[0] / piece.shape[1], size[1] / piece.shape[0]
    scaled = np.asarray(cv2.resize(piece, size, interpolation=how), np.uint8)
    return scaled, (box[0] * x, box[1] * y, box[2] * x, box[3] * y)


def _soft_box(shape: tuple[int, int], box: XyXy, soft_px: float) -> Field:
    mask = np.zeros(shape, np.float32)
    mask[round(box[1]) : round(box[3]) + 1, round(box[0]) : round(box[2]) + 1] = 1
    return blur(mask, soft_px)


def _by_ratio(
    rng: np.random.Generator,
    bgr: Picture,
    piece: Picture,
    box: XyXy,
    window: tuple[int, int, int, int],
) -> Picture | None:
    ratio, weight = _ratio(piece, box)
    strength = rng.uniform(0.7, 1.25)
    change = 1 + weight[..., None] * strength * (ratio - 1)
    x1, y1, x2, y2 = window
    before = bgr[y1:y2, x1:x2].astype(np.float32)
    after = np.clip(before * np.clip(change, 0.05, 2.5), 0, 255)
    seen = weight > 0.3
    if seen.sum() < 8:
        return None
    contrast = float(np.abs(after - before).mean(axis=2)[seen].mean())
    texture = float(before.mean(axis=2)[~seen].std()) if (~seen).any() else 0.0
    if contrast < max(_MIN_CONTRAST, _MIN_CONTRAST_OVER_TEXTURE * texture):
        return None
    done = bgr.copy()
    done[y1:y2, x1:x2] = to_picture(after)
    return done


def _ratio(piece: Picture, box: XyXy) -> tuple[NDArray[np.float32], Field]:
    """[h, w, 3] brightness over the surroundings', and [h, w] how surely it is the stain's."""
    ring = _soft_box(piece.shape[:2], box, 0.1) < 0.5
    ground = piece.astype(np.float32) + 4
    level = np.array([np.median(ground[..., c][ring]) for c in range(3)], np.float32)
    ratio = blur(ground, 0.6) / level
    away = np.abs(blur(np.log(ratio).mean(axis=2), 1.2))
    usual = float(np.quantile(away[ring], 0.8)) + 0.02
    sure = np.clip((away - usual) / max(usual, 0.06), 0, 1)
    soft = 0.06 * max(box[2] - box[0], box[3] - box[1])
    return np.asarray(ratio, np.float32), blur(sure, 0.8) * _soft_box(piece.shape[:2], box, soft)


def _seamless(
    rng: np.random.Generator,
    bgr: Picture,
    piece: Picture,
    box: XyXy,
    window: tuple[int, int, int, int],
) -> Picture | None:
    mask = np.zeros(piece.shape[:2], np.uint8)
    x1, y1, x2, y2 = (round(v) for v in box)
    grow = round(0.06 * max(x2 - x1, y2 - y1)) + 2
    mask[max(1, y1 - grow) : y2 + grow, max(1, x1 - grow) : x2 + grow] = 255
    mask[-1], mask[:, -1] = 0, 0
    tone = np.clip(piece * rng.uniform(0.85, 1.15), 0, 255).astype(np.uint8)
    # OpenCV centres the mask's own bounding box on the point it is given.
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    middle = (
        window[0] + int(columns[0] + columns[-1] + 1) // 2,
        window[1] + int(rows[0] + rows[-1] + 1) // 2,
    )
    return np.asarray(cv2.seamlessClone(tone, bgr, mask, middle, cv2.NORMAL_CLONE), np.uint8)
