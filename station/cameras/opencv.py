"""USB cameras through V4L2 and network streams through FFmpeg, both as OpenCV drives them.

These drivers may hang or fall over when a cable is pulled, so they run in a process of their own
(station/cameras/isolated.py).
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np

from models.errors import PhotoUnreadable
from station.cameras.frame import Frame, of_jpeg, of_pixels
from station.cameras.source import Reported
from station.cameras.spec import CameraSpec, Kind
from station.errors import CameraFailed, FrameSpoiled

Capture = Any
"""cv2.VideoCapture, or what behaves like it."""
_MJPG = cv2.VideoWriter.fourcc(*"MJPG")
# V4L2's V4L2_EXPOSURE_MANUAL; OpenCV passes the value through (modules/videoio/src/cap_v4l.cpp).
_MANUAL = 1
# V4L2_CID_EXPOSURE_ABSOLUTE counts in 100 µs.
_PER_MS = 10.0


def opened(spec: CameraSpec) -> Capture:
    """Open the device or stream. Raises CameraFailed."""
    patience_ms = int(spec.stall_s * 1000)
    if spec.kind is Kind.USB:
        device = int(spec.address) if spec.address.isdecimal() else spec.address
        capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
    else:
        timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, patience_ms]
        timeouts += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, patience_ms]
        capture = cv2.VideoCapture(spec.address, cv2.CAP_FFMPEG, timeouts)
    if not capture.isOpened():
        capture.release()
        raise CameraFailed(f"{spec.place} cannot be opened; check its cable, power and address")
    return capture


class OpenCvDriver:
    """Frames from one cv2.VideoCapture, a USB camera's own JPEGs untouched where it makes them."""

    def __init__(self, spec: CameraSpec, capture: Capture) -> None:
        """Set the camera as declared."""
        self._spec = spec
        self._capture = capture
        self._gives_jpeg = spec.kind is Kind.USB and self._ask_for_jpeg()
        if spec.kind is Kind.USB:
            for name, value in _settings(spec):
                capture.set(name, value)

    def _ask_for_jpeg(self) -> bool:
        """Raw pictures of 12 megapixels do not fit through USB; nor would a second encoding help."""
        set_ = self._capture.set
        set_(cv2.CAP_PROP_FOURCC, _MJPG)
        if self._spec.size:
            set_(cv2.CAP_PROP_FRAME_WIDTH, self._spec.size[0])
            set_(cv2.CAP_PROP_FRAME_HEIGHT, self._spec.size[1])
        # One picture waits, not four: what is photographed is what lies there now.
        set_(cv2.CAP_PROP_BUFFERSIZE, 1)
        if int(self._capture.get(cv2.CAP_PROP_FOURCC)) != _MJPG:
            return False
        return bool(set_(cv2.CAP_PROP_CONVERT_RGB, 0))

    @property
    def reported(self) -> Reported | None:
        """What the camera says of its settings; a stream says nothing."""
        if self._spec.kind is not Kind.USB:
            return None
        get = self._said
        exposure = get(cv2.CAP_PROP_EXPOSURE)
        return Reported(
            exposure_ms=None if exposure is None else exposure / _PER_MS,
            gain=get(cv2.CAP_PROP_GAIN),
            white_balance_k=get(cv2.CAP_PROP_WB_TEMPERATURE),
            focus=get(cv2.CAP_PROP_FOCUS),
        )

    def _said(self, name: int) -> float | None:
        value = float(self._capture.get(name))
        # -1 is OpenCV's answer for what a camera does not have.
        return None if value < 0 else value

    def skip(self) -> None:
        """Let a frame go by, so that the next one is new. Raises CameraFailed."""
        if not self._capture.grab():
            raise CameraFailed(f"{self._spec.place} gives no more pictures")

    def read(self, *, is_wanted: bool) -> Frame:
        """The next frame. Raises FrameSpoiled or CameraFailed."""
        found, pixels = self._capture.read()
        at_s = time.monotonic()
        if not found or pixels is None:
            raise CameraFailed(f"{self._spec.place} gives no more pictures")
        if self._gives_jpeg:
            return _own_jpeg(np.asarray(pixels, np.uint8), at_s)
        return of_pixels(np.asarray(pixels, np.uint8), at_s=at_s, is_wanted=is_wanted)

    def close(self) -> None:
        """Let go of the device."""
        self._capture.release()


def _own_jpeg(pixels: np.ndarray, at_s: float) -> Frame:
    try:
        return of_jpeg(pixels.tobytes(), at_s=at_s)
    except PhotoUnreadable as error:
        raise FrameSpoiled(str(error)) from error


def _settings(spec: CameraSpec) -> Iterator[tuple[int, float]]:
    """What to set, in order: a value counts only once the camera no longer chooses it."""
    if spec.exposure_ms is not None:
        yield cv2.CAP_PROP_AUTO_EXPOSURE, _MANUAL
        yield cv2.CAP_PROP_EXPOSURE, spec.exposure_ms * _PER_MS
    if spec.gain is not None:
        yield cv2.CAP_PROP_GAIN, spec.gain
    if spec.white_balance_k is not None:
        yield cv2.CAP_PROP_AUTO_WB, 0
        yield cv2.CAP_PROP_WB_TEMPERATURE, spec.white_balance_k
    if spec.focus is not None:
        yield cv2.CAP_PROP_AUTOFOCUS, 0
        yield cv2.CAP_PROP_FOCUS, spec.focus


def driver(
    spec: CameraSpec, open_capture: Callable[[CameraSpec], Capture] = opened
) -> OpenCvDriver:
    """Open a camera and set it. Raises CameraFailed."""
    return OpenCvDriver(spec, open_capture(spec))
