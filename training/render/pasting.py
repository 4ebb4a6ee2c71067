"""Labels and codes pasted onto surfaces: drawn flat, laid on in perspective, lit as what is under them.

What a label says is nobody's: letters and digits are drawn at random.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.record import XyXy
from training.render.noise import Picture, blur, fractal, to_picture
from training.render.print import bars

# A code smaller than this in the scene is a grey patch, and nobody labels it.
MIN_CODE_PX = 16.0
_LETTERS = list("ABCDEFGHJKLMNPRSTUVWXYZ0123456789  ..-/:")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sticker:
    """A flat label or code with what stands on it."""

    bgr: Picture
    """[height, width, 3]."""
    parts: tuple[tuple[str, XyXy], ...]
    """Name of the part → where on it, pixel edges."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pasted:
    """A picture with one more sticker."""

    bgr: Picture
    """After pasting."""
    parts: tuple[tuple[str, XyXy], ...]
    """What is there now, pixel edges in the picture."""
    mask: NDArray[np.bool_]
    """[height, width]: where the sticker is."""


def barcode(rng: np.random.Generator, height: int, width: int) -> Sticker:
    """Bars with their digits on a white field."""
    paper = np.full((height, width, 3), rng.integers(215, 250), np.uint8)
    side = round(width * rng.uniform(0.04, 0.1))
    low = round(height * rng.uniform(0.74, 0.95))
    box = (side, round(height * 0.08), width - side, low)
    drawn = bars(rng, paper, box)
    if low < height * 0.85:
        _text(rng, drawn, (side, low, width - side, height - 2), rows=1)
        box = (*box[:3], height - 2)  # people draw the box around the digits too
    return Sticker(bgr=drawn, parts=(("barcode", box),))


def qr(rng: np.random.Generator, height: int, width: int) -> Sticker:
    """A QR code with a quiet zone; made by OpenCV's encoder, so that its pattern is a real one."""
    text = "".join(rng.choice(_LETTERS, int(rng.integers(4, 90))))
    code = np.asarray(cv2.QRCodeEncoder.create().encode(text), np.uint8)
    columns, rows = (
        np.flatnonzero((code < 128).any(axis=0)),
        np.flatnonzero((code < 128).any(axis=1)),
    )
    code = code[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]  # without its quiet zone
    side = round(min(height, width) * rng.uniform(0.72, 0.94))
    code = np.asarray(cv2.resize(code, (side, side), interpolation=cv2.INTER_NEAREST), np.uint8)
    paper = np.full((height, width, 3), rng.integers(215, 250), np.uint8)
    x, y = (width - side) // 2, (height - side) // 2
    paper[y : y + side, x : x + side] = np.clip(code, 25, 245)[..., None]
    return Sticker(bgr=paper, parts=(("qr", (x, y, x + side, y + side)),))


def label(rng: np.random.Generator, height: int, width: int) -> Sticker:
    """A shipping or product label: addresses, a routing code, bars, now and then a QR code."""
    tint = np.array([245, 246, 247]) - rng.uniform(0, 12, 3)
    if rng.random() < 0.15:  # coloured stock
        tint = tint * rng.uniform(0.55, 1.0, 3)
    drawn = to_picture(np.tile(tint, (height, width, 1)))
    parts: list[tuple[str, XyXy]] = [("label", (0.0, 0.0, float(width), float(height)))]
    edges = [0.03, *sorted(rng.uniform(0.15, 0.9, int(rng.integers(2, 5)))), 0.97]
    for top, bottom in itertools.pairwise(edges):
        y1, y2 = round(height * top), round(height * bottom) - 2
        if y2 - y1 > 10:
            parts += _band(rng, drawn, (round(width * 0.04), y1, round(width * 0.96), y2))
    if rng.random() < 0.6:
        cv2.rectangle(drawn, (2, 2), (width - 3, height - 3), (70, 70, 70), max(1, width // 160))
    return Sticker(bgr=drawn, parts=tuple(parts))


def _band(
    rng: np.random.Generator, drawn: Picture, box: tuple[int, int, int, int]
) -> list[tuple[str, XyXy]]:
    """One strip of a label: text, a large routing code, bars, a QR code beside text, a black bar."""
    x1, y1, x2, y2 = box
    what = rng.choice(["text", "large", "bars", "qr", "black"], p=[0.36, 0.18, 0.28, 0.1, 0.08])
    if rng.random() < 0.5:
        cv2.line(drawn, (x1, y2), (x2, y2), (60, 60, 60), max(1, (x2 - x1) // 200))
    if what == "bars":
        inset = round((x2 - x1) * rng.uniform(0, 0.15))
        inside = (x1 + inset, y1 + 2, x2 - inset, y2 - 2)
        drawn[:] = bars(rng, drawn, inside)
        return [("barcode", inside)]
    if what == "qr":
        side = min(y2 - y1, x2 - x1) - 2
        code = qr(rng, side, side)
        drawn[y1 : y1 + side, x1 : x1 + side] = code.bgr
        _text(rng, drawn, (x1 + side + 6, y1, x2, y2), rows=3)
        at = code.parts[0][1]
        return [("qr", (at[0] + x1, at[1] + y1, at[2] + x1, at[3] + y1))]
    if what == "black":
        cv2.rectangle(drawn, (x1, y1), (x2, y2), (35, 34, 34), -1)
        return []
    _text(rng, drawn, box, rows=1 if what == "large" else int(rng.integers(2, 5)))
    return []


def _text(
    rng: np.random.Generator, drawn: Picture, box: tuple[int, int, int, int], rows: int
) -> None:
    x1, y1, x2, y2 = box
    step = (y2 - y1) / rows
    scale = step / 40
    if x2 - x1 < 8 or step < 4:
        return
    for row in range(rows):
        count = max(1, int((x2 - x1) / (20 * scale) * rng.uniform(0.4, 1)))
        line = "".join(rng.choice(_LETTERS, count))
        at = (x1, round(y1 + step * (row + 0.8)))
        thick = max(1, round(scale * rng.uniform(1, 2.6)))
        cv2.putText(drawn, line, at, cv2.FONT_HERSHEY_SIMPLEX, scale, (40, 38, 38), thick, 16)


STICKERS: Mapping[str, Callable[[np.random.Generator, int, int], Sticker]] = {
    "shipping_label": label,
    "barcode": barcode,
    "qr": qr,
}
# Width over height, least and most (labels from 4 x 6 inch stock to address strips).
_ASPECTS = {"shipping_label": (0.62, 1.7), "barcode": (1.1, 2.6), "qr": (0.95, 1.05)}


def paste(
    rng: np.random.Generator,
    bgr: Picture,
    *,
    kind: str,
    centre: tuple[float, float],
    side_px: float,
) -> Pasted | None:
    """Lay one sticker of about side_px around centre (x, y); None where it would not fit."""
    height, width = bgr.shape[:2]
    aspect = float(np.exp(rng.uniform(*np.log(_ASPECTS[kind]))))
    wide, high = side_px * min(1.0, aspect), side_px / max(1.0, aspect)
    drawn_w = int(np.clip(wide * 2, 120, 900))
    sticker = STICKERS[kind](rng, max(40, round(drawn_w * high / wide)), drawn_w)
    quad = _quad(rng, wide, high) + np.array(centre, np.float32)
    if quad.min() < 1 or (quad.max(axis=0) > [width - 1, height - 1]).any():
        return None
    h, w = sticker.bgr.shape[:2]
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, quad.astype(np.float32))
    return _laid(rng, bgr, sticker, np.asarray(matrix, np.float64))


def _quad(rng: np.random.Generator, wide: float, high: float) -> NDArray[np.float64]:
    """[4, 2] corners around 0: turned, sheared, and a little in perspective."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [wide / 2, high / 2]
    angle = rng.normal(0, 0.25) + rng.integers(0, 4) * np.pi / 2 * (rng.random() < 0.4)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    shear = np.array([[1, rng.normal(0, 0.15)], [rng.normal(0, 0.15), rng.uniform(0.55, 1)]])
    return np.asarray(corners @ turn @ shear + rng.normal(0, 0.03, (4, 2)) * max(wide, high))


def _laid(
    rng: np.random.Generator, bgr: Picture, sticker: Sticker, matrix: NDArray[np.float64]
) -> Pasted:
    height, width = bgr.shape[:2]
    # By area would be right when shrinking this much; a blur before does the same to a warp.
    soft = cv2.GaussianBlur(sticker.bgr, (0, 0), 0.8)
    flat = cv2.warpPerspective(soft, matrix, (width, height)).astype(np.float32)
    whole = np.full(sticker.bgr.shape[:2], 255, np.uint8)
    flat_mask = cv2.warpPerspective(whole, matrix, (width, height)).astype(np.float32) / 255
    mask = blur(flat_mask, rng.uniform(0.3, 0.8))
    inside = mask > 0.5
    light = float(np.clip(bgr[inside].max(axis=1).mean() / 200, 0.25, 1.1)) if inside.any() else 1
    light *= rng.uniform(0.95, 1.35)
    shade = 1 + 0.12 * fractal(rng, height, width, max(height, width) / 2, 2)
    lit = blur(flat * (light * shade)[..., None], rng.uniform(0.2, 0.9))
    mixed = bgr * (1 - mask[..., None]) + np.clip(lit, 0, 250) * mask[..., None]
    parts = [(name, _moved(box, matrix)) for name, box in sticker.parts]
    kept = [(n, b) for n, b in parts if n == "label" or min(b[2] - b[0], b[3] - b[1]) > MIN_CODE_PX]
    return Pasted(bgr=to_picture(mixed), parts=tuple(kept), mask=inside)


def _moved(box: XyXy, matrix: NDArray[np.float64]) -> XyXy:
    x1, y1, x2, y2 = box
    corners = np.array([[[x1, y1], [x2, y1], [x2, y2], [x1, y2]]], np.float32)
    moved = cv2.perspectiveTransform(corners, matrix)[0]
    low, high = moved.min(axis=0), moved.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
