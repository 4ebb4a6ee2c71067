"""From the bench's state to what the templates show: numbers and words, no HTML."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from models.errors import StandardInvalid
from models.grading import standard as standards
from models.records import Acknowledgement, Finding, Inspection, Photo, Routing
from models.vocabulary import Destination, Grade, Language
from models.wording import word
from station.board import Captured, Phase, Scene, Step
from station.ledger import Entry, Tally
from station.screen.camera_view import CameraShown
from station.uplink import Link

# Labels on boxes: this share of the photo's longer side can be read where four photos share a screen.
_LABEL_SHARE = 1 / 19
# Width over height of the place for photos on a screen of 1280 by 800 pixels.
_PLACE_RATIO = 1.65


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """All that the page knows at one moment."""

    station: str
    """The station's name."""
    server_url: str
    """Where the server should be."""
    scene: Scene
    """The current item."""
    entries: tuple[Entry, ...]
    """The newest accepted items, newest first."""
    tally: Tally
    """The outbox in numbers."""
    link: Link
    """What the uplink met."""
    free_bytes: int
    """Free disk."""
    has_room: bool
    """Whether another item would be accepted."""
    paused: bool
    """Whether the bench waits after this item."""
    now: datetime
    """For ages."""
    cameras: tuple[CameraShown, ...] = ()
    """The station's cameras."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A finding as it is drawn, all lengths in pixels of the photo."""

    x: float
    y: float
    width: float
    height: float
    label: str
    label_x: float
    label_y: float
    label_width: float
    label_height: float
    text_y: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """One view of the item."""

    title: str
    """The shot's name."""
    sha256: str | None
    """None where there is no readable photo."""
    width: int
    """Pixels; 0 until it was examined."""
    height: int
    """Pixels; 0 until it was examined."""
    faults: tuple[str, ...]
    """Why the gate refused it."""
    boxes: tuple[Box, ...]
    """What was found on it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A question of the standard with the operator's answer."""

    question: str
    """What was asked."""
    answer: str
    """What was answered; empty for nothing."""


def grade_of(inspection: Inspection) -> Grade:
    """The most probable grade; the worse one of two that are equal."""
    return max(Grade, key=lambda grade: (inspection.judgement.grade.get(grade, 0.0), grade.value))


def is_provisional(inspection: Inspection) -> bool:
    """Whether something was not looked at, so that the grade may still fall."""
    return bool(inspection.not_seen or inspection.not_assessable)


def _answer(inspection: Inspection, entries: tuple[Entry, ...]) -> Acknowledgement | None:
    known = {entry.inspection.inspection_id: entry.answer for entry in entries}
    return known.get(inspection.inspection_id)


def routing_of(inspection: Inspection, entries: tuple[Entry, ...]) -> Routing:
    """The server's routing once it is known, the station's until then."""
    answer = _answer(inspection, entries)
    return answer.routing if answer else inspection.routing


def shelf_of(inspection: Inspection, entries: tuple[Entry, ...]) -> str:
    """Where to put the item: "hold", or the disposition, the server's once it is known."""
    if routing_of(inspection, entries).to is Destination.REVIEW:
        return "hold"
    answer = _answer(inspection, entries)
    return ((answer and answer.disposition) or inspection.judgement.disposition).value


def pictures(scene: Scene, language: Language) -> tuple[Picture, ...]:
    """The item's views, in the order taken; those without a readable photo too."""
    inspection = scene.inspection
    known = {photo.sha256: photo for photo in inspection.photos} if inspection else {}
    captured = scene.captured or tuple(
        Captured(shot=p.shot, sha256=p.sha256) for p in known.values()
    )
    findings = inspection.findings if inspection else ()
    return tuple(_picture(one, known, findings, language) for one in captured)


def columns(pictures: Sequence[Picture]) -> int:
    """In how many columns, 1 to 4, the views are largest: tall ones side by side, wide ones in rows."""
    ratios = [p.width / p.height for p in pictures if p.height] or [4 / 3]
    widest, count = max(ratios), max(1, len(pictures))

    def size(number: int) -> float:
        return min(_PLACE_RATIO / number, widest / math.ceil(count / number))

    return max(range(1, min(4, count) + 1), key=size)


def _picture(
    one: Captured, known: Mapping[str, Photo], findings: tuple[Finding, ...], language: Language
) -> Picture:
    photo = known.get(one.sha256 or "")
    own = [finding for finding in findings if photo and finding.photo_sha256 == photo.sha256]
    return Picture(
        title=word(one.shot, language),
        sha256=one.sha256,
        width=photo.width if photo else 0,
        height=photo.height if photo else 0,
        faults=tuple(word(fault, language) for fault in (photo.faults if photo else one.faults)),
        boxes=tuple(_box(finding, photo, language) for finding in own if photo),
    )


def _box(finding: Finding, photo: Photo, language: Language) -> Box:
    x1, y1, x2, y2 = finding.xyxy
    text = f"{word(finding.defect, language)} {finding.probability:.0%}"
    size = max(photo.width, photo.height) * _LABEL_SHARE
    # Chinese signs are as wide as high, Latin ones about six tenths of that.
    width = sum(1.0 if sign > "\u2e80" else 0.6 for sign in text) * size + size * 0.54
    height = size * 1.35
    y = y1 - height if y1 >= height else min(y2, photo.height - height)
    return Box(
        x=x1, y=y1, width=x2 - x1, height=y2 - y1, label=text,
        label_x=max(0.0, min(x1, photo.width - width)), label_y=y,
        label_width=width, label_height=height, text_y=y + size * 1.02,
    )  # fmt: skip


def checklist(inspection: Inspection, language: Language) -> tuple[Asked, ...]:
    """Every question of the item's standard with its answer."""
    try:
        rules = standards.load_version(inspection.standard)
    except StandardInvalid:
        # Judged under a version that this station no longer has: the ids still say something.
        return tuple(Asked(question=a.question, answer=a.choice) for a in inspection.answers)
    given = {answer.question: answer.choice for answer in inspection.answers}
    return tuple(
        Asked(question=question.title[language], answer=choices.get(given.get(question.id, ""), ""))
        for question in rules.questions
        for choices in [{choice.id: choice.title[language] for choice in question.choices}]
    )


def steps(scene: Scene) -> tuple[tuple[Step, str], ...]:
    """Each step with "done", "now" or "next"."""
    order = list(Step)
    if scene.phase in {Phase.ACCEPTED, Phase.ALL_DONE}:
        return tuple((step, "done") for step in order)
    reached = order.index(scene.step) if scene.step else -1
    marks = ("done", "now", "next")
    return tuple((step, marks[1 + (i > reached) - (i < reached)]) for i, step in enumerate(order))


def minutes_since(then: datetime | None, now: datetime) -> int:
    """Whole minutes, never negative: a clock may have been put back."""
    return 0 if then is None else max(0, int((now - then).total_seconds() // 60))
