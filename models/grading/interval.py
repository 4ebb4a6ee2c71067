"""Intervals of a mean that hold at small counts: what audits say of the decisions nobody looked at.

Shares at one constant probability of being audited have an exact interval (Clopper-Pearson on the
audited ones). Amounts of money are no shares: for them a bet is placed against every possible mean,
and those that the bet refutes are left out (Waudby-Smith & Ramdas 2023, arXiv 2010.09686). It
assumes nothing of the amounts but their bounds. docs/routing.md has the coverage of both.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MEANS = 401
"""Means that are tried between the bounds, closer to each other near 0, where losses lie."""
LARGEST_BET = 0.75
"""The share of the capital that one case may cost at most; the authors propose 1/2 to 3/4."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """What is thought likely of a number."""

    low: float
    """Lower end."""
    high: float
    """Upper end."""
    estimate: float | None
    """The number itself, as far as it is known; none where nothing was looked at."""
    confidence: float = 0.95
    """How often such intervals hold."""


def mean_of_bounded(
    amounts: Sequence[float], greatest: float, confidence: float = 0.95
) -> Interval:
    """The interval of the mean of amounts between 0 and `greatest`, in the order in which they came."""
    if not len(amounts) or greatest <= 0:
        return Interval(low=0.0, high=max(0.0, greatest), estimate=None, confidence=confidence)
    shares = np.clip(np.asarray(amounts, dtype=float) / greatest, 0.0, 1.0)
    means = np.linspace(0.0, 1.0, MEANS) ** 2
    kept = np.flatnonzero(_not_refuted(shares, means, 1 - confidence))
    estimate = math.fsum(amounts) / len(amounts)
    # Each mean tried stands for its neighbourhood, so the ends are pushed out to the next ones.
    first, last = (kept[0] - 1, kept[-1] + 1) if len(kept) else (0, MEANS)
    return Interval(
        low=min(estimate, float(means[max(0, first)]) * greatest),
        high=max(estimate, float(means[min(MEANS - 1, last)]) * greatest),
        estimate=estimate,
        confidence=confidence,
    )


def _not_refuted(shares: np.ndarray, means: np.ndarray, chance: float) -> np.ndarray:
    """Means against which no bet ever made 1 ÷ chance of its stake, betting half on either side."""
    bets = _bets(shares, chance)
    inner = np.clip(means, 1e-9, 1 - 1e-9)
    up, down = np.zeros_like(means), np.zeros_like(means)
    most = np.full_like(means, -np.inf)
    for bet, share in zip(bets, shares, strict=True):
        up += np.log1p(np.minimum(bet, LARGEST_BET / inner) * (share - means))
        down += np.log1p(-np.minimum(bet, LARGEST_BET / (1 - inner)) * (share - means))
        most = np.maximum(most, np.logaddexp(up, down))
    return np.asarray(most - math.log(2) < -math.log(chance))


def _bets(shares: np.ndarray, chance: float) -> np.ndarray:
    """How much to bet on each case, from the variance of those before it (predictable plug-in)."""
    n = len(shares)
    counted = np.arange(1, n + 1)
    mean = (0.5 + np.cumsum(shares)) / (counted + 1)
    variance = (0.25 + np.cumsum((shares - mean) ** 2)) / (counted + 1)
    before = np.concatenate(([0.25], variance[:-1]))
    return np.asarray(np.sqrt(2 * math.log(2 / chance) / (n * before)))
