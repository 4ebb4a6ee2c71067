import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import PhotoMissing, PhotoUnreadable
from models.records import Answer
from models.vocabulary import Category, Language, Shot
from station.camera import FolderCamera
from station.errors import ReplayInvalid
from station.replay import SampleReturn, next_turn, read_returns
from tests.fakes import jpeg, sample_returns


def test_sample_returns_are_read_in_order(tmp_path):
    returns = read_returns(sample_returns(tmp_path / "sample", count=3))
    assert [one.code for one in returns] == ["RT-0001", "RT-0002", "RT-0003"]
    first = returns[0]
    assert first.category is Category.APPAREL
    assert [photo.shot for photo in first.photos] == [Shot.FRONT, Shot.BACK]
    assert (first.note(Language.EN), first.note(Language.ZH)) == ("Shirt 1", "衬衫 1")
    assert first.given()[0] == Answer(question="tag", choice="attached")


GOOD = {"code": "RT-1", "category": "apparel", "photos": [{"file": "a.jpg", "shot": "front"}]}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[", "returns.yaml"),
        ("", "returns: "),
        ("[]", "at least 1"),
        ("just words", "returns: "),
        (json.dumps([GOOD | {"category": "furniture"}]), "category"),
        (json.dumps([GOOD | {"photos": [{"file": "a.jpg", "shot": "top"}]}]), "shot"),
        (json.dumps([GOOD, GOOD]), "RT-1 more than once"),
        # the scanner would take it for nothing, and the replay would wait for ever
        (json.dumps([GOOD | {"code": "\u200b"}]), "what a scan gun sends"),
        (json.dumps([GOOD | {"code": "RT\x1d1"}]), "what a scan gun sends"),
        # a file elsewhere on this machine is no sample
        (json.dumps([GOOD | {"photos": [{"file": "../../secret.jpg", "shot": "front"}]}]), "below the folder"),
        (json.dumps([GOOD | {"photos": [{"file": "/etc/passwd", "shot": "front"}]}]), "below the folder"),
        ("- !!python/object/apply:os.system [ls]", "returns.yaml"),
    ],
)  # fmt: skip
def test_a_bad_list_is_one_line_that_names_the_fault(tmp_path, content, told):
    (tmp_path / "returns.yaml").write_text(content)
    with pytest.raises(ReplayInvalid, match=told) as error:
        read_returns(tmp_path)
    assert "\n" not in str(error.value)


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(ReplayInvalid, match="none"):
        read_returns(tmp_path / "none")


def samples(*codes):
    return [SampleReturn(code=code, category=Category.APPAREL, photos=()) for code in codes]


@pytest.mark.parametrize(
    ("round_", "accepted", "rounds", "turn"),
    [
        # a fresh home
        (1, set(), 1, (1, "a")),
        # goes on where it was
        (1, {"a"}, 1, (1, "b")),
        # an item in the middle was never accepted: the order of the folder counts
        (1, {"a", "c"}, 1, (1, "b")),
        (1, {"a", "b", "c"}, 1, None),
        (1, {"a", "b", "c"}, 2, (2, "a")),
        (2, {"a", "b", "c"}, 2, None),
        # a round asked for by hand is finished although the settings ask for fewer
        (2, {"a"}, 1, (2, "b")),
        # without end
        (7, {"a", "b", "c"}, 0, (8, "a")),
        # a code that has left the folder meanwhile changes nothing
        (1, {"a", "b", "c", "gone"}, 1, None),
    ],
)
def test_what_the_replay_does_next(round_, accepted, rounds, turn):
    found = next_turn(samples("a", "b", "c"), round_, accepted, rounds)
    assert (found and (found.round, found.sample.code)) == turn


@given(st.integers(1, 4), st.integers(1, 6))
def test_each_return_has_one_turn_a_round(rounds, count):
    returns = samples(*(f"RT-{n}" for n in range(count)))
    round_, accepted, turns = 1, set(), []
    while turn := next_turn(returns, round_, accepted, rounds):
        accepted = accepted | {turn.sample.code} if turn.round == round_ else {turn.sample.code}
        round_ = turn.round
        turns.append((turn.round, turn.sample.code))
    assert len(set(turns)) == len(turns) == rounds * count


def test_the_folder_camera_gives_each_file_once(tmp_path):
    for name in "abc":
        (tmp_path / name).write_bytes(name.encode())
    camera = FolderCamera(
        [(Shot.DETAIL, tmp_path / "a"), (Shot.FRONT, tmp_path / "b"), (Shot.DETAIL, tmp_path / "c")]
    )
    assert camera.take(Shot.DETAIL).data == b"a"
    assert camera.take(Shot.FRONT).data == b"b"
    assert camera.take(Shot.DETAIL).data == b"c"
    with pytest.raises(PhotoMissing, match="no further photo"):
        camera.take(Shot.DETAIL)


def test_a_file_that_is_not_there_is_told_and_the_next_one_comes(tmp_path):
    (tmp_path / "b").write_bytes(jpeg())
    (tmp_path / "empty").touch()
    camera = FolderCamera(
        [
            (Shot.FRONT, tmp_path / "a"),
            (Shot.BACK, tmp_path / "empty"),
            (Shot.FRONT, tmp_path / "b"),
        ]
    )
    with pytest.raises(PhotoMissing):
        camera.take(Shot.FRONT)
    with pytest.raises(PhotoUnreadable):
        camera.take(Shot.BACK)
    assert camera.take(Shot.FRONT).data == jpeg()
