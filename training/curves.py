"""Lines for plots, and what each threshold would bring."""

from collections.abc import Callable, Sequence

import numpy as np

from models.records import Calibration
from training.metrics import LOOSE, Reals
from training.reliability import probabilities
from training.tally import Tally, last_of_equals

Line = tuple[Reals, Reals]
# More points than a plot has pixels only make the page heavy.
_POINTS = 300
_STEPS = tuple(round(0.05 * step, 2) for step in range(1, 20))


def precision_recall(tally: Tally, overlap: float) -> Line:
    """Recall and precision down to each score."""
    ends = last_of_equals(tally.scores)
    right = np.cumsum(tally.hits(overlap))[ends]
    return thinned(right / max(1.0, tally.truths.sum()), right / (ends + 1))


def free_response(tally: Tally, overlap: float) -> Line:
    """False boxes per clean photo and recall down to each score."""
    ends = last_of_equals(tally.scores)
    right = np.cumsum(tally.hits(overlap))[ends]
    false = np.cumsum(tally.clean[tally.owner])[ends]
    recall = right / max(1.0, tally.truths.sum())
    return thinned(*_from_origin(false / max(1, tally.clean.sum()), recall))


def roc(tally: Tally) -> Line:
    """Shares of the clean photos and of those with the defect whose best box reaches each score."""
    order = np.argsort(-tally.tops, kind="stable")
    ends = last_of_equals(tally.tops[order])
    clean = np.cumsum(tally.clean[order])[ends]
    found = ends + 1 - clean
    return thinned(
        *_from_origin(clean / max(1, tally.clean.sum()), found / max(1, (~tally.clean).sum()))
    )


def _from_origin(x: Reals, y: Reals) -> Line:
    return np.concatenate([[0.0], x]), np.concatenate([[0.0], y])


def thinned(x: Reals, y: Reals) -> Line:
    """At most some hundred points, spread along the line, its ends among them."""
    if len(x) <= _POINTS:
        return x, y
    along = np.cumsum(np.hypot(np.diff(x, prepend=x[0]), np.diff(y, prepend=y[0])))
    at = np.searchsorted(along, np.linspace(0, along[-1], _POINTS))
    kept = np.unique(np.concatenate([[0], at.clip(max=len(x) - 1), [len(x) - 1]]))
    return x[kept], y[kept]


def threshold_table(
    tally: Tally, own: float, calibration: Calibration | None, steps: Sequence[float] = _STEPS
) -> list[dict[str, float]]:
    """What each threshold would bring, ascending; `own` is the card's, which is among them."""
    weighed = tally.plain()
    told: dict[str, Callable[[float], Reals]] = {
        "recall": weighed.recall,
        "recall_iou30": lambda t: weighed.recall(t, LOOSE),
        "precision": weighed.precision,
        "precision_iou30": lambda t: weighed.precision(t, LOOSE),
        "false_boxes_per_clean_photo": weighed.false_boxes,
        "photos_found": lambda t: weighed.flagged(t, ~tally.clean),
        "clean_photos_flagged": lambda t: weighed.flagged(t, tally.clean),
    }
    return [
        {
            "threshold": threshold,
            "probability": float(probabilities(np.array([threshold]), calibration)[0]),
        }
        | {name: float(figure(threshold)[0]) for name, figure in told.items()}
        for threshold in sorted({*steps, own})
    ]
