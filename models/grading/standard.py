"""The written rules of one category: what to photograph, what to ask, what counts how much."""

import re
from collections.abc import Mapping, Sequence, Set
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from models.errors import CategoryUnknown, StandardInvalid
from models.grading.files import Rule, read_rules
from models.grading.rules import (
    Bilingual,
    CorrectionRule,
    DefectRule,
    DimensionRule,
    Gate,
    GradeLimit,
    Question,
    ShotRule,
)
from models.record import Text
from models.records import Finding
from models.vocabulary import Category, Defect, Dimension, Disposition, Grade, Part, Shot

STANDARDS = Path(__file__).parent.parent / "standards"


class Standard(Rule):
    """One version of one category's rules. Every graded item names the version it was graded by."""

    category: Category
    """What it is about."""
    version: int = Field(ge=1)
    """Rises with every change of a rule."""
    title: Bilingual
    """Its name for people."""
    sources: tuple[Text, ...] = Field(min_length=1)
    """What the rules rest on."""
    shots: tuple[ShotRule, ...] = Field(min_length=1)
    """Views to take, in order."""
    defect_rules: tuple[DefectRule, ...]
    """What the camera looks for."""
    questions: tuple[Question, ...]
    """What the operator answers."""
    gates: tuple[Gate, ...]
    """What no points make up for."""
    dimensions: tuple[DimensionRule, ...] = Field(min_length=1)
    """The scores."""
    grades: tuple[GradeLimit, ...]
    """What each grade allows, A to D."""
    corrections: tuple[CorrectionRule, ...] = Field(default=(), max_length=9)
    """Why a person may change what the machine said, keys 1 to 9; without any, the house's own."""

    @property
    def identifier(self) -> str:
        """category@version, as inspections name it."""
        return f"{self.category}@{self.version}"

    @property
    def required_shots(self) -> tuple[Shot, ...]:
        """Shots without which nothing is decided automatically, in order."""
        return tuple(shot.id for shot in self.shots if shot.required)

    @property
    def defects(self) -> tuple[Defect, ...]:
        """Defects that the camera looks for, each once."""
        return tuple(rule.defect for rule in self.defect_rules)

    @property
    def expected_parts(self) -> Mapping[Shot, tuple[Part, ...]]:
        """Shot → parts that should be visible on it; shots that expect none are left out."""
        return {shot.id: shot.expects for shot in self.shots if shot.expects}

    def shot(self, shot: Shot) -> ShotRule | None:
        """The rule of one shot, if the standard has it."""
        return next((rule for rule in self.shots if rule.id is shot), None)

    def size_mm(self, finding: Finding) -> float:
        """Longest side in millimetres: measured, or guessed from its share of the photo."""
        if finding.size_mm is not None:
            return finding.size_mm
        rule = self.shot(finding.shot)
        field_mm = rule.field_mm if rule else max(shot.field_mm for shot in self.shots)
        return finding.size_share * field_mm

    def clauses(self) -> tuple[str, ...]:
        """All clause ids in the order of the file."""
        parts = (self.shots, self.defect_rules, self.questions, self.gates)
        rules = [rule.clause for part in parts for rule in part]
        return (*rules, *(d.clause for d in self.dimensions), *(g.clause for g in self.grades))

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        for check in (_names_differ, _zones_fit, _dimensions_fit, _gates_fit, _grades_descend):
            check(self)
        return self


def _names_differ(standard: Standard) -> None:
    named: dict[str, Sequence[str]] = {
        "clause ids": standard.clauses(),
        "shots": [shot.id for shot in standard.shots],
        "defects": standard.defects,
        "questions": [question.id for question in standard.questions],
        "dimensions": [rule.dimension for rule in standard.dimensions],
        "corrections": [rule.id for rule in standard.corrections],
    }
    for what, names in named.items():
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{what} should each stand once, got {twice[0]} more than once")
    if not standard.required_shots:
        raise ValueError("shots should have a required one, got none")


def _zones_fit(standard: Standard) -> None:
    shots = {shot.id for shot in standard.shots}
    for rule in standard.defect_rules:
        if set(rule.zones) != shots:
            raise ValueError(
                f"{rule.clause}: zones should weigh each of {_listed(shots)}, "
                f"got {_listed(set(rule.zones))}"
            )
        if not any(rule.zones.values()):
            raise ValueError(f"{rule.clause}: zones should have a weight above 0, got none")


def _dimensions_fit(standard: Standard) -> None:
    scored = {rule.dimension for rule in standard.dimensions}
    used = {rule.dimension for rule in standard.defect_rules}
    used |= {question.dimension for question in standard.questions}
    if scored != used:
        raise ValueError(
            f"dimensions should be those of the rules and questions, {_listed(used)}, "
            f"got {_listed(scored)}"
        )
    total = sum(rule.weight for rule in standard.dimensions)
    if abs(total - 1) > 1e-9:
        raise ValueError(f"weights of the dimensions should sum to 1, got {total:g}")


def _gates_fit(standard: Standard) -> None:
    gates = {gate.clause for gate in standard.gates}
    choices = [choice for question in standard.questions for choice in question.choices]
    closing = {choice.gate for choice in choices if choice.gate is not None}
    if closing != gates:
        raise ValueError(f"choices should close the gates {_listed(gates)}, got {_listed(closing)}")
    forbidden = {disposition for gate in standard.gates for disposition in gate.forbids}
    if forbidden == set(Disposition):
        raise ValueError("gates should together leave a disposition, got all forbidden")


def _grades_descend(standard: Standard) -> None:
    grades = [limit.grade for limit in standard.grades]
    if grades != list(Grade)[:-1]:
        raise ValueError(f"grades should be A, B, C, D in this order, got {', '.join(grades)}")
    scored = {rule.dimension for rule in standard.dimensions}
    for limit in standard.grades:
        strangers = {*limit.points, *limit.worst} - scored
        if strangers:
            raise ValueError(
                f"{limit.clause}: limits should be of {_listed(scored)}, got {_listed(strangers)}"
            )
    for better, worse in pairwise(standard.grades):
        _loosens(worse.clause, "points", better.points, worse.points)
        _loosens(worse.clause, "worst", better.worst, worse.worst)


def _loosens(
    clause: str, what: str, better: Mapping[Dimension, float], worse: Mapping[Dimension, float]
) -> None:
    for dimension, limit in worse.items():
        above = better.get(dimension)
        if above is None or above > limit:
            raise ValueError(
                f"{clause}: {what} of {dimension} should be at least those of the better grade, "
                f"{'without limit' if above is None else f'{above:g}'}, got {limit:g}"
            )


def _listed(names: Set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def read(path: Path) -> Standard:
    """Read one standard's file. Raises StandardInvalid, naming what it expects and what stands."""
    return read_rules(path, Standard, StandardInvalid)


def load(category: Category | str) -> Standard:
    """The newest standard of a category. Raises CategoryUnknown, listing those there are."""
    versions = {version for name, version in _known() if name == category}
    if not versions:
        known = ", ".join(sorted({name for name, _ in _known()}))
        raise CategoryUnknown(f"there is no standard for {str(category)!r}; there are: {known}")
    return load_version(f"{category}@{max(versions)}")


@cache
def load_version(identifier: str) -> Standard:
    """The standard that an inspection names, like "apparel@1", to replay it. Raises StandardInvalid."""
    known = sorted(f"{name}@{version}" for name, version in _known())
    if identifier not in known:
        raise StandardInvalid(f"there is no standard {identifier!r}; there are: {', '.join(known)}")
    standard = read(STANDARDS / f"{identifier}.yaml")
    if standard.identifier != identifier:
        raise StandardInvalid(
            f"{identifier}.yaml should hold {identifier}, got {standard.identifier}"
        )
    return standard


def _known() -> list[tuple[str, int]]:
    names = (re.fullmatch(r"(\w+)@(\d+)\.yaml", path.name) for path in STANDARDS.iterdir())
    return sorted((name[1], int(name[2])) for name in names if name)
