"""Print: labels with text, bars and QR codes, handling marks after ISO 780, names and logos."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from models.record import XyXy
from training.render.noise import Picture

_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
)
_WORDS = (
    "RETURNS", "EXPRESS", "PARCEL", "HANDLE WITH CARE", "MADE IN", "MODEL", "TYPE", "LOT", "QTY 12", "PRIORITY",
    "Sample Road 1", "A. Example", "Bench 7", "Gate 3", "WEIGHT 1.2 KG", "BOX00112", "NET WT", "STORE DRY", "SIZE M",
)  # fmt: skip
_INK = (36, 34, 34)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Label:
    """A printed sheet with what is on it."""

    bgr: Picture
    """[height, width, 3]."""
    codes: tuple[tuple[str, XyXy], ...]
    """barcode or qr, pixel edges on the sheet."""


def words(rng: np.random.Generator) -> str:
    """A line that means nothing."""
    chosen = str(rng.choice(_WORDS))
    return chosen if rng.random() < 0.5 else f"{chosen} {rng.integers(10, 10**6)}"


def write(
    sheet: Picture,
    text: str,
    at: tuple[float, float],
    high: float,
    *,
    ink: tuple[float, float, float] = _INK,
    font: int = cv2.FONT_HERSHEY_DUPLEX,
) -> float:
    """Text of this height in pixels from its lower left corner, in place. Its width."""
    scale = high / 22
    thick = max(1, round(scale * 1.6))
    where = (round(at[0]), round(at[1]))
    cv2.putText(sheet, text, where, font, scale, ink, thick, cv2.LINE_AA)
    return float(cv2.getTextSize(text, font, scale, thick)[0][0])


def bars(rng: np.random.Generator, sheet: Picture, box: XyXy) -> None:
    """Bars of random widths that fill the box, in place."""
    left, top, right, bottom = (round(v) for v in box)
    modules = rng.integers(1, 5, int(rng.integers(50, 90)))
    edges = left + np.concatenate([[0], np.cumsum(modules)]) / modules.sum() * (right - left)
    for start, end in zip(edges[0::2], edges[1::2], strict=False):
        sheet[top:bottom, round(start) : max(round(start) + 1, round(end))] = _INK


@cache
def _finder() -> Picture:
    eye = np.zeros((7, 7), np.uint8)
    eye[1:6, 1:6] = 255
    eye[2:5, 2:5] = 0
    return eye


def qr(rng: np.random.Generator, sheet: Picture, box: XyXy) -> None:
    """A square of modules with the three eyes of a QR code, in place; it says nothing."""
    left, top, right, bottom = (round(v) for v in box)
    n = int(rng.choice([21, 25, 29, 33]))
    code = np.where(rng.random((n, n)) < 0.5, 0, 255).astype(np.uint8)
    for y, x in ((0, 0), (0, n - 7), (n - 7, 0)):
        code[max(0, y - 1) : y + 8, max(0, x - 1) : x + 8] = 255
        code[y : y + 7, x : x + 7] = _finder()
    large = cv2.resize(code, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST)
    sheet[top:bottom, left:right] = np.maximum(large, 34)[..., None]


def _sheet(rng: np.random.Generator, height: int, width: int) -> Picture:
    tone = rng.uniform(224, 248)
    tint = tone * (1 + rng.normal(0, 0.012, 3))
    sheet = np.empty((height, width, 3), np.uint8)
    sheet[:] = np.clip(tint, 0, 252)
    return sheet


def shipping_label(rng: np.random.Generator, wide: float = 1.5) -> Label:
    """A parcel label of nobody: sender, receiver, routing code, bars, perhaps a QR code."""
    width = 420
    height = round(width / wide)
    sheet = _sheet(rng, height, width)
    margin, codes = width * 0.05, []
    if rng.random() < 0.7:
        cv2.rectangle(sheet, (6, 6), (width - 7, height - 7), _INK, 2)
    top = _heading(rng, sheet, margin)
    _address(rng, sheet, margin, top, 0.3 * height)
    if rng.random() < 0.5:
        side = height * rng.uniform(0.2, 0.28)
        box = (width - margin - side, top + 8, width - margin, top + 8 + side)
        _cleared(sheet, box)
        qr(rng, sheet, box)
        codes.append(("qr", box))
    tall = height * rng.uniform(0.2, 0.32)
    inset = width * rng.uniform(0.06, 0.18)
    bottom = height * rng.uniform(0.86, 0.92)
    bar = (inset, bottom - tall, width - inset, bottom)
    bars(rng, sheet, bar)
    write(sheet, f"{rng.integers(10**11, 10**12)}", (inset, bottom + height * 0.06), height * 0.04)
    return Label(bgr=sheet, codes=(*codes, ("barcode", bar)))


def _cleared(sheet: Picture, box: XyXy) -> None:
    """The quiet zone that a code needs around it."""
    x1, y1, x2, y2 = (round(v) for v in box)
    zone = max(4, (x2 - x1) // 8)
    sheet[max(0, y1 - zone) : y2 + zone, max(0, x1 - zone) : x2 + zone] = sheet.max(axis=(0, 1))


def _heading(rng: np.random.Generator, sheet: Picture, margin: float) -> float:
    """The carrier's band or name; where the rest begins."""
    height, width = sheet.shape[:2]
    tall = height * rng.uniform(0.12, 0.18)
    if rng.random() < 0.4:
        band = tuple(float(v) for v in rng.uniform(0, 120, 3))
        cv2.rectangle(sheet, (0, 0), (width, round(tall)), band, -1)
        write(
            sheet, str(rng.choice(_WORDS)), (margin, tall * 0.75), tall * 0.5, ink=(240, 240, 240)
        )
    else:
        write(sheet, str(rng.choice(_WORDS)), (margin, tall * 0.85), tall * 0.55)
        cv2.line(sheet, (0, round(tall)), (width, round(tall)), _INK, 2)
    return float(tall)


def _address(
    rng: np.random.Generator, sheet: Picture, margin: float, top: float, tall: float
) -> None:
    rows = int(rng.integers(3, 6))
    font = int(rng.choice(_FONTS[:3]))
    for row in range(rows):
        high = tall / rows * (0.75 if row == 0 else 0.55)
        write(sheet, words(rng), (margin, top + tall * (row + 0.9) / rows), high, font=font)


def product_label(rng: np.random.Generator) -> Label:
    """A small sticker: type, serial number, bars or a QR code."""
    width = 320
    height = round(width / rng.uniform(1.5, 3.0))
    sheet = _sheet(rng, height, width)
    margin = width * 0.05
    for row in range(int(rng.integers(1, 4))):
        write(sheet, words(rng), (margin, height * (0.16 + 0.13 * row)), height * 0.1)
    if rng.random() < 0.4:
        side = height * 0.42
        box = (width - margin - side, height * 0.5, width - margin, height * 0.5 + side)
        _cleared(sheet, box)
        qr(rng, sheet, box)
        return Label(bgr=sheet, codes=(("qr", box),))
    bar = (margin, height * 0.55, width - margin, height * 0.84)
    bars(rng, sheet, bar)
    return Label(bgr=sheet, codes=(("barcode", bar),))


def handling_mark(rng: np.random.Generator) -> Picture:
    """[96, 96]: one of ISO 780's marks as ink, 255 = inked: up, fragile, dry, recycle, stack limit."""
    mark = np.zeros((96, 96), np.uint8)
    _MARKS[int(rng.integers(len(_MARKS)))](mark)
    if rng.random() < 0.5:
        cv2.rectangle(mark, (3, 3), (92, 92), 255, 3, cv2.LINE_AA)
    return mark


def _up(mark: Picture) -> None:
    for x in (32, 64):
        cv2.line(mark, (x, 74), (x, 34), 255, 6, cv2.LINE_AA)
        head = np.array([(x - 12, 36), (x, 16), (x + 12, 36)], np.int32)
        cv2.fillPoly(mark, [head], 255, cv2.LINE_AA)
    cv2.line(mark, (14, 82), (82, 82), 255, 5, cv2.LINE_AA)


def _glass(mark: Picture) -> None:
    bowl = np.array([(28, 14), (68, 14), (60, 46), (48, 54), (36, 46)], np.int32)
    cv2.fillPoly(mark, [bowl], 255, cv2.LINE_AA)
    cv2.line(mark, (48, 50), (48, 78), 255, 5, cv2.LINE_AA)
    cv2.line(mark, (32, 80), (64, 80), 255, 6, cv2.LINE_AA)
    cv2.polylines(mark, [np.array([(50, 14), (45, 26), (52, 32), (46, 44)], np.int32)], False, 0, 3)  # noqa: FBT003 - cv2's own


def _umbrella(mark: Picture) -> None:
    cv2.ellipse(mark, (48, 48), (34, 26), 0, 180, 360, 255, -1, cv2.LINE_AA)
    cv2.line(mark, (48, 44), (48, 74), 255, 4, cv2.LINE_AA)
    cv2.ellipse(mark, (41, 74), (7, 7), 0, 0, 180, 255, 4, cv2.LINE_AA)
    for x in (22, 40, 60):
        cv2.line(mark, (x + 6, 8), (x, 18), 255, 3, cv2.LINE_AA)


def _recycle(mark: Picture) -> None:
    for turn in (90, 210, 330):
        cv2.ellipse(mark, (48, 50), (28, 28), 0, turn - 44, turn + 34, 255, 9, cv2.LINE_AA)
        a = np.radians(turn + 40)
        x, y = 48 + 28 * np.cos(a), 50 + 28 * np.sin(a)
        tip = [(x + 14 * np.cos(a + d), y + 14 * np.sin(a + d)) for d in (1.6, 3.3, 6.1)]
        cv2.fillPoly(mark, [np.array(tip, np.int32)], 255, cv2.LINE_AA)


def _stack(mark: Picture) -> None:
    for y in (20, 48):
        cv2.rectangle(mark, (30, y), (66, y + 24), 255, 4, cv2.LINE_AA)
    cv2.line(mark, (14, 82), (82, 82), 255, 5, cv2.LINE_AA)
    cv2.line(mark, (20, 14), (76, 72), 255, 4, cv2.LINE_AA)


_MARKS = (_up, _glass, _umbrella, _recycle, _stack)
