"""What should be there and is not: pure rules on what speaks for a part on the photos of one shot.

    P(there) = max over the traces of (weight x P(the trace is real)), at least P(overlooked)
    P(missing) = 1 - P(there)

The strongest trace speaks alone. Added up as if independent, weak ones would make a label out of
every busy print: what fools a model into a faint label fools it into a faint barcode too (measured:
docs/experiments.md). All probabilities are at even odds before anybody looked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.record import XyXy
from models.records import Release
from models.vision.codes import READER, Code
from models.vision.detector import Detection, calibrated, reaches
from models.vocabulary import Cue, Part, Shot

# Weak traces count towards a part's being there, but not every box of the model.
TRACE_FLOOR = 0.01
# More probably there than not: either error costs one look of a person.
SEEN_AT = 0.5

# How surely a label is there when the cue is real: 1 / (1 + share of label-less sides that show it),
# Bayes with even odds before and nearly every label showing one. Of 89 train photos of cardboard
# without a label 10 show printed bars (0.11); none a matrix code (0.03 at the upper 95 % limit).
_BARS_MEAN_A_LABEL = 0.90
_MATRIX_MEANS_A_LABEL = 0.97
_WEIGHTS: Mapping[Part, Mapping[Cue, float]] = {
    Part.LABEL: {
        Cue.ITSELF: 1.0,
        Cue.BARCODE: _BARS_MEAN_A_LABEL,
        Cue.LINEAR_CODE: _BARS_MEAN_A_LABEL,
        Cue.QR: _MATRIX_MEANS_A_LABEL,
        Cue.MATRIX_CODE: _MATRIX_MEANS_A_LABEL,
        Cue.CODE_PATTERN: _MATRIX_MEANS_A_LABEL,
    },
    Part.BARCODE: {Cue.ITSELF: 1.0, Cue.LINEAR_CODE: 1.0},
    Part.QR: {Cue.ITSELF: 1.0, Cue.MATRIX_CODE: 1.0, Cue.CODE_PATTERN: 1.0},
    Part.PACKAGE: {Cue.ITSELF: 1.0},
}

# That what zxing-cpp reports is a code, at even odds. Read: 66 % of 576 train photos with codes, and
# 0 of 1,493 without (0.2 % at the upper limit). Pattern only: 38 % of those with codes that cannot
# be read, and 4 of the 1,493 (0.7 %).
_READ_IS_REAL = 0.997
_PATTERN_IS_REAL = 0.98


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """One thing on a photo that speaks for an expected part; never what a code says."""

    cue: Cue
    """What it is."""
    probability: float
    """That it really is that."""
    xyxy: XyXy
    """Left, top, right, bottom in pixels of the photo."""
    source: str
    """name@version of the model or the reader that saw it."""
    is_reported: bool = True
    """It reaches its release's threshold; a fainter one makes an absence less sure, and no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """Everything that speaks for one part on one photo of a shot that expects it."""

    place: int
    """The photo's place among the item's photos."""
    traces: tuple[Trace, ...]
    """Empty where nothing does."""
    overlooked: float = 0.0
    """That the part is there although nothing speaks for it: a model overlooks some."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Presence:
    """Whether an expected part was seen on the photos of one shot."""

    shot: Shot
    """The shot that expects it."""
    part: Part
    """What is expected."""
    place: int
    """Of the photo that speaks for it most, among the item's photos."""
    probability: float
    """That the part is there."""
    traces: tuple[Trace, ...]
    """What speaks for it on that photo, each cue once, the most telling first."""

    @property
    def is_seen(self) -> bool:
        """Something that is reported makes it more probably there than not."""
        return is_seen(self.part, self.traces)


def floors(card: Release) -> dict[str, float]:
    """Class → the raw score down to which the boxes of a release's parts are traces."""
    return {part.value: TRACE_FLOOR for part in Part if part in card.classes}


def overlooked(part: Part, cards: Iterable[Release]) -> float:
    """How surely a part is there of which none of these releases sees anything."""
    told = [calibrated(0.0, card.presence[part]) for card in cards if part in card.presence]
    return min(told, default=0.0)


def box_traces(
    part: Part, detections: Iterable[Detection], card: Release, release: str
) -> Iterator[Trace]:
    """What a release's boxes on one photo say of a part, by its card's `presence`.

    Without that the box's own probability stands, which is about boxes on another mix of photos.
    """
    known = {part.value: Cue.ITSELF}
    if part is Part.LABEL:
        known |= {Part.BARCODE.value: Cue.BARCODE, Part.QR.value: Cue.QR}
    for detection in detections:
        if cue := known.get(detection.kind):
            curve = card.presence.get(detection.kind)
            yield Trace(
                cue=cue,
                probability=calibrated(detection.raw, curve) if curve else detection.probability,
                xyxy=detection.xyxy,
                source=release,
                is_reported=reaches(detection.raw, card.thresholds[detection.kind]),
            )


def code_traces(codes: Iterable[Code]) -> Iterator[Trace]:
    """What the codes on one photo say of a part that carries some."""
    for code in codes:
        read = Cue.MATRIX_CODE if code.is_matrix else Cue.LINEAR_CODE
        yield Trace(
            cue=read if code.is_read else Cue.CODE_PATTERN,
            probability=_READ_IS_REAL if code.is_read else _PATTERN_IS_REAL,
            xyxy=code.xyxy,
            source=READER,
        )


def probability(part: Part, traces: Iterable[Trace]) -> float:
    """That the part is on a photo with these traces; 0 without any."""
    return max((_weighed(part, trace) for trace in traces), default=0.0)


def is_seen(part: Part, traces: Iterable[Trace]) -> bool:
    """Whether something that is reported makes the part more probably there than not.

    The threshold too, for it keeps boxes off clean photos: without it faint boxes that the few
    labels of validation photos share with clean ones would count.
    """
    return any(trace.is_reported and _weighed(part, trace) >= SEEN_AT for trace in traces)


def presence(shot: Shot, part: Part, looks: Sequence[Look]) -> Presence | None:
    """Whether the part was seen on the photos of a shot; None where none was looked at.

    One photo that shows it is enough, for a label is on one side of the item: the photo that speaks
    for it most decides, of equals the first. Nobody looked is never "missing".
    """
    if not looks:
        return None
    sure = {look.place: max(look.overlooked, probability(part, look.traces)) for look in looks}
    best = max(looks, key=lambda look: (sure[look.place], -look.place))
    return Presence(
        shot=shot,
        part=part,
        place=best.place,
        probability=sure[best.place],
        traces=telling(part, best.traces),
    )


def telling(part: Part, traces: Iterable[Trace]) -> tuple[Trace, ...]:
    """The strongest trace of each cue that says something of the part, the most telling first."""
    best: dict[Cue, Trace] = {}
    for trace in sorted(traces, key=lambda t: (-t.probability, t.xyxy)):
        if trace.cue in _WEIGHTS[part]:
            best.setdefault(trace.cue, trace)
    return tuple(sorted(best.values(), key=lambda t: (-_weighed(part, t), t.cue)))


def _weighed(part: Part, trace: Trace) -> float:
    return _WEIGHTS[part].get(trace.cue, 0.0) * trace.probability
