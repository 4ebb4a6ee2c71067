from random import Random

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.training.photosets import pale
from training.split import Known, Split, groups, look_of, split

LOOKS = st.lists(st.integers(0, 2**12 - 1), min_size=1, max_size=14)


def bits(value: int) -> np.ndarray:
    return np.array([value >> place & 1 for place in range(64)], np.bool_)


def known(looks: list[int], source: str = "shirts") -> list[Known]:
    return [Known(sha256=f"{i:064x}", source=source, look=bits(v)) for i, v in enumerate(looks)]


def splits(
    photos: list[Known], count: int, tested: list[int] | None = None, near: int = 2
) -> dict[str, Split]:
    found = split(
        photos,
        hold_out={"shirts": count},
        tested=[bits(v) for v in tested or []],
        max_distance=near,
        seed=3,
    )
    return {photo.sha256: which for photo, which in zip(photos, found, strict=True)}


def test_a_recompressed_and_reduced_copy_looks_the_same_and_another_photo_does_not() -> None:
    bgr = pale(1, 480, 640)
    data = cv2.imencode(".jpg", cv2.resize(bgr, (400, 300)), [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    copy, other = look_of(cv2.imdecode(data, cv2.IMREAD_COLOR)), look_of(pale(2, 480, 640))

    assert (look_of(bgr) != copy).sum() <= 6
    assert (look_of(bgr) != other).sum() > 12


def test_chains_of_look_alikes_are_one_group() -> None:
    first, middle, last, stranger = groups(
        [bits(v) for v in (0b0, 0b11, 0b1111, 0b111100000000)], 2
    )

    assert first == middle == last
    assert stranger != first


@given(LOOKS, st.integers(0, 8))
def test_look_alikes_never_straddle(looks: list[int], count: int) -> None:
    photos = known(looks)
    which = splits(photos, count)

    for one in photos:
        for other in photos:
            if (one.look != other.look).sum() <= 2:
                assert which[one.sha256] is which[other.sha256]


@given(LOOKS, st.integers(0, 8))
def test_no_more_is_held_out_than_asked(looks: list[int], count: int) -> None:
    assert list(splits(known(looks), count).values()).count(Split.VAL) <= count


@given(LOOKS, st.integers(0, 8), st.randoms())
def test_the_order_of_the_photos_changes_nothing(
    looks: list[int], count: int, random: Random
) -> None:
    photos = known(looks)
    shuffled = photos.copy()
    random.shuffle(shuffled)

    assert splits(photos, count) == splits(shuffled, count)


def test_distinct_photos_are_held_out_in_the_number_asked() -> None:
    photos = known([0b1 << 3 * place for place in range(20)], "shirts")

    assert list(splits(photos, 6, near=1).values()).count(Split.VAL) == 6


def test_look_alikes_of_test_photos_are_dropped_with_their_group() -> None:
    which = splits(known([0b0, 0b11, 0b1111, 0b111100000000]), 0, tested=[0b1])

    assert list(which.values()) == [Split.DROPPED, Split.DROPPED, Split.DROPPED, Split.TRAIN]


def test_another_seed_holds_out_others() -> None:
    photos = known([0b1 << 3 * place for place in range(20)])
    asked = {"hold_out": {"shirts": 5}, "tested": [], "max_distance": 1}

    assert split(photos, seed=1, **asked) != split(photos, seed=2, **asked)


def test_a_group_over_two_sources_counts_in_both() -> None:
    photos = [
        Known(sha256="a" * 64, source="shirts", look=bits(0)),
        Known(sha256="b" * 64, source="closeups", look=bits(1)),
    ]

    assert (
        split(photos, hold_out={"shirts": 1}, tested=[], max_distance=2, seed=1)
        == [Split.TRAIN] * 2
    )
