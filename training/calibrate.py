"""What a score means: thresholds and calibration, chosen on validation photos, never on test photos."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from models.records import Calibration, Release
from models.vocabulary import Part
from training.errors import DatasetInvalid
from training.metrics import (
    FALSE_BOXES_ALLOWED,
    LOOSE,
    Flags,
    Indices,
    Reals,
    Seen,
    hits,
    threshold_allowing,
)
from training.reliability import VALIDATION, Quality, Told, probabilities, quality

# Fewer boxes than this say nothing about what a score means.
MIN_BOXES = 60
# Boxes that the smooth curve counts for in each step of the isotonic one (docs/experiments.md).
_PRIOR_BOXES = 10
# The card's line may stray so far from the whole curve, and never needs more knots than this.
_STRAY, _MAX_KNOTS = 0.01, 14
_FOLDS, _SEED = 5, 5
# Scores of exactly 0 or 1 have no logarithm.
_TINY = 1e-4


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """What validation photos say about one class."""

    threshold: float
    """Raw score below which nothing is reported."""
    calibration: Calibration | None
    """None where there were too few boxes to tell."""
    before: Quality
    """Of the raw scores."""
    after: Quality | None
    """Of probabilities that were fitted on other photos than they are judged on."""
    presence: Calibration | None = None
    """How surely the class is on a photo, for what a standard may expect; None where untold."""


def fitted(
    seen: Mapping[str, Sequence[Seen]],
    *,
    allowed: float = FALSE_BOXES_ALLOWED,
    quiet: Sequence[str] = (),
) -> dict[str, Fit]:
    """Class → threshold and calibration, by what was seen on validation photos.

    Clean photos of each group in `quiet` show at most `allowed` false boxes on average; without
    names, all clean photos taken together. Raises DatasetInvalid where a named group has none.
    """
    fits = {kind: _fit_of(row, allowed, quiet) for kind, row in seen.items()}
    parts = {kind: presence_curve(row) for kind, row in seen.items() if kind in set(Part)}
    return fits | {kind: replace(fits[kind], presence=found) for kind, found in parts.items()}


def _fit_of(row: Sequence[Seen], allowed: float, quiet: Sequence[str]) -> Fit:
    threshold = threshold_for(row, allowed, quiet)
    raw, right, owner = _boxes(row)
    held_out = _cross_fitted(raw, right, owner, len(row))
    reported = raw >= threshold
    before = Told(probability=raw, right=right, owner=owner)
    after = Told(probability=held_out, right=right, owner=owner)
    found = curve(raw, right)
    return Fit(
        threshold=threshold,
        calibration=found,
        before=quality(before, reported),
        after=quality(after, reported) if found else None,
    )


def threshold_for(row: Sequence[Seen], allowed: float, quiet: Sequence[str] = ()) -> float:
    """The lowest threshold, rounded up to the card's digits, that shows no more than `allowed`."""
    clean = [s for s in row if not s.truth]
    groups = [[s for s in clean if s.group == name] for name in quiet] or [clean]
    if quiet and not all(groups):
        known = sorted({s.group for s in clean})
        raise DatasetInvalid(f"clean validation photos are in {known}, not all of {list(quiet)}")
    found = max(threshold_allowing(group, allowed) for group in groups)
    return min(1.0, round(max(found, 0.01) + 0.00005, 4))


def with_fits(card: Release, fits: Mapping[str, Fit]) -> Release:
    """The card with the thresholds, the calibrations and how well they hold, `…/validation`."""
    curves = {kind: fit.calibration for kind, fit in fits.items() if fit.calibration}
    presence = {kind: fit.presence for kind, fit in fits.items() if fit.presence}
    kept = {name: value for name, value in card.metrics.items() if not name.endswith(VALIDATION)}
    figures = {
        f"{kind}/{name}_{when}{VALIDATION}": value
        for kind, fit in fits.items()
        for when, found in (("before", fit.before), ("after", fit.after))
        for name, value in (found.figures() if found else {}).items()
    }
    return card.model_copy(
        update={
            "thresholds": card.thresholds | {kind: fit.threshold for kind, fit in fits.items()},
            "calibration": card.calibration | curves,
            "presence": card.presence | presence,
            "metrics": kept | figures,
        }
    )


def _boxes(row: Sequence[Seen]) -> tuple[Reals, Flags, Indices]:
    """[b] raw scores, whether each box is right, and which photo it is on."""
    raw = np.array([score for s in row for score in s.scores], np.float64)
    right = np.concatenate([hits(s, LOOSE) for s in row] or [np.zeros(0, np.bool_)])
    return raw, right, np.repeat(np.arange(len(row)), [len(s.scores) for s in row])


def _cross_fitted(raw: Reals, right: Flags, owner: Indices, photos: int) -> Reals:
    """[b] each box's probability by a curve fitted on the other folds' photos; raw where none was."""
    fold = np.random.default_rng(_SEED).permutation(photos) % _FOLDS
    told = raw.copy()
    for held in range(_FOLDS):
        mine = fold[owner] == held
        told[mine] = probabilities(raw[mine], curve(raw[~mine], right[~mine]))
    return told


def curve_of(row: Sequence[Seen]) -> Calibration | None:
    """The curve over all photos of the row; None where there are too few boxes."""
    raw, right, _ = _boxes(row)
    return curve(raw, right)


def curve(raw: Reals, right: Flags) -> Calibration | None:
    """How often boxes of a score are right, as a line through a few knots.

    Isotonic (arXiv 2405.20459), each step shrunk towards a beta calibration (Kull et al. 2017) as if
    by ten more boxes, and drawn through the steps' centres (Oron and Flournoy 2017): the few boxes
    at the ends would otherwise promise certainty. None where there are fewer than MIN_BOXES, or all
    are right or all wrong.
    """
    if len(raw) < MIN_BOXES or right.all() or not right.any():
        return None
    return _card_line(*_line(raw, right))


def _card_line(knots: Reals, heights: Reals) -> Calibration:
    knots, heights = _few(*_distinct(np.round(knots, 4), np.round(heights, 4)))
    return Calibration(raw=tuple(map(float, knots)), calibrated=tuple(map(float, heights)))


def _line(raw: Reals, right: Flags) -> tuple[Reals, Reals]:
    """Knots from 0 to 1 and how often boxes are right there."""
    smooth = _beta(raw, right)
    centres, values = _steps(raw, right, smooth)
    ends = smooth(np.array([0.0, 1.0]))
    knots = np.concatenate([[0.0], centres, [1.0]])
    heights = np.concatenate([[min(ends[0], values[0])], values, [max(ends[1], values[-1])]])
    # However sure the curve is: of k boxes, all right, the next one is by (k + 1) / (k + 2) (Laplace).
    return knots, np.minimum(heights, (right.sum() + 1) / (right.sum() + 2))


def presence_curve(row: Sequence[Seen]) -> Calibration | None:
    """How surely the class is on a photo, by its best box's score; 0 stands for "no box at all".

    Validation photos are no bench: few of them show a label, where nearly every parcel has one. So
    the curve over photos is turned to even odds, p / (1 - p) × absent / there, as the other evidence
    of models.vision.presence counts. Of k labels none overlooked, the next one is by 1 / (k + 2),
    and likewise for photos without (Laplace). None where there are too few photos.
    """
    there = np.array([bool(s.truth) for s in row], np.bool_)
    shown, bare = int(there.sum()), int((~there).sum())
    if len(row) < MIN_BOXES or not shown or not bare:
        return None
    knots, p = _line(np.array([s.top for s in row], np.float64), there)
    even = bare * p / (bare * p + shown * (1 - p))
    return _card_line(knots, even.clip(1 / (shown + 3), 1 - 1 / (bare + 3)))


def _steps(raw: Reals, right: Flags, smooth: Callable[[Reals], Reals]) -> tuple[Reals, Reals]:
    """Centre and height of each isotonic step, the heights shrunk and ascending."""
    stairs = IsotonicRegression(y_min=0, y_max=1).fit(raw, right).predict(raw)
    heights, step = np.unique(stairs, return_inverse=True)
    count = np.bincount(step)
    centres, prior = np.bincount(step, raw) / count, np.bincount(step, smooth(raw)) / count
    shrunk = (count * heights + _PRIOR_BOXES * prior) / (count + _PRIOR_BOXES)
    at = np.arange(len(shrunk))
    return centres, IsotonicRegression().fit(at, shrunk, sample_weight=count).predict(at)


def _beta(raw: Reals, right: Flags) -> Callable[[Reals], Reals]:
    """Beta calibration: logistic in ln s and −ln(1 − s); a factor that would fall is left out."""
    terms = _logarithms(raw)
    used = [0, 1]
    while used:
        model = LogisticRegression(max_iter=1000).fit(terms[:, used], right)
        falling = [term for term, factor in zip(used, model.coef_[0], strict=True) if factor < 0]
        if not falling:
            return lambda scores: np.asarray(
                model.predict_proba(_logarithms(scores)[:, used])[:, 1], np.float64
            )
        used = [term for term in used if term not in falling]
    mean = float(right.mean())
    return lambda scores: np.full(len(scores), mean)


def _logarithms(scores: Reals) -> Reals:
    """[b, 2] ln s and −ln(1 − s)."""
    inside = np.clip(scores, _TINY, 1 - _TINY)
    return np.stack([np.log(inside), -np.log1p(-inside)], axis=1)


def _distinct(knots: Reals, heights: Reals) -> tuple[Reals, Reals]:
    """Each knot once, with the highest of its heights."""
    at, index = np.unique(knots, return_inverse=True)
    highest = np.zeros(len(at))
    np.maximum.at(highest, index, heights)
    return at, highest


def _few(knots: Reals, heights: Reals) -> tuple[Reals, Reals]:
    """The ends, and of the knots between them always the one that the line misses most."""
    kept = [0, len(knots) - 1]
    while len(kept) < _MAX_KNOTS:
        miss = np.abs(np.interp(knots, knots[kept], heights[kept]) - heights)
        if miss.max() <= _STRAY:
            break
        kept = sorted([*kept, int(miss.argmax())])
    return knots[kept], heights[kept]
