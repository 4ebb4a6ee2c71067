"""Run as a camera's child process: a driver that does what the camera's address says."""

import os
import sys
import time
from multiprocessing.connection import Connection

from station.cameras.child import serve
from station.cameras.frame import Frame, of_pixels
from station.cameras.source import Reported
from station.errors import CameraFailed, FrameSpoiled
from tests.webcam import noisy, scene


class Driver:
    reported = Reported(exposure_ms=8.0, gain=2.0)

    def __init__(self, mood: str) -> None:
        self._mood = mood
        self._count = 0

    def skip(self) -> None:
        time.sleep(0.02)
        if self._mood == "pulled" and self._count:
            raise CameraFailed("gives no more pictures")

    def read(self, *, is_wanted: bool) -> Frame:
        self._count += 1
        if self._count > 2:
            self.misbehave()
        bgr = noisy(scene(160, 120), self._count)
        return of_pixels(bgr, at_s=time.monotonic(), is_wanted=is_wanted)

    def misbehave(self) -> None:
        match self._mood:
            case "hang":
                time.sleep(600)
            case "crash":
                os.abort()
            case "unplugged":
                raise CameraFailed("gives no more pictures")
            case "spoiled":
                raise FrameSpoiled("a packet was lost")

    def close(self) -> None:
        return


if __name__ == "__main__":
    line = Connection(int(sys.argv[1]))
    spec = line.recv()
    try:
        serve(Driver(spec.address), line)
    except CameraFailed as error:
        line.send(error)
    except (EOFError, OSError):
        pass
