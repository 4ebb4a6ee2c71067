"""A release looks at the photos of an item."""

import queue
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import ReleaseRefused
from models.record import XyXy
from models.records import Calibration, Release
from models.vision.bundle import Bundle
from models.vision.geometry import PADDING_GREY, Letterbox, clip
from models.vision.lanes import Lanes
from models.vision.picture import Picture
from models.vision.tiles import Sighting, Tile, is_cut, merge, plan

# 0 to 255 → 0 to 1.
_TO_UNIT = (np.arange(256, dtype=np.float32) / np.float32(255))[None]
# A box thinner than this many photo pixels has no area worth a finding.
_MIN_SIDE_PX = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Detection:
    """One thing that the release saw on the photo."""

    kind: str
    """The class: a value of Defect or Part."""
    raw: float
    """The model's own score, 0 to 1: what thresholds are set on."""
    probability: float
    """The calibrated score; the raw one where the card has no calibration for the class."""
    xyxy: XyXy
    """Left, top, right, bottom in pixels of the photo."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Look:
    """One tile on its way into the model and back."""

    place: int
    """Of its photo among the photos."""
    number: int
    """Among the photo's tiles."""
    tile: Tile
    fit: Letterbox
    bgr: NDArray[np.uint8]
    """The reduced photo."""

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The tile's own, height × width × 3 BGR."""
        return _cut(self.bgr, self.tile)

    def to_photo(self, boxes: NDArray[np.float32]) -> list[XyXy]:
        """Pixels of the model's input → pixels of the reduced photo, cut at the tile's borders."""
        inside = self.fit.to_picture(boxes.astype(np.float64))
        clipped = clip(inside, self.tile.width, self.tile.height)
        return [tuple(box) for box in (clipped + [self.tile.x, self.tile.y] * 2).tolist()]


class Detector:
    """Runs a release over photos of any size."""

    def __init__(self, bundle: Bundle) -> None:
        """Look through `bundle`."""
        self.card: Release = bundle.card
        self.identifier = bundle.identifier
        self._session = bundle.session
        self._lane_count = bundle.lanes
        self._lanes = Lanes(bundle.lanes)

    def detect(
        self, bgr: NDArray[np.uint8], *, floors: Mapping[str, float] | None = None
    ) -> tuple[Detection, ...]:
        """What is seen on one photo (height × width × 3): detect_photos for who has but one."""
        return self.detect_photos([bgr], floors=floors)[0]

    def detect_photos(
        self, photos: Iterable[NDArray[np.uint8]], *, floors: Mapping[str, float] | None = None
    ) -> list[tuple[Detection, ...]]:
        """What is seen on each photo (height × width × 3): reduced side by side, then detect_all."""
        sides = (self.card.tiling.max_side_px,)
        pictures = self._lanes.map(lambda bgr: Picture.of(bgr, sides), photos)
        return self.detect_all(pictures, floors=floors)

    def detect_all(
        self, pictures: Sequence[Picture], *, floors: Mapping[str, float] | None = None
    ) -> list[tuple[Detection, ...]]:
        """What is seen on each photo, best first, each object once.

        Tiles go through the model side by side, whichever photo they are of; a photo gives the same
        alone. Each picture has the card's longest side among its sizes. `floors` replaces the card's
        threshold of the classes that it names (class → raw score), for measuring. Raises
        ReleaseRefused when the model gives what its card does not allow.
        """
        limits = self.card.thresholds | dict(floors or {})
        lowest = np.array([limits[kind] for kind in self.card.classes], np.float32)
        looks = [look for place, one in enumerate(pictures) for look in self._looks(place, one)]
        seen: list[list[Sighting]] = [[] for _ in pictures]
        for look, sightings in zip(looks, self._looked(looks, lowest), strict=True):
            seen[look.place] += sightings
        return [self._detections(*one) for one in zip(pictures, map(merge, seen), strict=True)]

    def _looks(self, place: int, picture: Picture) -> Iterator[_Look]:
        side, tiling = self.card.input_side_px, self.card.tiling
        bgr = picture.sizes[tiling.max_side_px]
        for number, tile in enumerate(plan(bgr.shape[1], bgr.shape[0], side, tiling)):
            fit = Letterbox.fit(tile.width, tile.height, side)
            yield _Look(place=place, number=number, tile=tile, fit=fit, bgr=bgr)

    def _looked(self, looks: Sequence[_Look], lowest: NDArray[np.float32]) -> list[list[Sighting]]:
        side = self.card.input_side_px
        # One for each lane, used again and again.
        free: queue.SimpleQueue[tuple[NDArray[np.float32], NDArray[np.uint8]]] = queue.SimpleQueue()
        for _ in range(self._lane_count):
            shape = (3, side, side)
            free.put((np.empty((1, *shape), np.float32), np.empty(shape, np.uint8)))

        def through(look: _Look) -> list[Sighting]:
            tile, channels = room = free.get()
            try:
                fill(tile[0], look.pixels, look.fit, channels)
                rows = self._session.run(tile)
            finally:
                free.put(room)
            self._check(rows)
            return list(self._on_look(look, rows[0], lowest))

        return self._lanes.map(through, looks)

    def _check(self, rows: NDArray[np.float32]) -> None:
        name = self.identifier
        if rows.ndim != 3 or rows.shape[0] != 1 or rows.shape[2] != 6:
            raise ReleaseRefused(f"{name}: it should give [1, boxes, 6], got {rows.shape}")
        if not np.isfinite(rows).all():
            raise ReleaseRefused(f"{name}: it gave values that are no numbers")
        scores, classes = rows[..., 4], rows[..., 5]
        if rows.size and (scores.min() < 0 or scores.max() > 1):
            raise ReleaseRefused(f"{name}: its scores should be 0 to 1, got {scores.max()}")
        if rows.size and (classes.min() < 0 or classes.max() >= len(self.card.classes)):
            raise ReleaseRefused(f"{name}: it gave class {classes.max():.0f}, which its card lacks")

    def _on_look(
        self, look: _Look, row: NDArray[np.float32], lowest: NDArray[np.float32]
    ) -> Iterator[Sighting]:
        height, width = look.bgr.shape[:2]
        classes = row[:, 5].astype(np.intp)
        kept = np.flatnonzero(row[:, 4] >= lowest[classes])
        for index, xyxy in zip(kept, look.to_photo(row[kept, :4]), strict=True):
            yield Sighting(
                kind=self.card.classes[classes[index]],
                raw=float(row[index, 4]),
                xyxy=xyxy,
                is_cut=is_cut(xyxy, look.tile, width, height),
                look=look.number,
            )

    def _detections(self, picture: Picture, sightings: Sequence[Sighting]) -> tuple[Detection, ...]:
        """In pixels of the photo itself."""
        height, width = picture.sizes[self.card.tiling.max_side_px].shape[:2]
        back = np.array([picture.width / width, picture.height / height] * 2)
        found = (
            self._detection(sighting, clip(np.array(sighting.xyxy) * back, *picture.size))
            for sighting in sightings
        )
        return tuple(d for d in found if _has_area(d.xyxy))

    def _detection(self, sighting: Sighting, box: NDArray[np.float64]) -> Detection:
        return Detection(
            kind=sighting.kind,
            raw=sighting.raw,
            probability=calibrated(sighting.raw, self.card.calibration.get(sighting.kind)),
            xyxy=(float(box[0]), float(box[1]), float(box[2]), float(box[3])),
        )


def to_batch(
    bgr: NDArray[np.uint8], tiles: Sequence[Tile], fits: Sequence[Letterbox]
) -> NDArray[np.float32]:
    """[tiles, 3, side, side] float32 RGB 0 to 1 of the tiles of a (reduced) BGR photo, letterboxed."""
    side = fits[0].side_px
    batch = np.empty((len(tiles), 3, side, side), np.float32)
    for planes, tile, fit in zip(batch, tiles, fits, strict=True):
        fill(planes, _cut(bgr, tile), fit)
    return batch


def fill(
    planes: NDArray[np.float32],
    bgr: NDArray[np.uint8],
    fit: Letterbox,
    channels: NDArray[np.uint8] | None = None,
) -> None:
    """Write a BGR tile, letterboxed, into [3, side, side] float32 RGB 0 to 1.

    By a table for each plane: quicker than turning, converting and dividing, and the same numbers.
    `channels`, [3, side, side], is room for what lies in between: fresh memory costs a thread twice
    what the work itself does.
    """
    room = np.empty(planes.shape, np.uint8) if channels is None else channels
    inner, (rows, columns) = fit.shrunk(bgr), fit.inside
    if inner.shape[:2] == planes.shape[1:]:
        cv2.split(inner, list(room))
    else:
        room.fill(PADDING_GREY)
        for number, channel in enumerate(room):
            channel[rows, columns] = inner[..., number]
    for channel, plane in zip(room, planes[::-1], strict=True):
        cv2.LUT(channel, _TO_UNIT, plane)


def _cut(bgr: NDArray[np.uint8], tile: Tile) -> NDArray[np.uint8]:
    return bgr[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width]


def calibrated(raw: float, calibration: Calibration | None) -> float:
    """Probability at a raw score: linear between the knots, constant beyond them.

    Source: isotonic calibration of detectors (domain: arXiv 2405.20459).
    """
    if calibration is None or not calibration.raw:
        return raw
    return float(np.interp(raw, calibration.raw, calibration.calibrated))


def reaches(raw: float, threshold: float) -> bool:
    """Whether a score counts; in float32, for a model's 0.7 is 0.69999999 as a float64."""
    return bool(np.float32(raw) >= np.float32(threshold))


def _has_area(xyxy: XyXy) -> bool:
    return xyxy[2] - xyxy[0] >= _MIN_SIDE_PX and xyxy[3] - xyxy[1] >= _MIN_SIDE_PX
