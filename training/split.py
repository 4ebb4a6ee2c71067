"""Who learns and who checks: look-alikes stay together, validation is taken out of train."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bits = NDArray[np.bool_]
"""[64] bits of a perceptual hash."""


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
    look: Bits
    """Its perceptual hash."""


def look_of(bgr: NDArray[np.uint8]) -> Bits:
    """The 64 bits of imagehash's pHash: near-copies differ in few of them."""
    rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    return np.asarray(imagehash.phash(Image.fromarray(rgb)).hash, np.bool_).ravel()


def groups(looks: Sequence[Bits], max_distance: int) -> list[int]:
    """A group's number for each photo: photos within max_distance bits share one, also in chains."""
    parent = list(range(len(looks)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    stacked = np.array(looks, np.bool_).reshape(len(looks), -1)
    for index in range(len(looks)):
        near = np.flatnonzero((stacked[:index] != stacked[index]).sum(axis=1) <= max_distance)
        for other in near:
            parent[root(int(other))] = root(index)
    return [root(index) for index in range(len(looks))]


def split(
    photos: Sequence[Known],
    *,
    hold_out: Mapping[str, int],
    tested: Sequence[Bits],
    max_distance: int,
    seed: int,
) -> list[Split]:
    """A split for each photo: whole groups go to validation until a source has its count.

    A group with a look-alike among the `tested` photos is dropped. The order of the photos changes
    nothing: groups are drawn by a hash of the seed and their own first name.
    """
    numbers = groups([*(photo.look for photo in photos), *tested], max_distance)
    seen = set(numbers[len(photos) :])
    members: dict[int, list[int]] = defaultdict(list)
    for index, number in enumerate(numbers[: len(photos)]):
        members[number].append(index)
    held = _held_out(photos, [m for n, m in members.items() if n not in seen], hold_out, seed)
    return [
        Split.DROPPED if numbers[index] in seen else Split.VAL if index in held else Split.TRAIN
        for index in range(len(photos))
    ]


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
