"""The same rules again, over what the reviewer says so far: scores, grades and where the item goes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.errors import StandardInvalid
from models.grading.evidence import Evidence, evidence_of
from models.grading.grades import announced
from models.grading.judge import judge, overall
from models.grading.policy import Policy
from models.grading.standard import Standard, load_version
from models.records import Answer, Inspection, Judgement
from models.vocabulary import Disposition, Grade, Language
from models.wording import word
from server.pages import percent
from server.review import answers


@dataclass(frozen=True, kw_only=True)
class Live:
    """What the rules make of the reviewer's evidence."""

    judgement: Judgement
    standard: Standard
    proposals: Mapping[Grade, Disposition]
    """Where an item of each grade should go, for the disposition that is proposed with a grade."""


def standard_of(inspection: Inspection) -> Standard | None:
    """The rules it was graded by; none where this server does not have them."""
    try:
        return load_version(inspection.standard)
    except StandardInvalid:
        return None


def live(
    inspection: Inspection,
    form: Mapping[str, str],
    policy: Policy,
    *,
    blind: bool = False,
) -> Live | None:
    """Judge what was said; none without the standard. Raises ContentInvalid."""
    standard = standard_of(inspection)
    if standard is None:
        return None
    judgement = judge(_evidence(inspection, form, standard, blind=blind), standard, policy)
    costs, allowed = policy.costs[standard.category], tuple(judgement.expected_value)
    return Live(
        judgement=judgement,
        standard=standard,
        proposals={grade: costs.best({grade: 1.0}, allowed) for grade in Grade},
    )


def _evidence(
    inspection: Inspection, form: Mapping[str, str], standard: Standard, *, blind: bool
) -> Evidence:
    verdicts = answers.verdicts_of(form, inspection)
    marks = answers.marks_of(form, inspection)
    said = {answer.question: answer.choice for answer in inspection.answers}
    said |= {c.question: c.new for c in answers.changed_of(form, inspection, standard)}
    before = evidence_of(inspection, standard)
    return Evidence(
        findings=answers.findings_as_said(inspection, verdicts, marks, blind=blind),
        answers=tuple(Answer(question=q, choice=choice) for q, choice in said.items()),
        not_seen=before.not_seen,
        not_assessable=() if blind else before.not_assessable,
        insisted=before.insisted,
    )


def as_json(found: Live | None, language: Language) -> dict[str, object]:
    """What the page writes into its live figures."""
    if found is None:
        return {}
    judgement, standard = found.judgement, found.standard
    whole = overall(judgement.scores, standard)
    titles = {gate.clause: gate.title[language] for gate in standard.gates}
    return {
        "grade": {g: [round(judgement.grade.get(g, 0) * 100, 1), percent(judgement.grade.get(g, 0))] for g in Grade},
        "announced": announced(judgement.grade),
        "disposition": judgement.disposition,
        "goes": word(judgement.disposition, language),
        "scores": {rule.dimension: _score(judgement, rule.dimension) for rule in standard.dimensions},
        "overall": None if whole is None else round(whole),
        "gates": [[clause, titles.get(clause, clause)] for clause in judgement.gates],
        "proposals": dict(found.proposals),
        "allowed": list(judgement.expected_value),
    }  # fmt: skip


def _score(judgement: Judgement, dimension: object) -> int | None:
    score = judgement.scores.get(dimension)  # type: ignore[call-overload]
    return None if score is None else round(score)
