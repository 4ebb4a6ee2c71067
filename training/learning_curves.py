"""How a run learnt, epoch by epoch: Ultralytics' results.csv as rows and as a picture."""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Row = Mapping[str, float]
PICTURE = "curves.png"
# Okabe and Ito's colours: apart for every kind of colour vision.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7b7b7b")
_PANELS = (
    ("loss: learning —, validation - -", ("train/", "val/")),
    ("on the validation pictures", ("metrics/",)),
    ("learning rate", ("lr/",)),
)


def rows_of(results: Path) -> list[Row]:
    """The epochs in order; empty where there are none yet.

    A run that was stopped between writing an epoch's line and its weights does the epoch again: the
    last line of an epoch counts. Lines cut off are passed over.
    """
    try:
        lines = results.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = {row["epoch"]: row for row in _numbers(lines) if "epoch" in row}
    return [found[epoch] for epoch in sorted(found)]


def _numbers(lines: Sequence[str]) -> Iterator[dict[str, float]]:
    for cells in csv.DictReader(lines, skipinitialspace=True):
        try:
            yield {name.strip(): float(cell) for name, cell in cells.items()}
        except (TypeError, ValueError, AttributeError):
            continue


def draw(rows: Sequence[Row], picture: Path) -> None:
    """Write losses, validation figures and learning rate as PNG. Matplotlib comes with Ultralytics."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - an extra that only training needs

    figure = Figure(figsize=(7, 9), layout="constrained")
    for axes, (title, parts) in zip(figure.subplots(3, 1, sharex=True), _PANELS, strict=True):
        for place, (name, dashed) in enumerate(_series(rows, parts)):
            _line(axes, rows, name, _COLOURS[place % len(_COLOURS)], dashed=dashed)
        axes.set_title(title, loc="left", fontsize=10)
        axes.grid(visible=True, color="#e6e9ee")
        if axes.lines:
            axes.legend(fontsize=8, frameon=False)
    axes.set_xlabel("epoch")
    figure.savefig(picture, dpi=120, metadata={"Software": None})


def _series(rows: Sequence[Row], parts: Sequence[str]) -> list[tuple[str, bool]]:
    """The columns of a panel, and which are of validation; those that repeat another only once."""
    names = [name for name in rows[0] if name.startswith(tuple(parts))]
    once = {tuple(row.get(name) for row in rows): name for name in reversed(names)}
    return [(name, name.startswith("val/")) for name in names if name in once.values()]


def _line(axes: Any, rows: Sequence[Row], name: str, colour: str, *, dashed: bool) -> None:  # noqa: ANN401 - matplotlib's
    values = [row.get(name, math.nan) for row in rows]
    label = name.split("/", 1)[1].removesuffix("(B)").replace("_", " ")
    style = "--" if dashed else "-"
    marker = "." if len(rows) < 40 else ""
    axes.plot(
        [row["epoch"] for row in rows], values, style, color=colour, marker=marker, label=label
    )
