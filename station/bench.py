"""The steps for one item: scan → capture → gate → detect → grade → outbox, and their replay."""

import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog

from models.errors import SecondlookError
from models.grading.policy import Policy
from models.grading.standard import load
from models.records import Inspection
from models.vision.sight import Sight
from station.board import Board, Controls, Phase, Scene, Step
from station.camera import Camera, FolderCamera
from station.cameras.rig import Rig, WithFiles
from station.errors import DiskNearlyFull
from station.examine import Examined, conclude
from station.outbox import Outbox
from station.photographer import Photographer
from station.replay import SampleReturn, Turn, next_turn
from station.scanner import REPEAT_S, Scanner

# After trouble the same item is tried again, as nobody may be near to press a key.
RETRY_S = 5.0

log = structlog.get_logger()


def utc_now() -> datetime:
    """The station's clock."""
    return datetime.now(UTC)


class Bench:
    """Takes one item at a time from its scan to the outbox, and tells the board each step."""

    def __init__(
        self,
        *,
        station: str,
        sight: Sight,
        policy: Policy,
        outbox: Outbox,
        board: Board,
        controls: Controls | None = None,
        now: Callable[[], datetime] = utc_now,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Work as `station`, looking through `sight` and judging by `policy`.

        `controls` answer what to do about a refused photo; without them nobody is asked.
        """
        self._station = station
        self._sight = sight
        self._policy = policy
        self._outbox = outbox
        self._board = board
        self._now = now
        self._clock_s = clock_s
        self._scanner = Scanner()
        self._photographer = Photographer(
            sides_px=sight.sides_px, board=board, controls=controls, now=self._time
        )

    def _time(self) -> datetime:
        return self._now()

    def handle(self, turn: Turn, camera: Camera, total: int) -> Inspection | None:
        """Inspect and accept one item; None when its scan was a repeat.

        A photo that is missing or unreadable leaves its shot not seen. Raises DiskNearlyFull before
        anything is done, OutboxUnusable or ReleaseRefused; then the item was not accepted.
        """
        if not self._outbox.has_room():
            raise DiskNearlyFull
        started_at = self._now()
        if self._scanner.scan(turn.sample.code, self._clock_s()) is None:
            return None
        self._board.show(
            Scene(
                phase=Phase.WORKING,
                step=Step.SCAN,
                sample=turn.sample,
                place=turn.place,
                total=total,
            ),
            {},
        )
        inspection = self._inspected(turn, camera, started_at)
        # Only now: who sees where to put the item may rely on its being kept.
        self._board.change(phase=Phase.ACCEPTED, inspection=inspection)
        log.info(
            "accepted",
            return_code=inspection.return_code,
            inspection=inspection.inspection_id,
            sha256=inspection.content_sha256(),
            to=inspection.routing.to.value,
        )
        return inspection

    def _inspected(self, turn: Turn, camera: Camera, started_at: datetime) -> Inspection:
        captures = self._photographer.photograph(turn.sample, camera)
        self._board.change(step=Step.DETECT)
        examined = conclude(
            captures,
            category=turn.sample.category,
            answers=turn.sample.given(),
            sight=self._sight,
            standard=load(turn.sample.category),
            policy=self._policy.valid_at(started_at),
        )
        self._board.change(step=Step.GRADE)
        inspection = self._record(turn.sample, examined, started_at)
        self._board.change(step=Step.OUTBOX)
        self._outbox.accept(inspection, examined.files, round_=turn.round)
        return inspection

    def _record(self, sample: SampleReturn, examined: Examined, started_at: datetime) -> Inspection:
        return Inspection(
            inspection_id=str(uuid.uuid4()),
            return_code=sample.code,
            category=sample.category,
            station=self._station,
            started_at=started_at,
            finished_at=self._now(),
            photos=examined.photos,
            findings=examined.seen.findings,
            answers=sample.given(),
            not_seen=examined.seen.not_seen,
            not_assessable=examined.seen.not_assessable,
            standard=load(sample.category).identifier,
            releases=examined.seen.releases,
            judgement=examined.judgement,
            routing=examined.routing,
        )


class Replay:
    """Scans the sample returns one after the other and asks again after each trouble."""

    def __init__(
        self,
        *,
        bench: Bench,
        folder: Path,
        returns: Sequence[SampleReturn],
        outbox: Outbox,
        board: Board,
        controls: Controls,
        pause_s: float,
        retry_s: float = RETRY_S,
        rig: Rig | None = None,
    ) -> None:
        """Replay `returns`, whose photos lie in `folder`, with `pause_s` after each item.

        Shots that a camera of the `rig` is declared for are taken by it.
        """
        self._bench = bench
        self._folder = folder
        self._returns = returns
        self._outbox = outbox
        self._board = board
        self._controls = controls
        self._pause_s = pause_s
        self._retry_s = retry_s
        self._rig = rig or Rig(())

    def run(self) -> None:
        """Go on until the controls say stop."""
        while not self._controls.stopped:
            try:
                self._turn()
            except DiskNearlyFull as error:
                self._trouble(Phase.DISK_FULL, error)
            except SecondlookError as error:
                self._trouble(Phase.FAILED, error)
            except Exception as error:  # noqa: BLE001 - the edge of the bench's thread: it must not end
                self._trouble(Phase.FAILED, error)

    def _turn(self) -> None:
        round_, accepted = self._outbox.last_round()
        turn = next_turn(self._returns, round_, accepted, self._controls.rounds)
        if turn is None:
            self._board.change(phase=Phase.ALL_DONE, total=len(self._returns))
            self._controls.wait_for_more(round_)
            return
        photos = [(p.shot, self._folder / p.file) for p in turn.sample.photos]
        camera = WithFiles(self._rig, FolderCamera(photos))
        done = self._bench.handle(turn, camera, len(self._returns))
        # The folder has one return only, and the gun's rule takes it for a repeat.
        self._controls.rest(self._pause_s if done else REPEAT_S)

    def _trouble(self, phase: Phase, error: Exception) -> None:
        log.error("item_not_accepted", phase=phase, why=str(error), exc_info=phase is Phase.FAILED)
        self._board.change(phase=phase, words=" ".join(str(error).split()))
        self._controls.rest(self._retry_s)


def last_scene(outbox: Outbox, returns: Sequence[SampleReturn]) -> Scene:
    """What the screen shows after a restart: the item that was accepted last."""
    for entry in outbox.recent(1):
        known = {sample.code: sample for sample in returns}
        sample = known.get(entry.inspection.return_code)
        return Scene(phase=Phase.ACCEPTED, sample=sample, inspection=entry.inspection)
    return Scene()
