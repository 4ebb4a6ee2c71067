"""Who learns and who checks: photos of one thing stay together, validation is taken out of train."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from training.errors import RecipeInvalid
from training.likeness import Look, Pairs, copies, look_of, near

__all__ = ["Bits", "Known", "Look", "Split", "groups", "item_of", "look_of", "split"]
Bits = Look
"""What was only a hash's bits once."""


class Split(StrEnum):
    """What a photo of a data set version is for."""

    TRAIN = "train"
    VAL = "val"
    DROPPED = "dropped"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Known:
    """What splitting needs to know of a photo."""

    sha256: str
    """Its name."""
    source: str
    """The set that it comes from."""
    look: Look
    """How it looks."""
    item: str | None = None
    """The thing that it shows, by a name that is the source's own; None where nobody knows."""


def item_of(name: str, pattern: str | None) -> str | None:
    """The item that a photo's name tells: group 1 of the pattern, which has to fit from the start.

    None without a pattern or where it does not fit. Raises RecipeInvalid for a pattern that is none.
    """
    if pattern is None:
        return None
    try:
        found = re.match(pattern, name)
        return found and found.group(1)
    except (re.error, IndexError) as error:
        raise RecipeInvalid(
            f"item should be a regular expression with a group: {pattern}: {error}"
        ) from error


def groups(count: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """A group's number for each of so many photos: those that pairs join share one, also in chains."""
    parent = list(range(count))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for one, other in pairs:
        parent[root(one)] = root(other)
    return [root(index) for index in range(count)]


def split(
    photos: Sequence[Known],
    *,
    hold_out: Mapping[str, int],
    tested: Sequence[Look],
    tested_within: Mapping[str, Sequence[Look]] | None = None,
    tested_items: Collection[tuple[str, str]] = (),
    max_distance: int,
    seed: int,
) -> list[Split]:
    """A split for each photo: whole groups go to validation until a source has its count.

    A group is what shows one item of a source, looks alike by its hash, or, within a source that
    gives photos to validation, by its keypoints. A group is dropped with a look-alike by hash among
    the `tested` photos, by keypoints among those that are `tested_within` its source, or with an
    item (source, name) among the `tested_items`. The order of the photos changes nothing: groups
    are drawn by a hash of the seed and their own first name.
    """
    looks, places = _laid_out(photos, tested, tested_within or {}, hold_out)
    pairs = [*near(looks, max_distance), *_of_one_item(photos), *_copies(looks, places)]
    numbers = groups(len(looks), pairs)
    seen = set(numbers[len(photos) :])
    seen |= {
        number
        for number, photo in zip(numbers, photos, strict=False)
        if photo.item is not None and (photo.source, photo.item) in tested_items
    }
    members: dict[int, list[int]] = defaultdict(list)
    for index, number in enumerate(numbers[: len(photos)]):
        members[number].append(index)
    held = _held_out(photos, [m for n, m in members.items() if n not in seen], hold_out, seed)
    return [
        Split.DROPPED if numbers[index] in seen else Split.VAL if index in held else Split.TRAIN
        for index in range(len(photos))
    ]


def _laid_out(
    photos: Sequence[Known],
    tested: Sequence[Look],
    within: Mapping[str, Sequence[Look]],
    hold_out: Mapping[str, int],
) -> tuple[list[Look], dict[str, list[int]]]:
    """All looks, the photos' own first, and which of them to compare closely, by source.

    That is slow, and done only where a copy could come to lie on the other side.
    """
    looks = [*(photo.look for photo in photos), *tested]
    places = {}
    for source in sorted({*within, *(name for name, wanted in hold_out.items() if wanted)}):
        own = [index for index, photo in enumerate(photos) if photo.source == source]
        more = within.get(source, ())
        places[source] = [*own, *range(len(looks), len(looks) + len(more))]
        looks += more
    return looks, places


def _of_one_item(photos: Sequence[Known]) -> Pairs:
    first: dict[tuple[str, str], int] = {}
    for index, photo in enumerate(photos):
        if photo.item is not None:
            yield first.setdefault((photo.source, photo.item), index), index


def _copies(looks: Sequence[Look], places: Mapping[str, Sequence[int]]) -> Pairs:
    """Copies within each source, given by the places of its looks."""
    for _, indices in sorted(places.items()):
        for one, other in copies([looks[index] for index in indices]):
            yield indices[one], indices[other]


def _held_out(
    photos: Sequence[Known], members: Sequence[list[int]], wanted: Mapping[str, int], seed: int
) -> set[int]:
    def drawn(group: list[int]) -> str:
        first = min(photos[index].sha256 for index in group)
        return hashlib.sha256(f"{seed}:{first}".encode()).hexdigest()

    left = dict(wanted)
    held: set[int] = set()
    for group in sorted(members, key=drawn):
        sources = [photos[index].source for index in group]
        if all(left.get(source, 0) >= sources.count(source) for source in sources):
            held.update(group)
            for source in sources:
                left[source] -= 1
    return held
