"""Labelled boxes and the names of what they show, whatever file they come from."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from models.record import XyXy


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """One labelled thing on a photo."""

    kind: str
    """The class's name."""
    xyxy: XyXy
    """Pixel edges in the photo."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """Several things of one class that nobody told apart: no box says where each is."""

    kind: str
    """The class's name."""


class Labels(Protocol):
    """The labels of a set of photos."""

    complaints: list[str]
    """What could not be used, told while it is found."""

    @property
    def photos(self) -> Sequence[Path]:
        """The files of the photos that have labels, or ought to."""

    def of(self, photo: Path, width: int, height: int) -> Iterator[Box | Crowd]:
        """What is on the photo, which is so large after its own orientation was applied.

        Raises LookupError or ValueError where nothing may be concluded from the labels.
        """


def plain(name: str) -> str:
    """A class's name as our vocabulary writes it: "Torn Packaging" is torn_packaging."""
    return re.sub(r"[\s_-]+", "_", name.strip().casefold()).strip("_")


def number(value: object) -> float:
    """A finite number from JSON or text. Raises ValueError."""
    try:
        told = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except TypeError as error:
        raise ValueError(f"should hold numbers, got {str(value)[:40]!r}") from error
    except OverflowError as error:
        raise ValueError("should hold finite numbers, got a huge one") from error
    if not math.isfinite(told):
        raise ValueError(f"should hold finite numbers, got {told}")
    return told


def inside(xyxy: XyXy, width: float, height: float) -> XyXy:
    """The part of the box that is on the photo. Raises ValueError where there is none."""
    x1, y1, x2, y2 = xyxy
    cut = (max(0.0, x1), max(0.0, y1), min(float(width), x2), min(float(height), y2))
    if cut[0] >= cut[2] or cut[1] >= cut[3]:
        told = ", ".join(f"{value:g}" for value in xyxy)
        raise ValueError(f"box should have an area inside the photo, got edges {told}")
    return cut


def check_size(told: tuple[float, float] | None, width: int, height: int) -> None:
    """Refuse boxes that were drawn on a photo of another size. Raises ValueError."""
    if told is not None and told != (width, height):
        raise ValueError(
            f"its labels are for {told[0]:g} x {told[1]:g} pixels, the photo has {width} x {height}"
        )
