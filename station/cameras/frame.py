"""One frame: its bytes as the camera gave them, and a glimpse small enough to judge it by."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import PhotoTooLarge, PhotoUnreadable
from models.headers import JPEG, check_complete, read_header
from models.vision.complaints import listen
from models.vision.decode import MAX_PIXELS, RUINOUS
from models.vision.picture import reduced

GLIMPSE_SIDE_PX = 320
# A JPEG is read at an eighth, a quarter … of its size in a fraction of the time (libjpeg's scaled DCT).
_SCALES = (
    (8, cv2.IMREAD_REDUCED_COLOR_8),
    (4, cv2.IMREAD_REDUCED_COLOR_4),
    (2, cv2.IMREAD_REDUCED_COLOR_2),
    (1, cv2.IMREAD_COLOR),
)
# EXIF with one entry, Orientation (TIFF 6.0 tag 0x0112), big endian; its value is at the offset below.
_EXIF = bytes.fromhex(
    "ffe1 0022 457869660000 4d4d002a00000008 0001 0112 0003 00000001 00000000 00000000"
)
_ORIENTATION = {90: 6, 180: 3, 270: 8}
_VALUE_AT = 28
QUALITY = 95

Bgr = NDArray[np.uint8]
"""Height × width × 3."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Frame:
    """One picture that a camera gave."""

    number: int = 0
    """Counted since the station's start, across openings; given by who watches the camera."""
    at_s: float
    """When its first bytes came, by the monotonic clock."""
    width: int
    """Pixels as the camera gives them, before the rotation."""
    height: int
    """Pixels as the camera gives them, before the rotation."""
    glimpse: Bgr
    """The picture with a longer side of at most GLIMPSE_SIDE_PX, as the camera gives it."""
    jpeg: bytes | None
    """The picture's file; none where nobody asked and making it would cost."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height


def of_jpeg(data: bytes, *, at_s: float) -> Frame:
    """A frame from a camera's own JPEG, judged whole before anything is decoded.

    Raises PhotoUnreadable for everything that is not one whole JPEG, PhotoTooLarge for a header that
    promises more pixels than may be decoded.
    """
    header = read_header(data)
    if header.media_type != JPEG:
        raise PhotoUnreadable(f"it is {header.media_type}; the camera should send JPEG")
    if header.width * header.height > MAX_PIXELS:
        raise PhotoTooLarge(f"it says it has {header.width} x {header.height} pixels")
    check_complete(data, header)
    glimpse = _glimpse(data, max(header.width, header.height))
    return Frame(
        at_s=at_s,
        width=header.width,
        height=header.height,
        glimpse=glimpse,
        jpeg=data,
    )


def _glimpse(data: bytes, side_px: int) -> Bgr:
    how = next(how for by, how in _SCALES if side_px // by >= GLIMPSE_SIDE_PX or by == 1)
    buffer = np.frombuffer(data, np.uint8)
    # As stored: turned pictures would not compare with the size that the camera was set to.
    flags = how | cv2.IMREAD_IGNORE_ORIENTATION

    def work() -> Bgr | None:
        try:
            return cv2.imdecode(buffer, flags)  # type: ignore[return-value]  # None where it failed
        except cv2.error:
            return None

    pixels, complaint = listen(work)
    if pixels is None or any(text in complaint.lower() for text in RUINOUS):
        raise PhotoUnreadable("its picture data is damaged")
    return reduced(pixels, GLIMPSE_SIDE_PX)


def of_pixels(bgr: Bgr, *, at_s: float, is_wanted: bool) -> Frame:
    """A frame from a driver's pixels; its JPEG is made where it `is_wanted`."""
    height, width = bgr.shape[:2]
    return Frame(
        at_s=at_s,
        width=width,
        height=height,
        glimpse=reduced(bgr, GLIMPSE_SIDE_PX),
        jpeg=encoded(bgr) if is_wanted else None,
    )


def encoded(bgr: Bgr) -> bytes:
    """A JPEG as good as a camera's own."""
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def turned(jpeg: bytes, rotation: int) -> bytes:
    """The same picture, to be shown turned clockwise by `rotation` degrees; no pixel is touched.

    An orientation is written before everything else, where decoders take it from first.
    """
    if not rotation:
        return jpeg
    exif = bytearray(_EXIF)
    exif[_VALUE_AT : _VALUE_AT + 2] = _ORIENTATION[rotation].to_bytes(2)
    return jpeg[:2] + bytes(exif) + jpeg[2:]
