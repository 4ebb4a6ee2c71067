"""Several processes behind one door: begun together, begun again when one dies, ended together."""

import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

import structlog

from server.errors import ServerError

YOUNG_S = 5.0
"""A process that dies younger than this died of its beginning."""
MOST_YOUNG_DEATHS = 5
"""In a row; then beginning once more would not help."""

log = structlog.get_logger(__name__)


class Family:
    """The parent's side."""

    def __init__(self, count: int, serve: Callable[[int], None]) -> None:
        """Begin nothing yet; `serve` is told its number, from 0, and must not need any thread of ours."""
        self._count = count
        self._serve = serve
        self._born: dict[int, tuple[int, float]] = {}
        self._ending = False
        self._young_deaths = 0
        self._read, self._write = os.pipe()

    def run(self) -> None:
        """Until SIGTERM or SIGINT, or until beginning again helps no more. Raises ServerError."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._end)
        for number in range(self._count):
            self._bear(number)
        while self._born:
            pid, status = os.wait()
            number, born_s = self._born.pop(pid)
            if not self._ending:
                self._replace(number, status, time.monotonic() - born_s)
        if self._young_deaths >= MOST_YOUNG_DEATHS:
            raise ServerError(
                "The server's processes die as they begin; the lines above say of what."
            )

    def _replace(self, number: int, status: int, age_s: float) -> None:
        self._young_deaths = self._young_deaths + 1 if age_s < YOUNG_S else 0
        code = os.waitstatus_to_exitcode(status)
        log.warning("process ended", process=number, code=code, age_s=round(age_s, 1))
        if self._young_deaths >= MOST_YOUNG_DEATHS:
            self._end(signal.SIGTERM, None)
        elif not self._ending:
            self._bear(number)

    def _bear(self, number: int) -> None:
        pid = os.fork()
        if pid:
            self._born[pid] = number, time.monotonic()
            return
        code = 1
        try:
            for name in (signal.SIGTERM, signal.SIGINT):
                signal.signal(name, signal.SIG_DFL)
            os.close(self._write)
            threading.Thread(target=self._follow_the_parent, daemon=True).start()
            self._serve(number)
            code = 0
        except Exception:
            log.exception("process failed", process=number)
        finally:
            os._exit(code)  # what the parent opened is the parent's to close

    def _follow_the_parent(self) -> None:
        os.read(self._read, 1)  # returns when the parent is gone, even by kill -9
        os.kill(os.getpid(), signal.SIGTERM)

    def _end(self, _: int, __: FrameType | None) -> None:
        self._ending = True
        for pid in self._born:
            os.kill(pid, signal.SIGTERM)
