"""What this server's rules make of an inspection, and what follows: a decision, a case, a blind look."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection

from models.errors import StandardInvalid
from models.grading.audit import draw
from models.grading.evidence import evidence_of
from models.grading.grades import announced
from models.grading.judge import judge
from models.grading.policy import Policy
from models.grading.routing import route
from models.grading.standard import load_version
from models.records import Decision, Inspection, Judgement, Routing
from models.vocabulary import CaseKind, Destination, Reason
from server import expectations, guard, policies, rulings
from server.cases import open_case
from server.ledger import State, decide


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What one item is judged by."""

    policy: Policy
    """The costs for its price, and the certificates that speak of it."""
    value: float | None
    """What the expected return says it is worth as new."""
    costs_sha256: str
    """The hash of the costs before they were fitted to its price."""


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """A judgement, and who decides next."""

    judgement: Judgement
    routing: Routing
    terms: Terms | None = None
    """What it was made by; none where it is only read again."""

    @property
    def is_automatic(self) -> bool:
        """No person is asked first."""
        return self.routing.to is Destination.AUTOMATIC


def terms_for(connection: Connection, inspection: Inspection, now: datetime) -> Terms:
    """Costs and certificates of this moment."""
    newest = policies.newest(connection)
    value = _value(connection, inspection, newest.currency)
    return Terms(
        policy=policies.for_inspection(connection, inspection, now, value),
        value=value,
        costs_sha256=newest.costs_sha256(inspection.category),
    )


def _value(connection: Connection, inspection: Inspection, currency: str) -> float | None:
    """The price of the expected return, if it is told in the policy's currency and is one."""
    found = expectations.expected_for(connection, inspection.return_code)
    if found is None or found.told.currency != currency:
        return None
    return found.told.value or None


def judged(inspection: Inspection, terms: Terms) -> Ruling:
    """Judge the evidence; the station's own routing does not count.

    A standard that this server does not have yet leaves the station's judgement, and a person.
    """
    try:
        standard = load_version(inspection.standard)
    except StandardInvalid:
        routing = _to_a_person(inspection.routing, terms.policy)
        return Ruling(judgement=inspection.judgement, routing=routing, terms=terms)
    evidence = evidence_of(inspection, standard)
    judgement = judge(evidence, standard, terms.policy)
    routing = route(evidence, judgement, standard, terms.policy)
    valued = routing.model_copy(update={"item_value": terms.value})
    return Ruling(judgement=judgement, routing=valued, terms=terms)


def _to_a_person(routing: Routing, policy: Policy) -> Routing:
    return Routing(
        to=Destination.REVIEW,
        reasons=routing.reasons or (Reason.NO_CERTIFICATE,),
        stake=routing.stake,
        policy=policy.identifier,
    )


def still_valid(
    connection: Connection, inspection: Inspection, ruling: Ruling, now: datetime
) -> Ruling:
    """The same ruling, or without the certificate that somebody revoked since it was read."""
    used = ruling.routing.certificate
    if used is None or policies.is_valid(connection, used, now):
        return ruling
    return judged(inspection, terms_for(connection, inspection, now))


def carry_out(
    connection: Connection, inspection: Inspection, ruling: Ruling, *, key: bytes, now: datetime
) -> None:
    """Decide where the machine may; ask a person where not, blind where the case is drawn."""
    drawn = _note(connection, inspection, ruling, key, now)
    if ruling.is_automatic:
        decide(connection, _machine_decision(inspection, ruling, now), State.AUTOMATIC)
    if drawn or not ruling.is_automatic:
        open_case(
            connection,
            inspection_id=inspection.inspection_id,
            kind=CaseKind.AUDIT if drawn else CaseKind.REVIEW,
            stake=ruling.routing.stake,
            now=now,
        )
    guard.after_ruling(connection, inspection, now)


def _note(
    connection: Connection, inspection: Inspection, ruling: Ruling, key: bytes, now: datetime
) -> bool:
    if ruling.terms is None:
        raise ValueError("a ruling that is only read again cannot be carried out")
    return rulings.note(
        connection,
        inspection,
        ruling.judgement,
        ruling.routing,
        policy=ruling.terms.policy,
        costs_sha256=ruling.terms.costs_sha256,
        number=draw(key, inspection.inspection_id),
        now=now,
    )


def _machine_decision(inspection: Inspection, ruling: Ruling, now: datetime) -> Decision:
    return Decision(
        decision_id=str(uuid4()),
        inspection_id=inspection.inspection_id,
        decided_by=ruling.routing.policy,
        decided_at=now,
        grade=announced(ruling.judgement.grade),
        disposition=ruling.judgement.disposition,
    )
