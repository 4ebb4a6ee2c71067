"""What should be there and is not: pure rules on what was seen where."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """The best trace of an expected part on one photo of a shot that expects it."""

    place: int
    """The photo's place among the item's photos."""
    probability: float
    """That the part is on it; 0 where there is no trace at all."""
    is_seen: bool
    """Its raw score reached the release's threshold."""
    release: str
    """name@version of the model that looked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Absence:
    """An expected part that no photo of its shot shows."""

    place: int
    """Of the photo it was missed on: the one with the strongest trace."""
    probability: float
    """That it is missing."""
    release: str
    """name@version of the model that looked."""


def absence(traces: Iterable[Trace]) -> Absence | None:
    """Whether a part is missing, by all traces of it on one shot; None when it is there.

    One photo that shows the part is enough, for a label is on one side of the item. The probability
    is 1 - (the best trace's), a stand-in until absence is calibrated by itself on real photos. None
    too where nobody looked: not seen is never "missing".
    """
    looked = list(traces)
    if not looked or any(trace.is_seen for trace in looked):
        return None
    best = max(looked, key=lambda trace: (trace.probability, -trace.place))
    return Absence(
        place=best.place,
        probability=1.0 - best.probability,
        release=best.release,
    )
