"""What the screen shows and what its keys ask for: shared by the bench's thread and the page's."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from models.records import Inspection
from models.vocabulary import Fault, Shot
from station.replay import SampleReturn


class Step(StrEnum):
    """What happens to an item, in order."""

    SCAN = "scan"
    CAPTURE = "capture"
    GATE = "gate"
    DETECT = "detect"
    GRADE = "grade"
    OUTBOX = "outbox"


class Phase(StrEnum):
    """What the bench is doing."""

    IDLE = "idle"
    WORKING = "working"
    ASKING = "asking"
    ACCEPTED = "accepted"
    ALL_DONE = "all_done"
    DISK_FULL = "disk_full"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Captured:
    """One view of the item as the camera gave it."""

    shot: Shot
    """The view."""
    sha256: str | None
    """The photo's hash; none where the camera gave nothing or nothing readable."""
    faults: tuple[Fault, ...] = ()
    """Why the gate refused it."""


class Choice(StrEnum):
    """What somebody may answer to a refused photo."""

    RETAKE = "retake"
    INSIST = "insist"
    SKIP = "skip"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A photo that the gate refused, or that a camera did not give, and what may be done."""

    shot: Shot
    """The view that is wanted."""
    faults: tuple[Fault, ...]
    """What is wrong with it."""
    words: str = ""
    """Why there is none, in the camera's own words."""
    choices: tuple[Choice, ...]
    """What may be answered now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Everything about the current item that a screen can show."""

    phase: Phase = Phase.IDLE
    """What the bench is doing."""
    step: Step | None = None
    """The step under way."""
    sample: SampleReturn | None = None
    """The item that was scanned."""
    captured: tuple[Captured, ...] = ()
    """Its photos so far."""
    inspection: Inspection | None = None
    """What was made of them."""
    place: int = 0
    """Where the item stands in the replay, counted from 1."""
    total: int = 0
    """How many items the replay has."""
    words: str = ""
    """What went wrong, in the failing part's own words."""
    refusal: Refusal | None = None
    """What the bench asks about a photo."""


class Board:
    """The newest scene, with the bytes of its photos: on disk they are only once accepted."""

    def __init__(self, scene: Scene | None = None) -> None:
        self._guard = threading.Lock()
        self._scene = scene or Scene()
        self._files: Mapping[str, bytes] = {}

    def show(self, scene: Scene, files: Mapping[str, bytes] | None = None) -> None:
        """Replace the scene, and the photos where they are given."""
        with self._guard:
            self._scene = scene
            self._files = self._files if files is None else dict(files)

    def change(self, **said: Any) -> None:  # noqa: ANN401 - whatever the scene's fields take
        """Replace some facts of the scene."""
        self.show(replace(self.scene, **said))

    def add_photo(self, sha256: str, data: bytes) -> None:
        """One more photo of the current item."""
        with self._guard:
            self._files = {**self._files, sha256: data}

    @property
    def scene(self) -> Scene:
        """What is shown now."""
        with self._guard:
            return self._scene

    def photo(self, sha256: str) -> bytes | None:
        """A photo or thumbnail of the current item."""
        with self._guard:
            return self._files.get(sha256)


class Controls:
    """What people asked for with the page's keys, and the bench's way of waiting for it."""

    def __init__(self, *, rounds: int) -> None:
        self._changed = threading.Condition()
        self._rounds = rounds
        self._paused = False
        self._next = False
        self._stopped = False
        self._choices: tuple[Choice, ...] = ()
        self._answer: Choice | None = None

    @property
    def rounds(self) -> int:
        """How many rounds are asked for; 0 means without end."""
        return self._rounds

    @property
    def paused(self) -> bool:
        """Whether the bench waits after the current item."""
        return self._paused

    @property
    def stopped(self) -> bool:
        """Whether the process is about to end."""
        return self._stopped

    def pause_or_resume(self) -> None:
        """Stay with the current item, or go on."""
        with self._changed:
            self._paused = not self._paused
            self._changed.notify_all()

    def next_now(self) -> None:
        """Do not wait any longer; a paused bench does one item and waits again."""
        with self._changed:
            self._next = True
            self._changed.notify_all()

    def again(self, newest_round: int) -> None:
        """Replay once more after the round that is the newest now; asking twice changes nothing."""
        with self._changed:
            self._rounds = self._rounds and max(self._rounds, newest_round + 1)
            self._changed.notify_all()

    def stop(self) -> None:
        """Wake whoever waits, for the last time."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def rest(self, seconds: float) -> None:
        """Return after so many seconds, or while paused never; at once on `next_now` or `stop`."""
        end_s = time.monotonic() + seconds
        with self._changed:
            while not (self._stopped or self._next):
                left_s = None if self._paused else end_s - time.monotonic()
                if left_s is not None and left_s <= 0:
                    break
                self._changed.wait(left_s)
            self._next = False

    def ask(self, choices: tuple[Choice, ...]) -> Choice | None:
        """Wait until somebody answers with one of the choices; none where the process ends first."""
        with self._changed:
            self._choices, self._answer = choices, None
            while not (self._stopped or self._answer):
                self._changed.wait()
            self._choices = ()
            return self._answer

    def answer(self, choice: Choice) -> bool:
        """Answer what is asked now; whether it was: a key pressed too early or too late does nothing."""
        with self._changed:
            is_asked = choice in self._choices and self._answer is None
            if is_asked:
                self._answer = choice
                self._changed.notify_all()
            return is_asked

    def wait_for_more(self, rounds: int) -> None:
        """Return when more than `rounds` are asked for, or on `stop`."""
        with self._changed:
            while not self._stopped and self._rounds <= rounds:
                self._changed.wait()
            self._next = False
