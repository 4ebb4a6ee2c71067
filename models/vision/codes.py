"""Barcodes and QR codes on a photo, by zxing-cpp. What they say is never kept, only that one is there.

A code's text may be somebody's address or order (design.md, promise 8). It is not in what this
module returns, so that it cannot come into a record, a log or a traceback.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray
from zxingcpp import BarcodeFormat, BarcodeFormats

from models.record import XyXy
from models.vision.geometry import resize

READER = f"zxing-cpp@{version('zxing-cpp')}"
"""name@version of what reads, as evidence names its source."""

# The first look. A bar needs about 2 px: of a shipping label that fills 250 mm a millimetre has 6 px
# here, and its bars measure 0.25 to 0.5 mm.
SIDE_PX = 1600
# The last look, where nothing was read: the bars of a distant label, and small photos enlarged. Of
# 576 train photos with codes 330 are read as they are, 9 more turned, 50 more at twice the size.
MAX_SIDE_PX = 3200
_ENLARGE = 2
# Below this the last look would see nothing new.
_WORTH_IT = 1.2
# Bars are read within some 15 degrees of either axis, wide ones less; these two fill the gaps.
_TURNS_DEGREES = (30.0, 60.0)

# Bars say too little to be sure of: without a check digit, or short, they are read out of fences
# and weaves. So each format that labels use has a least length in characters; the others (Codabar,
# EAN-8, UPC-E, DataBar, Telepen …) are not asked for.
_BARS = {
    BarcodeFormat.EAN13: 13,  # a check digit; UPC-A is told as EAN-13
    BarcodeFormat.Code128: 6,  # a check character modulo 103
    BarcodeFormat.Code93: 6,  # two check characters
    BarcodeFormat.Code39: 8,  # none
    BarcodeFormat.ITF: 12,  # none that zxing-cpp insists on; carriers use 12 and 14 digits
}
# These carry Reed-Solomon codes; the smallest Data Matrix and Aztec symbols have few checks. No
# MaxiCode: zxing-cpp reads it only where it fills the picture.
_MATRICES = {
    BarcodeFormat.QRCode: 1,
    BarcodeFormat.PDF417: 6,
    BarcodeFormat.DataMatrix: 6,
    BarcodeFormat.Aztec: 6,
}
# Unread, only these say something: three nested squares (of Micro QR one) are hardly anywhere else.
# An unread Data Matrix is seen in any weave.
_PATTERNS = {BarcodeFormat.QRCode, BarcodeFormat.MicroQRCode}
_ALL = BarcodeFormats([*_BARS, *_MATRICES])
_BARS_ONLY = BarcodeFormats(list(_BARS))  # four times as quick


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """One code on a photo, without what it says."""

    format: str
    """zxing-cpp's name, like "Code 128"."""
    is_matrix: bool
    """Squares (QR, Data Matrix, PDF417 …) instead of bars."""
    is_read: bool
    """It was read, checks and all; False where only a QR code's corner squares were made out."""
    xyxy: XyXy
    """Left, top, right, bottom in pixels of the photo."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Look:
    """The photo as the reader gets it."""

    grey: NDArray[np.uint8]
    formats: BarcodeFormats
    to_photo: NDArray[np.float64]
    """[2, 3] affine map from its pixels to the photo's."""


def read_codes(bgr: NDArray[np.uint8]) -> tuple[Code, ...]:
    """The codes on a photo (height × width × 3), those that could be read first.

    At any angle, light on dark too. Bounded by pixels and not by the clock, so that the same photo
    gives the same answer everywhere: four looks at most, the later ones only where nothing was read.
    """
    grey = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8)
    found: list[Code] = []
    for look in _looks(grey):
        found += _codes(look, width=bgr.shape[1], height=bgr.shape[0])
        if any(code.is_read for code in found):
            break
    return tuple(sorted(found, key=lambda code: not code.is_read))


def _looks(grey: NDArray[np.uint8]) -> Iterator[_Look]:
    own = max(grey.shape)
    first = min(own, SIDE_PX)
    upright = _sized(grey, first)
    yield upright
    for degrees in _TURNS_DEGREES:
        yield _turned(upright, degrees)
    last = min(_ENLARGE * first, max(own, SIDE_PX), MAX_SIDE_PX)
    if last >= _WORTH_IT * first:
        yield _sized(grey, last)


def _sized(grey: NDArray[np.uint8], side_px: int) -> _Look:
    height, width = grey.shape
    scale = side_px / max(height, width)
    sized = resize(grey, max(1, round(width * scale)), max(1, round(height * scale)))
    back = np.diag([width / sized.shape[1], height / sized.shape[0], 1.0])[:2]
    return _Look(grey=sized, formats=_ALL, to_photo=back)


def _turned(look: _Look, degrees: float) -> _Look:
    """The same about its middle, on as much more ground as it needs, for bars alone."""
    height, width = look.grey.shape
    turn = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0), np.float64)
    cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
    size = (int(height * sin + width * cos) + 1, int(height * cos + width * sin) + 1)
    turn[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    turned = cv2.warpAffine(look.grey, turn, size, borderMode=cv2.BORDER_REPLICATE)
    back = look.to_photo @ np.vstack([cv2.invertAffineTransform(turn), [0.0, 0.0, 1.0]])
    return _Look(grey=np.asarray(turned, np.uint8), formats=_BARS_ONLY, to_photo=back)


def _codes(look: _Look, *, width: int, height: int) -> Iterator[Code]:
    for barcode in zxingcpp.read_barcodes(look.grey, formats=look.formats, return_errors=True):
        if _counts(barcode):
            yield Code(
                format=str(barcode.format),
                is_matrix=barcode.format not in _BARS,
                is_read=barcode.valid,
                xyxy=_box(barcode.position, look.to_photo, width=width, height=height),
            )


def _counts(barcode: zxingcpp.Barcode) -> bool:
    if not barcode.valid:
        return barcode.format in _PATTERNS
    least = (_BARS | _MATRICES).get(barcode.format)
    return least is not None and len(barcode.bytes) >= least


def _box(
    position: zxingcpp.Position, to_photo: NDArray[np.float64], *, width: int, height: int
) -> XyXy:
    corners = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    points = np.array([(corner.x, corner.y, 1.0) for corner in corners]) @ to_photo.T
    inside = np.clip(points, 0.0, (width, height))
    (x1, y1), (x2, y2) = inside.min(axis=0).tolist(), inside.max(axis=0).tolist()
    return x1, y1, x2, y2
