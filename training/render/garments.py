"""Garments laid flat on a bench: outline, weave, folds, seams, buttons, prints."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.render.bench import Layer, dashes, line_px
from training.render.noise import Field, Picture, blur, fractal, grain, grid, to_picture

Points = tuple[tuple[float, float], ...]
"""Right half of an outline, from the middle of the neck to the middle of the hem; x 0 to 0.55 from
the middle, y 0 to 1 from top to bottom, in parts of the garment's length."""

T_SHIRT: Points = (
    (0.0, 0.115), (0.07, 0.09), (0.115, 0.035), (0.115, 0.035), (0.28, 0.075), (0.47, 0.27), (0.47, 0.27),
    (0.37, 0.36), (0.37, 0.36), (0.285, 0.285), (0.275, 0.45), (0.275, 0.7), (0.29, 0.965), (0.29, 0.965), (0.0, 0.98),
)  # fmt: skip
SHIRT: Points = (
    (0.0, 0.09), (0.06, 0.05), (0.11, 0.02), (0.27, 0.06), (0.335, 0.2), (0.46, 0.74), (0.46, 0.74),
    (0.37, 0.765), (0.37, 0.765), (0.27, 0.34), (0.26, 0.6), (0.27, 0.9), (0.24, 0.95), (0.0, 0.985),
)  # fmt: skip
SWEATER: Points = (
    (0.0, 0.095), (0.06, 0.075), (0.105, 0.03), (0.105, 0.03), (0.27, 0.075), (0.345, 0.22), (0.5, 0.7), (0.5, 0.7),
    (0.405, 0.735), (0.405, 0.735), (0.28, 0.34), (0.285, 0.6), (0.275, 0.95), (0.275, 0.95), (0.0, 0.96),
)  # fmt: skip
TROUSERS: Points = (
    (0.0, 0.02), (0.19, 0.02), (0.19, 0.02), (0.225, 0.17), (0.235, 0.4), (0.215, 0.975), (0.215, 0.975),
    (0.05, 0.985), (0.05, 0.985), (0.025, 0.6), (0.0, 0.37),
)  # fmt: skip
OUTLINES = {"t-shirt": T_SHIRT, "shirt": SHIRT, "sweater": SWEATER, "trousers": TROUSERS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Garment:
    """What is laid on the bench."""

    cut: str
    """A key of OUTLINES."""
    bgr: tuple[int, int, int]
    """The cloth's colour."""
    pattern: str = "plain"
    """A key of PATTERNS."""
    print_bgr: tuple[int, int, int] | None = None
    """The colour of the picture on the chest; none without one."""
    seed: int = 0
    """Folds, weave and how it lies."""


def outline(points: Points, rng: np.random.Generator, height: int, width: int) -> NDArray[np.int32]:
    """The whole outline as pixels, mirrored, a little uneven, its corners softened."""
    right = np.array(points)
    left = right[::-1] * [-1, 1]
    both = np.concatenate([right, left[1:-1]])
    both = both + rng.normal(0, 0.004, both.shape)
    for _ in range(3):  # Chaikin's corner cutting
        ahead = np.roll(both, -1, axis=0)
        both = np.stack([0.75 * both + 0.25 * ahead, 0.25 * both + 0.75 * ahead], 1).reshape(-1, 2)
    length = min(height * 0.92, width * 0.9 / (2 * right[:, 0].max()))
    top = (height - length) / 2
    return np.asarray(both * length + [width / 2, top], np.int32)


def _plain(_rng: np.random.Generator, height: int, width: int) -> Field:
    return np.ones((height, width), np.float32)


def _stripes(rng: np.random.Generator, height: int, width: int) -> Field:
    _, y = grid(height, width)
    period = height / rng.uniform(14, 26)
    return np.where(
        (y + 2 * grain(rng, height, width, 90)) % period < period * 0.4, 0.62, 1.0
    ).astype(np.float32)


def _check(rng: np.random.Generator, height: int, width: int) -> Field:
    x, y = grid(height, width)
    period = height / rng.uniform(18, 30)
    wave = 2 * grain(rng, height, width, 120)
    bars = ((x + wave) % period < period / 2).astype(np.float32) + (
        (y + wave) % period < period / 2
    )
    return np.asarray(1 - 0.22 * bars, np.float32)


def _melange(rng: np.random.Generator, height: int, width: int) -> Field:
    threads = grain(rng, height, width // 3, 2.0)
    return np.asarray(1 + 0.09 * cv2.resize(threads, (width, height)), np.float32)


def _denim(rng: np.random.Generator, height: int, width: int) -> Field:
    x, _ = grid(height, width)
    worn = 0.28 * np.exp(-(((np.abs(x - width / 2) - width * 0.115) / (width * 0.05)) ** 2))
    return np.asarray(0.92 + worn + 0.05 * grain(rng, height, width, 3.0), np.float32)


PATTERNS: dict[str, Callable[[np.random.Generator, int, int], Field]] = {
    "plain": _plain, "stripes": _stripes, "check": _check, "melange": _melange, "denim": _denim,
}  # fmt: skip


def lay(garment: Garment, *, back: bool, height: int, width: int) -> Layer:
    """The garment as a layer of height × width, seen from the front or the back."""
    rng = np.random.default_rng([garment.seed, back])
    points = outline(OUTLINES[garment.cut], rng, height, width)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [points], 255, cv2.LINE_AA)
    cloth = PATTERNS[garment.pattern](np.random.default_rng(garment.seed), height, width)
    bgr = cloth[..., None] * np.array(garment.bgr, np.float32)
    drawn = to_picture(bgr)
    if garment.print_bgr and not back:
        drawn = _printed(drawn, garment.print_bgr, rng)
    drawn = _FITTINGS[garment.cut](drawn, points, back)
    shade = _shading(rng, mask, garment.cut)
    return Layer(bgr=drawn * shade[..., None], alpha=np.asarray(mask / 255, np.float32))


def _shading(rng: np.random.Generator, mask: NDArray[np.uint8], cut: str) -> Field:
    """Light from the upper left over folds, weave and the rounded edge; around 1."""
    height, width = mask.shape
    relief = 0.02 * height * fractal(rng, height, width, height / 3, 3)
    for _ in range(int(rng.integers(9, 15))):
        relief += _fold(rng, height, width, cut)
    inward = cv2.distanceTransform((mask > 127).astype(np.uint8), cv2.DIST_L2, 3)
    relief += 5 * np.minimum(np.asarray(inward, np.float32) / (0.016 * height), 1)
    slope_y, slope_x = np.gradient(blur(relief, height / 500))
    light = 1 + 0.85 * np.tanh(0.55 * (slope_x + 1.2 * slope_y))
    weave = 1 + 0.022 * grain(rng, height, width, 2.2)
    return np.asarray(np.clip(light, 0.5, 1.22) * weave, np.float32)


def _fold(rng: np.random.Generator, height: int, width: int, cut: str) -> Field:
    """One soft ridge across the cloth; mostly along the legs on trousers."""
    canvas = np.zeros((height // 4, width // 4), np.float32)
    start = rng.uniform([0.2, 0.1], [0.8, 0.9]) * canvas.shape[::-1]
    angle = rng.normal(np.pi / 2, 0.5) if cut == "trousers" else rng.uniform(0, np.pi)
    step = np.array([np.cos(angle), np.sin(angle)]) * height / 4 * rng.uniform(0.05, 0.16)
    bend = np.array([-step[1], step[0]]) * rng.uniform(-0.5, 0.5)
    t = np.linspace(0, 1, 18)[:, None]
    course = (start + 2 * t * step + 4 * t * (1 - t) * bend) * 16  # a parabola: cloth has no kinks
    cv2.polylines(
        canvas,
        [course.astype(np.int32)],
        isClosed=False,
        color=1.0,
        thickness=2,
        lineType=cv2.LINE_AA,
        shift=4,
    )
    soft = blur(canvas, height / 4 * rng.uniform(0.006, 0.02))
    peak = float(soft.max()) or 1.0
    ridge = soft / peak * rng.uniform(0.004, 0.009) * height * rng.choice([-1, 1])
    return np.asarray(cv2.resize(ridge, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def _printed(bgr: Picture, colour: tuple[int, int, int], rng: np.random.Generator) -> Picture:
    """A sun over hills on the chest, in one colour."""
    height, width = bgr.shape[:2]
    radius = int(height * rng.uniform(0.07, 0.1))
    x, y = width // 2, int(height * 0.36)
    ink = np.zeros((height, width), np.uint8)
    cv2.circle(ink, (x, y), radius, 255, -1, cv2.LINE_AA)
    for row, share in ((0.25, 0.05), (0.5, 0.09), (0.75, 0.13)):
        cut = int(y + radius * row)
        cv2.line(ink, (0, cut), (width, cut), 0, max(1, int(radius * share)), cv2.LINE_AA)
    hills = np.array([[x - 1.9 * radius, y + 1.5 * radius], [x - radius, y + 1.05 * radius], [x, y + 1.45 * radius],
                      [x + 0.9 * radius, y + 1.1 * radius], [x + 1.9 * radius, y + 1.5 * radius]], np.int32)  # fmt: skip
    cv2.polylines(
        ink,
        [hills],
        isClosed=False,
        color=255,
        thickness=max(2, radius // 12),
        lineType=cv2.LINE_AA,
    )
    inked = (ink.astype(np.float32) / 255 * 0.92)[..., None]
    return to_picture(bgr * (1 - inked) + np.array(colour, np.float32) * inked)


def _near(points: NDArray[np.int32], x: float, y: float) -> tuple[int, int]:
    """The point at x, y in the outline's own box, 0 to 1 each."""
    low, high = points.min(axis=0), points.max(axis=0)
    at = low + (high - low) * [x, y]
    return int(at[0]), int(at[1])


def _hem(bgr: Picture, points: NDArray[np.int32]) -> Picture:
    """Stitches along the whole edge, a little inside."""
    centre = points.mean(axis=0)
    inner = np.asarray(centre + (points - centre) * 0.965, np.int32)
    return dashes(bgr, inner, line_px(bgr))


def _sleeves(bgr: Picture, points: NDArray[np.int32], armpit: tuple[float, float]) -> Picture:
    for side in (1, -1):
        at = [(0.5 + side * armpit[0] * 0.93, 0.075), (0.5 + side * armpit[0], armpit[1])]
        course = np.array([_near(points, *p) for p in at], np.int32)
        bgr = _seam(bgr, course)
    return bgr


def _seam(bgr: Picture, course: NDArray[np.int32]) -> Picture:
    """A dark groove with a light lip."""
    dark, light = np.zeros(bgr.shape[:2], np.uint8), np.zeros(bgr.shape[:2], np.uint8)
    width = line_px(bgr)
    cv2.polylines(dark, [course], isClosed=False, color=255, thickness=width, lineType=cv2.LINE_AA)
    beside = course + np.array([width + 1, 0], np.int32)
    cv2.polylines(light, [beside], isClosed=False, color=255, thickness=width, lineType=cv2.LINE_AA)
    change = (
        blur(light.astype(np.float32), width) * 0.2 - blur(dark.astype(np.float32), width) * 0.45
    )
    return to_picture(bgr * (1 + change / 255)[..., None])


def _neck(bgr: Picture, points: NDArray[np.int32], back: bool) -> Picture:  # noqa: FBT001 - a side
    """A ribbed band round the neck; from the back it lies higher."""
    x, y = _near(points, 0.5, 0.0)
    across = int((points[:, 0].max() - points[:, 0].min()) * 0.115)
    drop = int(across * (0.35 if back else 0.75))
    band = np.zeros(bgr.shape[:2], np.uint8)
    cv2.ellipse(
        band,
        (x, y + line_px(bgr) * 3),
        (across, drop),
        0,
        0,
        180,
        255,
        max(3, across // 5),
        cv2.LINE_AA,
    )
    share = (band.astype(np.float32) / 255)[..., None]
    return to_picture(bgr * (1 - 0.16 * share))


def _tee(bgr: Picture, points: NDArray[np.int32], back: bool) -> Picture:  # noqa: FBT001 - a side
    return _sleeves(_neck(_hem(bgr, points), points, back), points, (0.3, 0.29))


def _knit(bgr: Picture, points: NDArray[np.int32], back: bool) -> Picture:  # noqa: FBT001 - a side
    drawn = _sleeves(_neck(bgr, points, back), points, (0.275, 0.33))
    for x, y in ((0.5, 0.965), (0.08, 0.93), (0.92, 0.93)):
        drawn = dashes(
            drawn,
            np.array(
                [_near(points, x - 0.2, y - 0.03), _near(points, x + 0.2, y - 0.03)], np.int32
            ),
            line_px(bgr),
        )
    return drawn


def _shirt(bgr: Picture, points: NDArray[np.int32], back: bool) -> Picture:  # noqa: FBT001 - a side
    drawn = _sleeves(_hem(bgr, points), points, (0.285, 0.34))
    if back:
        return _seam(
            drawn, np.array([_near(points, 0.22, 0.2), _near(points, 0.78, 0.2)], np.int32)
        )
    for x in (0.465, 0.535):
        drawn = dashes(
            drawn,
            np.array([_near(points, x, 0.07), _near(points, x, 0.97)], np.int32),
            line_px(bgr),
        )
    pocket = [(0.6, 0.28), (0.6, 0.44), (0.66, 0.47), (0.72, 0.44), (0.72, 0.28), (0.6, 0.28)]
    drawn = dashes(drawn, np.array([_near(points, *p) for p in pocket], np.int32), line_px(bgr))
    return _collar(_buttons(drawn, points), points)


def _buttons(bgr: Picture, points: NDArray[np.int32]) -> Picture:
    drawn = bgr.copy()
    radius = max(3, bgr.shape[0] // 120)
    for row in np.linspace(0.16, 0.9, 6):
        x, y = _near(points, 0.5, float(row))
        cv2.circle(drawn, (x + 1, y + 2), radius + 1, (60, 60, 60), -1, cv2.LINE_AA)
        cv2.circle(drawn, (x, y), radius, (225, 228, 230), -1, cv2.LINE_AA)
        for dx in (-1, 1):
            cv2.circle(
                drawn,
                (x + dx * radius // 3, y),
                max(1, radius // 5),
                (120, 120, 120),
                -1,
                cv2.LINE_AA,
            )
    return drawn


def _collar(bgr: Picture, points: NDArray[np.int32]) -> Picture:
    drawn = bgr.copy()
    tint = tuple(
        float(c)
        for c in np.clip(np.median(bgr[points[:, 1].min() + 30 :], axis=(0, 1)) * 1.06 + 4, 0, 255)
    )
    for side in (1, -1):
        wing = [
            (0.5, 0.085),
            (0.5 + side * 0.13, 0.0),
            (0.5 + side * 0.17, 0.07),
            (0.5 + side * 0.07, 0.155),
        ]
        corner = np.array([_near(points, *p) for p in wing], np.int32)
        cv2.fillPoly(drawn, [corner], tint, cv2.LINE_AA)
        drawn = _seam(drawn, corner[[0, 3, 2]])
    return drawn


def _jeans(bgr: Picture, points: NDArray[np.int32], back: bool) -> Picture:  # noqa: FBT001 - a side
    drawn = _hem(bgr, points)
    drawn = _seam(drawn, np.array([_near(points, 0.02, 0.05), _near(points, 0.98, 0.05)], np.int32))
    drawn = _seam(drawn, np.array([_near(points, 0.5, 0.05), _near(points, 0.5, 0.36)], np.int32))
    for side in (1, -1):
        if back:
            pocket = [
                (0.12, 0.12),
                (0.12, 0.22),
                (0.22, 0.26),
                (0.34, 0.22),
                (0.34, 0.12),
                (0.12, 0.12),
            ]
        else:
            pocket = [(0.14, 0.06), (0.2, 0.13), (0.44, 0.16)]
        course = [_near(points, 0.5 + side * p[0], p[1]) for p in pocket]
        drawn = dashes(drawn, np.array(course, np.int32), line_px(bgr))
    if not back:
        cv2.circle(
            drawn,
            _near(points, 0.5, 0.035),
            max(3, bgr.shape[0] // 130),
            (90, 130, 160),
            -1,
            cv2.LINE_AA,
        )
    return drawn


_FITTINGS: dict[str, Callable[[Picture, NDArray[np.int32], bool], Picture]] = {
    "t-shirt": _tee, "sweater": _knit, "shirt": _shirt, "trousers": _jeans,
}  # fmt: skip
