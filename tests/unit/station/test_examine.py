"""Photos and answers of one item to a verdict, through a real tiny model and the real standards."""

import hashlib

import cv2
import numpy as np
import pytest

from models.errors import PhotoUnreadable
from models.grading.policy import default_policy
from models.grading.standard import load
from models.records import Answer
from models.vision.bundle import open_releases
from models.vision.decode import decode
from models.vision.sight import Sight
from models.vocabulary import (
    Category,
    Defect,
    Destination,
    Dimension,
    Disposition,
    Fault,
    Grade,
    Reason,
    Shot,
)
from station.examine import Examined, capture, examine
from tests.factories import NOON
from tests.tiny_model import write_release

GOOD = (
    Answer(question="tag", choice="attached"),
    Answer(question="worn", choice="unworn"),
    Answer(question="complete", choice="complete"),
    Answer(question="function", choice="works"),
)


def shirt(*, grain: int, spot: int = 0, tone: int = 170) -> bytes:
    """A shirt on a table; the grain makes each photo another file."""
    noise = np.random.default_rng(grain).normal(0, 2, (240, 320))
    grey = np.full((240, 320), 215.0)
    grey[30:-30, 50:-50] = tone
    grey = np.clip(grey + noise, 0, 255)
    if spot:
        grey[100 : 100 + spot, 120 : 120 + spot] = 5
    return cv2.imencode(".png", np.repeat(grey[..., None], 3, axis=2).astype(np.uint8))[1].tobytes()


@pytest.fixture(scope="module")
def sight(tmp_path_factory) -> Sight:
    folder = tmp_path_factory.mktemp("releases")
    write_release(folder)
    return Sight(open_releases(folder, threads=1))


def examined(sight: Sight, *shots: tuple[Shot, bytes], **said) -> Examined:
    facts = {
        "category": Category.APPAREL,
        "answers": GOOD,
        "sight": sight,
        "standard": load(Category.APPAREL),
        "policy": default_policy(),
        "taken_at": NOON,
    }
    return examine(shots, **(facts | said))


def test_a_clean_shirt_is_fine(sight):
    result = examined(sight, (Shot.FRONT, shirt(grain=1)), (Shot.BACK, shirt(grain=2)))
    assert result.seen.findings == ()
    assert result.judgement.disposition is Disposition.RESELL
    assert max(result.judgement.grade, key=result.judgement.grade.__getitem__) is Grade.A
    assert result.judgement.scores[Dimension.APPEARANCE] == 100
    assert not {Reason.NOT_SEEN, Reason.NOT_ASSESSABLE, Reason.UNANSWERED} & {
        *result.routing.reasons
    }


def test_a_stained_shirt_is_found_out(sight):
    shots = ((Shot.FRONT, shirt(grain=1, spot=60)), (Shot.BACK, shirt(grain=2)))
    result = examined(sight, *shots)
    (stain,) = result.seen.findings
    assert stain.defect is Defect.STAIN
    assert stain.xyxy == pytest.approx((120, 100, 180, 160), abs=6)
    assert stain.photo_sha256 == result.photos[0].sha256
    assert result.evidence.findings == result.seen.findings
    assert result.judgement.scores[Dimension.APPEARANCE] < 100
    assert result.judgement.grade[Grade.A] < 0.5


def test_every_file_travels_under_its_hash(sight):
    data = shirt(grain=1)
    result = examined(sight, (Shot.FRONT, data))
    (photo,) = result.photos
    assert result.files[photo.sha256] == data
    assert (photo.width, photo.height, photo.media_type) == (320, 240, "image/png")
    assert photo.size_bytes == len(data)
    assert photo.taken_at == NOON
    assert decode(result.files[photo.thumbnail_sha256]).media_type == "image/jpeg"
    assert {hashlib.sha256(content).hexdigest() for content in result.files.values()} == {
        *result.files
    }


def test_a_missing_shot_is_never_passed(sight):
    result = examined(sight, (Shot.FRONT, shirt(grain=1)))
    assert result.evidence.not_seen == (Shot.BACK,)
    assert result.routing.to is Destination.REVIEW
    assert Reason.NOT_SEEN in result.routing.reasons


@pytest.mark.parametrize(
    "data", [b"", b"text", shirt(grain=2)[:900], b"\xff\xd8\xff\xe0\0\x10JFIF"]
)
def test_a_photo_that_cannot_be_decoded_is_not_seen(sight, data):
    result = examined(sight, (Shot.FRONT, shirt(grain=1)), (Shot.BACK, data))
    assert [photo.shot for photo in result.photos] == [Shot.FRONT]
    (left,) = result.left_out
    assert (left.place, left.shot) == (1, Shot.BACK)
    assert left.why.startswith("it")
    assert Reason.NOT_SEEN in result.routing.reasons


def test_one_file_cannot_be_two_sides_of_an_item(sight):
    data = shirt(grain=1)
    result = examined(sight, (Shot.FRONT, data), (Shot.BACK, data))
    assert result.evidence.not_seen == (Shot.BACK,)
    assert "same file as the photo for front" in result.left_out[0].why


def test_a_photo_that_the_gate_refuses_is_not_seen(sight):
    black = cv2.imencode(".png", np.zeros((240, 320, 3), np.uint8))[1].tobytes()
    result = examined(sight, (Shot.FRONT, shirt(grain=1)), (Shot.BACK, black))
    assert result.photos[1].faults == (Fault.TOO_DARK,)
    assert not result.photos[1].insisted
    assert Reason.NOT_SEEN in result.routing.reasons


def test_insisting_keeps_a_refused_photo_and_sends_it_to_a_person(sight):
    black = cv2.imencode(".png", np.zeros((240, 320, 3), np.uint8))[1].tobytes()
    shots = ((Shot.FRONT, shirt(grain=1)), (Shot.BACK, black))
    result = examined(sight, *shots, insisted=True)
    assert [photo.insisted for photo in result.photos] == [False, True]
    assert result.evidence.insisted
    assert result.evidence.not_seen == ()
    assert Reason.INSISTED in result.routing.reasons


def test_without_any_release_nothing_is_assessable():
    shots = ((Shot.FRONT, shirt(grain=1)), (Shot.BACK, shirt(grain=2)))
    result = examined(Sight(()), *shots)
    assert result.evidence.not_assessable == (Defect.STAIN,)
    assert result.seen.releases == ()
    assert Reason.NOT_ASSESSABLE in result.routing.reasons


def test_no_photos_at_all_is_a_case_for_a_person(sight):
    result = examined(sight)
    assert result.evidence.not_seen == (Shot.FRONT, Shot.BACK)
    assert result.files == {}
    assert result.routing.to is Destination.REVIEW


@pytest.mark.parametrize("category", list(Category))
def test_every_category_can_be_examined(sight, category):
    standard = load(category)
    shots = [(rule.id, shirt(grain=at)) for at, rule in enumerate(standard.shots)]
    result = examined(sight, *shots, category=category, standard=standard, answers=())
    assert result.evidence.not_seen == ()
    assert Reason.UNANSWERED in result.routing.reasons


def test_the_same_photos_give_the_same_verdict(sight):
    shots = ((Shot.FRONT, shirt(grain=1, spot=60)), (Shot.BACK, shirt(grain=2)))
    first, again = examined(sight, *shots), examined(sight, *shots)
    assert (first.seen, first.judgement, first.routing) == (
        again.seen,
        again.judgement,
        again.routing,
    )
    assert first.files == again.files


def test_a_capture_that_passes_needs_no_insisting():
    taken = capture(shirt(grain=1), Shot.FRONT, taken_at=NOON, sides_px=(64,), insisted=True)
    assert not taken.photo.insisted


def test_a_capture_of_no_photo_is_refused():
    with pytest.raises(PhotoUnreadable):
        capture(b"text", Shot.FRONT, taken_at=NOON, sides_px=())


def test_a_capture_keeps_no_more_pixels_than_will_be_looked_at():
    taken = capture(shirt(grain=1), Shot.FRONT, taken_at=NOON, sides_px=(64, 128))
    sizes = taken.view.picture.sizes
    assert {side: max(bgr.shape) for side, bgr in sizes.items()} == {64: 64, 128: 128}
    assert taken.view.picture.size == (taken.photo.width, taken.photo.height)
    assert all(bgr.base is None for bgr in sizes.values())
