"""Random fields and soft steps: what cloth, tables and stains are made of."""

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
"""[height, width] of reals."""
Picture = NDArray[np.uint8]
"""[height, width, 3] BGR."""


def grain(rng: np.random.Generator, height: int, width: int, cell_px: float) -> Field:
    """Smooth noise of standard deviation near 1 whose bumps are about cell_px wide."""
    rows, columns = (max(2, round(length / cell_px) + 3) for length in (height, width))
    coarse = rng.standard_normal((rows, columns)).astype(np.float32)
    return stretch(coarse, width, height)


def fractal(
    rng: np.random.Generator, height: int, width: int, cell_px: float, octaves: int = 4
) -> Field:
    """Grain over several scales, each half as wide and half as strong; near -1 to 1."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        total += grain(rng, height, width, max(1.0, cell_px / 2**octave)) * 0.5 ** (octave + 1)
    return total


def stretch(field: Field, width: int, height: int) -> Field:
    """The field resampled smoothly to width × height."""
    return np.asarray(cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def blur(field: NDArray[np.floating], sigma_px: float) -> NDArray[np.float32]:
    """Gaussian blur of a field or a picture of floats; a copy when sigma is next to nothing."""
    if sigma_px < 0.15:
        return np.asarray(field, np.float32)
    return np.asarray(cv2.GaussianBlur(np.asarray(field, np.float32), (0, 0), sigma_px), np.float32)


def smooth(field: Field, low: float, high: float) -> Field:
    """0 below low, 1 above high, an S between."""
    t = np.clip((field - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def grid(height: int, width: int) -> tuple[Field, Field]:
    """X and y of each pixel's centre, each [height, width]."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return x + 0.5, y + 0.5


def to_picture(bgr: NDArray[np.floating]) -> Picture:
    """Floats 0 to 255, rounded and clipped."""
    return np.asarray(np.clip(np.rint(bgr), 0, 255), np.uint8)


def grey_of(bgr: NDArray[np.uint8]) -> Field:
    """[height, width] luminance, 0 to 255."""
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.float32)
