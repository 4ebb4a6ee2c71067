"""Small data sets on disk for the tests of this folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.render.noise import fractal

Square = tuple[int, int, int, int]


def pale(seed: int = 0, height: int = 96, width: int = 128) -> NDArray[np.uint8]:
    """A light picture with soft clouds of its own: no two seeds look alike."""
    clouds = np.random.default_rng(seed).uniform(150, 250, (6, 8, 3)).astype(np.float32)
    return np.asarray(
        cv2.resize(clouds, (width, height), interpolation=cv2.INTER_CUBIC).clip(120, 255), np.uint8
    )


def with_dark(bgr: NDArray[np.uint8], *squares: Square, level: int = 10) -> NDArray[np.uint8]:
    """The picture with black rectangles x1, y1, x2, y2."""
    drawn = bgr.copy()
    for x1, y1, x2, y2 in squares:
        drawn[y1:y2, x1:x2] = level
    return drawn


def cloth(seed: int) -> NDArray[np.uint8]:
    """A weave with clouds and a few spots of its own, as a close-up has them."""
    rng = np.random.default_rng(seed)
    bgr = np.repeat((150 + 50 * fractal(rng, 400, 400, 60, 4))[..., None], 3, axis=2)
    for _ in range(60):
        x, y = (int(v) for v in rng.integers(20, 380, 2))
        cv2.circle(bgr, (x, y), int(rng.integers(3, 12)), (float(rng.integers(20, 230)),) * 3, -1)
    return np.asarray(bgr.clip(0, 255), np.uint8)


def turned(bgr: NDArray[np.uint8], degrees: float, scale: float = 1.0) -> NDArray[np.uint8]:
    """As augmented data sets turn pictures: black corners, the rest cut off."""
    height, width = bgr.shape[:2]
    move = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
    return np.asarray(cv2.warpAffine(bgr, move, (width, height)), np.uint8)


def write_set(
    folder: Path,
    photos: Mapping[str, tuple[NDArray[np.uint8], Sequence[tuple[int, Square]]]],
    classes: Sequence[str] = ("stain",),
) -> Path:
    """images/, labels/ and classes.txt: name → picture and its (class index, box) list. PNG."""
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "classes.txt").write_text("".join(f"{name}\n" for name in classes))
    for name, (bgr, boxes) in photos.items():
        assert cv2.imwrite(str(folder / "images" / f"{name}.png"), bgr)
        lines = [_line(index, box, bgr.shape[1], bgr.shape[0]) for index, box in boxes]
        (folder / "labels" / f"{name}.txt").write_text("\n".join(lines))
    return folder


def _line(index: int, box: Square, width: int, height: int) -> str:
    x1, y1, x2, y2 = box
    return f"{index} {(x1 + x2) / 2 / width} {(y1 + y2) / 2 / height} {(x2 - x1) / width} {(y2 - y1) / height}"
