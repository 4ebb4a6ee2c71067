"""What one return's file shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from models.records import Decision
from models.vocabulary import Language
from server.database import Database
from server.errors import NothingThere
from server.explain import Explanation, explain
from server.ledger import Dossier, dossier
from server.returns import queries


@dataclass(frozen=True, kw_only=True)
class Event:
    """One step of the item's way; `kind` chooses the words."""

    at: datetime
    kind: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class File:
    """One return's file."""

    dossier: Dossier
    explanation: Explanation
    events: tuple[Event, ...]
    others: tuple[tuple[str, datetime], ...]
    """Other inspections of the same return: id and arrival."""


def file(database: Database, inspection_id: str, language: Language) -> File:
    """Everything about one inspection. Raises NothingThere."""
    with database.reading() as connection:
        found = dossier(connection, inspection_id)
        if found is None:
            raise NothingThere("There is no such inspection.")
        others = queries.same_return(connection, found.inspection)
    return File(
        dossier=found,
        explanation=explain(found.inspection, found.judgement, language),
        events=timeline(found),
        others=tuple(others),
    )


def timeline(found: Dossier) -> tuple[Event, ...]:
    """What happened, in the order of the process: two machines' clocks never quite agree."""
    i = found.inspection
    return (
        Event(
            at=i.started_at, kind="scanned", facts={"station": i.station, "operator": i.operator}
        ),
        *(Event(at=photo.taken_at, kind="photo", facts={"photo": photo}) for photo in i.photos),
        Event(at=i.finished_at, kind="judged", facts={"releases": i.releases}),
        Event(at=found.received_at, kind="received"),
        Event(at=found.routed_at, kind="routed", facts={"routing": found.routing}),
        *(
            Event(at=d.decided_at, kind="decided", facts=_decided(d, found))
            for d in found.decisions
        ),
    )


def _decided(decision: Decision, found: Dossier) -> Mapping[str, object]:
    opinions = [o for o in found.opinions if o.opinion_id in decision.opinions]
    return {"decision": decision, "opinions": opinions}


def photo(database: Database, sha256: str) -> str:
    """The photo's media type. Raises NothingThere."""
    with database.reading() as connection:
        found = queries.media_type(connection, sha256)
    if found is None:
        raise NothingThere("There is no such photo.")
    return found
