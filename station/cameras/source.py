"""What every source of frames can do, and the settings that a camera reports."""

from dataclasses import dataclass
from threading import Event
from typing import Protocol

from station.cameras.frame import Frame
from station.cameras.spec import CameraSpec

# Frames are judged at most so often while nobody wants a photo: a frame of 12 megapixels takes 65 ms
# of a core to judge, and a camera gives up to thirty a second.
_PACE_S = 0.4


@dataclass(frozen=True, kw_only=True, slots=True)
class Reported:
    """What a camera says of itself; none for what it does not say."""

    exposure_ms: float | None = None
    """Exposure time in milliseconds."""
    gain: float | None = None
    """Gain in its own unit."""
    white_balance_k: float | None = None
    """White balance in kelvin."""
    focus: float | None = None
    """Position of its lens in its own unit."""


class Source(Protocol):
    """One camera, from `open` to `close`."""

    reported: Reported | None
    """What the camera says of its settings; none where it cannot say anything."""

    def open(self) -> None:
        """Reach the camera, once. Raises CameraFailed."""

    def read(self, wanted: Event) -> Frame:
        """The next frame, at most every `pace_s` unless `wanted` is set; then with its JPEG.

        Returns or raises within about twice the camera's `stall_s`. Raises FrameSpoiled for one bad
        frame, after which reading may go on, and CameraFailed.
        """

    def interrupt(self) -> None:
        """Wake who opens or reads; called from another thread, any number of times."""

    def close(self) -> None:
        """Let go of the device, the socket, the process, as far as there is one."""


def pace_s(spec: CameraSpec) -> float:
    """At most so often, in seconds, a camera's frames are judged while nobody wants a photo."""
    return min(_PACE_S, spec.stall_s / 4)
