"""MJPEG over HTTP: a camera's own JPEGs, one after the other, as multipart/x-mixed-replace."""

import contextlib
import socket
import time
from collections import deque
from collections.abc import Iterator, Mapping
from threading import Event
from typing import Any

import httpx

from models.errors import PhotoUnreadable
from station.cameras.frame import Frame, of_jpeg
from station.cameras.multipart import Part, Parts, boundary_of
from station.cameras.source import Reported, pace_s
from station.cameras.spec import CameraSpec
from station.errors import CameraFailed, CameraGarbled, CameraSilent, FrameSpoiled

# On a local network an answer that takes longer will not come.
CONNECT_S = 2.0


class MjpegSource:
    """One connection to one camera."""

    reported: Reported | None = None

    def __init__(self, spec: CameraSpec) -> None:
        """Know where it is."""
        self._spec = spec
        self._next_s = 0.0
        self._parts: deque[Part] = deque()
        self._stream: Any = None
        patience = httpx.Timeout(spec.stall_s, connect=min(CONNECT_S, spec.stall_s))
        # Its proxies are none of a camera's business, and a redirect leads to no camera.
        self._client = httpx.Client(timeout=patience, trust_env=False)

    def open(self) -> None:
        """Connect. Raises CameraFailed, CameraSilent or CameraGarbled, never with the address."""
        with _translated(self._spec):
            request = self._client.build_request(
                "GET", self._spec.address, extensions={"trace": self._notice}
            )
            self._response = self._client.send(request, stream=True)
        self._reader = Parts(self._boundary())
        # As it comes: with a size, httpx would hold bytes back until there are so many.
        self._chunks = self._response.iter_raw()

    def _notice(self, event: str, facts: Mapping[str, Any]) -> None:
        """Keep the connection at hand from its first moment (httpcore's trace extension)."""
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self._stream = facts["return_value"]

    def _boundary(self) -> bytes:
        status = self._response.status_code
        if status != 200:
            raise CameraFailed(f"it answers HTTP status {status} instead of 200")
        kind = self._response.headers.get("Content-Type", "")
        boundary = boundary_of(kind)
        if boundary is None:
            raise CameraGarbled(
                f"it should send multipart/x-mixed-replace with a boundary, got {kind[:80]!r}"
            )
        return boundary

    def read(self, wanted: Event) -> Frame:
        """The next frame that is due; those between are received and dropped."""
        end_s = time.monotonic() + self._spec.stall_s
        while True:
            while self._parts:
                part = self._parts.popleft()
                if not part.data:
                    raise FrameSpoiled("it sends bytes that are no pictures")
                # Of those that came together the last one is the newest.
                if not self._parts and (wanted.is_set() or part.at_s >= self._next_s):
                    frame = _judged(part)
                    self._next_s = part.at_s + pace_s(self._spec)
                    return frame
            if time.monotonic() > end_s:
                raise CameraSilent("no whole picture came in time")
            self._receive()

    def _receive(self) -> None:
        with _translated(self._spec):
            chunk = next(self._chunks, None)
        if chunk is None:
            raise CameraFailed("it ended its stream")
        self._parts.extend(self._reader.feed(chunk, time.monotonic()))

    def interrupt(self) -> None:
        """Shut the connection down: whoever waits for bytes is told that there are none."""
        door = self._stream.get_extra_info("socket") if self._stream else None
        if door is not None:
            with contextlib.suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(httpx.HTTPError, OSError):
            self._client.close()


def _judged(part: Part) -> Frame:
    try:
        return of_jpeg(part.data, at_s=part.at_s)
    except PhotoUnreadable as error:
        raise FrameSpoiled(str(error)) from error


@contextlib.contextmanager
def _translated(spec: CameraSpec) -> Iterator[None]:
    """Httpx's errors as ours; their texts may hold the address with its password, ours do not."""
    try:
        yield
    except httpx.TimeoutException as error:
        kind = CameraFailed if isinstance(error, httpx.ConnectTimeout) else CameraSilent
        raise kind(f"{spec.place} does not answer in time") from None
    except httpx.LocalProtocolError:
        raise CameraFailed(f"{spec.place} cannot be asked for; check the address") from None
    except httpx.RemoteProtocolError as error:
        kind = CameraFailed if "without" in str(error) else CameraGarbled
        raise kind(f"{spec.place} broke off, or speaks no HTTP") from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
        raise CameraFailed(f"{spec.place} cannot be reached ({type(error).__name__})") from None
