"""What the camera makes of a scene: focus, lens, exposure, white balance, noise, JPEG."""

import cv2
import numpy as np

from training.render.fields import field
from training.render.noise import Field, Picture


def photographed(rng: np.random.Generator, bgr: Picture) -> Picture:
    """[height, width, 3] BGR, uint8: the scene as a camera would have kept it, not yet compressed."""
    height, width = bgr.shape[:2]
    exposure = float(np.clip(rng.normal(1.0, 0.09), 0.78, 1.18))
    gain = exposure * (1 + rng.normal(0, 0.025, 3))
    picture = np.asarray(_focused(rng, bgr) * gain, np.float32)
    picture *= _vignette(rng, height, width)[..., None]
    # Under a square-root curve the noise of counted photons is as strong in the dark as in the light.
    strength = rng.uniform(0.8, 2.0) if rng.random() < 0.8 else rng.uniform(2.0, 5.0)
    cell = rng.choice([1.2, 2.0])
    noise = np.stack([field(rng, height, width, cell) for _ in range(3)], axis=2)
    picture += (noise * 0.5 + noise[..., 1:2]) * np.float32(strength * 0.8)
    return np.asarray(np.clip(_contrast(rng, picture) + 0.5, 0, 255), np.uint8)


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


def _moved(rng: np.random.Generator) -> cv2.typing.MatLike:
    """The kernel of a camera that moved by a few pixels."""
    kernel = np.zeros((7, 7), np.float32)
    dx, dy = rng.uniform(-2, 2, 2)
    ends = [(round((3 + s * dx) * 16), round((3 + s * dy) * 16)) for s in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_8, 4)
    return kernel / max(float(kernel.sum()), 1.0)


def _vignette(rng: np.random.Generator, height: int, width: int) -> Field:
    """[height, width]: darker corners."""
    x, y = (np.linspace(-1, 1, n, dtype=np.float32) ** 2 for n in (width, height))
    return np.asarray(1 - rng.uniform(0, 0.12) * (x[None, :] + y[:, None]), np.float32)


def _contrast(rng: np.random.Generator, picture: cv2.typing.MatLike) -> cv2.typing.MatLike:
    """Steeper or flatter around the middle."""
    by = np.float32(rng.uniform(0.94, 1.12))
    return (picture - 118) * by + 118


def compressed(rng: np.random.Generator, bgr: Picture) -> bytes:
    """The picture as JPEG of the quality that some camera uses."""
    quality = int(rng.integers(72, 96))
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done  # noqa: S101 - fails only without memory
    return data.tobytes()
