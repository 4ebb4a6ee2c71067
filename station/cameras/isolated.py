"""A camera whose driver runs in a process of its own, where it can be ended whatever it is doing."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from multiprocessing.connection import Connection
from threading import Event
from typing import Any

from station.cameras.frame import Frame
from station.cameras.source import Reported, pace_s
from station.cameras.spec import CameraSpec
from station.errors import CameraFailed, CameraSilent, StationError

# Python, numpy and OpenCV have to be loaded first; on a busy small machine that takes a while.
_START_S = 20.0
_END_S = 1.0
# FFmpeg's complaints about each lost packet would fill the station's log; the state tells.
_QUIET = {"OPENCV_FFMPEG_LOGLEVEL": "-8", "OPENCV_LOG_LEVEL": "ERROR"}
_CHILD = (sys.executable, "-P", "-m", "station.cameras.child")


class IsolatedSource:
    """Frames from a child process; its death is this camera's trouble and nobody else's."""

    def __init__(self, spec: CameraSpec, command: tuple[str, ...] = _CHILD) -> None:
        """Know which camera, and what program drives it."""
        self._spec = spec
        self._command = command
        self._next_s = 0.0
        self._child: subprocess.Popen[bytes] | None = None
        self._door, self._theirs = socket.socketpair()
        self._line = Connection(os.dup(self._door.fileno()))
        self.reported: Reported | None = None

    def open(self) -> None:
        """Start the child and open the camera there. Raises CameraFailed."""
        with self._theirs as theirs:
            # The declaration goes through the socket: others may list a process's arguments.
            self._child = subprocess.Popen(  # noqa: S603 - this very program
                [*self._command, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=os.environ | _QUIET,
            )
        reported = self._ask(self._spec, _START_S + self._spec.stall_s)
        self.reported = reported if isinstance(reported, Reported) else None

    def read(self, wanted: Event) -> Frame:
        """The next frame that is due."""
        wanted.wait(max(0.0, self._next_s - time.monotonic()))
        self._next_s = time.monotonic() + pace_s(self._spec)
        frame = self._ask(wanted.is_set(), self._spec.stall_s)
        if not isinstance(frame, Frame):
            raise CameraFailed("its driver answered something else than a frame")
        return frame

    def _ask(self, request: object, patience_s: float) -> Any:  # noqa: ANN401 - what was asked for
        # A driver that failed between two requests has said why and gone.
        with contextlib.suppress(OSError):
            self._line.send(request)
        try:
            if not self._line.poll(patience_s):
                raise CameraSilent("its driver does not answer in time")
            answer = self._line.recv()
        except (EOFError, OSError) as error:
            raise CameraFailed("its driver ended unexpectedly") from error
        if isinstance(answer, StationError):
            raise answer
        return answer

    def interrupt(self) -> None:
        """Hang up: whoever waits for an answer is told that none comes."""
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End the child: politely, so that the driver lets go of the device, then not."""
        self.interrupt()
        for end in (self._door, self._theirs, self._line):
            end.close()
        if self._child is None:
            return
        try:
            self._child.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
