"""What the camera makes of a scene: focus, lens, exposure, white balance, noise, JPEG."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from training.render.fields import field
from training.render.noise import Picture

_NOISE_PX = 1216


def photographed(
    rng: np.random.Generator, bgr: Picture, chance: np.random.Generator | None = None
) -> Picture:
    """[height, width, 3] BGR, uint8: the scene as a camera would have kept it, not yet compressed.

    `rng` is the camera; `chance` the noise of this one exposure, the camera's own without it.
    """
    height, width = bgr.shape[:2]
    steep = rng.uniform(0.94, 1.12)
    picture = cv2.LUT(_focused(rng, bgr), _exposed(rng) * np.float32(steep))
    cv2.multiply(picture, _vignette(rng, height, width), picture)
    # Under a square-root curve the noise of counted photons is as strong in the dark as in the light.
    strength = rng.uniform(0.8, 2.0) if rng.random() < 0.8 else rng.uniform(2.0, 5.0)
    noise = _noise(chance or rng, height, width, fine=bool(rng.random() < 0.5))
    flat = 118 * (1 - steep)
    return np.asarray(cv2.addWeighted(picture, 1, noise, strength, flat, dtype=cv2.CV_8U), np.uint8)


def _exposed(rng: np.random.Generator) -> NDArray[np.float32]:
    """[1, 256, 3]: a level → what exposure and white balance make of it in each channel."""
    gain = np.clip(rng.normal(1.0, 0.09), 0.78, 1.18) * (1 + rng.normal(0, 0.025, 3))
    return np.asarray(np.arange(256)[None, :, None] * gain, np.float32)


@cache
def _grains(cell_px: float) -> NDArray[np.float32]:
    """[_NOISE_PX, _NOISE_PX, 3]: noise of a sensor, more of it in grey than in colour. Never written to."""
    rng = np.random.default_rng(3)
    planes = [field(rng, _NOISE_PX, _NOISE_PX, cell_px) for _ in range(4)]
    return np.asarray(cv2.merge([0.8 * planes[3] + 0.45 * one for one in planes[:3]]), np.float32)


def _noise(rng: np.random.Generator, height: int, width: int, *, fine: bool) -> NDArray[np.float32]:
    grains = _grains(1.2 if fine else 2.0)
    if max(height, width) > _NOISE_PX:
        by = -(-max(height, width) // _NOISE_PX)
        grains = np.tile(grains, (by, by, 1))
    y, x = (int(rng.integers(0, grains.shape[0] - n + 1)) for n in (height, width))
    return grains[y : y + height, x : x + width]


def _focused(rng: np.random.Generator, bgr: Picture) -> Picture:
    """Mostly sharp; now and then a little out of focus or moved; some cameras sharpen."""
    sort = rng.random()
    if sort < 0.12:
        return np.asarray(cv2.GaussianBlur(bgr, (0, 0), rng.uniform(0.9, 1.6)), np.uint8)
    if sort < 0.2:
        return np.asarray(cv2.filter2D(bgr, -1, _moved(rng)), np.uint8)
    soft = cv2.GaussianBlur(bgr, (0, 0), rng.uniform(0.4, 0.75))
    if sort < 0.5:
        return np.asarray(cv2.addWeighted(bgr, 1.35, soft, -0.35, 0), np.uint8)
    return np.asarray(soft, np.uint8)


def _moved(rng: np.random.Generator) -> NDArray[np.float32]:
    """[7, 7]: the kernel of a camera that moved by a few pixels."""
    kernel = np.zeros((7, 7), np.float32)
    dx, dy = rng.uniform(-2, 2, 2)
    ends = [(round((3 + s * dx) * 16), round((3 + s * dy) * 16)) for s in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_8, 4)
    return np.asarray(kernel / max(float(kernel.sum()), 1.0), np.float32)


def _vignette(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    """[height, width, 3]: darker corners."""
    x, y = (np.linspace(-1, 1, n, dtype=np.float32) ** 2 for n in (width, height))
    dark = 1 - np.float32(rng.uniform(0, 0.12)) * (x[None, :] + y[:, None])
    return np.asarray(cv2.merge([dark, dark, dark]), np.float32)


def compressed(rng: np.random.Generator, bgr: Picture) -> bytes:
    """The picture as JPEG of the quality that some camera uses."""
    quality = int(rng.integers(72, 96))
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done  # noqa: S101 - fails only without memory
    return data.tobytes()
