"""Exact tails of counting: what Learn-then-Test, Clopper-Pearson and Fisher stand on.

Written out instead of taken from scipy, which only the server brings: a station replays routings
too. The tests compare every function with scipy's.
"""

import math
from collections.abc import Callable

NEGLIGIBLE = 1e-18
"""A term this small beside the sum no longer changes a double."""
HALVINGS = 60
"""Bisections of [0, 1]: the last interval is narrower than a double can tell."""


def at_most(k: int, n: int, p: float) -> float:
    """P(Bin(n, p) ≤ k); the sum of the side that is small, so that small tails keep their digits."""
    if k < 0:
        return 0.0
    if k >= n or p <= 0:
        return 1.0
    if p >= 1:
        return 0.0
    if k < n * p:
        return _downwards(k, n, p)
    return max(0.0, 1 - _upwards(k + 1, n, p))


def at_least(k: int, n: int, p: float) -> float:
    """P(Bin(n, p) ≥ k)."""
    return at_most(n - k, n, 1 - p)


def _log_mass(k: int, n: int, p: float) -> float:
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return ways + k * math.log(p) + (n - k) * math.log1p(-p)


def _downwards(k: int, n: int, p: float) -> float:
    term = total = math.exp(_log_mass(k, n, p))
    for i in range(k, 0, -1):
        term *= i * (1 - p) / ((n - i + 1) * p)
        total += term
        if term < total * NEGLIGIBLE:
            break
    return min(1.0, total)


def _upwards(k: int, n: int, p: float) -> float:
    return _downwards(n - k, n, 1 - p)


def clopper_pearson(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact interval of a share of which k of n were seen; (0, 1) where nothing was looked at."""
    if n == 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    return lower_bound(k, n, tail), upper_bound(k, n, tail)


def upper_bound(k: int, n: int, tail: float) -> float:
    """The greatest share under which seeing as few as k of n still has a chance of `tail`."""
    return 1.0 if k >= n else _solve(lambda p: at_most(k, n, p) > tail)


def lower_bound(k: int, n: int, tail: float) -> float:
    """The smallest share under which seeing as many as k of n has a chance of `tail`."""
    return 0.0 if k <= 0 else _solve(lambda p: at_least(k, n, p) < tail)


def _solve(too_low: Callable[[float], bool]) -> float:
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if too_low(middle) else (low, middle)
    return (low + high) / 2


def more_often(k: int, n: int, k_before: int, n_before: int) -> float:
    """Fisher's exact test, one-sided: the p of k of n by chance alone after k_before of n_before."""
    marked, everything = k + k_before, n + n_before
    most = min(n, marked)
    ways = _log_choose(everything, n)
    masses = (
        math.exp(_log_choose(marked, i) + _log_choose(everything - marked, n - i) - ways)
        for i in range(max(k, n - (everything - marked), 0), most + 1)
    )
    return min(1.0, math.fsum(masses))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
