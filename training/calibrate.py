"""What a score means: thresholds and calibration, chosen on validation photos, never on test photos."""

from collections.abc import Sequence

import numpy as np
from sklearn.isotonic import IsotonicRegression

from models.records import Calibration, Release
from training.metrics import FALSE_BOXES_ALLOWED, Seen, hits, threshold_allowing

# A box that covers this much of a true one, and is covered by it, is right enough for a person: the
# figures ask for 0.5, but a grade depends on whether the stain is real, not on its outline.
RIGHT_OVERLAP = 0.3
# Fewer boxes than this say nothing about what a score means.
MIN_BOXES = 60
_KNOTS = 12


def calibrated(
    card: Release, seen: dict[str, list[Seen]], *, allowed: float = FALSE_BOXES_ALLOWED
) -> Release:
    """The card with thresholds and calibration from what was seen on validation photos."""
    thresholds, calibrations = dict(card.thresholds), dict(card.calibration)
    for kind, row in seen.items():
        found = threshold_allowing([s for s in row if not s.truth], allowed)
        thresholds[kind] = min(1.0, round(max(found, 0.01) + 0.00005, 4))
        curve = curve_of(row)
        if curve:
            calibrations[kind] = curve
    return card.model_copy(update={"thresholds": thresholds, "calibration": calibrations})


def curve_of(row: Sequence[Seen]) -> Calibration | None:
    """Isotonic fit (arXiv 2405.20459) of being right on the raw score, thinned to a few knots.

    None where there are too few boxes, or all are right or all wrong.
    """
    raw = np.concatenate([np.array(s.scores, np.float64) for s in row] or [np.zeros(0)])
    right = np.concatenate([hits(s, RIGHT_OVERLAP) for s in row] or [np.zeros(0, np.bool_)])
    if len(raw) < MIN_BOXES or right.all() or not right.any():
        return None
    fit = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(raw, right)
    at = np.unique(np.round(np.quantile(raw[right], np.linspace(0, 1, _KNOTS - 2)), 4))
    knots = np.unique(np.concatenate([[0.0], at, [1.0]]))
    values = np.maximum.accumulate(np.round(fit.predict(knots), 4))
    return Calibration(raw=tuple(map(float, knots)), calibrated=tuple(map(float, values)))
