"""One class over many photos as arrays, and every figure of it for any weights of the photos.

A figure and its interval come from the same lines: weights of one give the figure, weights drawn by
the bootstrap give its spread. Letters in shapes: r rows of weights, p photos, b boxes, h steps, e ends.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from training.metrics import (
    LOOSE,
    OVERLAPS,
    Flags,
    Indices,
    Reals,
    Seen,
    all_overlaps,
    matches,
    reaches,
)

STRICT = OVERLAPS[0]
ALL_OVERLAPS = (LOOSE, *OVERLAPS)
# COCO reads the precision at 101 recalls (cocodataset.org, 2014).
_RECALLS = np.linspace(0, 1, 101)
# The recall at which false boxes are asked for: the goal that the releases are measured against.
RECALL_WANTED = 0.85
# Sums of a few thousand ones are exact, their shares are not.
_EPSILON = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Tally:
    """Photos and boxes of one class; boxes stand best first, equal scores in the photos' order."""

    truths: Reals
    """[p] true boxes on each photo."""
    tops: Reals
    """[p] each photo's best score."""
    owner: Indices
    """[b] which photo a box is on."""
    scores: Reals
    """[b] raw, descending."""
    found: Flags
    """[overlaps, b] whether the box finds a true one, in the order of ALL_OVERLAPS."""

    @classmethod
    def of(cls, seen: Sequence[Seen]) -> "Tally":
        """Match every box; the only slow part."""
        found = [_found(one) for one in seen] or [np.zeros((len(ALL_OVERLAPS), 0), np.bool_)]
        scores = np.array([score for one in seen for score in one.scores], np.float64)
        owner = np.repeat(np.arange(len(seen)), [len(one.boxes) for one in seen])
        order = np.argsort(-scores, kind="stable")
        return cls(
            truths=np.array([len(one.truth) for one in seen], np.float64),
            tops=np.array([one.top for one in seen], np.float64),
            owner=owner[order].astype(np.intp),
            scores=scores[order],
            found=np.concatenate(found, axis=1)[:, order],
        )

    @property
    def clean(self) -> Flags:
        """[p] photos without a true box."""
        return np.asarray(self.truths == 0)

    def hits(self, overlap: float) -> Flags:
        """[b] whether each box finds a true one at this overlap."""
        return np.asarray(self.found[ALL_OVERLAPS.index(overlap)], np.bool_)

    @cached_property
    def steps(self) -> Indices:
        """[h] boxes that find a true one at any overlap: only there do recall and precision rise."""
        return np.flatnonzero(self.found.any(axis=0))

    @cached_property
    def ends(self) -> Indices:
        """[e] the steps after which a threshold may lie: the last one of each score."""
        return last_of_equals(self.scores[self.steps])

    @cached_property
    def shown(self) -> Reals:
        """[h, p] boxes on each photo down to each step."""
        return self._counted(self.steps, np.ones(len(self.scores), np.bool_))

    @cached_property
    def false(self) -> Reals:
        """[e, p] boxes on each clean photo of at least the score of each end."""
        lowest = self.scores[self.steps[self.ends]]
        last = len(self.scores) - 1 - np.searchsorted(self.scores[::-1], lowest)
        return self._counted(last, self.clean[self.owner])

    def _counted(self, last: Indices, kept: Flags) -> Reals:
        """[last, p] how many of the kept boxes stand on each photo, up to each of these boxes."""
        table = np.zeros((len(last) + 1, len(self.truths)))
        rows = np.searchsorted(last, np.arange(len(self.scores)))
        np.add.at(table, (rows[kept], self.owner[kept]), 1)
        return np.cumsum(table[:-1], axis=0)

    def only(self, photos: Flags) -> "Tally":
        """The same over some of the photos, [p]."""
        kept = photos[self.owner]
        return Tally(
            truths=self.truths[photos],
            tops=self.tops[photos],
            owner=(np.cumsum(photos) - 1)[self.owner[kept]],
            scores=self.scores[kept],
            found=self.found[:, kept],
        )

    def plain(self) -> "Weighed":
        """Every photo once."""
        return Weighed(self, np.ones((1, len(self.truths))))


def _found(seen: Seen) -> Flags:
    shares = all_overlaps(seen)
    return np.array([matches(seen, overlap, shares) >= 0 for overlap in ALL_OVERLAPS])


def average_precision(right: Reals, shown: Reals, truths: Reals) -> Reals:
    """[r] mean of the precision's envelope at 101 recalls; NaN where there is nothing to find.

    `right` and `shown`, [r, h], count hits and boxes up to each hit, best first: between hits the
    precision only falls, so that no other box can raise the envelope.
    """
    if not right.shape[1]:
        return np.where(truths > 0, 0.0, math.nan)
    recall, precision = _over(right, truths[:, None]), _over(right, shown)
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    last = right.shape[1] - 1
    means = []
    for row, heights in zip(recall, envelope, strict=True):
        at = np.searchsorted(row, _RECALLS, side="left")
        means.append(np.where(at <= last, heights[np.minimum(at, last)], 0.0).mean())
    return np.where(truths > 0, np.array(means), math.nan)


def _over(part: Reals, whole: Reals) -> Reals:
    """Share of the whole, NaN where the whole is nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(whole > 0, part / whole, math.nan))


class Weighed:
    """A tally whose photos count as often as each row of weights says; figures are [r]."""

    def __init__(self, tally: Tally, weights: Reals) -> None:
        """`weights` is [r, p]."""
        self.tally = tally
        self.weights = weights
        self.truths: Reals = weights @ tally.truths
        self.clean_photos: Reals = weights @ tally.clean
        self.photos: Reals = weights.sum(axis=1)

    @cached_property
    def _of_steps(self) -> Reals:
        """[r, h] how often the photo of each step counts."""
        return np.asarray(self.weights[:, self.tally.owner[self.tally.steps]])

    @cached_property
    def _shown(self) -> Reals:
        """[r, h] boxes down to each step."""
        return self.weights @ self.tally.shown.T

    @cached_property
    def _false(self) -> Reals:
        """[r, e] boxes on clean photos down to each end."""
        return self.weights @ self.tally.false.T

    def _right(self, overlap: float) -> Reals:
        """[r, h] true boxes found down to each step."""
        return np.cumsum(self._of_steps * self.tally.hits(overlap)[self.tally.steps], axis=1)

    def _boxes(self, kept: Flags) -> Reals:
        """How many of the kept boxes [b] there are."""
        counts = np.bincount(self.tally.owner[kept], minlength=len(self.tally.truths))
        return np.asarray(self.weights @ counts, np.float64)

    def average_precision(self, overlap: float) -> Reals:
        """At one overlap."""
        at = np.flatnonzero(self.tally.hits(overlap)[self.tally.steps])
        return average_precision(self._right(overlap)[:, at], self._shown[:, at], self.truths)

    def recall_allowing(self, allowed: float, overlap: float = STRICT) -> Reals:
        """Recall where clean photos show at most `allowed` false boxes each; NaN without any."""
        most = (allowed * self.clean_photos + _EPSILON)[:, None]
        right = self._right(overlap)[:, self.tally.ends]
        reached = np.where(self._false <= most, right, 0.0)
        recall = _over(reached.max(axis=1, initial=0.0), self.truths)
        return np.where(self.clean_photos > 0, recall, math.nan)

    def false_boxes_at_recall(self, recall: float, overlap: float = STRICT) -> Reals:
        """False boxes per clean photo at the highest score that reaches the recall; ∞ if none does."""
        right = self._right(overlap)[:, self.tally.ends]
        enough = right >= (recall * self.truths - _EPSILON)[:, None]
        fewest = np.where(enough, self._false, math.inf).min(axis=1, initial=math.inf)
        return np.where(self.truths > 0, _over(fewest, self.clean_photos), math.nan)

    def recall(self, threshold: float, overlap: float = STRICT) -> Reals:
        """Share of the true boxes found by boxes of at least this score."""
        kept = self.tally.hits(overlap) & reaches(self.tally.scores, threshold)
        return _over(self._boxes(kept), self.truths)

    def precision(self, threshold: float, overlap: float = STRICT) -> Reals:
        """Share of the boxes of at least this score that find a true one."""
        kept = reaches(self.tally.scores, threshold)
        return _over(self._boxes(kept & self.tally.hits(overlap)), self._boxes(kept))

    def false_boxes(self, threshold: float) -> Reals:
        """Boxes of at least this score on a clean photo, on average."""
        kept = reaches(self.tally.scores, threshold) & self.tally.clean[self.tally.owner]
        return _over(self._boxes(kept), self.clean_photos)

    def flagged(self, threshold: float, photos: Flags) -> Reals:
        """Share of these photos [p] with a box of at least this score."""
        shown = reaches(self.tally.tops, threshold) & photos
        return _over(self.weights @ shown, self.weights @ photos)

    def photos_right(self, threshold: float) -> Reals:
        """Share of the photos on which seen or not seen, at this score, is what is true."""
        right = reaches(self.tally.tops, threshold) != self.tally.clean
        return _over(self.weights @ right, self.photos)

    @cached_property
    def _by_top(self) -> tuple[Reals, Reals]:
        """[r, tops] photos with and without a true box of each best score, best first."""
        order = np.argsort(-self.tally.tops, kind="stable")
        starts = np.concatenate([[0], last_of_equals(self.tally.tops[order])[:-1] + 1])
        ordered, clean = self.weights[:, order], self.tally.clean[order]
        with_truth = np.add.reduceat(ordered * ~clean, starts, axis=1)
        return with_truth, np.add.reduceat(ordered * clean, starts, axis=1)

    def photo_auroc(self) -> Reals:
        """Chance that a photo with the defect scores above a clean one; ties count half."""
        if not len(self.tally.tops):
            return np.full(len(self.weights), math.nan)
        defect, clean = self._by_top
        below = clean.sum(axis=1, keepdims=True) - np.cumsum(clean, axis=1) + clean / 2
        pairs = defect.sum(axis=1) * clean.sum(axis=1)
        return _over((defect * below).sum(axis=1), pairs)

    def photo_ap(self) -> Reals:
        """Average precision over photos (sklearn's: a step at each score); NaN without both kinds."""
        if not len(self.tally.tops):
            return np.full(len(self.weights), math.nan)
        defect, clean = self._by_top
        right = np.cumsum(defect, axis=1)
        precision = np.nan_to_num(_over(right, right + np.cumsum(clean, axis=1)))
        mean = _over((defect * precision).sum(axis=1), defect.sum(axis=1))
        return np.where(self.clean_photos > 0, mean, math.nan)


def last_of_equals(descending: Reals) -> Indices:
    """Indices of the last of each run of equal values."""
    if not len(descending):
        return np.zeros(0, np.intp)
    return np.append(np.flatnonzero(np.diff(descending)), len(descending) - 1).astype(np.intp)


# Each figure of a class; the threshold is the card's. Without an overlap in the name it is 0.5.
FIGURES: dict[str, Callable[[Weighed, float], Reals]] = {
    "ap50": lambda w, _: w.average_precision(STRICT),
    "ap50_95": lambda w, _: np.mean([w.average_precision(o) for o in OVERLAPS], axis=0),
    "ap30": lambda w, _: w.average_precision(LOOSE),
    "recall_at_01_false_boxes": lambda w, _: w.recall_allowing(0.1),
    "recall_at_02_false_boxes": lambda w, _: w.recall_allowing(0.2),
    "recall_iou30_at_01_false_boxes": lambda w, _: w.recall_allowing(0.1, LOOSE),
    "recall_iou30_at_02_false_boxes": lambda w, _: w.recall_allowing(0.2, LOOSE),
    "false_boxes_at_recall_85": lambda w, _: w.false_boxes_at_recall(RECALL_WANTED),
    "false_boxes_at_recall_85_iou30": lambda w, _: w.false_boxes_at_recall(RECALL_WANTED, LOOSE),
    "photo_auroc": lambda w, _: w.photo_auroc(),
    "photo_ap": lambda w, _: w.photo_ap(),
    "recall": lambda w, t: w.recall(t),
    "recall_iou30": lambda w, t: w.recall(t, LOOSE),
    "precision": lambda w, t: w.precision(t),
    "precision_iou30": lambda w, t: w.precision(t, LOOSE),
    "false_boxes_per_clean_photo": lambda w, t: w.false_boxes(t),
    "photos_found": lambda w, t: w.flagged(t, ~w.tally.clean),
    "clean_photos_flagged": lambda w, t: w.flagged(t, w.tally.clean),
    "photos_right": lambda w, t: w.photos_right(t),
}


def measured(
    weighed: Weighed, threshold: float, names: Iterable[str] = tuple(FIGURES)
) -> dict[str, Reals]:
    """The named figures, [r]; NaN where these photos cannot give one, ∞ where no score reaches it."""
    return {name: FIGURES[name](weighed, threshold) for name in names}
