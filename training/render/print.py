"""What is printed on labels and cartons: bars, text, handling marks."""

from collections.abc import Sequence

import cv2
import numpy as np

from models.record import XyXy
from training.render.noise import Picture

_INK = (38, 36, 36)


def bars(rng: np.random.Generator, bgr: Picture, box: XyXy) -> Picture:
    """Bars of random widths that fill the box, as a barcode looks; it says nothing."""
    drawn = bgr.copy()
    left, top, right, bottom = (round(v) for v in box)
    module = max(2, (right - left) // 110)
    x = left
    while x < right - module:
        wide = int(rng.integers(1, 4)) * module
        drawn[top:bottom, x : min(x + wide, right)] = _INK
        x += wide + int(rng.integers(1, 4)) * module
    return drawn


def lines_of_text(bgr: Picture, lines: Sequence[str], at: tuple[int, int], scale: float) -> Picture:
    """Lines below each other from the first one's baseline at x, y."""
    drawn = bgr.copy()
    thick = max(1, round(scale * 1.7))
    for row, line in enumerate(lines):
        where = (at[0], at[1] + round(row * 34 * scale))
        cv2.putText(drawn, line, where, cv2.FONT_HERSHEY_DUPLEX, scale, _INK, thick, cv2.LINE_AA)
    return drawn


def this_way_up(bgr: Picture, centre: tuple[int, int], side: int) -> Picture:
    """ISO 780's two arrows over a bar."""
    drawn = bgr.copy()
    ink, x, y = (58, 62, 74), centre[0], centre[1]
    for dx in (-side // 3, side // 3):
        cv2.line(
            drawn,
            (x + dx, y + side // 2),
            (x + dx, y - side // 4),
            ink,
            max(2, side // 10),
            cv2.LINE_AA,
        )
        head = [
            (x + dx - side // 4, y - side // 6),
            (x + dx, y - side // 2),
            (x + dx + side // 4, y - side // 6),
        ]
        cv2.fillPoly(drawn, [np.array(head, np.int32)], ink, cv2.LINE_AA)
    cv2.line(
        drawn,
        (x - side * 2 // 3, y + side * 2 // 3),
        (x + side * 2 // 3, y + side * 2 // 3),
        ink,
        max(2, side // 12),
        cv2.LINE_AA,
    )
    return drawn


def fragile(bgr: Picture, centre: tuple[int, int], side: int) -> Picture:
    """ISO 780's glass."""
    drawn = bgr.copy()
    ink, x, y = (58, 62, 74), centre[0], centre[1]
    bowl = [
        (x - side // 3, y - side // 2),
        (x + side // 3, y - side // 2),
        (x + side // 5, y),
        (x - side // 5, y),
    ]
    cv2.fillPoly(drawn, [np.array(bowl, np.int32)], ink, cv2.LINE_AA)
    cv2.line(drawn, (x, y), (x, y + side // 2), ink, max(2, side // 12), cv2.LINE_AA)
    cv2.line(
        drawn,
        (x - side // 3, y + side // 2),
        (x + side // 3, y + side // 2),
        ink,
        max(2, side // 10),
        cv2.LINE_AA,
    )
    return drawn


def shipping_label(rng: np.random.Generator, height: int, width: int) -> Picture:
    """A parcel label: sender and receiver of nobody, bars, a routing code."""
    label = np.full((height, width, 3), (236, 240, 241), np.uint8)
    scale = height / 620
    margin = round(width * 0.05)
    cv2.rectangle(label, (3, 3), (width - 4, height - 4), (120, 120, 120), 2)
    label = lines_of_text(
        label, ["SECONDLOOK RETURNS"], (margin, round(height * 0.1)), 1.15 * scale
    )
    label = lines_of_text(
        label,
        ["From: A. Sample, 1 Example Road", "To: Returns desk, Bench 1"],
        (margin, round(height * 0.22)),
        0.85 * scale,
    )
    cv2.line(
        label,
        (margin, round(height * 0.36)),
        (width - margin, round(height * 0.36)),
        (90, 90, 90),
        2,
    )
    code = f"R{rng.integers(10, 99)}-{rng.integers(100, 999)}"
    label = lines_of_text(label, [code], (margin, round(height * 0.52)), 2.4 * scale)
    label = bars(rng, label, (margin, height * 0.6, width - margin, height * 0.86))
    return lines_of_text(
        label, [f"{rng.integers(10**11, 10**12)}"], (margin, round(height * 0.95)), 0.9 * scale
    )
