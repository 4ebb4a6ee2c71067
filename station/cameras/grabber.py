"""One thread a camera: opens it, processes its frames, and opens it again for ever."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace

import structlog

from models.errors import PhotoUnreadable
from station.cameras import watch as watching
from station.cameras.frame import Frame
from station.cameras.look import look_at
from station.cameras.source import Reported, Source
from station.cameras.spec import CameraSpec, Kind
from station.cameras.watch import Limits, State, Watch
from station.errors import CameraFailed, CameraGarbled, CameraSilent, FrameSpoiled

_TROUBLES = {CameraSilent: State.STALLED, CameraGarbled: State.GARBAGE}
# Rubbish as fast as a network carries it must not take a core.
_AFTER_RUBBISH_S = 0.02

Make = Callable[[CameraSpec], Source]
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """What people and programs may know of a camera at one moment."""

    spec: CameraSpec
    """How it is declared."""
    state: State
    """What it is doing."""
    watch: Watch
    """All that was counted."""
    quiet_s: float | None
    """How old its newest good frame is; none before the first."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pair:
    """The frame that is the photo, and the one before it."""

    frame: Frame
    """Has its JPEG."""
    before: Frame | None
    """Taken after the photo was asked for, too; none where there was no time for two."""


def limits_of(spec: CameraSpec) -> Limits:
    """What a declared camera is allowed; files may show the same picture for ever."""
    is_file = spec.kind in {Kind.FOLDER, Kind.VIDEO}
    return Limits(
        stall_s=spec.stall_s,
        frozen_s=0 if is_file else spec.frozen_s,
        size=spec.size,
        any_size=spec.kind is Kind.FOLDER,
    )


class Grabber:
    """Keeps one camera alive, and its newest good frame at hand."""

    def __init__(
        self,
        spec: CameraSpec,
        make_source: Make,
        *,
        limits: Limits | None = None,
        clock_s: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Watch the camera that `make_source` makes; nothing happens before `start`."""
        self.spec = spec
        self._make = make_source
        self._limits = limits or limits_of(spec)
        self._clock_s = clock_s
        self._chance = chance
        self._changed = threading.Condition()
        self._wanted = threading.Event()
        self._stop = threading.Event()
        self._askers = 0
        self._watch = Watch(begun_s=clock_s())
        self._source: Source | None = None
        self._seen: Frame | None = None
        self._good: Frame | None = None
        self._reported: Reported | None = None
        self._thread = threading.Thread(target=self._run, name=f"camera-{spec.name}", daemon=True)

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def stop(self) -> None:
        """Tell it to end; `join` waits."""
        self._stop.set()
        self._wanted.set()
        with self._changed:
            source = self._source
            self._changed.notify_all()
        if source is not None:
            source.interrupt()

    def join(self, patience_s: float) -> bool:
        """Wait for its end; whether it has ended."""
        if self._thread.ident is not None:
            self._thread.join(patience_s)
        return not self._thread.is_alive()

    def status(self) -> Status:
        """Its state now, whatever its thread is doing."""
        with self._changed:
            watch, now_s = self._watch, self._clock_s()
        state = watching.state_at(watch, self._limits, now_s)
        quiet_s = None if watch.good_s is None else max(0.0, now_s - watch.good_s)
        return Status(spec=self.spec, state=state, watch=watch, quiet_s=quiet_s)

    def latest(self) -> Frame | None:
        """Its newest good frame, as old as `pace_s` at most; no copy is made."""
        with self._changed:
            return self._good

    @property
    def reported(self) -> Reported | None:
        """What the camera said of its settings when it was opened last."""
        with self._changed:
            return self._reported

    def capture(self, patience_s: float | None = None) -> Pair:
        """A good frame whose first bytes came after this call, and the one before it.

        Waits at most `patience_s` seconds, by default as long as the camera may be silent, and a
        second more. Raises PhotoUnreadable where none came.
        """
        asked_s = self._clock_s() + self.spec.delay_s
        end_s = asked_s + (self.spec.stall_s + 1 if patience_s is None else patience_s)
        with self._changed:
            self._want(1)
            try:
                return self._two_frames_after(asked_s, end_s)
            finally:
                self._want(-1)

    def _want(self, more: int) -> None:
        self._askers += more
        if self._askers:
            self._wanted.set()
        elif not self._stop.is_set():
            self._wanted.clear()

    def _two_frames_after(self, asked_s: float, end_s: float) -> Pair:
        first: Frame | None = None
        while not self._stop.is_set():
            newest = self._good
            if newest is not None and newest.jpeg and newest.at_s >= asked_s:
                if first is not None and newest is not first:
                    return Pair(frame=newest, before=first)
                first = first or newest
            left_s = end_s - self._clock_s()
            if left_s <= 0:
                break
            self._changed.wait(left_s)
        if first is not None:
            return Pair(frame=first, before=None)
        raise PhotoUnreadable(f"camera {self.spec.name} gave no picture in time")

    def _run(self) -> None:
        while not self._stop.is_set():
            self._change(watching.trying(self._watch))
            try:
                self._follow()
            except CameraFailed as error:
                self._fail(_TROUBLES.get(type(error), State.UNREACHABLE), str(error))
            except Exception as error:
                # The edge of the camera's thread: whatever it is, the next try may go better.
                log.exception("camera_failed", camera=self.spec.name)
                self._fail(State.UNREACHABLE, f"{type(error).__name__}: {error}")
            self._stop.wait(watching.pause_s(self._watch, self._limits, self._chance()))

    def _follow(self) -> None:
        """Open the camera and process frames until nothing good comes any more."""
        with closing(self._make(self.spec)) as source:
            with self._changed:
                self._source = source
            try:
                if not self._stop.is_set():
                    source.open()
                    self._read_on(source)
            finally:
                with self._changed:
                    self._source = None

    def _read_on(self, source: Source) -> None:
        with self._changed:
            self._reported = source.reported
        self._change(watching.opened(self._watch, self._clock_s()))
        while not (self._stop.is_set() or self._is_hopeless()):
            self._process(source)
        self._change(watching.given_up(self._watch, self._limits, self._clock_s()))

    def _is_hopeless(self) -> bool:
        return watching.is_hopeless(self._watch, self._limits, self._clock_s())

    def _process(self, source: Source) -> None:
        try:
            frame = source.read(self._wanted)
        except FrameSpoiled as error:
            self._change(watching.spoiled(self._watch, str(error), self._clock_s()))
            self._stop.wait(_AFTER_RUBBISH_S)
            return
        frame = replace(frame, number=self._watch.frames + 1)
        look = look_at(frame, self._seen)
        self._seen = frame
        watch = watching.saw(self._watch, look, self._limits, self._clock_s())
        self._change(watch, good=frame if watch.trouble is None else None)

    def _fail(self, trouble: State, words: str) -> None:
        if not self._stop.is_set():
            self._change(watching.failed(self._watch, trouble, words, self._clock_s()))

    def _change(self, watch: Watch, good: Frame | None = None) -> None:
        before = watching.state_at(self._watch, self._limits, self._clock_s())
        after = watching.state_at(watch, self._limits, self._clock_s())
        if before is not after:
            log.info("camera", camera=self.spec.name, state=after.value, words=watch.words)
        with self._changed:
            self._watch = watch
            if good is not None:
                self._good = good
            self._changed.notify_all()
