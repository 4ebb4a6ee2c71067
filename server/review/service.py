"""The second look: lease a case to one person, take the person's answer, go on to the next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Connection

from models.opinions import Commitment, Opinion
from models.records import Decision, Inspection
from models.vocabulary import CaseKind, Disposition, Grade, Role
from server import guard
from server.cases import close_cases, open_case
from server.errors import (
    CaseLost,
    CaseNotForYou,
    Conflict,
    ContentDiffers,
    ContentInvalid,
    NothingThere,
)
from server.identity import Principal
from server.ledger import State, add_opinion, counting, decide, decisions_of, opinions_of
from server.parts import Parts
from server.review import leases, queries
from server.review.answers import opinion_of
from server.review.leases import Asking
from server.review.live import standard_of
from server.review.outcome import Outcome, outcome
from server.review.queries import Case, Counts, Waiting, Wish

MAX_DAY = timedelta(hours=30)
"""A person's day began at most this long ago: the longest day of a clock change, and some travel."""


@dataclass(frozen=True, kw_only=True)
class Queue:
    """What waits for people, as one of them sees it."""

    waiting: tuple[Waiting, ...]
    counts: Counts
    skipped: int
    """How many this person skipped."""
    held: str | None
    """The case that this person is at."""
    has_next: bool
    """Somebody who asks for work now is given some."""
    wishes: int
    """Items that wait for new photos."""


def asking(here: Parts, who: Principal) -> Asking:
    """Who asks for work, now."""
    now = here.clock()
    until = now + timedelta(seconds=here.settings.lease_s)
    return Asking(name=who.name, lead=who.role is Role.QA_LEAD, now=now, until=until)


def queue(here: Parts, who: Principal) -> Queue:
    """The state of the queue for one person."""
    one = asking(here, who)
    with here.database.reading() as connection:
        return Queue(
            waiting=tuple(queries.waiting(connection, lead=who.role is not Role.REVIEWER)),
            counts=queries.counts(connection, one.name, one.now, one.now - timedelta(hours=24)),
            skipped=queries.skipped(connection, one.name),
            held=leases.held(connection, one),
            has_next=leases.next_up(connection, one) is not None,
            wishes=len(queries.wishes(connection)),
        )


def counts(here: Parts, who: Principal, since: datetime | None) -> Counts:
    """What the pages count live; `since` is when the person's own day began."""
    now = here.clock()
    began = max(since or now - timedelta(hours=24), now - MAX_DAY)
    with here.database.reading() as connection:
        return queries.counts(connection, who.name, now, began)


def next_case(here: Parts, who: Principal) -> str | None:
    """The case that this person is at, or the most urgent free one; none when all is done."""
    with here.database.writing() as connection:
        return _next(connection, asking(here, who))


def _next(connection: Connection, one: Asking) -> str | None:
    at = leases.held(connection, one)
    # Served again, it is theirs for the whole time again: the first answer may have been lost.
    if at is not None and leases.renew(connection, at, one):
        return at
    leases.mark_overdue(connection, one.now)
    return leases.claim(connection, one)


def ahead(here: Parts, who: Principal) -> Sequence[tuple[str, Inspection]]:
    """What this person will probably be served next, kept for them for a while: id and item."""
    one = asking(here, who)
    with here.database.writing() as connection:
        found = leases.reserve(connection, one)
        several = (queries.case_and_inspection(connection, case_id) for case_id in found)
        return [(case.case_id, inspection) for case, inspection in filter(None, several)]


def saved(here: Parts, case_id: str) -> Case | None:
    """That case if it is closed, else nothing: an address alone must not drop a draft."""
    with here.database.reading() as connection:
        case = queries.case(connection, case_id) if case_id.isprintable() else None
    return case if case and case.closed_at else None


def take(here: Parts, case_id: str, who: Principal) -> None:
    """Lease this very case. Raises CaseLost when somebody else holds it or it is closed, CaseNotForYou."""
    one = asking(here, who)
    with here.database.writing() as connection:
        _make_sure_it_is_for(connection, case_id, one)
        if not leases.take(connection, case_id, one):
            raise CaseLost("Somebody else holds this case, or it is closed.")


def _make_sure_it_is_for(connection: Connection, case_id: str, one: Asking) -> None:
    if queries.case(connection, case_id) and not leases.may_answer(connection, case_id, one):
        raise CaseNotForYou


def renew(here: Parts, case_id: str, who: Principal) -> datetime:
    """A sign of life; gives the end of the lease. Raises CaseLost."""
    one = asking(here, who)
    with here.database.writing() as connection:
        if not leases.renew(connection, case_id, one):
            raise CaseLost
    return one.until


def save_draft(here: Parts, case_id: str, who: Principal, content: str) -> None:
    """Keep what is entered so far. Raises CaseLost: what was entered stays in the browser then."""
    one = asking(here, who)
    with here.database.writing() as connection:
        if not leases.renew(connection, case_id, one):
            raise CaseLost
        queries.save_draft(connection, case_id, one.name, content, one.now)


def skip(here: Parts, case_id: str, who: Principal) -> str | None:
    """Leave the case to others; gives the next one. A case no longer held is left as it is."""
    one = asking(here, who)
    with here.database.writing() as connection:
        if leases.release(connection, case_id, one):
            leases.skip(connection, case_id, one)
        return _next(connection, one)


def again(here: Parts, who: Principal) -> str | None:
    """Serve what this person skipped; gives the next case."""
    with here.database.writing() as connection:
        leases.forget_skips(connection, who.name)
        return _next(connection, asking(here, who))


def commit(here: Parts, case_id: str, who: Principal, form: Mapping[str, str]) -> None:
    """Keep what is said before the machine's opinion is shown; said twice, the first counts.

    Raises NothingThere, CaseLost, ContentInvalid.
    """
    one = asking(here, who)
    with here.database.writing() as connection:
        case = queries.case(connection, case_id)
        if case is None:
            raise NothingThere("There is no such case.")
        if case.kind is not CaseKind.AUDIT:
            raise Conflict("Nothing is hidden in this case; decide it.")
        _make_sure_of_case(case, one.name)
        queries.commit(connection, case_id, one.name, _commitment(form, one.now))


def _commitment(form: Mapping[str, str], now: datetime) -> Commitment:
    grade, disposition = form.get("grade", ""), form.get("disposition", "")
    if grade not in set(Grade) or disposition not in set(Disposition):
        raise ContentInvalid("Choose a grade and where the item goes first.")
    return Commitment(grade=Grade(grade), disposition=Disposition(disposition), committed_at=now)


def submit(here: Parts, case_id: str, who: Principal, form: Mapping[str, str]) -> str | None:
    """Take a person's answer, once however often it is sent; gives the next case.

    Raises ContentInvalid, NothingThere, CaseLost (nothing is kept then), ContentDiffers.
    """
    one = asking(here, who)
    with here.database.writing() as connection:
        found = queries.case_and_inspection(connection, case_id, lock=True)
        if found is None:
            raise NothingThere("There is no such case.")
        case, inspection = found
        said = _read(connection, form, case, inspection, one)
        kept = queries.opinion(connection, said.opinion_id)
        if kept is None:
            _keep(connection, said, case, one)
        elif not same_opinion(kept, said):
            raise ContentDiffers("This answer was already sent, with another content.")
        return _next(connection, one)


def _read(
    connection: Connection, form: Mapping[str, str], case: Case, inspection: Inspection, one: Asking
) -> Opinion:
    audit = case.kind is CaseKind.AUDIT
    return opinion_of(
        form,
        case,
        inspection,
        reviewer=one.name,
        standard=standard_of(inspection),
        committed=queries.committed(connection, case.case_id, one.name) if audit else None,
        now=one.now,
    )


def _keep(connection: Connection, said: Opinion, case: Case, one: Asking) -> None:
    _make_sure_of_case(case, one.name)
    if not leases.close(connection, case.case_id, one):
        raise CaseLost
    if case.kind is CaseKind.AUDIT and said.committed is None and said.action != "retake":
        raise ContentInvalid("An audit is answered before it is opened: commit a grade first.")
    earlier = opinions_of(connection, case.inspection_id)
    own = [o.opinion_id for o in earlier if (o.reviewer, o.kind) == (one.name, said.kind)]
    said = said.model_copy(update={"corrects": own[-1] if own else None})
    add_opinion(connection, said)
    queries.drop_drafts(connection, case.case_id)
    counts = counting(decisions_of(connection, case.inspection_id))
    _follow(connection, outcome(said, earlier, counts), said, case, counts)
    if said.kind is not CaseKind.REVIEW and said.action != "retake":
        guard.after_blind_look(connection, case.inspection_id, said.given_at)


def _make_sure_of_case(case: Case, reviewer: str) -> None:
    """Still open and still this person's: a lease that ran out counts until another takes the case."""
    if case.closed_at is not None:
        raise CaseLost("This case has been decided or replaced meanwhile; nothing was saved here.")
    if case.holder != reviewer:
        raise CaseLost


def _follow(
    connection: Connection,
    then: Outcome,
    said: Opinion,
    case: Case,
    counts: Decision | None,
) -> None:
    if then.to_the_bench:
        queries.set_state(connection, case.inspection_id, State.RETAKE)
        close_cases(connection, case.inspection_id, said.given_at)
    if then.opens:
        open_case(
            connection,
            inspection_id=case.inspection_id,
            kind=then.opens,
            stake=case.stake,
            now=said.given_at,
            # What was promised about the item stays promised.
            deadline=case.deadline,
        )
    if then.rests_on:
        decide(connection, decision_of(said, then.rests_on, counts), State.DECIDED)


def same_opinion(one: Opinion, other: Opinion) -> bool:
    """They say the same, whenever they said it, and whatever the server added."""
    added = {"given_at": one.given_at, "corrects": one.corrects}
    return one == other.model_copy(update=added)


def decision_of(said: Opinion, rests_on: tuple[str, ...], before: Decision | None) -> Decision:
    """What the opinion makes count; it corrects what counted before."""
    if said.grade is None or said.disposition is None:
        raise ContentInvalid("Choose a grade and where the item goes first.")
    return Decision(
        decision_id=str(uuid4()),
        inspection_id=said.inspection_id,
        supersedes=before.decision_id if before else None,
        opinions=rests_on,
        decided_by=said.reviewer,
        decided_at=said.given_at,
        grade=said.grade,
        disposition=said.disposition,
    )


def wishes(here: Parts, station: str | None = None) -> list[Wish]:
    """Items that go back to the bench, newest first."""
    with here.database.reading() as connection:
        return queries.wishes(connection, station)
