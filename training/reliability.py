"""Does a probability mean what it says? Brier score, D-ECE and the table behind a reliability plot."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.records import Calibration
from training.metrics import LOOSE, Flags, Indices, Reals, reaches
from training.tally import Tally, Weighed

BINS = 10
# How calibrate's own figures end on a card: of held-out folds of the validation photos.
VALIDATION = "/validation"
QUALITIES = ("brier", "d_ece", "brier_reported", "d_ece_reported")


@dataclass(frozen=True, kw_only=True, slots=True)
class Bin:
    """The boxes whose probability lies in one tenth of the scale."""

    low: float
    """Lower end, included."""
    high: float
    """Upper end; included in the last bin only."""
    boxes: int
    """How many there are."""
    told: float
    """Their mean probability; NaN without boxes."""
    right: float
    """Share of them that find a true box, overlapping it by at least 0.3; NaN without boxes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """How far probabilities hold; NaN where no box is."""

    brier: float
    """Over all boxes."""
    d_ece: float
    """Over all boxes."""
    brier_reported: float
    """Over the boxes that reach the threshold, which people see."""
    d_ece_reported: float
    """Over the boxes that reach the threshold."""
    bins: tuple[Bin, ...]
    """The table over all boxes."""

    def figures(self) -> dict[str, float]:
        """The figures that can be had, rounded."""
        found = {name: getattr(self, name) for name in QUALITIES}
        return {name: round(value, 4) for name, value in found.items() if not math.isnan(value)}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Told:
    """Boxes with what was claimed of them and what is true; [b]."""

    probability: Reals
    """0 to 1."""
    right: Flags
    """Whether the box finds a true one."""
    owner: Indices
    """Which photo it is on."""


def probabilities(raw: Reals, calibration: Calibration | None) -> Reals:
    """What the detector makes of raw scores: linear between knots; the raw score without any."""
    if calibration is None or not calibration.raw:
        return raw
    return np.interp(raw, calibration.raw, calibration.calibrated)


def told_by(tally: Tally, calibration: Calibration | None, threshold: float = 0.0) -> Told:
    """The boxes of at least this raw score, with their probabilities."""
    kept = reaches(tally.scores, threshold)
    return Told(
        probability=probabilities(tally.scores[kept], calibration),
        right=tally.hits(LOOSE)[kept],
        owner=tally.owner[kept],
    )


def brier(told: Told, weights: Reals) -> Reals:
    """[r] mean squared distance of a probability from 1 where right, 0 where not; weights [r, p]."""
    errors = _per_photo(told, (told.probability - told.right) ** 2, weights.shape[1])
    return _mean(weights @ errors, _boxes(told, weights))


def d_ece(told: Told, weights: Reals) -> Reals:
    """[r] detection expected calibration error: mean over boxes of |mean told − share right|, by bin.

    Confidence only, ten bins of equal width (Küppers et al. 2020, arXiv 2004.13546).
    """
    gaps = np.zeros((weights.shape[1], BINS))
    np.add.at(gaps, (told.owner, bin_of(told.probability)), told.probability - told.right)
    return _mean(np.abs(weights @ gaps).sum(axis=1), _boxes(told, weights))


def quality(told: Told, reported: Flags) -> Quality:
    """How far these probabilities hold; `reported` is [b]."""
    some = Told(
        probability=told.probability[reported],
        right=told.right[reported],
        owner=told.owner[reported],
    )
    once = np.ones((1, int(told.owner.max(initial=-1)) + 1))
    return Quality(
        brier=float(brier(told, once)[0]),
        d_ece=float(d_ece(told, once)[0]),
        brier_reported=float(brier(some, once)[0]),
        d_ece_reported=float(d_ece(some, once)[0]),
        bins=tuple(bins(told)),
    )


def bin_of(probability: Reals) -> Indices:
    """[b] index of each probability's tenth."""
    return np.asarray(np.minimum((probability * BINS).astype(np.intp), BINS - 1), np.intp)


def _per_photo(told: Told, values: Reals, photos: int) -> Reals:
    return np.asarray(np.bincount(told.owner, values, minlength=photos), np.float64)


def _boxes(told: Told, weights: Reals) -> Reals:
    ones = np.ones(len(told.owner))
    return np.asarray(weights @ _per_photo(told, ones, weights.shape[1]))


def _mean(total: Reals, count: Reals) -> Reals:
    return np.where(count > 0, total / np.maximum(count, 1), math.nan)


def bins(told: Told) -> Iterator[Bin]:
    """The table behind a reliability plot."""
    tenth = bin_of(told.probability)
    for index in range(BINS):
        inside = tenth == index
        yield Bin(
            low=index / BINS,
            high=(index + 1) / BINS,
            boxes=int(inside.sum()),
            told=float(told.probability[inside].mean()) if inside.any() else math.nan,
            right=float(told.right[inside].mean()) if inside.any() else math.nan,
        )


def calibration_figures(
    weighed: Weighed, calibration: Calibration | None, threshold: float
) -> dict[str, Reals]:
    """Brier and D-ECE of raw scores (before) and probabilities (after), [r].

    Over all boxes that were counted, and `reported`: over those that reach the threshold, which are
    the ones that people see. NaN where there are none.
    """
    found: dict[str, Reals] = {}
    for when, curve in (("before", None), ("after", calibration)):
        for which, lowest in (("", 0.0), ("_reported", threshold)):
            told = told_by(weighed.tally, curve, lowest)
            found[f"brier{which}_{when}"] = brier(told, weighed.weights)
            found[f"d_ece{which}_{when}"] = d_ece(told, weighed.weights)
    return found
