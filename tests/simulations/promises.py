"""Is the promise kept? Many calibrations and audits of an invented stream of items whose truth is known.

    python -m tests.simulations.promises

prints the tables of docs/routing.md; the tests run the same functions with fewer runs.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from models.grading.audit import Audited, live
from models.grading.binomial import at_most, clopper_pearson
from models.grading.certify import Label, Look, fixed_sequence, learn_then_test, look_at
from models.grading.interval import mean_of_bounded

ALPHA, DELTA = 0.02, 0.05
RUNS = 500
PILOT = 2000
"""Undrawn cases whose risks fix the sequence."""
SIZES = (250, 500, 1000, 2000, 4000, 16000)
CROWD = 400_000


class Items(NamedTuple):
    """A stream of candidates: the machine's risk and whether reselling is wrong."""

    risk: np.ndarray
    wrong: np.ndarray


def items(rng: np.random.Generator, n: int) -> Items:
    """About 20 % wrong; the machine's risk orders them well and is too optimistic."""
    easy = rng.random(n) < 0.45
    risk = np.where(easy, rng.beta(0.4, 25, n), rng.beta(1.1, 3.2, n))
    chance = np.clip(0.003 + 1.25 * risk**1.05, 0, 1)
    return Items(risk, rng.random(n) < chance)


def true_share(crowd: Items, limit: float) -> float:
    """P(wrong | risk ≤ limit)."""
    inside = crowd.risk <= limit
    return float(crowd.wrong[inside].mean()) if inside.any() else 0.0


def certified(rng: np.random.Generator, sample: Items, look: Look) -> float | None:
    """λ by Learn-then-Test at that look."""
    labels = [Label(r, w) for r, w in zip(sample.risk.tolist(), sample.wrong.tolist(), strict=True)]
    sequence = fixed_sequence(items(rng, PILOT).risk.tolist(), look, ALPHA)
    proof = learn_then_test(labels[: look.cases], sequence, look, alpha=ALPHA, delta=DELTA)
    return proof.passed.risk_at_most if proof.passed else None


def naive(sample: Items) -> float | None:
    """The largest threshold whose own sample errs in at most α: what everybody does first."""
    order = np.argsort(sample.risk)
    rate = np.cumsum(sample.wrong[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(rate <= ALPHA)
    return float(sample.risk[order][good[-1]]) if len(good) else None


class Kept(NamedTuple):
    """How often a way of choosing λ broke its promise, and what it covered."""

    broken: float
    coverage: float


def calibrations(
    cases: int, choose: Callable[[np.random.Generator, Items], float | None], runs: int = RUNS
) -> Kept:
    """Calibrate many times on fresh samples, and compare each λ with the truth."""
    rng = np.random.default_rng(cases)
    crowd = items(rng, CROWD)
    broken, covered = 0, 0.0
    for _ in range(runs):
        limit = choose(rng, items(rng, cases))
        if limit is not None:
            broken += true_share(crowd, limit) > ALPHA
            covered += float((crowd.risk <= limit).mean())
    return Kept(broken / runs, covered / runs)


def by_test(rng: np.random.Generator, sample: Items) -> float | None:
    look = look_at(len(sample.risk), DELTA)
    assert look is not None
    return certified(rng, sample, look)


def by_one_look(rng: np.random.Generator, sample: Items) -> float | None:
    return certified(rng, sample, Look(1, len(sample.risk), DELTA))


def by_eye(rng: np.random.Generator, sample: Items) -> float | None:
    del rng
    return naive(sample)


def oracle() -> float:
    """The coverage of the greatest λ that keeps the promise, for who knows the truth."""
    crowd = items(np.random.default_rng(0), CROWD)
    order = np.argsort(crowd.risk)
    rate = np.cumsum(crowd.wrong[order]) / np.arange(1, CROWD + 1)
    return float(np.flatnonzero(rate <= ALPHA)[-1] / CROWD)


def impatient(rationed: bool, runs: int, most: int = 4000, wrong: float = 0.0205) -> float:
    """How often a stream that errs a little too much is certified in the end, looked at every 50 cases."""
    rng = np.random.default_rng(7)
    broken = 0
    for _ in range(runs):
        errors = np.cumsum(rng.random(most) < wrong)
        broken += any(_passes(int(errors[n - 1]), n, rationed) for n in range(150, most + 1, 50))
    return broken / runs


def _passes(errors: int, n: int, rationed: bool) -> bool:
    if not rationed:
        return at_most(errors, n, ALPHA) <= DELTA
    look = look_at(n, DELTA)
    # At a look the first cases are tested: only where n is that count can anything be new.
    return look is not None and look.cases == n and at_most(errors, n, ALPHA) <= look.delta


class Audits(NamedTuple):
    """How often the live interval held the injected rate and the true loss, and its mean width."""

    rate: float
    money: float
    width: float


def audits(
    decisions: int, shares: tuple[float, ...], runs: int = RUNS, wrong: float = 0.03
) -> Audits:
    """Inject wrong decisions, audit some, and see whether the interval holds the injected rate."""
    rng = np.random.default_rng(decisions)
    prices = np.array([3.0, 8.0, 20.0])
    held, paid, width = 0, 0, 0.0
    for _ in range(runs):
        share = np.repeat(shares, math.ceil(decisions / len(shares)))[:decisions]
        number, bad = rng.random(decisions), rng.random(decisions) < wrong
        loss = bad * rng.choice(prices, decisions)
        drawn = np.flatnonzero(number < share)
        found = [
            Audited(bool(bad[i]), float(loss[i]), float(share[i]), float(number[i])) for i in drawn
        ]
        told = live(decisions, found, greatest=30.0)
        held += told.rate.low <= wrong <= told.rate.high
        paid += told.loss_each.low <= wrong * prices.mean() <= told.loss_each.high
        width += told.rate.high - told.rate.low
    return Audits(held / runs, paid / runs, width / runs)


def of_money(n: int, runs: int, wrong: float = 0.03) -> tuple[float, float, float, float]:
    """Coverage and mean width for amounts: by bets, and by the normal approximation that many use."""
    rng = np.random.default_rng(n)
    prices = np.array([3.0, 8.0, 20.0])
    truth = wrong * prices.mean()
    bet, normal, widths = 0, 0, [0.0, 0.0]
    for _ in range(runs):
        x = (rng.random(n) < wrong) * rng.choice(prices, n)
        told, half = mean_of_bounded(x.tolist(), 30.0), 1.96 * x.std(ddof=1) / math.sqrt(n)
        bet += told.low <= truth <= told.high
        normal += abs(x.mean() - truth) <= half
        widths = [widths[0] + told.high - told.low, widths[1] + 2 * half]
    return bet / runs, widths[0] / runs, normal / runs, widths[1] / runs


def weighed(decisions: int, runs: int, wrong: float = 0.03) -> tuple[float, float]:
    """Mean width at two shares (5 %, then 2 %): thinned to the smaller, and weighted by 1/e with bets."""
    rng = np.random.default_rng(decisions)
    share = np.where(np.arange(decisions) < decisions // 2, 0.05, 0.02)
    widths = np.zeros(2)
    for _ in range(runs):
        number, bad = rng.random(decisions), rng.random(decisions) < wrong
        even = bad[number < 0.02]
        low, high = clopper_pearson(int(even.sum()), len(even))
        told = mean_of_bounded(((number < share) * bad / share).tolist(), 50.0)
        widths += (high - low, told.high - told.low)
    thin, bets = widths / runs
    return float(thin), float(bets)


def lines() -> Iterator[str]:
    yield f"Calibrations, {RUNS} runs a size, best coverage {oracle():.2f}; broken and covered:"
    yield "  labels  in rare looks    in one look      by eye"
    for cases in SIZES:
        ways = [calibrations(cases, way) for way in (by_test, by_one_look, by_eye)]
        yield f"  {cases:6}  " + "  ".join(f"{k.broken:6.1%} {k.coverage:5.2f}  " for k in ways)
    yield f"A stream of 2.05 % wrong, looked at every 50 cases: {impatient(False, RUNS):.1%} broken"
    yield f"The same looked at after 250, 500, 1,000 … cases: {impatient(True, RUNS):.1%} broken"
    yield "Audits, 3 % wrong injected; decisions, shares: holds rate, holds money, width of rate"
    for n, shares in ((1000, (0.05,)), (4000, (0.05,)), (20_000, (0.02,)), (8000, (0.05, 0.02))):
        told = audits(n, shares)
        yield f"  {n:6} at {shares}: {told.rate:.1%}, {told.money:.1%}, {told.width:.3f}"
    yield "Amounts; n: bets hold, width; normal approximation holds, width"
    for n in (50, 200, 500):
        yield "  {:4}: {:.1%}, {:.2f}; {:.1%}, {:.2f}".format(n, *of_money(n, 200))
    thin, bets = weighed(8000, 50)
    yield f"Two shares, 8,000 decisions: thinned {thin:.3f} wide, weighted bets {bets:.3f}"


if __name__ == "__main__":
    for line in lines():
        print(line, flush=True)  # noqa: T201 - this is what it is run for
