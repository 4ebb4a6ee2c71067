"""The photos of one item: taken, put through the gate, and asked about where the gate refuses one."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import cv2
import numpy as np
import structlog

from models.errors import PhotoUnreadable
from models.grading.standard import load
from models.vision.picture import Bgr
from models.vision.quality import Circumstances
from models.vocabulary import Fault, Part, Shot
from station.board import Board, Captured, Choice, Controls, Phase, Refusal, Step
from station.camera import Camera, Taken
from station.errors import StationError
from station.examine import Capture, capture, refuse_repeat
from station.replay import SampleReturn

# Who is refused twice has tried; from then on a person decides, and looks at the item.
INSIST_AFTER = 2

log = structlog.get_logger()


def choices_after(refusals: int, *, has_photo: bool) -> tuple[Choice, ...]:
    """What may be answered to the so-many-th refusal of one shot."""
    insists = (Choice.INSIST,) if has_photo and refusals >= INSIST_AFTER else ()
    return (Choice.RETAKE, *insists, Choice.SKIP)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Try:
    """What one try to take one shot gave."""

    taken: Taken | None
    """What the camera gave; none where it gave nothing."""
    capture: Capture | None
    """What could be decoded of it."""
    words: str = ""
    """Why there is none."""

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is wrong with it; empty when it is good."""
        return self.capture.photo.faults if self.capture else (Fault.UNREADABLE,)


class Photographer:
    """Takes an item's shots one after the other, and tells the board each step."""

    def __init__(
        self,
        *,
        sides_px: Collection[int],
        board: Board,
        controls: Controls | None,
        now: Callable[[], datetime],
    ) -> None:
        """Photos are kept at `sides_px`; without `controls` nobody is asked, and a shot is tried once."""
        self._sides_px = sides_px
        self._board = board
        self._controls = controls
        self._now = now

    def photograph(self, sample: SampleReturn, camera: Camera) -> list[Capture]:
        """All photos that could be taken; raises StationError where the station ends meanwhile.

        One that is missing or refused leaves its shot not seen, unless somebody insisted on it.
        """
        captures: list[Capture] = []
        expected = load(sample.category).expected_parts
        for wanted in sample.photos:
            kept = self._shoot(wanted.shot, camera, captures, expected.get(wanted.shot, ()))
            if kept.capture:
                captures.append(kept.capture)
            else:
                log.warning(
                    "photo_left_out", return_code=sample.code, shot=wanted.shot, why=kept.words
                )
        return captures

    def _shoot(
        self, shot: Shot, camera: Camera, before: Sequence[Capture], parts: Collection[Part]
    ) -> _Try:
        """Until it is good, or somebody decides otherwise."""
        place = len(self._board.scene.captured)
        refusals = 0
        while True:
            tried = self._try(shot, camera, before, parts)
            self._show(shot, tried, place)
            if not tried.faults or self._controls is None or not camera.can_retake(shot):
                return tried
            refusals += 1
            choice = self._ask(self._controls, shot, tried, refusals)
            if choice is Choice.SKIP:
                return tried
            if choice is Choice.INSIST and tried.taken:
                return self._examined(tried.taken, shot, before, parts, insisted=True)

    def _try(
        self, shot: Shot, camera: Camera, before: Sequence[Capture], parts: Collection[Part]
    ) -> _Try:
        self._board.change(step=Step.CAPTURE)
        try:
            taken = camera.take(shot)
        except PhotoUnreadable as error:
            return _Try(taken=None, capture=None, words=str(error))
        self._board.change(step=Step.GATE)
        tried = self._examined(taken, shot, before, parts)
        if tried.capture:
            camera.note(shot, tried.capture.drift)
        return tried

    def _examined(
        self,
        taken: Taken,
        shot: Shot,
        before: Sequence[Capture],
        parts: Collection[Part],
        *,
        insisted: bool = False,
    ) -> _Try:
        try:
            made = capture(
                taken.data,
                shot,
                taken_at=self._now(),
                sides_px=self._sides_px,
                expects=parts,
                insisted=insisted,
                known=circumstances(taken, shot, before),
                setup=taken.setup,
            )
            refuse_repeat(made, before)
        except PhotoUnreadable as error:
            return _Try(taken=taken, capture=None, words=str(error))
        return _Try(taken=taken, capture=made)

    def _ask(self, controls: Controls, shot: Shot, tried: _Try, refusals: int) -> Choice:
        choices = choices_after(refusals, has_photo=tried.capture is not None)
        refusal = Refusal(shot=shot, faults=tried.faults, words=tried.words, choices=choices)
        self._board.change(phase=Phase.ASKING, refusal=refusal)
        choice = controls.ask(choices)
        self._board.change(phase=Phase.WORKING, refusal=None)
        if choice is None:
            raise StationError(
                "The station ended while it asked about a photo; the item is done again."
            )
        log.info("photo_refused", shot=shot, faults=tried.faults, choice=choice)
        return choice

    def _show(self, shot: Shot, tried: _Try, place: int) -> None:
        made = tried.capture
        if made:
            self._board.add_photo(made.photo.sha256, made.data)
        shown = Captured(
            shot=shot,
            sha256=made.photo.sha256 if made else None,
            faults=made.photo.faults if made else (),
        )
        self._board.change(captured=(*self._board.scene.captured[:place], shown))


def circumstances(taken: Taken, shot: Shot, before: Sequence[Capture]) -> Circumstances:
    """What is known of a photo beside its pixels: of a file, nothing."""
    if taken.setup is None:
        return Circumstances()
    name = taken.setup.name
    others = [
        _pixels(other.thumbnail)
        for other in before
        if other.photo.camera and other.photo.camera.name == name and other.photo.shot is not shot
    ]
    return Circumstances(
        reference=taken.reference, moved_share=taken.moved_share, others=tuple(others)
    )


def _pixels(jpeg: bytes) -> Bgr:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)
