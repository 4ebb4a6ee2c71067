"""What the list and the file show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from models.records import Decision
from models.vocabulary import Category, Disposition, Grade, Language
from server.database import Database
from server.errors import ContentInvalid, NothingThere
from server.explain import Explanation, explain
from server.ledger import Dossier, State, dossier
from server.returns import queries
from server.returns.queries import PAGE, Filters, Place, Row

MAX_TEXT = 200
MAX_WORDS = 8
MAX_ARRIVAL = 2**63 - 1
Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The address bar's query, understood."""

    text: str
    filters: Filters
    place: Place

    def query(self, **other: object) -> str:
        """The address's query with some things different; page places are left out."""
        f = self.filters
        kept = {
            "q": self.text,
            "category": f.category,
            "grade": f.grade,
            "disposition": f.disposition,
            "routing": f.state,
        }
        return urlencode({k: v for k, v in {**kept, **other}.items() if v})


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One page of the list."""

    asked: Asked
    rows: tuple[Row, ...]
    newer: str | None
    """The query of the page with newer returns, where there are any."""
    older: str | None


def understand(query: Mapping[str, str]) -> Asked:
    """Read the address bar. Raises ContentInvalid, naming what may be asked."""
    text = "".join(c if c.isprintable() else " " for c in query.get("q", ""))[:MAX_TEXT].strip()
    return Asked(
        text=text,
        filters=Filters(
            words=tuple(text.casefold().split()[:MAX_WORDS]),
            category=_choice(query, "category", Category),
            grade=_choice(query, "grade", Grade),
            disposition=_choice(query, "disposition", Disposition),
            state=_choice(query, "routing", State),
        ),
        place=Place(before=_arrival(query, "before"), after=_arrival(query, "after")),
    )


def _choice(query: Mapping[str, str], name: str, kind: type[Choice]) -> Choice | None:
    value = query.get(name, "")
    if not value:
        return None
    if value not in set(kind):
        raise ContentInvalid(f"{name} should be one of {', '.join(kind)}, got {value[:80]!r}")
    return kind(value)


def _arrival(query: Mapping[str, str], name: str) -> int | None:
    value = query.get(name, "")
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 20 and int(value) <= MAX_ARRIVAL):
        raise ContentInvalid(f"{name} should be a place in the list, got {value[:80]!r}")
    return int(value)


def listing(database: Database, asked: Asked) -> Listing:
    """One page, with the ways to the next ones."""
    with database.reading() as connection:
        rows = queries.listed(connection, asked.filters, asked.place)
    more = len(rows) > PAGE
    backwards = asked.place.after is not None
    rows = rows[-PAGE:] if backwards else rows[:PAGE]
    has_newer = more if backwards else asked.place.before is not None
    has_older = True if backwards else more
    return Listing(
        asked=asked,
        rows=tuple(rows),
        newer=asked.query(after=rows[0].arrival) if rows and has_newer else None,
        older=asked.query(before=rows[-1].arrival) if rows and has_older else None,
    )


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
