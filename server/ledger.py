"""What is known of one inspection, and the one way to add a decision to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from models.grading.grades import announced
from models.records import Decision, Inspection, Judgement, Opinion, Routing
from models.vocabulary import Grade
from server import chain, standing
from server.cases import close_cases
from server.standing import State
from server.tables import decisions, inspections, opinions, routings, standings

__all__ = ["DECISION", "Dossier", "State", "decide", "dossier", "grounds"]

DECISION = "decision"
"""The kind of entry that a decision makes in the chain."""


@dataclass(frozen=True, kw_only=True)
class Dossier:
    """Everything kept about one inspection, oldest first."""

    inspection: Inspection
    received_at: datetime
    judgement: Judgement
    """What the server's rules made of it."""
    routing: Routing
    routed_at: datetime
    opinions: tuple[Opinion, ...]
    decisions: tuple[Decision, ...]
    state: State
    superseded_by: str | None

    @property
    def decision(self) -> Decision | None:
        """What counts: the decision that no other corrects."""
        return counting(self.decisions)

    @property
    def grade(self) -> Grade:
        """Decided, or else what the machine thinks most likely."""
        return self.decision.grade if self.decision else announced(self.judgement.grade)


def dossier(connection: Connection, inspection_id: str) -> Dossier | None:
    """Read one inspection with all that followed."""
    row = connection.execute(
        select(
            inspections.c.record,
            inspections.c.received_at,
            standings.c.state,
            standings.c.superseded_by,
        )
        .join(standings, standings.c.inspection_id == inspections.c.inspection_id)
        .where(inspections.c.inspection_id == inspection_id)
    ).first()
    if row is None:
        return None
    routing = connection.execute(
        select(routings.c.record, routings.c.judgement, routings.c.routed_at)
        .where(routings.c.inspection_id == inspection_id)
        .order_by(routings.c.routing.desc())
        .limit(1)
    ).one()
    return Dossier(
        inspection=Inspection.from_json(row.record),
        received_at=row.received_at,
        judgement=Judgement.from_json(routing.judgement),
        routing=Routing.from_json(routing.record),
        routed_at=routing.routed_at,
        opinions=opinions_of(connection, inspection_id),
        decisions=decisions_of(connection, inspection_id),
        state=State(row.state),
        superseded_by=row.superseded_by,
    )


def opinions_of(connection: Connection, inspection_id: str) -> tuple[Opinion, ...]:
    """All opinions of one inspection, oldest first."""
    rows = connection.execute(
        select(opinions.c.record)
        .where(opinions.c.inspection_id == inspection_id)
        .order_by(opinions.c.given_at, opinions.c.opinion_id)
    )
    return tuple(Opinion.from_json(row.record) for row in rows)


def decisions_of(connection: Connection, inspection_id: str) -> tuple[Decision, ...]:
    """All decisions on one inspection, oldest first."""
    rows = connection.execute(
        select(decisions.c.record)
        .where(decisions.c.inspection_id == inspection_id)
        .order_by(decisions.c.decided_at, decisions.c.decision_id)
    )
    return tuple(Decision.from_json(row.record) for row in rows)


def counting(made: Sequence[Decision]) -> Decision | None:
    """The decision that no other corrects."""
    corrected = {decision.supersedes for decision in made}
    return next((d for d in made if d.decision_id not in corrected), None)


def add_opinion(connection: Connection, one: Opinion) -> None:
    """Keep what a person said."""
    connection.execute(
        insert(opinions).values(
            opinion_id=one.opinion_id,
            inspection_id=one.inspection_id,
            reviewer=one.reviewer,
            record=one.to_json(),
            given_at=one.given_at,
        )
    )


def decide(connection: Connection, decision: Decision, state: State) -> None:
    """Add a decision, and let the inspection's standing and case follow it.

    The chain gets an entry that names the decision and all that it rests on by their hashes.
    """
    record = decision.to_json()
    connection.execute(
        insert(decisions).values(
            decision_id=decision.decision_id,
            inspection_id=decision.inspection_id,
            supersedes=decision.supersedes,
            record=record,
            decided_at=decision.decided_at,
        )
    )
    given = _given(connection, decision.opinions)
    content = chain.content_of(
        DECISION, decision.decision_id, record, grounds(connection, decision.inspection_id, given)
    )
    chain.append(connection, kind=DECISION, name=decision.decision_id, content=content)
    standing.settle(
        connection,
        decision.inspection_id,
        grade=decision.grade,
        disposition=decision.disposition,
        state=state,
        notes=[Opinion.from_json(said).note for said in given.values()],
    )
    close_cases(connection, decision.inspection_id, decision.decided_at)


def _given(connection: Connection, opinion_ids: Sequence[str]) -> dict[str, str]:
    rows = connection.execute(
        select(opinions.c.opinion_id, opinions.c.record).where(
            opinions.c.opinion_id.in_(opinion_ids)
        )
    )
    return {row.opinion_id: row.record for row in rows}


def grounds(
    connection: Connection, inspection_id: str, given: Mapping[str, str]
) -> Mapping[str, str]:
    """What a decision rests on, each by its hash: the inspection as sent, its newest routing, opinions."""
    kept = connection.execute(
        select(inspections.c.content_sha256, routings.c.record, routings.c.judgement)
        .outerjoin(routings, routings.c.inspection_id == inspections.c.inspection_id)
        .where(inspections.c.inspection_id == inspection_id)
        .order_by(routings.c.routing.desc())
        .limit(1)
    ).one()
    routed = {"routing": kept.record, "judgement": kept.judgement} if kept.record else {}
    named = {f"opinion {opinion_id}": record for opinion_id, record in given.items()}
    hashed = {what: chain.sha256(record) for what, record in {**routed, **named}.items()}
    return {"inspection": kept.content_sha256, **hashed}
