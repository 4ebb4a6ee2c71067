"""A photo small enough for a page, with what is there and what was reported drawn on it."""

import base64
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.record import XyXy
from models.vision import decode
from models.vision.geometry import resize
from training.metrics import longer_side
from training.worst import Bad

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]
SIDE_PX, DETAIL_PX = 300, 200
# Okabe and Ito's blue, vermilion and sky blue, as BGR: apart for every kind of colour vision.
TRUE, FALSE, RIGHT = (178, 114, 0), (0, 94, 213), (233, 180, 86)
_QUALITY = 82
# A defect of less than this share of the photo is also shown from near, with as much around it.
_SMALL, _AROUND, _LEAST_PX = 0.15, 4.0, 64.0
# A box of two pixels is drawn with room inside.
_ROOM_PX = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Thumbnail:
    """One of the worst photos, for a page."""

    whole: str
    """JPEG as a data URL."""
    detail: str | None
    """The mistake from near, where it is small; JPEG as a data URL."""


def thumbnail(bad: Bad) -> Thumbnail:
    """The photo with its boxes. Raises PhotoUnreadable."""
    if bad.seen.path is None:
        raise ValueError("a photo to be shown should have a path")
    bgr = decode.decode(decode.read(bad.seen.path)).bgr
    height, width = bgr.shape[:2]
    small = longer_side(bad.worst) < _SMALL * max(width, height)
    return Thumbnail(
        whole=_cut(bgr, (0, 0, width, height), bad, SIDE_PX),
        detail=_cut(bgr, around(bad.worst, width, height), bad, DETAIL_PX) if small else None,
    )


def around(box: XyXy, width: int, height: int) -> tuple[int, int, int, int]:
    """A square window inside the photo around a box, left, top, right, bottom."""
    side = round(min(max(_AROUND * longer_side(box), _LEAST_PX), width, height))
    left = round((box[0] + box[2]) / 2 - side / 2)
    top = round((box[1] + box[3]) / 2 - side / 2)
    left, top = min(max(0, left), width - side), min(max(0, top), height - side)
    return left, top, left + side, top + side


def _cut(bgr: Picture, window: tuple[int, int, int, int], bad: Bad, side_px: int) -> str:
    left, top, right, bottom = window
    scale = side_px / max(right - left, bottom - top)
    size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
    drawn = np.ascontiguousarray(resize(bgr[top:bottom, left:right], *size))
    shift = np.array([left, top, left, top])
    for one in bad.shown:
        _draw(drawn, (np.array(one.xyxy) - shift) * scale, RIGHT if one.right else FALSE)
    for box in bad.seen.truth:
        _draw(drawn, (np.array(box) - shift) * scale, TRUE)
    return _data_url(drawn)


def _draw(bgr: Picture, box: NDArray[np.float64], colour: Colour) -> None:
    x1, y1, x2, y2 = (int(v) for v in np.round(box + np.array([-1, -1, 1, 1]) * _ROOM_PX / 2))
    cv2.rectangle(bgr, (x1, y1), (x2, y2), (255, 255, 255), 3)
    cv2.rectangle(bgr, (x1, y1), (x2, y2), colour, 2)


def _data_url(bgr: Picture) -> str:
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise ValueError(f"a picture of {bgr.shape} should be writable as JPEG")
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()
