"""Pictures out of a multipart/x-mixed-replace stream (RFC 2046 §5.1), whatever else comes with them.

Bytes in, parts out, no sockets. Cameras lie: about lengths, about the dashes of their boundary, and
some send rubbish between two pictures. After each lie the next boundary is where reading goes on.
"""

import re
from dataclasses import dataclass

# Twice a lossless 12-megapixel JPEG: what promises or brings more is no picture of a bench.
MAX_PART_BYTES = 64_000_000
MAX_HEAD_BYTES = 8_192
# Line ends and blanks around a boundary.
_LINE_ROOM = 16
_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]*)"|([^\s;"]+))', re.IGNORECASE)
_LENGTH = re.compile(rb"^content-length\s*:\s*(\d{1,12})\s*$", re.IGNORECASE | re.MULTILINE)
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")


def boundary_of(content_type: str) -> bytes | None:
    """The boundary that a Content-Type names, without leading dashes; none where it names none.

    Half of the cameras write the dashes of the delimiter into the parameter as well.
    """
    if not content_type.strip().lower().startswith("multipart/"):
        return None
    match = _BOUNDARY.search(content_type)
    name = (match[1] or match[2] or "").strip().lstrip("-") if match else ""
    return name.encode("latin-1", "replace") or None


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """The body of one part."""

    data: bytes
    """What came; empty for rubbish."""
    at_s: float
    """When its first bytes came."""


class Parts:
    """Reads one stream; keeps at most one part's bytes."""

    def __init__(self, boundary: bytes) -> None:
        """Read parts that begin with a line `--boundary`."""
        self._delimiter = b"--" + boundary
        # Within a picture a short boundary's bytes turn up by chance; a whole line of it does not.
        self._line = re.compile(
            rb"(?:(?<=\n)|(?<=\xff\xd9))" + re.escape(self._delimiter) + rb"(?:--|[ \t]*\r?\n)"
        )
        self._held = bytearray()
        self._searched = 0
        self._at_s = 0.0
        self._in_part = False

    def feed(self, data: bytes, now_s: float) -> list[Part]:
        """The parts that these bytes complete; one without data stands for rubbish instead of a part."""
        self._held += data
        ready: list[Part] = []
        while self._body(ready) if self._in_part else self._skip_to_part(ready, now_s):
            pass
        return ready

    # Each step says whether the next one may go on with what is held.

    def _skip_to_part(self, ready: list[Part], now_s: float) -> bool:
        at = self._held.find(self._delimiter)
        # The delimiter may be cut in two by the end of what has come so far.
        dropped = at if at >= 0 else max(0, len(self._held) - len(self._delimiter) + 1)
        del self._held[:dropped]
        self._searched += dropped
        if self._searched >= MAX_HEAD_BYTES:
            self._searched = 0
            ready.append(Part(data=b"", at_s=now_s))
        if at < 0:
            return False
        self._in_part, self._searched, self._at_s = True, 0, now_s
        return True

    def _body(self, ready: list[Part]) -> bool:
        head = _END_OF_HEAD.search(self._held, len(self._delimiter), MAX_HEAD_BYTES)
        if not head:
            return len(self._held) >= MAX_HEAD_BYTES and self._rubbish(ready)
        told = _LENGTH.search(self._held, 0, head.start())
        length = int(told[1]) if told else 0
        if length > MAX_PART_BYTES:
            return self._rubbish(ready)
        return self._whole(ready, head.end(), length)

    def _whole(self, ready: list[Part], start: int, length: int) -> bool:
        """The body is there with its length: no waiting for the boundary of the next picture.

        Unless that boundary came before: then the length was a lie, and the body ends there.
        """
        line = self._line.search(self._held, max(start, self._searched))
        if line and not (length and line.start() > start + length):
            return self._take(ready, start, line.start())
        if length and len(self._held) >= start + length:
            return self._take(ready, start, start + length)
        if len(self._held) - start > MAX_PART_BYTES:
            return self._rubbish(ready)
        self._searched = max(start, len(self._held) - len(self._delimiter) - _LINE_ROOM)
        return False

    def _take(self, ready: list[Part], start: int, end: int) -> bool:
        data = bytes(memoryview(self._held)[start:end])
        del self._held[:end]
        self._in_part, self._searched = False, 0
        # The line end before a boundary belongs to it; a JPEG ends with its marker.
        ready.append(Part(data=data.rstrip(b"\r\n"), at_s=self._at_s))
        return True

    def _rubbish(self, ready: list[Part]) -> bool:
        del self._held[: len(self._delimiter)]
        self._in_part, self._searched = False, 0
        ready.append(Part(data=b"", at_s=self._at_s))
        return True
