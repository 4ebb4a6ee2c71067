from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.training.photosets import cloth, turned
from training.errors import RecipeInvalid
from training.likeness import Look, look_of
from training.split import Known, Split, groups, item_of, split

LOOKS = st.lists(st.integers(0, 2**12 - 1), min_size=1, max_size=14)


def look(value: int) -> Look:
    """A photo whose hash has these bits however it is laid down, and nothing else to know it by."""
    bits = np.array([value >> place & 1 for place in range(64)], np.bool_)
    return Look(hashes=np.stack([bits] * 8), grey=np.zeros((8, 8), np.uint8))


def known(looks: list[int], source: str = "shirts", items: str = "") -> list[Known]:
    """Photos with these hashes; `items` has a letter for each that shows a known thing."""
    named = [None if letter == "." else letter for letter in items.ljust(len(looks), ".")]
    return [
        Known(sha256=f"{i:064x}", source=source, look=look(v), item=named[i])
        for i, v in enumerate(looks)
    ]


# Hashes of which any two differ in 10 bits.
APART = [0b11111 << 5 * place for place in range(12)]


def splits(
    photos: list[Known], count: int, tested: list[int] | None = None, near: int = 2
) -> dict[str, Split]:
    found = split(
        photos,
        hold_out={"shirts": count},
        tested=[look(v) for v in tested or []],
        max_distance=near,
        seed=3,
    )
    return {photo.sha256: which for photo, which in zip(photos, found, strict=True)}


def test_chains_of_pairs_are_one_group() -> None:
    first, middle, stranger, last = groups(4, [(0, 1), (3, 1), (2, 2)])

    assert first == middle == last
    assert stranger != first


@settings(deadline=None, max_examples=50)  # comparing photos takes its time on a busy machine
@given(LOOKS, st.integers(0, 8))
def test_look_alikes_never_straddle(looks: list[int], count: int) -> None:
    photos = known(looks)
    which = splits(photos, count)

    for one in photos:
        for other in photos:
            if (one.look.hashes[0] != other.look.hashes[0]).sum() <= 2:
                assert which[one.sha256] is which[other.sha256]


@settings(deadline=None, max_examples=50)  # comparing photos takes its time on a busy machine
@given(LOOKS, st.integers(0, 8))
def test_no_more_is_held_out_than_asked(looks: list[int], count: int) -> None:
    assert list(splits(known(looks), count).values()).count(Split.VAL) <= count


@settings(deadline=None, max_examples=50)  # comparing photos takes its time on a busy machine
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
        Known(sha256="a" * 64, source="shirts", look=look(0)),
        Known(sha256="b" * 64, source="closeups", look=look(1)),
    ]

    assert (
        split(photos, hold_out={"shirts": 1}, tested=[], max_distance=2, seed=1)
        == [Split.TRAIN] * 2
    )


@settings(deadline=None, max_examples=50)  # comparing photos takes its time on a busy machine
@given(st.text("abc.", min_size=12, max_size=12), st.integers(0, 12), st.integers(0, 99))
def test_photos_of_one_item_never_straddle(items: str, count: int, seed: int) -> None:
    photos = known(APART, items=items)

    found = split(photos, hold_out={"shirts": count}, tested=[], max_distance=2, seed=seed)

    for letter in set(items) - {"."}:
        assert (
            len({which for photo, which in zip(photos, found, strict=True) if photo.item == letter})
            == 1
        )


def test_items_of_two_sources_are_two_items() -> None:
    photos = [*known(APART[:1], "shirts", "a"), *known(APART[1:2], "shoes", "a")]

    found = split(photos, hold_out={"shirts": 1}, tested=[], max_distance=2, seed=1)

    assert found == [Split.VAL, Split.TRAIN]


def test_items_of_test_photos_are_dropped() -> None:
    photos = known(APART[:4], items="ab.a")

    found = split(
        photos,
        hold_out={},
        tested=[],
        tested_items={("shirts", "a"), ("shoes", "b")},
        max_distance=2,
        seed=1,
    )

    assert found == [Split.DROPPED, Split.TRAIN, Split.TRAIN, Split.DROPPED]


@pytest.mark.parametrize(
    ("name", "pattern", "item"),
    [
        ("parcel7_02", r"^(.*)_\d+", "parcel7"),
        ("parcel7", r"^(.*)_\d+", None),
        ("a_parcel7_02", r"(parcel\d)", None),  # it has to fit from the start
        ("parcel7_02", None, None),
        ("parcel7_02", r"(?:x(y))?parcel", None),  # a group that took no part
    ],
)
def test_a_pattern_tells_the_item_from_the_name(
    name: str, pattern: str | None, item: str | None
) -> None:
    assert item_of(name, pattern) == item


@pytest.mark.parametrize("pattern", ["(", "parcel", "*"])
def test_a_pattern_that_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(RecipeInvalid, match="regular expression with a group"):
        item_of("parcel7_02", pattern)


def shown(source: str, *looks: Look) -> list[Known]:
    return [
        Known(sha256=f"{number:063x}{source[0]}", source=source, look=look)
        for number, look in enumerate(looks)
    ]


@pytest.mark.parametrize("seed", range(6))
def test_turned_copies_stay_together_where_some_are_held_out(seed: int) -> None:
    looks = [look_of(picture) for n in range(3) for picture in (cloth(n), turned(cloth(n), 20))]

    found = split(
        shown("shirts", *looks), hold_out={"shirts": 3}, tested=[], max_distance=4, seed=seed
    )

    assert found[::2] == found[1::2]
    assert found.count(Split.VAL) == 2  # a third one would tear a pair apart


def test_turned_copies_of_test_photos_are_dropped_where_that_is_asked() -> None:
    photos = shown("shirts", *(look_of(cloth(n)) for n in range(3)))
    copy = look_of(turned(cloth(1), 20))
    asked = {"hold_out": {}, "max_distance": 4, "seed": 1}

    assert split(photos, tested=[copy], **asked) == [Split.TRAIN] * 3  # hashes do not know it
    within = split(photos, tested=[], tested_within={"shirts": [copy], "shoes": []}, **asked)
    assert within == [Split.TRAIN, Split.DROPPED, Split.TRAIN]
