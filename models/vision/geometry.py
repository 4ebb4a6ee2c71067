"""Boxes and the letterbox. Coordinates are pixel edges: a photo spans 0 … width, 0 … height."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]
"""[n, 4]: left, top, right, bottom."""

# The grey that Ultralytics pads with in training and prediction (its LetterBox).
PADDING_GREY = 114


@dataclass(frozen=True, kw_only=True, slots=True)
class Letterbox:
    """How a picture is fitted into a square: scaled without distortion, centred, padded.

    Each axis keeps its own scale, for the scaled size is rounded to whole pixels; with one common
    scale the way back would be off by up to half a pixel of the input.
    """

    width: int
    """Of the picture."""
    height: int
    """Of the picture."""
    inner_width: int
    """Of the scaled picture inside the square."""
    inner_height: int
    """Of the scaled picture inside the square."""
    side_px: int
    """Of the square."""

    @classmethod
    def fit(cls, width: int, height: int, side_px: int) -> "Letterbox":
        """The largest scale at which width × height fits into side_px × side_px."""
        scale = min(side_px / width, side_px / height)
        inner = [min(side_px, max(1, round(length * scale))) for length in (width, height)]
        return cls(
            width=width,
            height=height,
            inner_width=inner[0],
            inner_height=inner[1],
            side_px=side_px,
        )

    @property
    def left_px(self) -> int:
        """Padding left of the picture."""
        return (self.side_px - self.inner_width) // 2

    @property
    def top_px(self) -> int:
        """Padding above the picture."""
        return (self.side_px - self.inner_height) // 2

    @property
    def inside(self) -> tuple[slice, slice]:
        """Rows and columns of the square that the picture takes."""
        return (
            slice(self.top_px, self.top_px + self.inner_height),
            slice(self.left_px, self.left_px + self.inner_width),
        )

    def shrunk(self, bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture as large as it is inside; by area, so that marks don't alias.

        What has that size already is given back as it is.
        """
        inner = self.inner_width, self.inner_height
        return resize(halved(bgr, *inner), *inner)

    def to_input(self, boxes: Boxes) -> Boxes:
        """Picture pixels → pixels of the square."""
        return boxes * self._scale + self._shift

    def to_picture(self, boxes: Boxes) -> Boxes:
        """Pixels of the square → picture pixels: the exact inverse of to_input."""
        return (boxes - self._shift) / self._scale

    @property
    def _scale(self) -> Boxes:
        x, y = self.inner_width / self.width, self.inner_height / self.height
        return np.array([x, y, x, y])

    @property
    def _shift(self) -> Boxes:
        return np.array([self.left_px, self.top_px, self.left_px, self.top_px], np.float64)


def resize(bgr: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """To width × height; by area when shrinking, linear when growing, untouched when equal."""
    if bgr.shape[1] == width and bgr.shape[0] == height:
        return bgr
    shrinks = width * height < bgr.shape[0] * bgr.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(bgr, (width, height), interpolation=how), np.uint8)


def halved(bgr: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Halved as long as that leaves at least width × height, and both sides are even.

    Halving is exact and quick (3 ms for 12 megapixels), reducing by area in one go is not (32 ms to
    1,280 px on one core); after it there is a quarter left to do so with.
    """
    while (
        bgr.shape[1] % 2 == bgr.shape[0] % 2 == 0
        and bgr.shape[1] >= 2 * width
        and bgr.shape[0] >= 2 * height
    ):
        half = (bgr.shape[1] // 2, bgr.shape[0] // 2)
        bgr = np.asarray(cv2.resize(bgr, half, interpolation=cv2.INTER_AREA), np.uint8)
    return bgr


def areas(boxes: Boxes) -> NDArray[np.float64]:
    """[n] areas of [n, 4] boxes; 0 where a box is empty or turned inside out."""
    sides = np.clip(boxes[..., 2:] - boxes[..., :2], 0, None)
    return sides[..., 0] * sides[..., 1]


def overlaps(one: Boxes, many: Boxes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How a box [4] overlaps each of [m]: [m] intersection over union, [m] over the smaller box.

    The second is 1 where one lies inside the other; both are 0 where there is no area.
    """
    corner, opposite = np.maximum(one[:2], many[:, :2]), np.minimum(one[2:], many[:, 2:])
    shared = areas(np.concatenate([corner, opposite], axis=1))
    own, others = areas(one), areas(many)
    # Where nothing is shared the divisor does not matter, but it must not be 0.
    divisors = np.where(shared > 0, [own + others - shared, np.minimum(own, others)], 1.0)
    return shared / divisors[0], shared / divisors[1]


def clip(boxes: Boxes, width: float, height: float) -> Boxes:
    """Boxes cut at the borders of width × height."""
    limit = np.array([width, height, width, height], np.float64)
    return np.clip(boxes, 0, limit)
