"""Missing is what nobody saw although somebody looked."""

import pytest

from models.vision.presence import Absence, Trace, absence


def trace(place: int = 0, probability: float = 0.0, *, seen: bool = False) -> Trace:
    return Trace(place=place, probability=probability, is_seen=seen, release="label@1")


@pytest.mark.parametrize(
    ("traces", "expected"),
    [
        ([], None),  # nobody looked: unknown, not missing
        ([trace(seen=True, probability=0.9)], None),
        ([trace(), trace(1, 0.9, seen=True)], None),  # one photo that shows it is enough
        ([trace()], (0, 1.0)),
        ([trace(0, 0.1), trace(1, 0.3)], (1, 0.7)),  # a strong trace makes it less sure
        ([trace(0, 0.2), trace(1, 0.2)], (0, 0.8)),  # of equals the first photo
    ],
)
def test_absence(traces, expected):
    gone = absence(traces)
    if expected is None:
        assert gone is None
    else:
        place, probability = expected
        assert gone == Absence(
            place=place, probability=pytest.approx(probability), release="label@1"
        )
