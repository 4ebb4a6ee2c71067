"""Phones on a bench: front, back and the label with the serial number; scratches on their glass."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.record import XyXy
from training.render.bench import Layer
from training.render.noise import Field, Picture, blur, fractal, grain, grey_of, grid, to_picture
from training.render.print import bars, lines_of_text


@dataclass(frozen=True, kw_only=True, slots=True)
class Phone:
    """What is laid on the bench."""

    bgr: tuple[int, int, int]
    """The back's colour."""
    lenses: int = 3
    """Cameras on the back."""
    seed: int = 0
    """Serial number and reflections."""


def rounded(height: int, width: int, box: XyXy, radius: float) -> Field:
    """[height, width] mask, 0 to 1, of a rectangle with round corners."""
    x, y = grid(height, width)
    half_w, half_h = (box[2] - box[0]) / 2 - radius, (box[3] - box[1]) / 2 - radius
    dx = np.maximum(np.abs(x - (box[0] + box[2]) / 2) - half_w, 0)
    dy = np.maximum(np.abs(y - (box[1] + box[3]) / 2) - half_h, 0)
    return np.asarray(np.clip(radius - np.hypot(dx, dy) + 0.5, 0, 1), np.float32)


def _body(height: int, width: int) -> XyXy:
    tall = height * 0.84
    wide = tall * 0.485
    return (width - wide) / 2, (height - tall) / 2, (width + wide) / 2, (height + tall) / 2


def _inset(box: XyXy, by: float) -> XyXy:
    return box[0] + by, box[1] + by, box[2] - by, box[3] - by


def _sheen(rng: np.random.Generator, height: int, width: int) -> Field:
    """A lamp's reflection, a slanted soft band."""
    x, y = grid(height, width)
    slant = (x + 0.55 * y) / width
    return np.asarray(np.exp(-(((slant - rng.uniform(0.45, 0.85)) / 0.13) ** 2)), np.float32)


def _over(bgr: NDArray[np.float32], mask: Field, colour: tuple[float, ...]) -> NDArray[np.float32]:
    share = mask[..., None]
    return np.asarray(bgr * (1 - share) + np.array(colour, np.float32) * share, np.float32)


def _frame(height: int, width: int) -> tuple[NDArray[np.float32], Field, XyXy]:
    """Metal edge all round; its picture, its mask, its box."""
    box = _body(height, width)
    radius = (box[2] - box[0]) * 0.14
    mask = rounded(height, width, box, radius)
    x, _ = grid(height, width)
    metal = (150 + 50 * np.sin(x / width * 9))[..., None] * np.array([1, 0.99, 0.97])
    return np.asarray(metal, np.float32), mask, box


def lay_front(phone: Phone, *, height: int, width: int) -> Layer:
    """The display, off, with its reflection."""
    rng = np.random.default_rng([phone.seed, 0])
    bgr, mask, box = _frame(height, width)
    edge = (box[2] - box[0]) * 0.018
    bgr = _over(
        bgr, rounded(height, width, _inset(box, edge), (box[2] - box[0]) * 0.125), (16, 15, 15)
    )
    glass = rounded(height, width, _inset(box, edge * 2.4), (box[2] - box[0]) * 0.105)
    bgr = _over(bgr, glass, (34, 30, 28))
    bgr = (
        bgr
        + (glass * (_sheen(rng, height, width) * 34 + 6 * fractal(rng, height, width, height / 2)))[
            ..., None
        ]
    )
    hole = (box[2] - box[0]) * 0.028
    middle = ((box[0] + box[2]) / 2, box[1] + edge * 5.5)
    hole_box = (middle[0] - hole, middle[1] - hole, middle[0] + hole, middle[1] + hole)
    return Layer(bgr=_over(bgr, rounded(height, width, hole_box, hole), (6, 6, 6)), alpha=mask)


def lay_back(phone: Phone, *, height: int, width: int) -> Layer:
    """The coloured back with its cameras."""
    rng = np.random.default_rng([phone.seed, 1])
    bgr, mask, box = _frame(height, width)
    wide = box[2] - box[0]
    cover = rounded(height, width, _inset(box, wide * 0.014), wide * 0.128)
    bgr = _over(bgr, cover, phone.bgr)
    shine = _sheen(rng, height, width) * 30 + 9 * fractal(rng, height, width, height / 2)
    bgr = bgr + (cover * shine)[..., None]
    island = (
        box[0] + wide * 0.07,
        box[1] + wide * 0.07,
        box[0] + wide * 0.52,
        box[1] + wide * 0.52,
    )
    bgr = _over(
        bgr, rounded(height, width, island, wide * 0.1), tuple(c * 0.82 + 8 for c in phone.bgr)
    )
    for at in ((0.3, 0.3), (0.3, 0.72), (0.72, 0.5))[: phone.lenses]:
        bgr = _lens(bgr, island, at)
    return Layer(bgr=bgr, alpha=mask)


def _lens(bgr: NDArray[np.float32], island: XyXy, at: tuple[float, float]) -> NDArray[np.float32]:
    height, width = bgr.shape[:2]
    wide = island[2] - island[0]
    x, y = island[0] + wide * at[0], island[1] + wide * at[1]
    for share, colour in (
        (0.19, (95, 95, 98)),
        (0.165, (18, 16, 16)),
        (0.08, (60, 42, 34)),
        (0.03, (150, 130, 120)),
    ):
        r = wide * share
        bgr = _over(bgr, rounded(height, width, (x - r, y - r, x + r, y + r), r), colour)
    return bgr


def lay_serial(phone: Phone, *, labelled: bool, height: int, width: int) -> Layer:
    """A close-up of the lower back; its sticker with the serial number, unless it came off."""
    rng = np.random.default_rng([phone.seed, 2])
    y = grid(height, width)[1]
    bgr = np.asarray(np.array(phone.bgr) * (1.05 - 0.25 * y / height)[..., None], np.float32)
    bgr += (_sheen(rng, height, width) * 22 + 5 * fractal(rng, height, width, height / 2))[
        ..., None
    ]
    mask = rounded(
        height, width, (width * 0.06, -height * 0.5, width * 0.94, height * 0.9), width * 0.12
    )
    box = (width * 0.26, height * 0.34, width * 0.74, height * 0.66)
    if labelled:
        bgr = _stick(bgr, box, sticker(rng, round(box[3] - box[1]), round(box[2] - box[0])))
    else:
        glue = rounded(height, width, box, 14) * np.clip(0.5 + grain(rng, height, width, 18), 0, 1)
        bgr = bgr + 9 * glue[..., None]
    return Layer(bgr=bgr, alpha=mask)


def sticker(rng: np.random.Generator, height: int, width: int) -> Picture:
    """A white label: bars over a serial number and two lines of small print."""
    label = np.full((height, width, 3), (238, 240, 240), np.uint8)
    cv2.rectangle(label, (4, 4), (width - 5, height - 5), (190, 190, 190), 2)
    serial = "S/N " + "".join(rng.choice(list("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"), 10))
    label = lines_of_text(
        label, ["MODEL SL-21", serial], (int(width * 0.06), int(height * 0.2)), height / 230
    )
    label = bars(rng, label, (width * 0.06, height * 0.5, width * 0.94, height * 0.8))
    return lines_of_text(
        label,
        ["Made for the sample returns"],
        (int(width * 0.06), int(height * 0.93)),
        height / 420,
    )


def _stick(bgr: NDArray[np.float32], box: XyXy, label: Picture) -> NDArray[np.float32]:
    stuck = bgr.copy()
    x, y = round(box[0]), round(box[1])
    stuck[y : y + label.shape[0], x : x + label.shape[1]] = label
    return stuck


def scratch(
    rng: np.random.Generator, bgr: Picture, *, centre: tuple[float, float], length_px: float
) -> tuple[Picture, XyXy]:
    """A scratch on glass: thin, bright, its strength changing along it. The picture and its box."""
    angle, bend = rng.uniform(0, np.pi), rng.uniform(-0.18, 0.18)
    t = np.linspace(-0.5, 0.5, 24)
    course = (
        np.stack([t, bend * (t**2 - 0.25) * 4 * 0.5], axis=1) @ _rotation(angle) * length_px
        + centre
    )
    line = np.zeros(bgr.shape[:2], np.uint8)
    cv2.polylines(
        line,
        [np.asarray(course * 16, np.int32)],
        isClosed=False,
        color=255,
        thickness=1,
        lineType=cv2.LINE_AA,
        shift=4,
    )
    uneven = np.clip(0.75 + 0.35 * grain(rng, bgr.shape[0], bgr.shape[1], 22), 0.35, 1)
    density = blur(line.astype(np.float32) / 255, 0.45) * uneven
    drawn = to_picture(bgr + density[..., None] * (205 - grey_of(bgr))[..., None].clip(60, 190))
    there = line > 40
    columns, rows = np.flatnonzero(there.any(axis=0)), np.flatnonzero(there.any(axis=1))
    return drawn, (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))


def _rotation(angle: float) -> NDArray[np.float64]:
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
