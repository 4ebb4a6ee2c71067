"""One case as its holder sees it: what may be shown at this moment, and what stays hidden."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import Connection

from models.grading.standard import Standard
from models.opinions import Commitment, Opinion
from models.records import Inspection, Routing
from models.vocabulary import CaseKind, Correction, Defect, Language, Reason, Shot
from models.wording import word
from server import policies
from server.errors import CaseLost, CaseNotForYou, NothingThere
from server.expectations import Expected, expected_of
from server.explain import Explanation, explain
from server.identity import Principal
from server.ledger import Dossier, dossier
from server.parts import Parts
from server.references import Reference, references_for
from server.review import leases, queries
from server.review.live import as_json, live, standard_of
from server.review.outcome import asked_for
from server.review.queries import Case, Counts
from server.review.service import asking


@dataclass(frozen=True, kw_only=True)
class Query:
    """A question of the checklist that the reviewer may answer anew."""

    id: str
    title: str
    choices: tuple[tuple[str, str], ...]
    """Id and words."""
    chosen: str
    """The operator's choice; empty where it is open."""
    is_flaw: bool


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Everything that the case's page shows."""

    case: Case
    inspection: Inspection
    """Without what the models said, as long as the case is blind."""
    explanation: Explanation
    reasons: tuple[Reason, ...]
    """Why a person looks; empty where that is not told yet."""
    routing: Routing | None
    """The numbers behind it; none where they are not told yet."""
    is_blind: bool
    """The reviewer has to commit before seeing the machine's opinion."""
    committed: Commitment | None
    machine: Mapping[str, object]
    """What the machine proposes: grade and disposition; empty while blind."""
    live: Mapping[str, object]
    """What static/live.js keeps up to date."""
    questions: tuple[Query, ...]
    corrections: tuple[tuple[str, str], ...]
    """Code and words, in the order of the keys 1 to 9."""
    defects: tuple[Defect, ...]
    """What can be drawn."""
    shots: tuple[Shot, ...]
    """What can be photographed again."""
    references: Mapping[Shot, Reference]
    """How the new item looks, by shot."""
    expected: Expected | None
    """What was announced for it."""
    opinions: tuple[Opinion, ...]
    """What a lead has to choose between; empty in every other kind."""
    draft: str
    """What this person entered before and did not send, as JSON."""
    opinion_id: str
    """The name of the answer to come: sent twice, it counts once."""
    counts: Counts


def desk(here: Parts, case_id: str, who: Principal, language: Language) -> Desk | Case:
    """The case for its holder; for others only what its lease says. Raises NothingThere, CaseNotForYou."""
    one = asking(here, who)
    with here.database.reading() as connection:
        case = queries.case(connection, case_id)
        if case is None:
            raise NothingThere("There is no such case.")
        if case.holder != one.name or case.closed_at:
            if not case.closed_at and not leases.may_answer(connection, case_id, one):
                raise CaseNotForYou
            return case
        found = dossier(connection, case.inspection_id)
        if found is None:
            raise NothingThere("There is no such case.")
        return _desk(here, connection, case, found, who, language)


def judged(
    here: Parts, case_id: str, who: Principal, form: Mapping[str, str], language: Language
) -> Mapping[str, object]:
    """What the rules make of what is entered so far. Raises NothingThere, CaseLost, ContentInvalid."""
    with here.database.reading() as connection:
        found = queries.case_and_inspection(connection, case_id)
        if found is None:
            raise NothingThere("There is no such case.")
        case, inspection = found
        if case.holder != who.name or case.closed_at:
            raise CaseLost
        committed = queries.committed(connection, case_id, who.name)
        policy = policies.newest(connection)
    blind = case.kind is CaseKind.AUDIT and committed is None
    return as_json(live(inspection, form, policy, blind=blind), language)


def _desk(
    here: Parts,
    connection: Connection,
    case: Case,
    found: Dossier,
    who: Principal,
    language: Language,
) -> Desk:
    now = here.clock()
    committed = queries.committed(connection, case.case_id, who.name)
    blind = case.kind is CaseKind.AUDIT and committed is None
    standard = standard_of(found.inspection)
    figures = live(found.inspection, {}, policies.newest(connection), blind=blind)
    expected = expected_of(connection, case.inspection_id)
    sku = expected.told.sku if expected else None
    shown = _blinded(found) if blind else found
    return Desk(
        case=case,
        inspection=shown.inspection,
        explanation=explain(shown.inspection, shown.judgement, language),
        reasons=() if blind else found.routing.reasons,
        routing=None if blind else found.routing,
        is_blind=blind,
        committed=committed,
        machine={} if blind else _machine(found),
        live=as_json(figures, language),
        questions=_questions(standard, found.inspection, language),
        corrections=_corrections(standard, language),
        defects=_defects(standard),
        shots=tuple(rule.id for rule in standard.shots) if standard else tuple(Shot),
        references=_by_shot(references_for(connection, sku)) if sku else {},
        expected=expected,
        opinions=asked_for(found.opinions) if case.kind is CaseKind.DISPUTE else (),
        draft=queries.draft(connection, case.case_id, who.name),
        opinion_id=str(uuid4()),
        counts=queries.counts(connection, who.name, now, now - timedelta(hours=24)),
    )


def _blinded(found: Dossier) -> Dossier:
    """The item without a word of the models': findings, figures, and which of them looked."""
    hidden = found.judgement.model_copy(
        update={"scores": {}, "grade": {}, "expected_value": {}, "clauses": (), "gates": ()}
    )
    inspection = found.inspection.model_copy(
        update={"findings": (), "not_assessable": (), "releases": (), "judgement": hidden}
    )
    return replace(found, inspection=inspection, judgement=hidden, opinions=(), decisions=())


def _machine(found: Dossier) -> Mapping[str, object]:
    first = next((one for one in found.decisions if not one.opinions), None)
    if first is not None:
        return {"grade": first.grade, "disposition": first.disposition}
    grade = max(found.judgement.grade, key=lambda g: (found.judgement.grade[g], g))
    return {"grade": grade, "disposition": found.judgement.disposition}


def _questions(
    standard: Standard | None, inspection: Inspection, language: Language
) -> tuple[Query, ...]:
    chosen = {answer.question: answer.choice for answer in inspection.answers}
    return tuple(
        Query(
            id=question.id,
            title=question.title[language],
            choices=tuple((choice.id, choice.title[language]) for choice in question.choices),
            chosen=chosen.get(question.id, ""),
            is_flaw=any(
                c.id == chosen.get(question.id) and (c.points > 0 or c.gate)
                for c in question.choices
            ),
        )
        for question in (standard.questions if standard else ())
    )


def _corrections(standard: Standard | None, language: Language) -> tuple[tuple[str, str], ...]:
    if standard and standard.corrections:
        return tuple((rule.id, rule.title[language]) for rule in standard.corrections)
    return tuple((code.value, word(code, language)) for code in Correction)


def _defects(standard: Standard | None) -> tuple[Defect, ...]:
    """Those of the standard first; what a standard does not count is worth marking all the same."""
    return tuple(dict.fromkeys((*(standard.defects if standard else ()), *Defect)))


def _by_shot(references: tuple[Reference, ...]) -> Mapping[Shot, Reference]:
    """The newest of each shot."""
    return {one.shot: one for one in reversed(references)}
