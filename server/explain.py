"""A dossier in people's words: boxes on photos, scores with their clauses, the checklist. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import east_asian_width

from models.errors import StandardInvalid
from models.grading.judge import overall
from models.grading.standard import Standard, load_version
from models.records import Finding, Inspection, Judgement, Photo
from models.vocabulary import Dimension, Grade, Language
from models.wording import word
from server.pages import percent

LABEL_SHARE = 1 / 32
"""Height of a label's letters in parts of the photo's longer side: readable on a phone too."""
_EM_NARROW, _EM_WIDE = 0.63, 1.03
"""Width of a Latin and of a Chinese letter in parts of the font's size, on the safe side."""


@dataclass(frozen=True, kw_only=True)
class Tag:
    """A label on a photo, in pixels of the photo."""

    text: str
    x: float
    y: float
    width: float
    height: float
    font_px: float


@dataclass(frozen=True, kw_only=True)
class Box:
    """A finding on its photo; x, y, width, height in pixels of the photo."""

    finding: Finding
    number: int
    """From 1, in the inspection's order."""
    x: float
    y: float
    width: float
    height: float
    tag: Tag


@dataclass(frozen=True, kw_only=True)
class View:
    """A photo with what was found on it."""

    photo: Photo
    number: int
    boxes: tuple[Box, ...]


@dataclass(frozen=True, kw_only=True)
class Score:
    """One dimension's score and why it is not 100."""

    dimension: Dimension
    score: float | None
    """None when nobody looked."""
    grounds: tuple[tuple[str, str], ...]
    """Clause id and its words."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A question of the checklist and what the operator answered."""

    clause: str
    question: str
    answer: str | None
    is_flaw: bool


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What people are shown beside the records."""

    standard: Standard | None
    views: tuple[View, ...]
    scores: tuple[Score, ...]
    overall: float | None
    gates: tuple[tuple[str, str], ...]
    """Clause id and its words."""
    checklist: tuple[Reply, ...]
    grades: tuple[tuple[Grade, float], ...]
    """All grades with their probability, best first."""


def explain(inspection: Inspection, judgement: Judgement, language: Language) -> Explanation:
    """Say it in one language. A standard that is not installed leaves its words out."""
    standard = _standard(inspection)
    return Explanation(
        standard=standard,
        views=views(inspection, language),
        scores=_scores(judgement, inspection, standard, language),
        overall=overall(judgement.scores, standard) if standard else None,
        gates=_gates(judgement, standard, language),
        checklist=_checklist(inspection, standard, language),
        grades=tuple((grade, judgement.grade.get(grade, 0.0)) for grade in Grade),
    )


def _standard(inspection: Inspection) -> Standard | None:
    try:
        return load_version(inspection.standard)
    except StandardInvalid:
        return None


def views(inspection: Inspection, language: Language) -> tuple[View, ...]:
    """Photos in the order taken, each with the boxes of its findings."""
    numbered = list(enumerate(inspection.findings, start=1))
    found = []
    for number, photo in enumerate(inspection.photos, start=1):
        mine = [(n, f) for n, f in numbered if f.photo_sha256 == photo.sha256]
        boxes = tuple(box(finding, n, photo, language) for n, finding in mine)
        found.append(View(photo=photo, number=number, boxes=boxes))
    return tuple(found)


def box(finding: Finding, number: int, photo: Photo, language: Language) -> Box:
    """The finding's rectangle inside the photo, with its label above or, without room, within."""
    x1, y1, x2, y2 = finding.xyxy
    x1, x2 = min(x1, photo.width - 1), min(x2, photo.width)
    y1, y2 = min(y1, photo.height - 1), min(y2, photo.height)
    text = f"{number} {word(finding.defect, language)} {percent(finding.probability)}"
    return Box(
        finding=finding,
        number=number,
        x=x1,
        y=y1,
        width=max(x2 - x1, 1),
        height=max(y2 - y1, 1),
        tag=_tag(text, x1, y1, photo),
    )


def _tag(text: str, x: float, y: float, photo: Photo) -> Tag:
    font_px = max(photo.width, photo.height) * LABEL_SHARE
    width, height = text_width(text, font_px) + font_px * 0.7, font_px * 1.45
    return Tag(
        text=text,
        x=round(max(0, min(x, photo.width - width)), 1),
        y=round(y - height if y >= height else y, 1),
        width=round(width, 1),
        height=round(height, 1),
        font_px=round(font_px, 1),
    )


def text_width(text: str, font_px: float) -> float:
    """About how wide the text gets, in pixels."""
    ems = (_EM_WIDE if east_asian_width(c) in "WF" else _EM_NARROW for c in text)
    return sum(ems) * font_px


def _scores(
    judgement: Judgement, inspection: Inspection, standard: Standard | None, language: Language
) -> tuple[Score, ...]:
    grounds = _grounds(inspection, standard, language)
    told: Iterable[Dimension] = judgement.scores
    if standard:
        told = [rule.dimension for rule in standard.dimensions]
    return tuple(
        Score(
            dimension=dimension,
            score=judgement.scores.get(dimension),
            grounds=tuple(
                (clause, grounds[clause][1])
                for clause in judgement.clauses
                if clause in grounds and grounds[clause][0] is dimension
            ),
        )
        for dimension in told
    )


def _grounds(
    inspection: Inspection, standard: Standard | None, language: Language
) -> dict[str, tuple[Dimension, str]]:
    """Clause id → the score that it lowers and what it says of this item."""
    if standard is None:
        return {}
    chosen = {answer.question: answer.choice for answer in inspection.answers}
    said = {
        rule.clause: (rule.dimension, word(rule.defect, language)) for rule in standard.defect_rules
    }
    for question in standard.questions:
        for choice in question.choices:
            if chosen.get(question.id) == choice.id:
                text = _answered(question.title[language], choice.title[language], language)
                said[question.clause] = (question.dimension, text)
    return said


def _answered(question: str, answer: str, language: Language) -> str:
    if question.endswith(("?", "？")):
        return f"{question} {answer}"
    return f"{question}：{answer}" if language is Language.ZH else f"{question}: {answer}"


def _gates(
    judgement: Judgement, standard: Standard | None, language: Language
) -> tuple[tuple[str, str], ...]:
    titles = {g.clause: g.title[language] for g in standard.gates} if standard else {}
    return tuple((clause, titles.get(clause, clause)) for clause in judgement.gates)


def _checklist(
    inspection: Inspection, standard: Standard | None, language: Language
) -> tuple[Reply, ...]:
    chosen = {answer.question: answer.choice for answer in inspection.answers}
    if standard is None:
        return tuple(
            Reply(clause="", question=question, answer=choice, is_flaw=False)
            for question, choice in chosen.items()
        )
    replies = []
    for question in standard.questions:
        choice = next((c for c in question.choices if c.id == chosen.get(question.id)), None)
        replies.append(
            Reply(
                clause=question.clause,
                question=question.title[language],
                answer=choice.title[language] if choice else None,
                is_flaw=choice is None or choice.points > 0 or choice.gate is not None,
            )
        )
    return tuple(replies)
