"""GenICam cameras (GigE Vision, USB3 Vision) through harvesters and their maker's GenTL producer."""

import contextlib
import importlib
import time
from importlib.util import find_spec
from typing import Any

import cv2
import numpy as np

from station.cameras.frame import Bgr, Frame, of_pixels
from station.cameras.source import Reported
from station.cameras.spec import CameraSpec
from station.errors import CameraFailed, CameraSilent, DriverMissing, FrameSpoiled

# PFNC names of 8-bit formats (GenICam Pixel Format Naming Convention 2.4) and what makes them BGR.
# OpenCV names a Bayer pattern by its second row, GenICam by its first: RG is OpenCV's BG.
_TO_BGR = {
    "Mono8": cv2.COLOR_GRAY2BGR,
    "BayerRG8": cv2.COLOR_BayerBG2BGR,
    "BayerBG8": cv2.COLOR_BayerRG2BGR,
    "BayerGR8": cv2.COLOR_BayerGB2BGR,
    "BayerGB8": cv2.COLOR_BayerGR2BGR,
    "RGB8": cv2.COLOR_RGB2BGR,
    "BGR8": None,
}
_US_PER_MS = 1000.0


def check_installed() -> None:
    """Raises DriverMissing, saying how to get harvesters."""
    if find_spec("harvesters") is None:
        raise DriverMissing(
            "cameras of kind genicam need harvesters: pip install -c constraints.txt -e '.[station,genicam]'"
        )


class GenicamDriver:
    """Frames from one camera behind a GenTL producer; `address` is FILE.cti#SERIAL."""

    def __init__(self, spec: CameraSpec) -> None:
        """Open and set the camera. Raises DriverMissing or CameraFailed."""
        check_installed()
        core = importlib.import_module("harvesters.core")
        self._spec = spec
        self._harvester = core.Harvester()
        self._acquirer: Any = None
        try:
            self._open()
        except Exception as error:
            # A producer raises whatever its maker thought of.
            self.close()
            raise CameraFailed(f"{spec.place} cannot be opened ({_words(error)})") from error

    def _open(self) -> None:
        producer, _, serial = self._spec.address.partition("#")
        self._harvester.add_file(producer, check_existence=True)
        self._harvester.update()
        self._acquirer = self._harvester.create({"serial_number": serial} if serial else 0)
        self._set()
        self._acquirer.start()

    def _set(self) -> None:
        """What is declared, by the names of the Standard Features Naming Convention (SFNC 2.7)."""
        spec = self._spec
        if spec.size:
            self._put(Width=spec.size[0], Height=spec.size[1])
        if spec.exposure_ms is not None:
            self._put(ExposureAuto="Off", ExposureTime=spec.exposure_ms * _US_PER_MS)
        if spec.gain is not None:
            self._put(GainAuto="Off", Gain=spec.gain)
        if spec.white_balance_k is not None:
            self._put(BalanceWhiteAuto="Off", BalanceWhiteTemperature=spec.white_balance_k)
        if spec.focus is not None:
            self._put(FocusAuto="Off", FocusStepper=spec.focus)

    def _put(self, **features: float | str) -> None:
        for name, value in features.items():
            node = self._node(name)
            if node is not None:
                node.value = value

    def _node(self, name: str) -> Any:  # noqa: ANN401 - a node of whatever type the camera says
        """A feature, or none where the camera lacks it: names differ from maker to maker."""
        with contextlib.suppress(Exception):
            return getattr(self._acquirer.remote_device.node_map, name)
        return None

    def _said(self, name: str) -> float | None:
        with contextlib.suppress(Exception):
            return float(self._node(name).value)
        return None

    @property
    def reported(self) -> Reported | None:
        """What the camera says of its settings."""
        exposure_us = self._said("ExposureTime")
        return Reported(
            exposure_ms=None if exposure_us is None else exposure_us / _US_PER_MS,
            gain=self._said("Gain"),
            white_balance_k=self._said("BalanceWhiteTemperature"),
            focus=self._said("FocusStepper"),
        )

    def skip(self) -> None:
        """Give the next buffer back unread."""
        with self._fetched():
            pass

    def read(self, *, is_wanted: bool) -> Frame:
        """The next frame. Raises CameraSilent, FrameSpoiled or CameraFailed."""
        with self._fetched() as buffer:
            part = buffer.payload.components[0]
            bgr = to_bgr(part.data, part.data_format, part.width, part.height)
            return of_pixels(bgr, at_s=time.monotonic(), is_wanted=is_wanted)

    @contextlib.contextmanager
    def _fetched(self) -> Any:  # noqa: ANN401 - harvesters' own buffer
        begun_s = time.monotonic()
        try:
            buffer = self._acquirer.try_fetch(timeout=self._spec.stall_s)
        except Exception as error:
            raise CameraFailed(f"{self._spec.place} broke off ({_words(error)})") from error
        if buffer is None:
            if time.monotonic() - begun_s < self._spec.stall_s:
                raise FrameSpoiled(
                    "packets of a picture were lost; check the network's jumbo frames"
                )
            raise CameraSilent("no whole picture came in time")
        with buffer:
            yield buffer

    def close(self) -> None:
        """Let go of the camera, so that another program may have it."""
        with contextlib.suppress(Exception):
            if self._acquirer is not None:
                self._acquirer.destroy()
        with contextlib.suppress(Exception):
            self._harvester.reset()


def to_bgr(data: Any, pixel_format: str, width: int, height: int) -> Bgr:  # noqa: ANN401 - any array
    """A component's bytes as BGR. Raises CameraFailed for formats of other than 8 bits."""
    if pixel_format not in _TO_BGR:
        known = ", ".join(_TO_BGR)
        raise CameraFailed(f"its PixelFormat is {pixel_format}; set one of {known}")
    channels = 3 if pixel_format in {"RGB8", "BGR8"} else 1
    pixels = np.asarray(data, np.uint8).reshape(height, width, channels)
    code = _TO_BGR[pixel_format]
    # The driver takes its buffer back after the frame.
    return pixels.copy() if code is None else np.asarray(cv2.cvtColor(pixels, code), np.uint8)


def _words(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
