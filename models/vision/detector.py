"""A release looks at one photo."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.errors import ReleaseRefused
from models.record import XyXy
from models.records import Calibration, Release
from models.vision.bundle import Bundle
from models.vision.geometry import Letterbox, clip, resize
from models.vision.tiles import Sighting, Tile, is_cut, merge, plan, reduced_size

# Bounds memory: eight 640 px tiles are 39 MB of input. On a CPU larger batches gain nothing.
TILES_AT_ONCE = 8
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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Look:
    """One tile on its way into the model and back."""

    number: int
    tile: Tile
    fit: Letterbox

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
        self._session = bundle.session

    def detect(
        self, bgr: NDArray[np.uint8], *, floors: Mapping[str, float] | None = None
    ) -> tuple[Detection, ...]:
        """What is seen on a photo (height × width × 3), best first, each object once.

        `floors` replaces the card's threshold of the classes that it names (class → raw score), for
        measuring. Raises ReleaseRefused when the model gives what its card does not allow.
        """
        height, width = bgr.shape[:2]
        reduced = resize(bgr, *reduced_size(width, height, self.card.tiling.max_side_px))
        sightings = merge(list(self._sightings(reduced, self.card.thresholds | dict(floors or {}))))
        back = np.array([width / reduced.shape[1], height / reduced.shape[0]] * 2)
        found = (self._detection(sighting, back, width, height) for sighting in sightings)
        return tuple(d for d in found if _has_area(d.xyxy))

    def _sightings(
        self, reduced: NDArray[np.uint8], floors: Mapping[str, float]
    ) -> Iterator[Sighting]:
        height, width = reduced.shape[:2]
        looks = self._looks(width, height)
        for start in range(0, len(looks), TILES_AT_ONCE):
            some = looks[start : start + TILES_AT_ONCE]
            tiles, fits = [look.tile for look in some], [look.fit for look in some]
            rows = self._session.run(to_batch(reduced, tiles, fits))
            self._check(rows, len(some))
            for look, row in zip(some, rows, strict=True):
                yield from self._on_look(look, row, (width, height), floors)

    def _looks(self, width: int, height: int) -> list[_Look]:
        side = self.card.input_side_px
        tiles = plan(width, height, side, self.card.tiling)
        return [
            _Look(number=number, tile=tile, fit=Letterbox.fit(tile.width, tile.height, side))
            for number, tile in enumerate(tiles)
        ]

    def _check(self, rows: NDArray[np.float32], count: int) -> None:
        name = self.card.identifier
        if rows.ndim != 3 or rows.shape[0] != count or rows.shape[2] != 6:
            raise ReleaseRefused(f"{name}: it should give [{count}, boxes, 6], got {rows.shape}")
        if not np.isfinite(rows).all():
            raise ReleaseRefused(f"{name}: it gave values that are no numbers")
        scores, classes = rows[..., 4], rows[..., 5]
        if rows.size and (scores.min() < 0 or scores.max() > 1):
            raise ReleaseRefused(f"{name}: its scores should be 0 to 1, got {scores.max()}")
        if rows.size and (classes.min() < 0 or classes.max() >= len(self.card.classes)):
            raise ReleaseRefused(f"{name}: it gave class {classes.max():.0f}, which its card lacks")

    def _on_look(
        self,
        look: _Look,
        row: NDArray[np.float32],
        size: tuple[int, int],
        floors: Mapping[str, float],
    ) -> Iterator[Sighting]:
        classes = row[:, 5].astype(np.intp)
        lowest = np.array([floors[kind] for kind in self.card.classes], np.float32)
        kept = np.flatnonzero(row[:, 4] >= lowest[classes])
        for index, xyxy in zip(kept, look.to_photo(row[kept, :4]), strict=True):
            yield Sighting(
                kind=self.card.classes[classes[index]],
                raw=float(row[index, 4]),
                xyxy=xyxy,
                is_cut=is_cut(xyxy, look.tile, *size),
                look=look.number,
            )

    def _detection(
        self, sighting: Sighting, back: NDArray[np.float64], width: int, height: int
    ) -> Detection:
        box = clip(np.array(sighting.xyxy) * back, width, height)
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
    squares = [
        fit.apply(bgr[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width])
        for tile, fit in zip(tiles, fits, strict=True)
    ]
    rgb = np.stack(squares)[..., ::-1].transpose(0, 3, 1, 2)
    return np.ascontiguousarray(rgb, np.float32) / np.float32(255)


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
