"""Contact sheets: many pictures of a data set on one, with their boxes."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from models.record import XyXy
from training.render.noise import Picture

# Distinct on cloth, board and glass alike, and from each other for most eyes (Okabe and Ito, 2008).
_COLOURS = (
    (0, 94, 213), (115, 158, 0), (178, 114, 0), (167, 121, 204), (233, 180, 86), (66, 228, 240), (0, 159, 230),
)  # fmt: skip
SIDE_PX = 320
COLUMNS = 8
Boxes = Sequence[tuple[str, XyXy]]
"""Class and pixel edges."""


def cell(bgr: Picture, boxes: Boxes, classes: Sequence[str], side: int = SIDE_PX) -> Picture:
    """[side, side, 3]: one picture, reduced, with its boxes and their names."""
    height, width = bgr.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    framed = np.full((side, side, 3), 32, np.uint8)
    framed[: size[1], : size[0]] = cv2.resize(bgr, size, interpolation=how)
    for kind, xyxy in boxes:
        _boxed(framed, kind, xyxy, scale, _COLOURS[classes.index(kind) % len(_COLOURS)])
    return framed


def _boxed(framed: Picture, kind: str, xyxy: XyXy, scale: float, bgr: tuple[int, int, int]) -> None:
    x1, y1, x2, y2 = (round(v * scale) for v in xyxy)
    cv2.rectangle(framed, (x1 - 1, y1 - 1), (x2, y2), bgr, 1)
    cv2.putText(
        framed,
        kind,
        (max(0, x1), max(9, y1 - 3)),
        cv2.FONT_HERSHEY_SIMPLEX,
        0.34,
        bgr,
        1,
        cv2.LINE_AA,
    )


def write_sheet(cells: Iterable[Picture], out: Path) -> None:
    """Write cells of one size, in rows. Raises OSError where the file's name says no kind of picture."""
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        cv2.imwrite(str(out), contact_sheet(cells))
    except cv2.error as error:
        raise OSError(f"{out}: should end in .png or .jpg") from error


def contact_sheet(cells: Iterable[Picture], columns: int = COLUMNS) -> Picture:
    """Cells of one size in rows."""
    shown = list(cells)
    blank = np.zeros_like(shown[0])
    shown += [blank] * (-len(shown) % columns)
    rows = [np.hstack(shown[at : at + columns]) for at in range(0, len(shown), columns)]
    return np.asarray(np.vstack(rows), np.uint8)


def spread(total: int, count: int) -> list[int]:
    """At most `count` numbers below `total`, evenly apart."""
    return sorted({int(n) for n in np.linspace(0, total - 1, min(count, total))})
