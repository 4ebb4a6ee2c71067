"""From a file's bytes to pixels, and back to small files. Pixels are BGR everywhere in vision."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import PhotoMissing, PhotoTooLarge, PhotoUnreadable
from models.headers import Header, check_complete, read_header
from models.record import XyXy
from models.vision.complaints import listen
from models.vision.picture import reduced

# 300 MB of pixels: two and a half times what today's 40 MP bench cameras give.
MAX_PIXELS = 100_000_000
# libjpeg takes no longer side (JPEG_MAX_DIMENSION in its jmorecfg.h); PNG does.
MAX_JPEG_SIDE_PX = 65_500
# A lossless 100 MP PNG stays below; what is above is no photo.
MAX_BYTES = 400_000_000
# Complaints after which part of the picture is invented; others (padding before a marker, an odd
# revision number) are harmless and common in cameras' files. Texts: libjpeg's jerror.h.
RUINOUS = ("premature end", "bad huffman", "bad arithmetic", "found marker", "libpng error")

_STRIP_ROWS = 256
_BOX_BGR = (38, 30, 179)
_WHITE_BGR = (255, 255, 255)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Decoded:
    """A photo's pixels."""

    bgr: NDArray[np.uint8]
    """Height × width × 3, upright: the file's own orientation is applied."""
    media_type: str
    """image/jpeg, image/png or image/webp."""


def read(path: Path) -> bytes:
    """The file's bytes. Raises PhotoMissing, or PhotoUnreadable, saying what is wrong with it."""
    try:
        size_bytes = path.stat().st_size
        if path.is_file() and size_bytes > MAX_BYTES:
            raise PhotoTooLarge(f"it has {size_bytes:,} bytes; give at most {MAX_BYTES:,}")
        data = path.read_bytes() if path.is_file() else _refuse_kind(path)
    except FileNotFoundError as error:
        raise PhotoMissing("there is no such file; check the path") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PhotoUnreadable(
            f"it cannot be read ({reason}); check the path and its rights"
        ) from error
    if not data:
        raise PhotoUnreadable("it is empty; take or copy the photo again")
    return data


def _refuse_kind(path: Path) -> bytes:
    kind = "a folder" if path.is_dir() else "no regular file"
    raise PhotoUnreadable(f"it is {kind}; give the photo's own path")


def decode(data: bytes) -> Decoded:
    """Decode a JPEG, PNG or WebP photo.

    The header is read first, so that a small file which promises a huge picture costs nothing.
    Grey, 16-bit and CMYK pictures become 8-bit BGR; transparent pixels show white. Orientation is
    applied, except on pictures with transparency, which no camera writes.

    Raises PhotoTooLarge above MAX_PIXELS, PhotoUnreadable for everything that is not one whole
    picture.
    """
    header = read_header(data)
    _check_size(header)
    if header.is_animated:
        raise PhotoUnreadable("it is an animation; give a single photo")
    check_complete(data, header)
    return Decoded(bgr=_pixels(data, header), media_type=header.media_type)


def _check_size(header: Header) -> None:
    if header.width < 1 or header.height < 1:
        raise PhotoUnreadable(
            f"its header says {header.width} x {header.height} pixels; take it again"
        )
    if header.width * header.height > MAX_PIXELS:
        raise PhotoTooLarge(
            f"it has {header.width} x {header.height} pixels; give at most {MAX_PIXELS:,} in all"
        )


def _pixels(data: bytes, header: Header) -> NDArray[np.uint8]:
    flags = cv2.IMREAD_UNCHANGED if header.has_alpha else cv2.IMREAD_COLOR
    buffer = np.frombuffer(data, np.uint8)

    def work() -> Any:  # noqa: ANN401 - None where it failed, which OpenCV's types leave out
        try:
            return cv2.imdecode(buffer, flags)
        except cv2.error:
            return None

    pixels, complaint = listen(work)
    if pixels is None or any(text in complaint.lower() for text in RUINOUS):
        raise PhotoUnreadable("its picture data is damaged; take or copy the photo again")
    return _on_white(pixels) if header.has_alpha else cast("NDArray[np.uint8]", pixels)


def _on_white(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """8-bit BGR of what may be 16-bit, grey or BGRA: transparent pixels show white.

    In strips, for the blend needs six times the memory of what it blends.
    """
    height, width = pixels.shape[:2]
    bgr = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _STRIP_ROWS):
        rows = slice(top, top + _STRIP_ROWS)
        bgr[rows] = _blended(pixels[rows])
    return bgr


def _blended(pixels: NDArray[Any]) -> NDArray[Any]:
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2:
        return pixels[..., None]
    if pixels.shape[2] == 3:
        return pixels
    alpha = pixels[..., 3:].astype(np.uint16)
    mixed = pixels[..., :3] * alpha + 255 * (255 - alpha)
    return np.asarray((mixed + 127) // 255)


def thumbnail_jpeg(bgr: NDArray[np.uint8], side_px: int = 320) -> bytes:
    """A JPEG whose longer side has at most `side_px` pixels; the same pixels give the same bytes."""
    return jpeg(reduced(bgr, side_px), quality=82)


def jpeg(bgr: NDArray[np.uint8], *, quality: int = 92) -> bytes:
    """Encode as JPEG. Raises PhotoTooLarge above MAX_JPEG_SIDE_PX."""
    height, width = bgr.shape[:2]
    if max(height, width) > MAX_JPEG_SIDE_PX:
        raise PhotoTooLarge(
            f"{width} x {height} pixels do not fit into a JPEG, "
            f"whose side is at most {MAX_JPEG_SIDE_PX:,}"
        )
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def draw(bgr: NDArray[np.uint8], boxes: Sequence[tuple[XyXy, str]]) -> NDArray[np.uint8]:
    """A copy with each box and its label (ASCII) in red on white; lines grow with the photo."""
    drawn = bgr.copy()
    unit = max(1, round(max(bgr.shape[:2]) / 640))
    for xyxy, label in boxes:
        x1, y1, x2, y2 = (round(value) for value in xyxy)
        for colour, thickness in ((_WHITE_BGR, 4 * unit), (_BOX_BGR, 2 * unit)):
            cv2.rectangle(drawn, (x1, y1), (x2, y2), colour, thickness)
        _write(drawn, label, (x1, y1), unit)
    return drawn


def _write(bgr: NDArray[np.uint8], label: str, corner: tuple[int, int], unit: int) -> None:
    font, size = cv2.FONT_HERSHEY_SIMPLEX, 0.5 * unit
    (width, height), below = cv2.getTextSize(label, font, size, unit)
    x = max(0, min(corner[0], bgr.shape[1] - width))
    y = max(height + below, corner[1] - unit)
    cv2.rectangle(bgr, (x, y - height - below), (x + width, y + below), _BOX_BGR, cv2.FILLED)
    cv2.putText(bgr, label, (x, y), font, size, _WHITE_BGR, unit, cv2.LINE_AA)
