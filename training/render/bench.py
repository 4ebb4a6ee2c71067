"""The bench under the item, the shadow on it, and the camera over it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.render.noise import Field, Picture, blur, fractal, grain, grid, to_picture

# Everything is drawn at twice the size and reduced, so that edges are smooth.
OVERSAMPLE = 2


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Layer:
    """An item cut out: what it looks like, and where it is."""

    bgr: NDArray[np.float32]
    """[height, width, 3], 0 to 255."""
    alpha: Field
    """[height, width], 0 to 1."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Shown:
    """A picture of the bench with an item on it, before the camera."""

    bgr: Picture
    """At its final size."""
    item: NDArray[np.bool_]
    """[height, width]: where the item is."""


def line_px(bgr: Picture) -> int:
    """A stitch's thickness on a picture of this height."""
    return max(1, round(len(bgr) / 850))


def dashes(bgr: Picture, course: NDArray[np.int32], thickness: int) -> Picture:
    """A row of stitches along a course of points: darker dashes in the cloth's own colour."""
    mark = np.zeros(bgr.shape[:2], np.uint8)
    dense = _walk(course.astype(np.float64), 4.5 * thickness)
    for start, end in zip(dense[::2], dense[1::2], strict=False):
        ends = [tuple(int(v) for v in point) for point in (start, end)]
        cv2.line(mark, ends[0], ends[1], 255, thickness, cv2.LINE_AA)
    return to_picture(bgr * (1 - 0.24 * mark.astype(np.float32) / 255)[..., None])


def _walk(course: NDArray[np.float64], step_px: float) -> NDArray[np.float64]:
    """Points every step_px along the course."""
    lengths = np.hypot(*np.diff(course, axis=0).T)
    distance = np.concatenate([[0.0], np.cumsum(lengths)])
    at = np.arange(0.0, distance[-1], step_px)
    return np.stack([np.interp(at, distance, course[:, axis]) for axis in (0, 1)], axis=1)


def mat(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    """A cutting mat: pale, a fine grid, light from the upper left, [height, width, 3]."""
    x, y = grid(height, width)
    base = np.array(
        [(206, 210, 208), (196, 205, 210), (188, 190, 192), (176, 190, 182)][rng.integers(4)],
        np.float32,
    )
    picture = np.tile(base, (height, width, 1))
    pitch = height / rng.uniform(13, 17)
    lines = np.minimum(
        np.abs((x + pitch / 2) % pitch - pitch / 2), np.abs((y + pitch / 2) % pitch - pitch / 2)
    )
    picture *= (1 - 0.07 * (lines < 1.6))[..., None]
    picture *= (
        1 + 0.012 * grain(rng, height, width, 3) + 0.02 * fractal(rng, height, width, height / 2)
    )[..., None]
    return np.asarray(picture * _lamp(height, width)[..., None], np.float32)


def wood(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    """Table boards with their grain, [height, width, 3]."""
    _, y = grid(height, width)
    fibre = cv2.resize(grain(rng, height, max(8, width // 24), 2.5), (width, height))
    rings = np.sin(y / 17 + 5 * fractal(rng, height, width, width / 2, 2))
    board = height / 4
    tone = np.repeat(rng.normal(1, 0.035, 5), int(board) + 1)[:height, None]
    gap = 1 - 0.35 * (np.minimum(y % board, board - y % board) < 2)
    base = np.array(
        [(128, 165, 196), (104, 142, 176), (150, 176, 196)][rng.integers(3)], np.float32
    )
    shade = (1 + 0.035 * fibre + 0.025 * rings) * tone * gap * _lamp(height, width)
    return np.asarray(base * shade[..., None], np.float32)


def _lamp(height: int, width: int) -> Field:
    x, y = grid(height, width)
    far = np.hypot(x / width - 0.4, y / height - 0.35)
    return np.asarray(1.06 - 0.28 * far**2, np.float32)


def place(
    rng: np.random.Generator,
    ground: NDArray[np.float32],
    layer: Layer,
    *,
    lift_px: float,
    turn: float,
) -> Shown:
    """Lay the item on the ground: turned by a few degrees, with its shadow, at its final size."""
    height, width = layer.alpha.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, rng.uniform(0.95, 1.0))
    matrix += np.outer([0, 0, 1], rng.uniform(-0.012, 0.012, 2) * [width, height]).T
    bgr = np.asarray(cv2.warpAffine(layer.bgr, matrix, (width, height)), np.float32)
    alpha = np.asarray(cv2.warpAffine(layer.alpha, matrix, (width, height)), np.float32)
    lamp = _lamp(height, width)[..., None]
    both = shadowed(ground, alpha, lift_px) * (1 - alpha[..., None]) + bgr * lamp * alpha[..., None]
    return reduced(both, alpha)


def shadowed(ground: NDArray[np.float32], alpha: Field, lift_px: float) -> NDArray[np.float32]:
    """The ground with the shadow of what lies lift_px above it."""
    move = np.array([[1, 0, lift_px * 0.8], [0, 1, lift_px]])
    cast = cv2.warpAffine(alpha, move, alpha.shape[::-1])
    soft = (
        blur(np.asarray(cast, np.float32), lift_px * 0.9) * 0.42 + blur(alpha, lift_px * 2.5) * 0.14
    )
    return np.asarray(ground * (1 - soft[..., None]), np.float32)


def reduced(bgr: NDArray[np.float32], alpha: Field) -> Shown:
    """Drawn size → final size."""
    size = (bgr.shape[1] // OVERSAMPLE, bgr.shape[0] // OVERSAMPLE)
    small = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)
    there = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA) > 0.9
    return Shown(bgr=to_picture(np.asarray(small)), item=np.asarray(there, np.bool_))


def photographed(rng: np.random.Generator, bgr: Picture) -> Picture:
    """What the camera makes of it: a little soft, warm or cool, noisy."""
    soft = blur(bgr.astype(np.float32), rng.uniform(0.3, 0.6))
    white = 1 + rng.normal(0, 0.012, 3)
    noise = rng.standard_normal(bgr.shape).astype(np.float32) * rng.uniform(0.8, 1.6)
    return to_picture(soft * white + noise)
