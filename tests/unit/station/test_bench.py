import threading
import time
from datetime import timedelta

import pytest

from models.errors import ReleaseRefused
from models.grading.policy import default_policy
from models.vision.sight import Sight
from models.vocabulary import Defect, Destination, Reason, Shot
from station.bench import Bench, Replay, last_scene
from station.board import Board, Controls, Phase, Scene, Step
from station.camera import FolderCamera
from station.errors import DiskNearlyFull
from station.outbox import Outbox, files_of
from station.replay import Turn, read_returns
from tests.factories import NOON, sha256
from tests.fakes import sample_returns


class Witness(Board):
    """A board that remembers all that was shown, and what the outbox held at that moment."""

    def __init__(self, outbox):
        self.outbox = outbox
        self.seen = []
        super().__init__()

    def show(self, scene, files=None):
        super().show(scene, files)
        self.seen.append((scene, self.outbox.pending_ids()))

    @property
    def steps(self):
        steps = [scene.step for scene, _ in self.seen]
        return [step for i, step in enumerate(steps) if step != (steps[i - 1] if i else None)]


class Room:
    """A bench with everything it needs, on a folder of its own."""

    def __init__(self, tmp_path, *, count=2, photos=2):
        self.folder = sample_returns(tmp_path / "sample", count=count, photos=photos)
        self.returns = read_returns(self.folder)
        self.free = 10**12
        self.outbox = Outbox(
            tmp_path / "station", min_free_bytes=10**9, free_bytes=lambda _: self.free
        )
        self.board = Witness(self.outbox)
        self.controls = Controls(rounds=1)
        self.now = NOON
        self.at_s = 0.0
        self.bench = Bench(
            station="bench-1",
            sight=Sight(()),
            policy=default_policy(),
            outbox=self.outbox,
            board=self.board,
            now=self.tick,
            clock_s=self.count,
        )
        self.replay = Replay(
            bench=self.bench,
            folder=self.folder,
            returns=self.returns,
            outbox=self.outbox,
            board=self.board,
            controls=self.controls,
            pause_s=0,
            retry_s=0.05,
        )

    def tick(self):
        self.now += timedelta(seconds=1)
        return self.now

    def count(self):
        self.at_s += 10
        return self.at_s

    def handle(self, place=1, round_=1):
        turn = Turn(round=round_, place=place, sample=self.returns[place - 1])
        photos = [(p.shot, self.folder / p.file) for p in turn.sample.photos]
        return self.bench.handle(turn, FolderCamera(photos), len(self.returns))

    def run_until(self, true, seconds=20):
        thread = threading.Thread(target=self.replay.run)
        thread.start()
        end = time.monotonic() + seconds
        try:
            while not true():
                assert time.monotonic() < end, self.board.scene
                time.sleep(0.01)
        finally:
            self.controls.stop()
            thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def room(tmp_path):
    made = Room(tmp_path)
    yield made
    made.outbox.close()


def test_one_item_goes_from_its_scan_to_the_outbox(room):
    inspection = room.handle()
    assert room.outbox.pending_ids() == [inspection.inspection_id]
    assert room.outbox.inspection(inspection.inspection_id) == inspection
    assert inspection.return_code == "RT-0001"
    assert [photo.shot for photo in inspection.photos] == [Shot.FRONT, Shot.BACK]
    for photo in inspection.photos:
        file = room.folder / f"images/1-{photo.shot}.jpg"
        assert photo.sha256 == sha256(file.read_bytes())
        assert room.outbox.photo(photo.sha256) == file.read_bytes()
    assert len(files_of(inspection)) == 4
    assert inspection.started_at < inspection.finished_at
    # no release sees anything here: a person has to look
    assert inspection.not_assessable == (Defect.STAIN,)
    assert inspection.routing.to is Destination.REVIEW
    assert Reason.NOT_ASSESSABLE in inspection.routing.reasons


def test_the_screen_follows_each_step_and_says_accepted_only_after(room):
    inspection = room.handle()
    assert room.board.steps == [
        Step.SCAN, Step.CAPTURE, Step.GATE, Step.CAPTURE, Step.GATE, Step.DETECT, Step.GRADE, Step.OUTBOX,
    ]  # fmt: skip
    for scene, pending in room.board.seen:
        if scene.phase is Phase.ACCEPTED or scene.inspection:
            assert pending == [inspection.inspection_id]
    assert room.board.scene.phase is Phase.ACCEPTED
    first = inspection.photos[0].sha256
    assert room.board.photo(first) == room.outbox.photo(first)


def test_a_repeated_scan_starts_nothing(room):
    room.count = lambda: 100.0
    room.bench._clock_s = room.count
    assert room.handle() is not None
    shown = len(room.board.seen)
    assert room.handle(round_=2) is None
    assert len(room.board.seen) == shown
    assert len(room.outbox.pending_ids()) == 1


def test_a_nearly_full_disk_stops_before_the_scan(room):
    room.free = 10**8
    with pytest.raises(DiskNearlyFull):
        room.handle()
    assert room.board.seen == []
    room.free = 10**12
    assert room.handle() is not None


def spoil(room, how):
    file = room.folder / "images/1-front.jpg"
    whole = file.read_bytes()
    match how:
        case "truncated":
            file.write_bytes(whole[: len(whole) // 2])
        case "text":
            file.write_text("This is no photo.")
        case "empty":
            file.write_bytes(b"")
        case "missing":
            file.unlink()
        case "folder":
            file.unlink()
            file.mkdir()
        case "twin":
            file.write_bytes((room.folder / "images/1-back.jpg").read_bytes())


@pytest.mark.parametrize("how", ["truncated", "text", "empty", "missing", "folder"])
def test_an_unusable_photo_leaves_its_shot_not_seen_and_the_item_goes_on(room, how):
    spoil(room, how)
    inspection = room.handle()
    assert inspection.not_seen == (Shot.FRONT,)
    assert Reason.NOT_SEEN in inspection.routing.reasons
    assert [photo.shot for photo in inspection.photos] == [Shot.BACK]
    assert [(c.shot, c.sha256 is None) for c in room.board.scene.captured] == [
        (Shot.FRONT, True),
        (Shot.BACK, False),
    ]


def test_one_file_is_not_taken_for_two_views(room):
    spoil(room, "twin")
    assert room.handle().not_seen == (Shot.BACK,)


def test_an_item_of_which_nothing_can_be_seen_is_accepted_for_a_person(tmp_path):
    room = Room(tmp_path, photos=1)
    spoil(room, "missing")
    inspection = room.handle()
    assert inspection.photos == ()
    assert inspection.routing.to is Destination.REVIEW
    room.outbox.close()


def test_a_clock_put_back_between_scan_and_verdict_changes_nothing(room):
    room.bench._now = iter([NOON, *[NOON - timedelta(hours=1)] * 9]).__next__
    inspection = room.handle()
    assert inspection.finished_at < inspection.started_at
    assert room.outbox.pending_ids() == [inspection.inspection_id]


def test_the_replay_accepts_each_return_once_and_waits(room):
    room.run_until(lambda: room.board.scene.phase is Phase.ALL_DONE)
    entries = room.outbox.recent(9)
    assert [entry.inspection.return_code for entry in entries] == ["RT-0002", "RT-0001"]


def test_the_replay_goes_on_where_a_crash_left_it(tmp_path):
    room = Room(tmp_path, count=3)
    room.handle(1)
    room.outbox.close()
    again = Outbox(tmp_path / "station")
    assert last_scene(again, room.returns).sample == room.returns[0]
    room.outbox = room.bench._outbox = room.replay._outbox = room.board.outbox = again
    room.run_until(lambda: room.board.scene.phase is Phase.ALL_DONE)
    codes = [entry.inspection.return_code for entry in again.recent(9)]
    assert codes == ["RT-0003", "RT-0002", "RT-0001"]
    again.close()


def test_replaying_again_makes_another_round(room):
    room.run_until(lambda: room.board.scene.phase is Phase.ALL_DONE)
    room.controls._stopped = False
    room.controls.again(room.outbox.last_round()[0])
    room.run_until(lambda: len(room.outbox.pending_ids()) == 4)
    assert room.outbox.last_round() == (2, {"RT-0001", "RT-0002"})


def test_a_disk_that_gets_room_again_goes_on_by_itself(room):
    room.free = 0
    thread = threading.Timer(0.3, lambda: setattr(room, "free", 10**12))
    thread.start()
    room.run_until(lambda: room.board.scene.phase is Phase.ALL_DONE)
    assert any(scene.phase is Phase.DISK_FULL for scene, _ in room.board.seen)
    thread.join()


@pytest.mark.parametrize(
    "error", [ReleaseRefused("the model broke its word"), ZeroDivisionError("a mistake of ours")]
)
def test_no_trouble_ends_the_bench(room, error):
    look, failures = room.bench._sight.look, [error, error]

    def trouble(*given, **named):
        if failures:
            raise failures.pop()
        return look(*given, **named)

    room.bench._sight.look = trouble
    room.run_until(lambda: room.board.scene.phase is Phase.ALL_DONE)
    assert any(scene.phase is Phase.FAILED and scene.words for scene, _ in room.board.seen)
    assert len(room.outbox.pending_ids()) == 2


def test_a_folder_with_one_return_waits_for_the_gun_and_goes_on(tmp_path):
    room = Room(tmp_path, count=1)
    room.bench._clock_s = time.monotonic
    room.controls._rounds = 2
    room.run_until(lambda: room.board.scene.phase is Phase.ALL_DONE)
    assert len(room.outbox.pending_ids()) == 2
    room.outbox.close()


def test_an_empty_outbox_shows_nothing(room):
    assert last_scene(room.outbox, room.returns) == Scene()


class TestControls:
    def rest(self, controls, seconds):
        started_s = time.monotonic()
        controls.rest(seconds)
        return time.monotonic() - started_s

    def later(self, what):
        timer = threading.Timer(0.1, what)
        timer.start()
        return timer

    def test_rest_ends_by_itself(self):
        assert self.rest(Controls(rounds=1), 0.05) >= 0.05

    @pytest.mark.parametrize("what", ["next_now", "stop"])
    def test_next_and_stop_end_it_at_once(self, what):
        controls = Controls(rounds=1)
        timer = self.later(getattr(controls, what))
        assert self.rest(controls, 30) < 5
        timer.join()

    def test_a_pause_holds_until_somebody_goes_on(self):
        controls = Controls(rounds=1)
        controls.pause_or_resume()
        assert controls.paused
        timer = self.later(controls.pause_or_resume)
        assert self.rest(controls, 0) >= 0.09
        timer.join()

    def test_next_while_paused_does_one_and_waits_again(self):
        controls = Controls(rounds=1)
        controls.pause_or_resume()
        controls.next_now()
        assert self.rest(controls, 30) < 5
        timer = self.later(controls.stop)
        assert self.rest(controls, 0) >= 0.09
        timer.join()

    def test_asking_twice_for_another_round_gives_one(self):
        controls = Controls(rounds=1)
        controls.again(1)
        controls.again(1)
        assert controls.rounds == 2

    def test_without_end_stays_without_end(self):
        controls = Controls(rounds=0)
        controls.again(5)
        assert controls.rounds == 0
