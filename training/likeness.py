"""Which photos show the same: near copies, turned and mirrored ones, cut-outs and augmented copies.

Two looks at each photo, since each misses what the other sees. A perceptual hash knows recompressed,
reduced and recoloured copies, here in any of the eight ways to lay a picture down. Keypoints know
copies turned by any angle, cut and boosted in contrast, as augmented data sets are full of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Hashes = NDArray[np.bool_]
"""[8, 64] bits of a perceptual hash, as it is and turned and mirrored."""
Grey = NDArray[np.uint8]
"""[height, width]."""
Floats = NDArray[np.float32]
Pairs = Iterator[tuple[int, int]]

# What imagehash reduces a picture to before it transforms it (hash_size 8, highfreq_factor 4).
_HASHED_PX = 32
# Keypoints were tried on the training photos of a set with many augmented copies, against a slower
# search with three times the pixels and keypoints: 299 pairs, nine of ten of which hashes miss.
# 128 keypoints at 160 px found 92 % of them and 97 % in chains; 64 at 256 px found 67 %.
SIDE_PX = 160
_KEYPOINTS = 128
# Lowe's ratio of the best to the second best (IJCV 2004).
_RATIO = 0.8
# A cosine below this is no likeness at all, however much less the second one has.
_LEAST_COSINE = 0.3
# Agreeing keypoints at different places, and how well both pictures agree when laid over each other.
_PLACES = 10
_PLACE_PX = 4
_CORRELATION = 0.6
_OVERLAP = 0.3
_SCALES = (0.6, 1.7)
# Black corners of turned pictures say nothing.
_BLACK = 6
_BLOCK = 128


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Look:
    """What comparing a photo with others needs of it."""

    hashes: Hashes
    """Its perceptual hash in the eight positions."""
    grey: Grey
    """The photo in grey, reduced to SIDE_PX."""


def look_of(bgr: NDArray[np.uint8]) -> Look:
    """The hash is imagehash's pHash of 64 bits; near copies differ in few of them."""
    rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    grey = Image.fromarray(rgb).convert("L")
    small = np.asarray(grey.resize((_HASHED_PX, _HASHED_PX), Image.Resampling.LANCZOS))
    scale = SIDE_PX / max(grey.size)
    size = tuple(max(1, round(side * scale)) for side in grey.size)
    return Look(
        hashes=np.stack([_hash(laid) for laid in _positions(small)]),
        grey=np.asarray(cv2.resize(np.asarray(grey), size, interpolation=cv2.INTER_AREA), np.uint8),
    )


def _positions(grey: Grey) -> Iterator[Grey]:
    for turned in (grey, grey.T):
        yield from (turned, turned[::-1], turned[:, ::-1], turned[::-1, ::-1])


def _hash(grey: Grey) -> NDArray[np.bool_]:
    image = Image.fromarray(np.ascontiguousarray(grey))
    return np.asarray(imagehash.phash(image).hash, np.bool_).ravel()


def near(looks: Sequence[Look], max_distance: int) -> Pairs:
    """Pairs of which one's hash and the other's in some position differ in at most so many bits."""
    if not looks:
        return
    signs = np.where(np.stack([look.hashes for look in looks]), 1, -1).astype(np.float32)
    count, positions, bits = signs.shape
    for start in range(0, count, _BLOCK):
        alike = signs[start : start + _BLOCK, 0] @ signs.reshape(-1, bits).T
        most = alike.reshape(-1, count, positions).max(axis=2)
        for one, other in np.argwhere(most >= bits - 2 * max_distance):
            if start + one != other:
                yield int(start + one), int(other)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Marks:
    """A photo's strongest keypoints."""

    grey: Grey
    """The photo."""
    count: int
    """How many there are."""
    points: Floats
    """[_KEYPOINTS, 2] x and y; zeros where there are fewer."""
    descriptors: Floats
    """[_KEYPOINTS, 128] of length 1; zeros where there are fewer."""


def _marks(grey: Grey) -> _Marks:
    found, raw = cv2.SIFT.create(nfeatures=_KEYPOINTS).detectAndCompute(grey, None)
    points = np.zeros((_KEYPOINTS, 2), np.float32)
    descriptors = np.zeros((_KEYPOINTS, 128), np.float32)
    count = min(_KEYPOINTS, len(found))  # of equally strong ones it gives more than asked
    if count:
        lengths = np.linalg.norm(raw[:count], axis=1, keepdims=True)
        points[:count] = [point.pt for point in found[:count]]
        descriptors[:count] = raw[:count] / lengths.clip(1)
    return _Marks(grey=grey, count=count, points=points, descriptors=descriptors)


def copies(looks: Sequence[Look]) -> Pairs:
    """Pairs that show the same scene, turned, mirrored, cut, and of another contrast.

    About 0.2 ms a pair: a set of a thousand photos takes a minute and a half.
    """
    every = [_marks(look.grey) for look in looks]
    told = [(index, mark) for index, mark in enumerate(every) if mark.count >= _PLACES]
    bank = np.array([mark.descriptors for _, mark in told], np.float32)
    for place, (index, mark) in enumerate(told):
        for mine in (mark, _marks(np.ascontiguousarray(mark.grey[:, ::-1]))):
            for before, here, there in _matches(mine.descriptors, bank[:place]):
                other, theirs = told[before]
                if _lie_over_each_other(mine, theirs, here, there):
                    yield index, other


def _matches(
    query: Floats, bank: Floats
) -> Iterator[tuple[int, NDArray[np.intp], NDArray[np.intp]]]:
    """Each photo of the bank with enough keypoints like those of the query, and which are alike."""
    for start in range(0, len(bank), _BLOCK):
        block = bank[start : start + _BLOCK]
        cosines = (block.reshape(-1, 128) @ query.T).reshape(len(block), _KEYPOINTS, -1)
        nearest = cosines.argmax(axis=1)
        best = np.take_along_axis(cosines, nearest[:, None], 1)[:, 0]
        np.put_along_axis(cosines, nearest[:, None], -1, 1)
        # Squared distances of vectors of length 1 are 2 - 2 cosine.
        good = (1 - best < _RATIO**2 * (1 - cosines.max(axis=1))) & (best > _LEAST_COSINE)
        for one in np.flatnonzero(good.sum(axis=1) >= _PLACES):
            mine = np.flatnonzero(good[one])
            yield int(start + one), mine, nearest[one, mine]


def _lie_over_each_other(
    mine: _Marks, theirs: _Marks, here: NDArray[np.intp], there: NDArray[np.intp]
) -> bool:
    """Whether one turn, scale and shift takes many keypoints, and the picture itself, to the other."""
    points = mine.points[here]
    move, agree = cv2.estimateAffinePartial2D(
        points, theirs.points[there], ransacReprojThreshold=3.0
    )
    if move is None or not _SCALES[0] < np.hypot(move[0, 0], move[1, 0]) < _SCALES[1]:
        return False
    places = np.unique(np.round(points[agree.ravel() > 0] / _PLACE_PX), axis=0)
    return len(places) >= _PLACES and _agree(mine.grey, theirs.grey, move)


def _agree(grey: Grey, other: Grey, move: cv2.typing.MatLike) -> bool:
    """Whether the picture, moved over the other, looks like it."""
    laid = cv2.warpAffine(grey, move, (other.shape[1], other.shape[0]))
    shown = (laid > _BLACK) & (other > _BLACK)
    if shown.mean() < _OVERLAP:
        return False
    blurred = [cv2.GaussianBlur(picture, (0, 0), 1.5)[shown] for picture in (laid, other)]
    if min(float(part.std()) for part in blurred) == 0:
        return False
    return bool(np.atleast_2d(np.corrcoef(np.stack(blurred)))[0, 1] > _CORRELATION)
