"""What is known of one inspection, and the one way to add a decision to it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, insert, select, update

from models.grading.grades import announced
from models.records import Decision, Inspection, Judgement, Opinion, Routing
from models.vocabulary import Grade
from server.cases import close_cases
from server.tables import decisions, inspections, opinions, routings, standings


class State(StrEnum):
    """Where an inspection stands."""

    AUTOMATIC = "automatic"
    WAITING = "waiting"
    DECIDED = "decided"
    SUPERSEDED = "superseded"


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
        corrected = {decision.supersedes for decision in self.decisions}
        return next((d for d in self.decisions if d.decision_id not in corrected), None)

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
        opinions=_opinions(connection, inspection_id),
        decisions=_decisions(connection, inspection_id),
        state=State(row.state),
        superseded_by=row.superseded_by,
    )


def _opinions(connection: Connection, inspection_id: str) -> tuple[Opinion, ...]:
    rows = connection.execute(
        select(opinions.c.record)
        .where(opinions.c.inspection_id == inspection_id)
        .order_by(opinions.c.given_at, opinions.c.opinion_id)
    )
    return tuple(Opinion.from_json(row.record) for row in rows)


def _decisions(connection: Connection, inspection_id: str) -> tuple[Decision, ...]:
    rows = connection.execute(
        select(decisions.c.record)
        .where(decisions.c.inspection_id == inspection_id)
        .order_by(decisions.c.decided_at, decisions.c.decision_id)
    )
    return tuple(Decision.from_json(row.record) for row in rows)


def decide(connection: Connection, decision: Decision, state: State) -> None:
    """Add a decision, and let the inspection's standing and cases follow it."""
    connection.execute(
        insert(decisions).values(
            decision_id=decision.decision_id,
            inspection_id=decision.inspection_id,
            supersedes=decision.supersedes,
            record=decision.to_json(),
            decided_at=decision.decided_at,
        )
    )
    connection.execute(
        update(standings)
        .where(standings.c.inspection_id == decision.inspection_id)
        .values(grade=decision.grade, disposition=decision.disposition, state=state)
    )
    close_cases(connection, decision.inspection_id, decision.decided_at)
