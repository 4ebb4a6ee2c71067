"""Displays that are on: wallpaper, tiles, lines of text."""

import cv2
import numpy as np

from training.render.canvas import Canvas, paste, pixels_of
from training.render.fields import clouds
from training.render.marks import words, write
from training.render.noise import Picture
from training.render.view import Plane, Points, rectangle


def lit_screen(
    rng: np.random.Generator, canvas: Canvas, plane: Plane, glass: Points, *, portrait: bool
) -> None:
    """A display that is on: wallpaper, tiles or lines of text, a clock."""
    wide, high = (240, 480) if portrait else (480, 300)
    screen = _wallpaper(rng, high, wide)
    (_icons if rng.random() < 0.5 else _page)(rng, screen)
    low, top = glass.min(axis=0), glass.max(axis=0)
    where = pixels_of(canvas, plane, glass)
    mask = np.zeros(canvas.item.shape, np.uint8)
    cv2.fillPoly(mask, [np.asarray(where * 16, np.int32)], 255, cv2.LINE_AA, 4)
    kept = canvas.albedo.copy()
    paste(canvas, plane, rectangle(low[0], low[1], top[0], top[1]), screen)
    dim = float(rng.uniform(0.45, 0.9))
    cv2.multiply(canvas.albedo, cv2.merge([mask] * 3), canvas.glow, dim / 255)
    canvas.albedo[:] = kept


def _wallpaper(rng: np.random.Generator, high: int, wide: int) -> Picture:
    y = np.linspace(0, 1, high, dtype=np.float32)[:, None, None]
    a, b = rng.uniform(10, 240, (2, 3)).astype(np.float32)
    wave = clouds(rng, high, wide, wide / 2, 2)[..., None] * np.float32(rng.uniform(0, 90))
    return np.asarray(np.clip(a + (b - a) * y + wave, 0, 255), np.uint8)


def _icons(rng: np.random.Generator, screen: Picture) -> None:
    high, wide = screen.shape[:2]
    pitch = wide // int(rng.integers(4, 6))
    for y in range(pitch, high - pitch, round(pitch * 1.25)):
        for x in range(pitch // 2, wide - pitch // 3, pitch):
            colour = tuple(float(v) for v in rng.uniform(30, 250, 3))
            cv2.rectangle(
                screen,
                (x - pitch // 4, y - pitch // 4),
                (x + pitch // 4, y + pitch // 4),
                colour,
                -1,
            )
    write(
        screen,
        f"{rng.integers(0, 24):02}:{rng.integers(0, 60):02}",
        (8, 18),
        12,
        ink=(250, 250, 250),
    )


def _page(rng: np.random.Generator, screen: Picture) -> None:
    high = screen.shape[0]
    light = rng.random() < 0.7
    screen[high // 12 :] = 244 if light else 30
    ink = (50, 50, 50) if light else (215, 215, 215)
    for y in range(high // 12 + 22, high - 10, int(rng.integers(14, 24))):
        if rng.random() < 0.85:
            write(screen, words(rng), (14, y), 8, ink=ink, font=cv2.FONT_HERSHEY_SIMPLEX)
