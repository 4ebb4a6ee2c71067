"""One photo at the sizes that somebody looks at: its full size is let go as soon as these are made.

Twelve megapixels are 36 MB, and four photos of them 144 MB, of which a detector sees a tenth.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.vision.geometry import halved, resize
from models.vision.tiles import reduced_size

Bgr = NDArray[np.uint8]
"""Height × width × 3."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Picture:
    """A photo reduced to the longer sides that were asked for; smaller photos stay as they are."""

    width: int
    """Of the photo itself."""
    height: int
    """Of the photo itself."""
    sizes: Mapping[int, Bgr]
    """Longest side asked for → the photo reduced to it."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the photo itself."""
        return self.width, self.height

    @classmethod
    def of(cls, bgr: Bgr, sides_px: Iterable[int]) -> "Picture":
        """Reduce a photo, height × width × 3, once for each side; which others are asked for changes nothing."""
        height, width = bgr.shape[:2]
        sizes: dict[int, Bgr] = {}
        half = bgr
        for side in sorted(set(sides_px), reverse=True):
            size = reduced_size(width, height, side)
            half = halved(half, *size)
            sizes[side] = resize(half, *size)
        return cls(width=width, height=height, sizes=sizes)


def reduced(bgr: Bgr, side_px: int) -> Bgr:
    """The photo with a longer side of at most `side_px`, by area, so that marks fade and do not flicker."""
    return Picture.of(bgr, (side_px,)).sizes[side_px]
