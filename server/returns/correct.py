"""A correction: a new decision that names the old one, with a reason. Nothing is changed."""

import json
from collections.abc import Mapping
from uuid import uuid4

from models.errors import RecordInvalid
from models.records import Decision, Opinion
from server.database import in_turn
from server.errors import Conflict, ContentInvalid, NothingThere
from server.ledger import Dossier, State, add_opinion, decide, dossier
from server.parts import Parts

SHORTEST_REASON = 3
"""Letters; "ok" explains nothing to whoever reads it in a year."""


def correct(here: Parts, inspection_id: str, lead: str, form: Mapping[str, str]) -> None:
    """Keep it, once however often it is sent. Raises NothingThere, ContentInvalid, Conflict."""
    with here.database.writing() as connection:
        in_turn(connection, f"correction of {inspection_id}")
        found = dossier(connection, inspection_id)
        if found is None:
            raise NothingThere("There is no such inspection.")
        opinion = _opinion(form, inspection_id, lead, here.clock().isoformat())
        if any(kept.opinion_id == opinion.opinion_id for kept in found.opinions):
            return
        before = _corrected(found, form.get("decision_id", ""))
        if (opinion.grade, opinion.disposition) == (before.grade, before.disposition):
            raise ContentInvalid("A correction should change the grade or where the item goes.")
        add_opinion(connection, opinion)
        decide(connection, _decision(opinion, before), State.DECIDED)


def _opinion(form: Mapping[str, str], inspection_id: str, lead: str, now: str) -> Opinion:
    reason = form.get("reason", "").replace("\r\n", "\n").strip()
    if len(reason) < SHORTEST_REASON:
        raise ContentInvalid("Say why: the reason is kept with the correction.")
    content = {
        "opinion_id": form.get("opinion_id"),
        "inspection_id": inspection_id,
        "reviewer": lead,
        "given_at": now,
        "grade": form.get("grade"),
        "disposition": form.get("disposition"),
        "note": reason,
    }
    try:
        return Opinion.from_json(json.dumps(content))
    except RecordInvalid as error:
        raise ContentInvalid(str(error)) from error


def _corrected(found: Dossier, decision_id: str) -> Decision:
    """The decision that counts, which must be the one that the page showed."""
    if found.state is State.SUPERSEDED:
        raise Conflict("A later inspection replaces this one; correct that one.")
    if found.decision is None:
        raise Conflict("Nothing is decided yet; decide the case instead.")
    if found.decision.decision_id != decision_id:
        raise Conflict("Somebody else corrected this decision meanwhile; look at it again.")
    return found.decision


def _decision(opinion: Opinion, before: Decision) -> Decision:
    return Decision(
        decision_id=str(uuid4()),
        inspection_id=opinion.inspection_id,
        supersedes=before.decision_id,
        opinions=(opinion.opinion_id,),
        decided_by=opinion.reviewer,
        decided_at=opinion.given_at,
        grade=opinion.grade,
        disposition=opinion.disposition,
    )
