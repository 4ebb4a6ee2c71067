"""The process in which a camera's driver runs: it may hang or fall over without taking the bench along.

Started by station/cameras/isolated.py with one end of a socket pair as its only argument. It says what
the camera reports, then answers each request with a frame or a StationError; between requests it lets
frames go by, so that none is old when it is asked for.
"""

import ctypes
import signal
import sys
from multiprocessing.connection import Connection
from typing import Protocol

from station.cameras.frame import Frame
from station.cameras.source import Reported
from station.cameras.spec import CameraSpec, Kind
from station.errors import CameraFailed, StationError

_PR_SET_PDEATHSIG = 1


class Driver(Protocol):
    """A camera whose calls may hang."""

    @property
    def reported(self) -> Reported | None:
        """What the camera says of its settings."""

    def skip(self) -> None:
        """Let one frame go by."""

    def read(self, *, is_wanted: bool) -> Frame:
        """The next frame, with its JPEG where it is wanted."""

    def close(self) -> None:
        """Let go of it."""


def open_driver(spec: CameraSpec) -> Driver:
    """The driver of a camera's kind. Raises CameraFailed."""
    # Each brings a library that the other does without.
    if spec.kind is Kind.GENICAM:
        from station.cameras.genicam import GenicamDriver  # noqa: PLC0415

        return GenicamDriver(spec)
    from station.cameras import opencv  # noqa: PLC0415

    return opencv.driver(spec)


def serve(driver: Driver, line: Connection) -> None:
    """Answer requests until the other end hangs up. A request says whether the JPEG is wanted."""
    line.send(driver.reported)
    while True:
        if not line.poll(0):
            driver.skip()
            continue
        is_wanted = line.recv()
        try:
            line.send(driver.read(is_wanted=is_wanted))
        except CameraFailed:
            raise
        except StationError as error:
            line.send(error)


def main() -> None:
    """Entry point of the process."""
    _die_with_the_station()
    line = Connection(int(sys.argv[1]))
    try:
        driver = open_driver(line.recv())
        try:
            serve(driver, line)
        finally:
            driver.close()
    except StationError as error:
        line.send(error)
    except (EOFError, OSError):
        pass  # nobody asks any more


def _die_with_the_station() -> None:
    """A driver that hangs would hold the device after the station was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
