"""Plotly figures as plain values: {"data": traces, "layout": layout}; the page draws them."""

from collections.abc import Mapping, Sequence

import numpy as np

from training.curves import Line, free_response, precision_recall, roc
from training.metrics import LOOSE, Flags
from training.reliability import Bin
from training.tally import STRICT, Tally

Figure = dict[str, object]
# Okabe and Ito's colours: apart for every kind of colour vision.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7b7b7b")
_GREY, _INK, _GRID = "#8a94a3", "#1d2733", "#e6e9ee"
# Beyond one false box a photo nobody works.
_FALSE_BOXES_SHOWN = 1.0
_OVERLAPS = ((STRICT, "overlap 0.5"), (LOOSE, "overlap 0.3"))


def precision_recall_plot(tally: Tally, threshold: float) -> Figure:
    """Precision over recall at both overlaps, the card's threshold marked."""
    weighed = tally.plain()
    lines = [
        _line(precision_recall(tally, overlap), name, COLOURS[index])
        for index, (overlap, name) in enumerate(_OVERLAPS)
    ]
    points = [
        _point(
            float(weighed.recall(threshold, overlap)[0]),
            float(weighed.precision(threshold, overlap)[0]),
            f"at the threshold, {name}",
            COLOURS[index],
        )
        for index, (overlap, name) in enumerate(_OVERLAPS)
    ]
    return _figure([*lines, *points], "recall", "precision", x=(0, 1.01), y=(0, 1.02))


def free_response_plot(tally: Tally, threshold: float) -> Figure:
    """Recall over false boxes per clean photo at both overlaps; 0.1 and 0.2 are marked."""
    weighed = tally.plain()
    lines = [
        _line(free_response(tally, overlap), name, COLOURS[index], shape="hv")
        for index, (overlap, name) in enumerate(_OVERLAPS)
    ]
    points = [
        _point(
            float(weighed.false_boxes(threshold)[0]),
            float(weighed.recall(threshold, overlap)[0]),
            f"at the threshold, {name}",
            COLOURS[index],
        )
        for index, (overlap, name) in enumerate(_OVERLAPS)
    ]
    figure = _figure(
        [*lines, *points],
        "false boxes per clean photo",
        "recall",
        x=(-0.01, _FALSE_BOXES_SHOWN),
        y=(0, 1.02),
    )
    return _with_marks(figure, (0.1, 0.2))


def roc_plot(tally: Tally, folders: Mapping[str, Flags]) -> Figure:
    """ROC by photo: all photos with the defect, and each folder's, against all clean ones."""
    lines = [_line(roc(tally), "all photos", _INK, width=3)]
    if len(folders) > 1:
        lines += [
            _line(roc(tally.only(inside | tally.clean)), name, COLOURS[index % len(COLOURS)])
            for index, (name, inside) in enumerate(folders.items())
        ]
    chance = _line((np.array([0.0, 1.0]), np.array([0.0, 1.0])), "chance", _GREY, dash="dot")
    return _figure(
        [*lines, chance],
        "clean photos flagged",
        "photos with the defect flagged",
        x=(-0.01, 1.01),
        y=(0, 1.02),
    )


def reliability_plot(before: Sequence[Bin], after: Sequence[Bin] | None) -> Figure:
    """Share of right boxes over the probability told; a dot's area grows with its boxes."""
    sure = _line((np.array([0.0, 1.0]), np.array([0.0, 1.0])), "as told", _GREY, dash="dot")
    dots = [_dots(before, "before: raw score", COLOURS[1])]
    if after:
        dots.append(_dots(after, "after: probability", COLOURS[0]))
    return _figure([sure, *dots], "told", "right", x=(-0.02, 1.02), y=(-0.02, 1.05))


def _dots(bins: Sequence[Bin], name: str, colour: str) -> dict[str, object]:
    known = [one for one in bins if one.boxes]
    sizes = [6 + 5 * float(np.log10(one.boxes)) for one in known]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [round(one.told, 4) for one in known],
        "y": [round(one.right, 4) for one in known],
        "text": [f"{one.boxes} boxes" for one in known],
        "hovertemplate": "told %{x:.2f}, right %{y:.2f}<br>%{text}",
        "line": {"color": colour, "width": 1.5},
        "marker": {"size": sizes, "color": colour, "opacity": 0.85},
    }


def _line(
    line: Line,
    name: str,
    colour: str,
    *,
    width: float = 2,
    dash: str = "solid",
    shape: str = "linear",
) -> dict[str, object]:
    x, y = line
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": np.round(x, 4).tolist(),
        "y": np.round(y, 4).tolist(),
        "line": {"color": colour, "width": width, "dash": dash, "shape": shape},
    }


def _point(x: float, y: float, name: str, colour: str) -> dict[str, object]:
    known = np.isfinite([x, y]).all()
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [round(x, 4)] if known else [],
        "y": [round(y, 4)] if known else [],
        "showlegend": False,
        "marker": {"color": colour, "size": 11, "line": {"color": "#fff", "width": 2}},
    }


def _axis(title: str, between: tuple[float, float]) -> dict[str, object]:
    return {
        "title": {"text": title, "standoff": 8},
        "range": list(between),
        "gridcolor": _GRID,
        "zeroline": False,
        "linecolor": _GRID,
    }


def _figure(
    traces: Sequence[Mapping[str, object]],
    x_title: str,
    y_title: str,
    *,
    x: tuple[float, float],
    y: tuple[float, float],
) -> Figure:
    layout = {
        "xaxis": _axis(x_title, x),
        "yaxis": _axis(y_title, y),
        "height": 340,
        "margin": {"l": 56, "r": 12, "t": 10, "b": 50},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": _INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "closest",
    }
    return {"data": list(traces), "layout": layout}


def _with_marks(figure: Figure, at: Sequence[float]) -> Figure:
    shapes = [
        {
            "type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1,
            "line": {"color": _GREY, "width": 1, "dash": "dot"},
        }
        for x in at
    ]  # fmt: skip
    layout = figure["layout"]
    return figure | {"layout": (layout if isinstance(layout, dict) else {}) | {"shapes": shapes}}
