"""A live camera's photo is refused, taken again, kept or left out; a file is taken as it is."""

import threading

import cv2
import numpy as np
import pytest

from models.errors import PhotoUnreadable
from models.records import CameraSetup, Photo
from models.vision.reference import Reference
from models.vocabulary import Fault, Shot
from station.board import Board, Choice, Controls, Phase
from station.camera import Taken
from station.errors import StationError
from station.photographer import Photographer, choices_after, circumstances
from station.replay import SamplePhoto, SampleReturn
from tests.factories import NOON, photo
from tests.unit.models.vision import benches, pictures
from tests.webcam import wait_until

GOOD = pictures.jpeg(pictures.garment(640, 480, tone=90))
OTHER = pictures.jpeg(cv2.rotate(pictures.garment(640, 480, tone=90), cv2.ROTATE_180))
SOFT = pictures.jpeg(cv2.GaussianBlur(pictures.garment(640, 480, tone=90), (0, 0), 14))
DARK = pictures.jpeg(np.zeros((480, 640, 3), np.uint8))


class Live:
    """A camera that gives what it is told, one after the other; None is no picture."""

    def __init__(self, *files, moved=0.0, reference=None):
        self.files, self.moved, self.reference = list(files), moved, reference
        self.noted = []

    def take(self, _shot):
        data = self.files.pop(0)
        if data is None:
            raise PhotoUnreadable("camera top gave no picture in time")
        setup = CameraSetup(name="top", frame=len(self.files), exposure_ms=8)
        return Taken(data=data, setup=setup, moved_share=self.moved, reference=self.reference)

    def can_retake(self, _shot):
        return True

    def note(self, shot, drift):
        self.noted.append((shot, drift))


def sample(*shots):
    photos = tuple(SamplePhoto(file="x", shot=shot) for shot in shots)
    return SampleReturn(code="RT-1", category="apparel", photos=photos)


class Place:
    def __init__(self):
        self.board, self.controls = Board(), Controls(rounds=1)
        self.asked = []

    def is_asked_anew(self):
        refusal = self.board.scene.refusal
        is_new = refusal is not None and all(refusal is not one for one in self.asked)
        return is_new and self.controls._choices and self.controls._answer is None

    def photograph(self, camera, *shots, answers=()):
        """Answer each question with the next answer."""
        maker = Photographer(
            sides_px=(64,), board=self.board, controls=self.controls, now=lambda: NOON
        )
        result = {}

        def work():
            try:
                result["kept"] = maker.photograph(sample(*shots), camera)
            except StationError as error:
                result["error"] = error

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        for answer in answers:
            wait_until(self.is_asked_anew, 10, lambda: self.board.scene)
            self.asked.append(self.board.scene.refusal)
            assert self.board.scene.phase is Phase.ASKING
            if answer == "stop":
                self.controls.stop()
            else:
                assert self.controls.answer(answer)
        thread.join(10)
        assert not thread.is_alive()
        return result.get("kept", result.get("error"))


@pytest.fixture
def place():
    return Place()


def test_a_good_photo_is_kept_and_names_its_camera(place):
    camera = Live(GOOD)
    (kept,) = place.photograph(camera, Shot.FRONT)
    assert kept.photo.camera == CameraSetup(name="top", frame=0, exposure_ms=8)
    assert (kept.photo.faults, kept.photo.insisted, kept.data) == ((), False, GOOD)
    assert camera.noted == [(Shot.FRONT, None)]


def test_a_refused_photo_is_taken_again(place):
    (kept,) = place.photograph(Live(SOFT, DARK, GOOD), Shot.FRONT, answers=[Choice.RETAKE] * 2)
    assert kept.photo.faults == ()
    assert [one.faults for one in place.asked] == [(Fault.BLURRED,), (Fault.TOO_DARK,)]
    assert [c.faults for c in place.board.scene.captured] == [()]


def test_who_was_refused_twice_may_insist_and_the_record_says_so(place):
    answers = [Choice.RETAKE, Choice.INSIST]
    (kept,) = place.photograph(Live(SOFT, SOFT), Shot.FRONT, answers=answers)
    assert (kept.photo.faults, kept.photo.insisted) == ((Fault.BLURRED,), True)
    assert kept.view.is_usable
    assert [Choice.INSIST in one.choices for one in place.asked] == [False, True]


def test_a_shot_that_is_left_out_keeps_its_refused_photo_as_evidence(place):
    kept = place.photograph(Live(SOFT, GOOD), Shot.FRONT, Shot.BACK, answers=[Choice.SKIP])
    assert [(one.photo.shot, one.view.is_usable) for one in kept] == [
        (Shot.FRONT, False),
        (Shot.BACK, True),
    ]


def test_a_dead_camera_is_asked_about_and_cannot_be_insisted_on(place):
    answers = [Choice.RETAKE, Choice.RETAKE, Choice.SKIP]
    assert place.photograph(Live(None, None, None), Shot.FRONT, answers=answers) == []
    assert all(one.choices == (Choice.RETAKE, Choice.SKIP) for one in place.asked)
    assert "camera top" in place.asked[0].words
    assert place.asked[0].faults == (Fault.UNREADABLE,)


def test_refusals_are_counted_shot_by_shot(place):
    answers = [Choice.RETAKE, Choice.RETAKE]
    place.photograph(Live(SOFT, GOOD, DARK, OTHER), Shot.FRONT, Shot.BACK, answers=answers)
    assert all(Choice.INSIST not in one.choices for one in place.asked)


def test_an_item_that_was_not_turned_is_told(place):
    kept = place.photograph(
        Live(GOOD, GOOD[:-2] + b"\xff\xff\xd9", OTHER),
        Shot.FRONT,
        Shot.BACK,
        answers=[Choice.RETAKE],
    )
    assert place.asked[0].faults == (Fault.WRONG_VIEW,)
    assert [one.photo.shot for one in kept] == [Shot.FRONT, Shot.BACK]


def test_a_hand_in_the_picture_is_told(place):
    place.photograph(Live(GOOD, moved=0.05), Shot.FRONT, answers=[Choice.SKIP])
    assert place.asked[0].faults == (Fault.MOVED,)


def test_the_camera_hears_what_drifted(place):
    empty = benches.empty()
    camera = Live(
        pictures.jpeg(benches.seen(benches.with_item(empty, benches.shirt()), light=0.8)),
        reference=Reference.of(benches.seen(empty)),
    )
    place.photograph(camera, Shot.FRONT)
    ((_, drift),) = camera.noted
    assert drift.drifted == ("light",)


def test_the_end_of_the_station_ends_the_question(place):
    error = place.photograph(Live(SOFT), Shot.FRONT, answers=["stop"])
    assert isinstance(error, StationError)


def test_a_key_at_the_wrong_moment_does_nothing():
    controls = Controls(rounds=1)
    assert not controls.answer(Choice.INSIST)
    thread = threading.Thread(
        target=controls.ask, args=(choices_after(1, has_photo=True),), daemon=True
    )
    thread.start()
    wait_until(lambda: controls._choices, 5)
    assert not controls.answer(Choice.INSIST)
    assert controls.answer(Choice.SKIP)
    thread.join(5)
    assert not controls.answer(Choice.SKIP)


@pytest.mark.parametrize(
    ("refusals", "has_photo", "choices"),
    [
        (1, True, "retake skip"),
        (2, True, "retake insist skip"),
        (9, True, "retake insist skip"),
        (9, False, "retake skip"),
    ],
)
def test_what_may_be_answered(refusals, has_photo, choices):
    assert " ".join(choices_after(refusals, has_photo=has_photo)) == choices


def test_of_a_file_nothing_is_known():
    assert circumstances(Taken(data=b""), Shot.FRONT, ()).others == ()


def test_records_of_older_stations_stay_readable():
    old = photo().to_json().replace('"camera":null,', "")
    assert "camera" not in old
    assert Photo.from_json(old).camera is None
    told = photo(camera=CameraSetup(name="top", frame=7, gain=1.5, is_reported=True))
    assert Photo.from_json(told.to_json()) == told
