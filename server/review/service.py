"""The second look: lease a case to one person, take the person's decision, go on to the next."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Connection

from models.errors import RecordInvalid
from models.records import Decision, Inspection, Opinion
from models.vocabulary import Language
from server.database import in_turn
from server.errors import CaseLost, ContentDiffers, ContentInvalid, NothingThere
from server.explain import Explanation, explain
from server.ledger import Dossier, State, decide, dossier
from server.parts import Parts
from server.review import queries
from server.review.queries import Case, Waiting

VERDICT = "verdict."
"""Form fields begin like this and end in the finding's id."""


@dataclass(frozen=True, kw_only=True)
class Queue:
    """What waits for people."""

    waiting: tuple[Waiting, ...]
    count: int
    free: int
    """How many this person would be served."""
    skipped: int
    """How many this person skipped."""
    held: str | None
    """The case that this person is at."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One case as its holder sees it."""

    case: Case
    dossier: Dossier
    explanation: Explanation
    opinion_id: str
    """The name of the answer to come: sent twice, it counts once."""
    left: int
    """How many more this person would be served."""


def queue(here: Parts, reviewer: str) -> Queue:
    """The state of the queue for one person."""
    now = here.clock()
    with here.database.reading() as connection:
        count, free, skipped = queries.counts(connection, reviewer, now)
        return Queue(
            waiting=tuple(queries.waiting(connection, now)),
            count=count,
            free=free,
            skipped=skipped,
            held=queries.held(connection, reviewer, now),
        )


def next_case(here: Parts, reviewer: str) -> str | None:
    """The case that this person is at, or the most urgent free one; none when all is done."""
    with here.database.writing() as connection:
        return _next(here, connection, reviewer)


def _next(here: Parts, connection: Connection, reviewer: str) -> str | None:
    now = here.clock()
    at = queries.held(connection, reviewer, now)
    return at or queries.claim(connection, reviewer, now, _until(here, now))


def _until(here: Parts, now: datetime) -> datetime:
    return now + timedelta(seconds=here.settings.lease_s)


def desk(here: Parts, case_id: str, reviewer: str, language: Language) -> Desk | Case:
    """The case for its holder; for others only what its lease says. Raises NothingThere."""
    with here.database.reading() as connection:
        case = queries.case(connection, case_id)
        if case is None:
            raise NothingThere("There is no such case.")
        if case.holder != reviewer or case.closed_at:
            return case
        found = dossier(connection, case.inspection_id)
        _, free, _ = queries.counts(connection, reviewer, here.clock())
    if found is None:
        raise NothingThere("There is no such case.")
    return Desk(
        case=case,
        dossier=found,
        explanation=explain(found.inspection, found.judgement, language),
        opinion_id=str(uuid4()),
        left=max(free - 1, 0),
    )


def saved(here: Parts, case_id: str) -> Case | None:
    """That case if it is closed, else nothing: an address alone must not drop a draft."""
    with here.database.reading() as connection:
        case = queries.case(connection, case_id) if case_id.isprintable() else None
    return case if case and case.closed_at else None


def take(here: Parts, case_id: str, reviewer: str) -> None:
    """Lease this very case. Raises CaseLost when somebody else holds it or it is closed."""
    now = here.clock()
    with here.database.writing() as connection:
        if not queries.take(connection, case_id, reviewer, now, _until(here, now)):
            raise CaseLost("Somebody else holds this case, or it is closed.")


def renew(here: Parts, case_id: str, reviewer: str) -> datetime:
    """A sign of life; gives the end of the lease. Raises CaseLost."""
    until = _until(here, here.clock())
    with here.database.writing() as connection:
        if not queries.renew(connection, case_id, reviewer, until):
            raise CaseLost
    return until


def skip(here: Parts, case_id: str, reviewer: str) -> str | None:
    """Leave the case to others; gives the next one. A case no longer held is left as it is."""
    with here.database.writing() as connection:
        if queries.release(connection, case_id, reviewer):
            queries.skip(connection, case_id, reviewer, here.clock())
        return _next(here, connection, reviewer)


def again(here: Parts, reviewer: str) -> str | None:
    """Serve what this person skipped; gives the next case."""
    with here.database.writing() as connection:
        queries.forget_skips(connection, reviewer)
        return _next(here, connection, reviewer)


def submit(here: Parts, case_id: str, reviewer: str, form: Mapping[str, str]) -> str | None:
    """Take a person's decision, once however often it is sent; gives the next case.

    Raises ContentInvalid, NothingThere, CaseLost (nothing is kept then), ContentDiffers.
    """
    with here.database.writing() as connection:
        in_turn(connection, f"opinion on {case_id}")  # sent twice at once is sent twice
        case = queries.case(connection, case_id)
        found = dossier(connection, case.inspection_id) if case else None
        if case is None or found is None:
            raise NothingThere("There is no such case.")
        opinion = opinion_of(form, found.inspection, reviewer, here.clock())
        kept = queries.opinion(connection, opinion.opinion_id)
        if kept is None:
            _make_sure_of_case(case, reviewer)
            queries.add_opinion(connection, opinion)
            decide(connection, decision_of(opinion, found), State.DECIDED)
        elif not same_opinion(kept, opinion):
            raise ContentDiffers("This answer was already sent, with another content.")
        return _next(here, connection, reviewer)


def _make_sure_of_case(case: Case, reviewer: str) -> None:
    """Still open and still this person's: a lease that ran out counts until another takes the case."""
    if case.closed_at is not None:
        raise CaseLost("This case has been decided or replaced meanwhile; nothing was saved here.")
    if case.holder != reviewer:
        raise CaseLost


def opinion_of(
    form: Mapping[str, str], inspection: Inspection, reviewer: str, now: datetime
) -> Opinion:
    """Read the form. Raises ContentInvalid, naming what is missing."""
    findings = {finding.finding_id for finding in inspection.findings}
    verdicts = {k.removeprefix(VERDICT): v for k, v in form.items() if k.startswith(VERDICT)}
    strangers = sorted(set(verdicts) - findings)
    if strangers:
        raise ContentInvalid(f"There is no finding {strangers[0][:80]!r} in this inspection.")
    content = {
        "opinion_id": form.get("opinion_id"),
        "inspection_id": inspection.inspection_id,
        "reviewer": reviewer,
        "given_at": now.isoformat(),
        "grade": form.get("grade"),
        "disposition": form.get("disposition"),
        "verdicts": verdicts,
        # Browsers send CR LF for one line break, which would count twice.
        "note": form.get("note", "").replace("\r\n", "\n").strip(),
    }
    try:
        return Opinion.from_json(json.dumps(content))
    except RecordInvalid as error:
        raise ContentInvalid(str(error)) from error


def same_opinion(one: Opinion, other: Opinion) -> bool:
    """They say the same, whenever they said it."""
    return one == other.model_copy(update={"given_at": one.given_at})


def decision_of(opinion: Opinion, found: Dossier) -> Decision:
    """What the opinion makes count; it corrects what counted before."""
    before = found.decision
    return Decision(
        decision_id=str(uuid4()),
        inspection_id=opinion.inspection_id,
        supersedes=before.decision_id if before else None,
        opinions=(opinion.opinion_id,),
        decided_by=opinion.reviewer,
        decided_at=opinion.given_at,
        grade=opinion.grade,
        disposition=opinion.disposition,
    )
