"""What a judgement rests on: what was found, answered, and not looked at."""

from typing import Self

from pydantic import model_validator

from models.grading.standard import Standard
from models.record import Record
from models.records import Answer, Finding, Inspection
from models.vocabulary import Defect, Shot


class Evidence(Record):
    """Everything about one item that the rules look at; the order of its parts means nothing."""

    findings: tuple[Finding, ...] = ()
    """All suspected defects."""
    answers: tuple[Answer, ...] = ()
    """The checklist, as answered."""
    not_seen: tuple[Shot, ...] = ()
    """Required shots that are missing or refused."""
    not_assessable: tuple[Defect, ...] = ()
    """Defects of the standard that no release can see."""
    insisted: bool = False
    """The operator kept a photo that the quality gate refused."""

    @model_validator(mode="after")
    def _findings_differ(self) -> Self:
        ids = [finding.finding_id for finding in self.findings]
        if len(set(ids)) < len(ids):
            raise ValueError(f"finding_id should be unique within the evidence, got {ids}")
        return self


def evidence_of(inspection: Inspection, standard: Standard | None = None) -> Evidence:
    """What the inspection's judgement rested on, to judge it again.

    With a standard, its required shots without an acceptable photo are not seen, and where no
    model looked at the acceptable ones no defect is assessable, whatever the inspection says: who
    receives a record need not trust its sender.
    """
    accepted = {photo.shot for photo in inspection.photos if not photo.faults or photo.insisted}
    required = standard.required_shots if standard else ()
    missing = [shot for shot in required if shot not in accepted]
    nobody_looked = accepted and not inspection.releases and not inspection.findings
    unlooked = standard.defects if standard and nobody_looked else ()
    return Evidence(
        findings=inspection.findings,
        answers=inspection.answers,
        not_seen=tuple(dict.fromkeys((*inspection.not_seen, *missing))),
        not_assessable=tuple(dict.fromkeys((*inspection.not_assessable, *unlooked))),
        insisted=any(photo.insisted for photo in inspection.photos),
    )
