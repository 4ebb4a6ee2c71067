"""Files as cameras, phones and bad luck write them."""

import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image


def garment(width: int = 320, height: int = 240, *, tone: int = 170) -> NDArray[np.uint8]:
    """A plain cloth on a paler table: soft light, two seams, a little grain."""
    rng = np.random.default_rng(7)
    light = np.linspace(-12, 12, width)[None, :] + rng.normal(0, 2, (height, width))
    grey = np.full((height, width), 215.0)
    grey[height // 8 : -height // 8, width // 6 : -width // 6] = tone
    grey[:, width // 3] -= 25
    grey[height // 5] -= 15
    bgr = np.repeat((grey + light)[..., None], 3, axis=2)
    return np.clip(bgr, 0, 255).astype(np.uint8)


def jpeg(bgr: NDArray[Any] | None = None, *options: int) -> bytes:
    return cv2.imencode(".jpg", garment() if bgr is None else bgr, list(options))[1].tobytes()


def png(bgr: NDArray[Any] | None = None) -> bytes:
    return cv2.imencode(".png", garment() if bgr is None else bgr)[1].tobytes()


def webp(bgr: NDArray[Any] | None = None) -> bytes:
    pixels = garment() if bgr is None else bgr
    return cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, 90])[1].tobytes()


def pillow(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def turned(kind: str, orientation: int) -> bytes:
    """A 48 x 32 picture, red top left and blue bottom left as stored, with an EXIF orientation."""
    rgb = np.zeros((32, 48, 3), np.uint8)
    rgb[:16, :24], rgb[16:, :24] = (255, 0, 0), (0, 0, 255)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return pillow(Image.fromarray(rgb), kind, exif=exif.tobytes(), quality=95)


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises width x height pixels, whole and valid to the last check sum."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, content) for kind, content in chunks)


def chunk(kind: bytes, content: bytes) -> bytes:
    check_sum = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check_sum)
