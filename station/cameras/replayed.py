"""Cameras that are files: a folder of photos, again and again, or a film."""

import time
from itertools import cycle
from pathlib import Path
from threading import Event

import cv2
import numpy as np

from models.errors import PhotoUnreadable
from models.headers import JPEG, read_header
from models.vision.decode import decode, read
from station.cameras.frame import Frame, encoded, of_jpeg, of_pixels
from station.cameras.source import Reported, pace_s
from station.cameras.spec import CameraSpec
from station.errors import CameraFailed, FrameSpoiled

_PHOTOS = {".jpg", ".jpeg", ".png", ".webp"}
# What a file that does not say its rate is played at.
_FRAMES_PER_S = 25.0
_MAX_FRAMES_PER_S = 240.0


class FolderSource:
    """A folder's photos, sorted by name, one every `pace_s`, from the first again after the last."""

    reported: Reported | None = None

    def __init__(self, spec: CameraSpec) -> None:
        """Know where it is."""
        self._spec = spec
        self._next_s = 0.0

    def open(self) -> None:
        """List the folder. Raises CameraFailed where it holds no photo."""
        path = self._spec.path
        try:
            inside = sorted(path.iterdir())
        except OSError as error:
            raise CameraFailed(f"{path} cannot be read ({error.strerror})") from error
        photos = [one for one in inside if one.suffix.lower() in _PHOTOS]
        if not photos:
            raise CameraFailed(f"{path} holds no photo (.jpg, .png, .webp)")
        self._photos = cycle(photos)

    def read(self, wanted: Event) -> Frame:
        """The next photo once it is due."""
        wanted.wait(max(0.0, self._next_s - time.monotonic()))
        now_s = time.monotonic()
        self._next_s = now_s + pace_s(self._spec)
        try:
            return of_jpeg(_as_jpeg(next(self._photos)), at_s=now_s)
        except PhotoUnreadable as error:
            raise FrameSpoiled(str(error)) from error

    def interrupt(self) -> None:
        """So short a wait needs no waking."""

    def close(self) -> None:
        """Nothing is held."""


def _as_jpeg(path: Path) -> bytes:
    data = read(path)
    return data if read_header(data).media_type == JPEG else encoded(decode(data).bgr)


class VideoSource:
    """A film at its own speed, from the beginning again after its end."""

    reported: Reported | None = None

    def __init__(self, spec: CameraSpec) -> None:
        """Know where it is."""
        self._spec = spec
        self._capture = cv2.VideoCapture()

    def open(self) -> None:
        """Open the file. Raises CameraFailed."""
        path = self._spec.path
        if not path.is_file():
            raise CameraFailed(f"there is no file {path}")
        if not self._capture.open(str(path)):
            raise CameraFailed(f"{path} is no film that can be played")
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self._every_s = 1 / (rate if 0 < rate <= _MAX_FRAMES_PER_S else _FRAMES_PER_S)
        self._next_s = time.monotonic()

    def read(self, wanted: Event) -> Frame:
        """The frame that is due, having passed over those before it."""
        pace = pace_s(self._spec)
        wanted.wait(max(0.0, self._next_s + pace - time.monotonic()))
        now_s = time.monotonic()
        for _ in range(min(int((now_s - self._next_s) / self._every_s), int(pace / self._every_s))):
            self._capture.grab()
        self._next_s = now_s
        return of_pixels(self._pixels(), at_s=now_s, is_wanted=wanted.is_set())

    def _pixels(self) -> np.ndarray:
        found, bgr = self._capture.read()
        if not found:
            self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
            found, bgr = self._capture.read()
        if not found:
            raise CameraFailed(f"{self._spec.path} holds no picture that can be played")
        return np.asarray(bgr, np.uint8)

    def interrupt(self) -> None:
        """So short a wait needs no waking."""

    def close(self) -> None:
        """Close the file."""
        self._capture.release()
