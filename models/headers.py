"""What a file says of itself before anything is decoded: pure, from bytes to facts.

Sources: JPEG markers, ITU-T T.81 annex B; PNG chunks, W3C PNG 3rd edition; WebP, RFC 9649.
"""

import re
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from models.errors import PhotoUnreadable

JPEG, PNG, WEBP = "image/jpeg", "image/png", "image/webp"
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})
_START_OF_SCAN, _END_OF_IMAGE, _EXIF = 0xDA, 0xD9, 0xE1
# What cameras and editors write: sequential or progressive, Huffman or arithmetic (T.81 table B.1).
# The others are lossless or hierarchical, and no decoder here knows them.
_ORDINARY_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
# libjpeg's progressive script has 10, optimisers try up to some 20; each more is a pass over all pixels.
MAX_SCANS = 40
_AFTER_SCAN = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")

# What people hand in by mistake: where the tell-tale stands, what it is, what to call it.
_STRANGERS = (
    (0, b"GIF8", "a GIF"),
    (0, b"BM", "a BMP picture"),
    (0, b"II*\x00", "a TIFF or raw picture"),
    (0, b"MM\x00*", "a TIFF or raw picture"),
    (0, b"%PDF", "a PDF"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftyphei", "a HEIC picture"),
    (4, b"ftyphev", "a HEIC picture"),
    (4, b"ftypmif1", "a HEIC picture"),
    (4, b"ftypmsf1", "a HEIC picture"),
    (4, b"JXL ", "a JPEG XL picture"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (4, b"jP  ", "a JPEG 2000 picture"),
    (4, b"ftyp", "a video"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What the header promises."""

    media_type: str
    """image/jpeg, image/png or image/webp, by the bytes, whatever the file's name says."""
    width: int
    """Pixels as stored, before the file's own orientation is applied."""
    height: int
    """Pixels as stored, before the file's own orientation is applied."""
    has_alpha: bool = False
    """Some pixels may be transparent."""
    is_animated: bool = False
    """More than one frame: no photo."""


def read_header(data: bytes) -> Header:
    """Media type and dimensions. Raises PhotoUnreadable, saying what was found instead."""
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
        if data.startswith(_PNG_SIGNATURE):
            return _png(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError) as error:
        raise PhotoUnreadable("its header is cut off; take or copy the photo again") from error
    raise PhotoUnreadable(f"it is {_named(data)}; give a JPEG, PNG or WebP photo")


def check_complete(data: bytes, header: Header) -> None:
    """Refuse what ends before its end marker, or whose check sums say that bytes changed.

    Decoders fill what is missing with grey and call it a success, and grey has no defects.
    Bytes after the end are fine: phones append a film or a depth map there.
    """
    {JPEG: _check_jpeg, PNG: _check_png, WEBP: _check_webp}[header.media_type](data)


def _named(data: bytes) -> str:
    if not data:
        return "empty"
    for at, mark, name in _STRANGERS:
        if data[at : at + len(mark)] == mark:
            return name
    head = data[:512]
    is_text = not re.search(rb"[\x00-\x08\x0e-\x1f]", head)
    return "a text file" if is_text else f"no known picture (it begins {head[:4].hex(' ')})"


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """(marker, where its content starts) of a JPEG, to the end marker or as far as it goes."""
    at = 2
    while at + 1 < len(data):
        if data[at] != 0xFF:
            return
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        yield marker, at + 2
        if marker == _END_OF_IMAGE:
            return
        at = _next_marker(data, marker, at + 2)


def _next_marker(data: bytes, marker: int, at: int) -> int:
    if marker in _WITHOUT_LENGTH:
        return at
    if at + 2 > len(data):
        return len(data)
    length = int.from_bytes(data[at : at + 2])
    if marker != _START_OF_SCAN:
        return at + max(length, 2)
    found = _AFTER_SCAN.search(data, at + length)
    return found.end() - 2 if found else len(data)


def _jpeg(data: bytes) -> Header:
    for marker, at in _segments(data):
        if marker in _FRAME_HEADERS:
            bits, height, width = struct.unpack_from(">BHH", data, at + 2)
            if marker not in _ORDINARY_FRAMES or bits != 8:
                raise PhotoUnreadable(
                    f"it is a lossless or {bits}-bit JPEG; save it as an ordinary one of 8 bits"
                )
            return Header(media_type=JPEG, width=width, height=height)
    raise PhotoUnreadable("it is a JPEG that is cut off before its picture; copy it again")


def _check_jpeg(data: bytes) -> None:
    markers = Counter(marker for marker, _ in _segments(data))
    if not markers[_END_OF_IMAGE]:
        raise PhotoUnreadable("it is a JPEG that is cut off; take or copy the photo again")
    if markers[_START_OF_SCAN] > MAX_SCANS:
        raise PhotoUnreadable(
            f"it is a JPEG of {markers[_START_OF_SCAN]} passes; save it with at most {MAX_SCANS}"
        )


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """(type, content, whether the check sum agrees) of a PNG, to IEND or as far as it goes."""
    at = len(_PNG_SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 12 + length
        if end > len(data):
            return
        kind, content = data[at + 4 : at + 8], data[at + 8 : end - 4]
        (said,) = struct.unpack_from(">I", data, end - 4)
        yield kind, content, zlib.crc32(content, zlib.crc32(kind)) == said
        if kind == b"IEND":
            return
        at = end


def _png(data: bytes) -> Header:
    if data[12:16] != b"IHDR":
        raise PhotoUnreadable("it is a PNG without a header; take or copy the photo again")
    width, height, _depth, colour = struct.unpack_from(">IIBB", data, 16)
    before_picture = data[: data.find(b"IDAT")]
    return Header(
        media_type=PNG,
        width=width,
        height=height,
        has_alpha=colour in {4, 6} or b"tRNS" in before_picture,
        is_animated=b"acTL" in before_picture,
    )


def _check_png(data: bytes) -> None:
    kind = b""
    for kind, _, agrees in _chunks(data):  # noqa: B007 - the last kind is what counts
        if not agrees:
            raise PhotoUnreadable("it is a damaged PNG; take or copy the photo again")
    if kind != b"IEND":
        raise PhotoUnreadable("it is a PNG that is cut off; take or copy the photo again")


def _webp(data: bytes) -> Header:
    kind = data[12:16]
    if kind == b"VP8X":
        flags = data[20]
        width = 1 + int.from_bytes(data[24:27], "little")
        height = 1 + int.from_bytes(data[27:30], "little")
        return _webp_header(width, height, has_alpha=bool(flags & 16), is_animated=bool(flags & 2))
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        alpha = bool(bits >> 28 & 1)
        return _webp_header(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF), has_alpha=alpha)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return _webp_header(width & 0x3FFF, height & 0x3FFF)
    raise PhotoUnreadable("it is a WebP without a picture; take or copy the photo again")


def _webp_header(
    width: int, height: int, *, has_alpha: bool = False, is_animated: bool = False
) -> Header:
    return Header(
        media_type=WEBP, width=width, height=height, has_alpha=has_alpha, is_animated=is_animated
    )


def _check_webp(data: bytes) -> None:
    (length,) = struct.unpack_from("<I", data, 4)
    if len(data) < 8 + length:
        raise PhotoUnreadable("it is a WebP that is cut off; take or copy the photo again")


def turns_sides(data: bytes) -> bool:
    """Whether the file's own orientation swaps width and height: a JPEG's Exif says 5 to 8.

    Never raises: what cannot be read says nothing, as browsers and decoders take it too.
    """
    for marker, at in _segments(data):
        if marker == _START_OF_SCAN:
            return False
        if marker == _EXIF and data[at + 2 : at + 8] == b"Exif\0\0":
            return _orientation(data[at + 8 : at + int.from_bytes(data[at : at + 2])]) in range(
                5, 9
            )
    return False


def _orientation(tiff: bytes) -> int:
    """Tag 0x0112 of the first directory (TIFF 6.0, section 2; Exif 2.32, 4.6.4)."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (at,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, at)
        for entry in range(count):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, at + 2 + 12 * entry)
            if (tag, kind) == (0x0112, 3):
                return int(value)
    except struct.error:
        pass
    return 1
