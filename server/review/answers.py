"""A reviewer's form, read: what was said of findings, boxes and answers. Pure."""

import json
from collections.abc import Mapping
from datetime import datetime

from pydantic import Field

from models.errors import RecordInvalid
from models.grading.standard import Standard
from models.opinions import Changed, Commitment, Drawn, Moved, Opinion
from models.record import Identifier, Record, XyXy
from models.records import Finding, Inspection, Photo
from models.vocabulary import Action, Correction
from server.errors import ContentInvalid
from server.review.queries import Case

VERDICT, ANSWER = "verdict.", "answer."
"""Form fields begin like this and end in the finding's or the question's id."""
MAX_MARKS = 200
"""Boxes that one opinion may hold; a person draws a handful."""


class Marks(Record):
    """Boxes as the page sends them, in pixels of their photos."""

    moved: dict[Identifier, XyXy] = Field(default_factory=dict)
    """finding_id → where a person put it."""
    drawn: tuple[Drawn, ...] = ()
    """What a person added."""


def opinion_of(
    form: Mapping[str, str],
    case: Case,
    inspection: Inspection,
    *,
    reviewer: str,
    standard: Standard | None,
    committed: Commitment | None,
    now: datetime,
) -> Opinion:
    """Read the form. Raises ContentInvalid, naming what is missing."""
    marks = marks_of(form, inspection)
    content = {
        "opinion_id": form.get("opinion_id"),
        "inspection_id": inspection.inspection_id,
        "case_id": case.case_id,
        "kind": case.kind,
        "action": form.get("action") or Action.DECIDED,
        "reviewer": reviewer,
        "given_at": now.isoformat(),
        "grade": form.get("grade") or None,
        "disposition": form.get("disposition") or None,
        "verdicts": verdicts_of(form, inspection),
        "moved": {name: one.model_dump() for name, one in _moved(marks, inspection).items()},
        "drawn": [one.model_dump() for one in marks.drawn],
        "answers": [one.model_dump() for one in changed_of(form, inspection, standard)],
        "reasons": reasons_of(form, standard),
        "committed": committed.model_dump(mode="json") if committed else None,
        "wish": (form.get("wish") or None) if form.get("action") == Action.RETAKE else None,
        "seconds": form.get("seconds") or None,
        # Browsers send CR LF for one line break, which would count twice.
        "note": form.get("note", "").replace("\r\n", "\n").strip(),
    }
    try:
        return Opinion.from_json(json.dumps(content))
    except RecordInvalid as error:
        raise ContentInvalid(str(error)) from error


def verdicts_of(form: Mapping[str, str], inspection: Inspection) -> dict[str, str]:
    """finding_id → verdict. Raises ContentInvalid for a finding that is not the inspection's."""
    findings = {finding.finding_id for finding in inspection.findings}
    verdicts = {k.removeprefix(VERDICT): v for k, v in form.items() if k.startswith(VERDICT)}
    strangers = sorted(set(verdicts) - findings)
    if strangers:
        raise ContentInvalid(f"There is no finding {strangers[0][:80]!r} in this inspection.")
    return verdicts


def marks_of(form: Mapping[str, str], inspection: Inspection) -> Marks:
    """Boxes that were moved and drawn, each inside its photo. Raises ContentInvalid."""
    try:
        marks = Marks.from_json(form.get("marks") or "{}")
    except RecordInvalid as error:
        raise ContentInvalid(str(error)) from error
    if len(marks.moved) + len(marks.drawn) > MAX_MARKS:
        raise ContentInvalid(f"marks should be at most {MAX_MARKS} boxes")
    photos = {photo.sha256: photo for photo in inspection.photos}
    findings = {finding.finding_id: finding for finding in inspection.findings}
    for name, xyxy in marks.moved.items():
        if name not in findings:
            raise ContentInvalid(f"There is no finding {name[:80]!r} in this inspection.")
        _check_box(xyxy, photos[findings[name].photo_sha256])
    names = {*findings}
    for one in marks.drawn:
        if one.photo_sha256 not in photos or one.finding_id in names:
            raise ContentInvalid(
                f"{one.finding_id} should be a new name on one of the inspection's photos"
            )
        names.add(one.finding_id)
        _check_box(one.xyxy, photos[one.photo_sha256])
    return marks


def _check_box(xyxy: XyXy, photo: Photo) -> None:
    x1, y1, x2, y2 = xyxy
    if not (x1 < x2 <= photo.width and y1 < y2 <= photo.height):
        raise ContentInvalid(
            f"A box should lie inside its photo of {photo.width} × {photo.height}, got {xyxy}"
        )


def _moved(marks: Marks, inspection: Inspection) -> dict[str, Moved]:
    old = {finding.finding_id: finding.xyxy for finding in inspection.findings}
    return {
        name: Moved(old=old[name], new=xyxy)
        for name, xyxy in marks.moved.items()
        if xyxy != old[name]
    }


def changed_of(
    form: Mapping[str, str], inspection: Inspection, standard: Standard | None
) -> tuple[Changed, ...]:
    """Answers that differ from the operator's. Raises ContentInvalid for what the standard does not ask."""
    before = {answer.question: answer.choice for answer in inspection.answers}
    choices = {q.id: {c.id for c in q.choices} for q in standard.questions} if standard else {}
    given = {k.removeprefix(ANSWER): v for k, v in form.items() if k.startswith(ANSWER) and v}
    for question, choice in given.items():
        if choice not in choices.get(question, set()):
            raise ContentInvalid(
                f"{question[:80]} should be a question of the standard, with one of its answers"
            )
    return tuple(
        Changed(question=question, old=before.get(question), new=choice)
        for question, choice in given.items()
        if before.get(question) != choice
    )


def reasons_of(form: Mapping[str, str], standard: Standard | None) -> list[str]:
    """Codes, separated by commas. Raises ContentInvalid for one that neither list knows."""
    codes = [code for code in form.get("reasons", "").split(",") if code]
    known = {rule.id for rule in standard.corrections} if standard else set()
    strangers = sorted(set(codes) - known - set(Correction))
    if strangers:
        raise ContentInvalid(
            f"reasons should be among {', '.join(sorted(known or set(Correction)))}, "
            f"got {strangers[0][:80]!r}"
        )
    return list(dict.fromkeys(codes))


def findings_as_said(
    inspection: Inspection, verdicts: Mapping[str, str], marks: Marks, *, blind: bool = False
) -> tuple[Finding, ...]:
    """The findings with a person's word for certain: confirmed and drawn are real, rejected are none.

    Blind leaves out what the models found: nothing of theirs may shine through.
    """
    photos = {photo.sha256: photo for photo in inspection.photos}
    own = [_finding(one, photos[one.photo_sha256]) for one in marks.drawn]
    if blind:
        return tuple(own)
    said = (_as_said(one, verdicts, marks, photos) for one in inspection.findings)
    return (*(one for one in said if one), *own)


def _as_said(
    finding: Finding, verdicts: Mapping[str, str], marks: Marks, photos: Mapping[str, Photo]
) -> Finding | None:
    if verdicts.get(finding.finding_id) == "rejected":
        return None
    moved = marks.moved.get(finding.finding_id)
    if moved:
        return _moved_finding(finding, moved, photos[finding.photo_sha256])
    if verdicts.get(finding.finding_id) == "confirmed":
        return finding.model_copy(update={"probability": 1.0})
    return finding


def _moved_finding(finding: Finding, xyxy: XyXy, photo: Photo) -> Finding:
    share = longer_side(xyxy) / max(photo.width, photo.height)
    scale = longer_side(xyxy) / longer_side(finding.xyxy)
    size_mm = None if finding.size_mm is None else finding.size_mm * scale
    return finding.model_copy(
        update={"probability": 1.0, "xyxy": xyxy, "size_share": min(share, 1), "size_mm": size_mm}
    )


def _finding(one: Drawn, photo: Photo) -> Finding:
    return Finding(
        finding_id=one.finding_id,
        defect=one.defect,
        probability=1.0,
        photo_sha256=one.photo_sha256,
        shot=photo.shot,
        xyxy=one.xyxy,
        size_share=min(longer_side(one.xyxy) / max(photo.width, photo.height), 1),
        release="person@1",
    )


def longer_side(xyxy: XyXy) -> float:
    """In pixels."""
    x1, y1, x2, y2 = xyxy
    return max(x2 - x1, y2 - y1)
