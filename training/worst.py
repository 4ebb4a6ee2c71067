"""The photos on which a release is most wrong, so that somebody looks at them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from models.record import XyXy
from models.records import Calibration
from training.metrics import LOOSE, Seen, all_overlaps, longer_side, matches, reaches
from training.reliability import probabilities

COUNT = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A reported box on a photo."""

    xyxy: XyXy
    """In pixels of the photo."""
    probability: float
    """Calibrated."""
    right: bool
    """It finds a true box, overlapping it by at least 0.3."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bad:
    """One photo and the worst mistake on it."""

    seen: Seen
    """The photo."""
    missed: bool
    """The worst is a true box that was not found; otherwise a false one that was shown."""
    worst: XyXy
    """That box."""
    badness: float
    """How sure the release was, and wrong, 0 to 1."""
    shown: tuple[Shown, ...]
    """The boxes that reach the threshold."""

    @property
    def rank(self) -> tuple[float, float]:
        """For sorting: of about equally bad ones the larger box is worse."""
        return -round(self.badness, 2), -longer_side(self.worst) / self.seen.side_px


def worst(
    seen: Iterable[Seen], threshold: float, curve: Calibration | None, count: int = COUNT
) -> tuple[list[Bad], list[Bad]]:
    """The worst false boxes and the worst misses, a photo at most once, `count` photos in all.

    Half of each where there are enough. A false box is as bad as its probability; a miss is as bad
    as the best box over it was unsure.
    """
    rows = [(one, _shown(one, threshold, curve)) for one in seen]
    false = _ranked(_worst_false(one, shown) for one, shown in rows)
    missed = _ranked(_worst_miss(one, shown, threshold, curve) for one, shown in rows)
    told = false[: max(count - count // 2, count - len(missed))]
    already = {id(bad.seen) for bad in told}
    return told, [bad for bad in missed if id(bad.seen) not in already][: count - len(told)]


def _ranked(found: Iterable[Bad | None]) -> list[Bad]:
    return sorted((bad for bad in found if bad), key=lambda bad: bad.rank)


def _shown(seen: Seen, threshold: float, curve: Calibration | None) -> tuple[Shown, ...]:
    raw = np.array(seen.scores, np.float64)
    kept = np.flatnonzero(reaches(raw, threshold))
    right = matches(seen, LOOSE) >= 0
    told = probabilities(raw, curve)
    return tuple(
        Shown(xyxy=seen.boxes[at], probability=float(told[at]), right=bool(right[at]))
        for at in kept
    )


def _worst_false(seen: Seen, shown: Sequence[Shown]) -> Bad | None:
    wrong = [one for one in shown if not one.right]
    if not wrong:
        return None
    most = max(wrong, key=lambda one: one.probability)
    return Bad(
        seen=seen, missed=False, worst=most.xyxy, badness=most.probability, shown=tuple(shown)
    )


def _worst_miss(
    seen: Seen, shown: Sequence[Shown], threshold: float, curve: Calibration | None
) -> Bad | None:
    found = matches(seen, LOOSE)
    enough = reaches(np.array(seen.scores, np.float64), threshold)
    missed = sorted(set(range(len(seen.truth))) - set(found[enough].tolist()))
    if not missed:
        return None
    told = probabilities(np.array(seen.scores, np.float64), curve)
    over = all_overlaps(seen) >= LOOSE
    best = {at: float(told[over[:, at]].max(initial=0.0)) for at in missed}
    at = min(missed, key=lambda index: (best[index], -longer_side(seen.truth[index])))
    return Bad(
        seen=seen, missed=True, worst=seen.truth[at], badness=1 - best[at], shown=tuple(shown)
    )
