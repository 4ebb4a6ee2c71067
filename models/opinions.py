"""What a person answered to a case, whole: the training data of what comes after.

docs/review.md shows the JSON. Fields are only ever added, with a default: old records stay readable.
"""

from typing import Self

from pydantic import AwareDatetime, Field, FiniteFloat, model_validator

from models.record import Identifier, Record, Sha256, Text, XyXy
from models.vocabulary import Action, CaseKind, Defect, Disposition, Grade, Shot, Verdict


class Moved(Record):
    """A finding whose box a person corrected."""

    old: XyXy
    """The model's box in pixels of the photo."""
    new: XyXy
    """The person's, likewise."""


class Drawn(Record):
    """A defect that a person saw and no model reported."""

    finding_id: Identifier
    """Unique within the opinion, and none of the inspection's."""
    defect: Defect
    """What it is."""
    photo_sha256: Sha256
    """The photo it was drawn on."""
    xyxy: XyXy
    """Left, top, right, bottom in pixels of the photo."""


class Changed(Record):
    """An answer of the checklist that a person changed."""

    question: Identifier
    """The question's id in the standard."""
    old: Identifier | None
    """The operator's choice; none where the question was open."""
    new: Identifier
    """The person's choice."""


class Commitment(Record):
    """What a person said of an audited item before seeing what the machine said."""

    grade: Grade
    """The person's grade."""
    disposition: Disposition
    """The person's disposition."""
    committed_at: AwareDatetime
    """By the server's clock."""


class Opinion(Record):
    """One person's answer to a case, kept as it was given: what the next models learn from."""

    opinion_id: Identifier
    """Made by the page before it is sent, so that a repeat changes nothing."""
    inspection_id: Identifier
    """What the case is about."""
    case_id: Identifier | None = None
    """The case; none in records from before cases had ids."""
    kind: CaseKind = CaseKind.REVIEW
    """Why the person was asked."""
    action: Action = Action.DECIDED
    """What the person did."""
    reviewer: Identifier
    """Who answered."""
    given_at: AwareDatetime
    """By the server's clock."""
    grade: Grade | None = None
    """The person's grade; none where the item went back to the bench."""
    disposition: Disposition | None = None
    """The person's disposition; none where the item went back to the bench."""
    verdicts: dict[Identifier, Verdict] = Field(default_factory=dict)
    """finding_id → what the person says of it; findings that are left out were not judged."""
    moved: dict[Identifier, Moved] = Field(default_factory=dict)
    """finding_id → how its box was corrected; such a finding counts as confirmed."""
    drawn: tuple[Drawn, ...] = ()
    """What the person found and no model had."""
    answers: tuple[Changed, ...] = ()
    """Answers of the checklist that the person changed."""
    reasons: tuple[Identifier, ...] = ()
    """Why the machine's opinion was changed: values of Correction, or the standard's own."""
    committed: Commitment | None = None
    """What the person said before seeing the machine's opinion; in audits only."""
    wish: Shot | None = None
    """Which shot the bench should take again; in retakes only."""
    corrects: Identifier | None = None
    """The person's own earlier opinion that this one takes back."""
    seconds: FiniteFloat | None = Field(default=None, ge=0)
    """How long the case was on the person's screen, by the browser's clock."""
    note: Text = ""
    """In the person's words."""

    @model_validator(mode="after")
    def _says_what_it_must(self) -> Self:
        retake = self.action is Action.RETAKE
        if not retake and (self.grade is None or self.disposition is None):
            raise ValueError("grade and disposition should be given unless action is retake")
        if self.wish is not None and not retake:
            raise ValueError(f"wish should stand in retakes only, got {self.wish}")
        return self
