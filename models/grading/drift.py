"""Is the work still the work that the certificate was proved on? Batch after batch, with few false alarms.

A certificate speaks of items like those that it was proved on. Another season, another camera or a
tired lamp can change them without anybody's noticing, so every hundred inspections are compared with
the reference: the risks (Kolmogorov-Smirnov), refused photos and overridden proposals (Fisher).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from models.grading.binomial import at_least, more_often, upper_bound
from models.grading.files import Rule
from models.vocabulary import Drift

BATCH = 100
"""Inspections that are compared at a time. Judgement: a day or two of one bench's category."""
FALSE_ALARM = 0.05
"""Chance of any false alarm in a certificate's whole life, however many batches there are."""
WATCHED = 4
"""Kinds of drift that share it."""
EDGES = (0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
"""Upper ends of the classes of risks; the first holds those that are exactly 0."""
FLOOR = 0.5
"""Cases that an empty class counts as in the stability index, which would be infinite otherwise."""
TERMS = 100
"""Of Kolmogorov's series; far fewer are needed wherever the sum is not 1."""


class Batch(Rule):
    """What is counted of some inspections in a row, and what is kept of those a certificate rests on."""

    risks: tuple[int, ...] = (0,) * len(EDGES)
    """How many inspections have a risk in each class."""
    photos_refused: int = 0
    """Inspections with a photo that the quality gate refused."""
    decided: int = 0
    """Inspections that a person decided."""
    overridden: int = 0
    """Those of them that the person sent elsewhere than the machine proposed."""

    @property
    def inspections(self) -> int:
        """How many there are."""
        return sum(self.risks)


@dataclass(frozen=True, kw_only=True)
class Sign:
    """One comparison of a batch with its reference."""

    kind: Drift
    """What was compared."""
    p: float
    """How probable such a difference is by chance."""
    level: float
    """Below this it counts as an alarm."""
    before: float | None
    """The share in the reference: of refused photos, overridden proposals, wrong decisions."""
    now: float
    """The same in the batch; for risks the population stability index."""

    @property
    def is_alarm(self) -> bool:
        """More than chance explains."""
        return self.p < self.level

    @property
    def closeness(self) -> float:
        """How near to an alarm, by digits of p: 0 for what chance does all the time, 1 at the level."""
        if self.p <= 0:
            return 1.0
        return min(1.0, math.log(self.p) / math.log(self.level))


def in_classes(risks: Iterable[float]) -> tuple[int, ...]:
    """How many risks lie in each class of EDGES."""
    counts = [0] * len(EDGES)
    for risk in risks:
        counts[next(i for i, edge in enumerate(EDGES) if risk <= edge)] += 1
    return tuple(counts)


def level(check: int) -> float:
    """What one kind of drift may spend at the n-th batch: FALSE_ALARM/(n(n+1)), shared by the kinds."""
    return FALSE_ALARM / (check * (check + 1)) / WATCHED


def compare(batch: Batch, reference: Batch, check: int) -> tuple[Sign, ...]:
    """All comparisons that can be made at the n-th batch; more trouble than before counts, less does not."""
    spent = level(check)
    signs = [_risks(batch, reference, spent)]
    pairs = (
        (Drift.PHOTO_QUALITY, "photos_refused", "inspections"),
        (Drift.OVERRIDES, "overridden", "decided"),
    )
    for kind, part, whole in pairs:
        k, n, k_before, n_before = (
            getattr(one, name) for one in (batch, reference) for name in (part, whole)
        )
        if n and n_before:
            p = more_often(k, n, k_before, n_before)
            signs.append(Sign(kind=kind, p=p, level=spent, before=k_before / n_before, now=k / n))
    return tuple(signs)


def _risks(batch: Batch, reference: Batch, spent: float) -> Sign:
    p = kolmogorov_smirnov(batch.risks, reference.risks)
    index = stability_index(batch.risks, reference.risks)
    return Sign(kind=Drift.RISKS, p=p, level=spent, before=None, now=index)


def kolmogorov_smirnov(counts: Sequence[int], others: Sequence[int]) -> float:
    """The p of the greatest distance between two cumulated shares, by Kolmogorov's series.

    Classes can only hide a part of the distance, so the p is never too small.
    """
    n, m = sum(counts), sum(others)
    if not n or not m:
        return 1.0
    pairs = zip(accumulate(counts), accumulate(others), strict=True)
    distance = max(abs(a / n - b / m) for a, b in pairs)
    x = distance * math.sqrt(n * m / (n + m))
    if x < 0.2:  # The series needs more and more terms there, and gives 1 to ten digits.
        return 1.0
    terms = ((-1) ** (j - 1) * math.exp(-2 * (j * x) ** 2) for j in range(1, TERMS))
    return min(1.0, max(0.0, 2 * math.fsum(terms)))


def stability_index(counts: Sequence[int], others: Sequence[int]) -> float:
    """PSI = Σ (a − b)·ln(a/b) over the classes; custom calls 0.1 a little and 0.25 a lot."""

    def shares(of: Sequence[int]) -> list[float]:
        padded = [max(count, FLOOR) for count in of]
        return [count / sum(padded) for count in padded]

    pairs = zip(shares(counts), shares(others), strict=True)
    return math.fsum((a - b) * math.log(a / b) for a, b in pairs)


@dataclass(frozen=True, kw_only=True)
class Account:
    """What is known of the wrong decisions under one certificate."""

    alpha: float
    """Share that the certificate promises at most."""
    tail: float
    """δ at which it was proved."""
    accepted: int
    """Labelled cases that the certificate rests on."""
    errors: int
    """Wrong ones among them."""
    audited: int
    """Audits since."""
    audit_errors: int
    """Wrong decisions among those."""
    forgiven: int = 0
    """Those of them that a quality lead knew of when an alarm was last cleared."""

    @property
    def upper_bound(self) -> float:
        """The largest share of wrong decisions that proof and audits together still allow."""
        n, k = self.accepted + self.audited, self.errors + self.audit_errors
        return upper_bound(k, n, self.tail)


def live_error(account: Account, check: int) -> Sign:
    """Whether the audits take the promise back.

    Either would the certificate no longer be given with the audits counted in, or the audits alone
    show more errors than α explains.
    """
    spent, n, k = level(check), account.audited, account.audit_errors
    kept = account.upper_bound <= account.alpha or k <= account.forgiven
    before = account.errors / account.accepted if account.accepted else None
    return Sign(
        kind=Drift.LIVE_ERROR,
        p=at_least(k, n, account.alpha) if kept else 0.0,
        level=spent,
        before=before,
        now=k / n if n else 0.0,
    )
