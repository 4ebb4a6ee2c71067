"""How far a figure may be off: bootstrap intervals, by photo."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from training.metrics import Reals
from training.tally import Tally, Weighed

Figures = Callable[[Weighed], Mapping[str, Reals]]
Interval = tuple[float, float]
RESAMPLES = 1000
# 95 %: two and a half parts in a hundred on each side.
_TAILS = (0.025, 0.975)
_SEED = 3
# Numbers in an array of resamples × hits: half a million are 4 MB, and a few such are alive.
_NUMBERS_AT_ONCE = 500_000


def resamples(groups: Sequence[str], count: int = RESAMPLES) -> Reals:
    """[count, photos] how often each photo is drawn: as many from each group as it has.

    Drawing within groups keeps a report's mix of folders; the same groups give the same draws.
    """
    rng = np.random.default_rng(_SEED)
    weights = np.zeros((count, len(groups)))
    names = np.array(groups)
    for name in dict.fromkeys(groups):
        at = np.flatnonzero(names == name)
        weights[:, at] = rng.multinomial(len(at), np.full(len(at), 1 / len(at)), size=count)
    return weights


def intervals(tally: Tally, figures: Figures, weights: Reals) -> dict[str, Interval]:
    """Figure → its 95 % interval; a figure is left out where the resamples say nothing of it."""
    parts = [figures(Weighed(tally, some)) for some in _portions(tally, weights)]
    drawn = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    found = {name: interval_of(values) for name, values in drawn.items()}
    return {name: interval for name, interval in found.items() if interval}


def _portions(tally: Tally, weights: Reals) -> Iterator[Reals]:
    rows = max(1, _NUMBERS_AT_ONCE // max(1, len(tally.steps)))
    for start in range(0, len(weights), rows):
        yield weights[start : start + rows]


def interval_of(values: Reals) -> Interval | None:
    """The middle 95 % of resampled values, by order, so that an unreached figure's ∞ may be an end.

    None where most resamples have no value, or all have the same: photos without one miss would
    promise that there is never one.
    """
    known = values[~np.isnan(values)]
    if 2 * len(known) <= len(values) or known.min() == known.max():
        return None
    low, high = np.quantile(known, _TAILS, method="inverted_cdf")
    return (float(low), float(high)) if math.isfinite(low) else None
