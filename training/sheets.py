"""A contact sheet of any data set, rendered or real: many of its pictures on one, with their boxes."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from models.errors import SecondlookError
from models.vision import decode
from training.boxes import Box, Labels
from training.errors import DatasetInvalid
from training.read import labels_of
from training.render.noise import Picture
from training.render.sheet import cell, spread, write_sheet

Told = Callable[[str], None]


def write(folder: Path, out: Path, count: int = 48, told: Told = lambda _: None) -> None:
    """Write a sheet of `count` pictures, evenly apart by name, and tell how many are on it.

    What cannot be read is told and passed over. Raises DatasetInvalid, OSError.
    """
    labels = labels_of(folder)
    chosen = [labels.photos[at] for at in spread(len(labels.photos), count)]
    shown = list(_shown(chosen, labels, told))
    for complaint in labels.complaints:
        told(f"passed over: {complaint}")
    if not shown:
        raise DatasetInvalid(f"{folder}: no usable photo in images/")
    classes = sorted({box.kind for _, boxes in shown for box in boxes})
    write_sheet(
        (cell(bgr, [(b.kind, b.xyxy) for b in boxes], classes) for bgr, boxes in shown), out
    )
    told(f"{len(shown)} pictures on {out}")


def _shown(
    chosen: Sequence[Path], labels: Labels, told: Told
) -> Iterator[tuple[Picture, list[Box]]]:
    """Pictures with their boxes; a crowd of things without boxes shows none."""
    for path in chosen:
        try:
            bgr = decode.decode(decode.read(path)).bgr
            found = labels.of(path, bgr.shape[1], bgr.shape[0])
            yield bgr, [thing for thing in found if isinstance(thing, Box)]
        except (SecondlookError, LookupError, ValueError) as error:
            told(f"passed over: {path.name}: {error}")
