"""Take the last answer back: the case is open again, for the person who closed it."""

import json
from datetime import timedelta

from sqlalchemy import Connection

from models.opinions import Opinion
from models.vocabulary import Action
from server.cases import close_cases, open_case
from server.errors import Conflict, NothingThere
from server.identity import Principal
from server.ledger import State, counting, decisions_of, opinions_of
from server.parts import Parts
from server.review import leases, queries
from server.review.answers import ANSWER, VERDICT
from server.review.leases import Asking
from server.review.queries import Case
from server.review.service import asking

TAKE_BACK = timedelta(minutes=10)
"""How long an answer may be taken back: later the item has gone on, and a lead corrects it."""


def take_back(here: Parts, case_id: str, who: Principal) -> str:
    """Open the case anew with what was answered; gives its id. The answer stays kept.

    Raises NothingThere, and Conflict when it is not this person's last answer, too old, or followed
    by somebody else's work.
    """
    one = asking(here, who)
    with here.database.writing() as connection:
        found = queries.case_and_inspection(connection, case_id, lock=True)
        if found is None:
            raise NothingThere("There is no such case.")
        case, last = found[0], queries.latest_opinion(connection, one.name)
        if last is None or last.case_id != case_id or one.now - last.given_at > TAKE_BACK:
            raise Conflict("Only your last answer can be taken back, within ten minutes.")
        _make_sure_that_nothing_followed(connection, case, last, one)
        close_cases(connection, case.inspection_id, one.now)
        if last.action is Action.RETAKE:
            _back_from_the_bench(connection, case)
        return _open_again(connection, case, last, one)


def _make_sure_that_nothing_followed(
    connection: Connection, case: Case, last: Opinion, one: Asking
) -> None:
    later = opinions_of(connection, case.inspection_id)[-1]
    superseded = queries.state_of(connection, case.inspection_id) is State.SUPERSEDED
    if later.opinion_id != last.opinion_id or superseded:
        raise Conflict("Somebody has gone on with this item; it cannot be taken back any more.")
    if leases.is_held(connection, case.inspection_id, one):
        raise Conflict("Somebody has gone on with this item; it cannot be taken back any more.")


def _back_from_the_bench(connection: Connection, case: Case) -> None:
    before = counting(decisions_of(connection, case.inspection_id))
    state = State.WAITING if before is None else State.AUTOMATIC
    queries.set_state(connection, case.inspection_id, state)


def _open_again(connection: Connection, case: Case, last: Opinion, one: Asking) -> str:
    again = open_case(
        connection,
        inspection_id=case.inspection_id,
        kind=last.kind,
        stake=case.stake,
        now=one.now,
        deadline=case.deadline,
    )
    leases.take(connection, again, one)
    if last.committed:
        queries.commit(connection, again, one.name, last.committed)
    queries.save_draft(connection, again, one.name, draft_of(last), one.now)
    return again


def draft_of(said: Opinion) -> str:
    """An answer as the page keeps one that is not sent yet."""
    marks = {
        "moved": {name: one.new for name, one in said.moved.items()},
        "drawn": [one.model_dump(mode="json") for one in said.drawn],
    }
    fields = [
        ("grade", said.grade or ""),
        ("disposition", said.disposition or ""),
        ("note", said.note),
        ("reasons", ",".join(said.reasons)),
        ("marks", json.dumps(marks)),
        *((VERDICT + name, verdict) for name, verdict in said.verdicts.items()),
        *((ANSWER + changed.question, changed.new) for changed in said.answers),
    ]
    return json.dumps(
        {"at": int(said.given_at.timestamp() * 1000), "fields": fields}, ensure_ascii=False
    )
