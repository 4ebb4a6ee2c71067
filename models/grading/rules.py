"""The clauses that a standard is made of."""

from typing import Annotated, Self

from pydantic import Field, FiniteFloat, StringConstraints, model_validator

from models.grading.files import Rule
from models.record import Identifier, Text
from models.vocabulary import Defect, Dimension, Disposition, Grade, Language, Part, Shot

Clause = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}-\d+\.\d+$")]
Points = Annotated[FiniteFloat, Field(ge=0, le=4)]
"""Demerit points of one defect or answer; never more than 4 (ASTM D5430: cap 4 per defect)."""
Millimetres = Annotated[FiniteFloat, Field(gt=0)]
Weight = Annotated[FiniteFloat, Field(ge=0, le=2)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]


class Bilingual(Rule):
    """One text in both languages of the house: `.en`, `.zh`, or `[language]`."""

    en: Words
    """English."""
    zh: Words
    """Chinese."""

    def __getitem__(self, language: Language) -> str:
        return self.zh if language is Language.ZH else self.en


class ShotRule(Rule):
    """A view of the item that the standard asks for."""

    clause: Clause
    """The clause's id."""
    id: Shot
    """The view."""
    required: bool
    """Without it nothing is decided automatically."""
    title: Bilingual
    """What the operator is asked to photograph."""
    hint: Bilingual
    """How to hold or light it."""
    expects: tuple[Part, ...] = ()
    """Parts that should be visible on it; one that is not becomes a missing-label finding."""
    closeup: bool = False
    """Shows again, larger, what another shot shows: it never adds to what those show."""
    each_photo: Annotated[str, StringConstraints(pattern="^(same_side|another_side)$")] = (
        "same_side"
    )
    """What several photos of this shot show: the same side again, or another side each."""
    field_mm: Millimetres
    """What the photo's longer side covers in about, for sizes where the station has no scale."""


class Band(Rule):
    """The points of a defect up to a size."""

    up_to_mm: Millimetres | None = None
    """Longest side that the band still covers; the last band has no end."""
    points: Points
    """What such a defect costs."""


class DefectRule(Rule):
    """Which points a defect that the camera finds costs, by size and by where it is."""

    clause: Clause
    """The clause's id."""
    defect: Defect
    """What the rule is about."""
    dimension: Dimension
    """The score that it lowers."""
    zones: dict[Shot, Weight]
    """Shot → how much the defect matters there; 0 is not at all."""
    bands: tuple[Band, ...] = Field(min_length=1)
    """Points by size, smallest first."""
    source: Text
    """Where the bands come from."""

    @model_validator(mode="after")
    def _bands_ascend(self) -> Self:
        ends = [band.up_to_mm for band in self.bands]
        limits = [end for end in ends[:-1] if end is not None]
        if ends[-1] is not None or len(limits) < len(ends) - 1 or limits != sorted(set(limits)):
            raise ValueError(f"up_to_mm should rise and be left out of the last band, got {ends}")
        points = [band.points for band in self.bands]
        if points != sorted(points):
            raise ValueError(f"points should not fall as size rises, got {points}")
        return self

    def points(self, size_mm: float) -> float:
        """Points of one defect of that longest side; a size on a band's end is still in it."""
        return next(
            band.points for band in self.bands if band.up_to_mm is None or size_mm <= band.up_to_mm
        )


class Choice(Rule):
    """One answer that the operator may give."""

    id: Identifier
    """Names it in answers."""
    title: Bilingual
    """What the operator reads."""
    points: Points = 0.0
    """What it costs."""
    gate: Clause | None = None
    """The hard gate that it closes."""


class Question(Rule):
    """Something that the operator looks at, because no camera does. No answer is pre-filled."""

    clause: Clause
    """The clause's id."""
    id: Identifier
    """Names it in answers."""
    dimension: Dimension
    """The score that it lowers."""
    required: bool = True
    """Without an answer nothing is decided automatically."""
    title: Bilingual
    """What the operator is asked."""
    choices: tuple[Choice, ...] = Field(min_length=2)
    """What may be answered."""
    source: Text
    """Where points and gates come from."""

    @model_validator(mode="after")
    def _choices_differ(self) -> Self:
        ids = [choice.id for choice in self.choices]
        if len(set(ids)) < len(ids):
            raise ValueError(f"choices should have different ids, got {ids}")
        return self


class Gate(Rule):
    """A fact that points cannot make up for."""

    clause: Clause
    """The clause's id."""
    title: Bilingual
    """What it says."""
    cap: Grade
    """The best grade that is left."""
    forbids: tuple[Disposition, ...] = ()
    """Dispositions that are out of the question."""
    person: bool
    """A person has to look."""
    source: Text
    """Where it comes from."""


class DimensionRule(Rule):
    """How demerit points of a dimension become its score."""

    clause: Clause
    """The clause's id."""
    dimension: Dimension
    """The score."""
    weight: FiniteFloat = Field(gt=0, le=1)
    """Its share in the overall score."""
    tau: FiniteFloat = Field(gt=0)
    """Points at which the score has fallen to 37 (100 ÷ e)."""


class CorrectionRule(Rule):
    """A reason why a person changes what the machine said."""

    id: Identifier
    """Names it in opinions."""
    title: Bilingual
    """What the reviewer reads."""


class GradeLimit(Rule):
    """What an item may have at most and still be of the grade."""

    clause: Clause
    """The clause's id."""
    grade: Grade
    """A to D; E is what is left."""
    points: dict[Dimension, Annotated[FiniteFloat, Field(ge=0, le=100)]]
    """Dimension → most points in total; a dimension that is not named has no limit."""
    worst: dict[Dimension, Points] = Field(default_factory=dict)
    """Dimension → most points (with zone weight) of any single defect found by camera."""
    source: Text
    """Where the limits come from."""
