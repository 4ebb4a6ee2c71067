"""Everything that happened to one inspection, told from what every capability recorded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, select

from models.records import Decision, Opinion, Routing
from models.vocabulary import CaseKind
from server import custody, expectations
from server.custody import HoldEvent
from server.expectations import Change
from server.ledger import DECISION, Dossier
from server.tables import cases, holds, inspections, openings, routings, standings
from server.tables import chain as entries


@dataclass(frozen=True, kw_only=True)
class Event:
    """One step of the item's way; `kind` chooses the words."""

    at: datetime
    kind: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of the decision."""

    decision: Decision
    number: int
    """From 1, in the order of the chain."""
    corrects: int | None
    """The number of the version that it corrects."""
    counts: bool
    """No other corrects it."""
    opinions: tuple[Opinion, ...]
    """What it rests on."""
    position: int | None
    """Its entry's place in the chain."""
    sha256: str | None
    """Its entry's hash."""


def versions(connection: Connection, found: Dossier) -> tuple[Version, ...]:
    """All versions of the decision, oldest first."""
    names = [decision.decision_id for decision in found.decisions]
    kept = select(entries.c.name, entries.c.position, entries.c.sha256).where(
        entries.c.name.in_(names), entries.c.kind == DECISION
    )
    places = {row.name: (row.position, row.sha256) for row in connection.execute(kept)}
    ordered = sorted(found.decisions, key=lambda d: places.get(d.decision_id, (0, ""))[0])
    numbers = {decision.decision_id: n for n, decision in enumerate(ordered, start=1)}
    return tuple(
        Version(
            decision=decision,
            number=numbers[decision.decision_id],
            corrects=numbers.get(decision.supersedes or ""),
            counts=decision == found.decision,
            opinions=tuple(o for o in found.opinions if o.opinion_id in decision.opinions),
            position=places.get(decision.decision_id, (None, None))[0],
            sha256=places.get(decision.decision_id, (None, None))[1],
        )
        for decision in ordered
    )


def story(connection: Connection, found: Dossier, made: tuple[Version, ...]) -> tuple[Event, ...]:
    """First what the station did, in its order: two machines' clocks never quite agree."""
    server = [
        Event(at=found.received_at, kind="received"),
        *_matches(connection, found),
        *_routings(connection, found),
        *_cases(connection, found),
        *_opinions(found, made),
        *(Event(at=v.decision.decided_at, kind="decided", facts={"version": v}) for v in made),
        *_replaced(connection, found),
        *_custody(connection, found),
    ]
    return (*_at_the_station(found), *sorted(server, key=lambda event: event.at))


def _at_the_station(found: Dossier) -> Iterator[Event]:
    i = found.inspection
    yield Event(
        at=i.started_at, kind="scanned", facts={"station": i.station, "operator": i.operator}
    )
    yield from (Event(at=p.taken_at, kind="photo", facts={"photo": p}) for p in i.photos)
    yield Event(at=i.finished_at, kind="judged", facts={"releases": i.releases})


def _matches(connection: Connection, found: Dossier) -> Iterator[Event]:
    for told in expectations.match_events_of(connection, found.inspection.inspection_id):
        kind = "matched" if told.change is Change.MATCHED else "taken_back"
        facts = {"code": told.return_code, "ground": told.ground, "by": told.told_by}
        yield Event(at=told.happened_at, kind=kind, facts=facts)


def _routings(connection: Connection, found: Dossier) -> Iterator[Event]:
    its = routings.c
    kept = select(its.record, its.routed_at).where(
        its.inspection_id == found.inspection.inspection_id
    )
    for row in connection.execute(kept.order_by(its.routing)):
        yield Event(
            at=row.routed_at, kind="routed", facts={"routing": Routing.from_json(row.record)}
        )


def _cases(connection: Connection, found: Dossier) -> Iterator[Event]:
    its = cases.c
    kept = select(its.kind, its.opened_at, its.closed_at).where(
        its.inspection_id == found.inspection.inspection_id
    )
    for row in connection.execute(kept):
        kind = CaseKind(row.kind)
        # That a person looks stands in the routing; other kinds are worth a line of their own.
        if kind is not CaseKind.REVIEW:
            yield Event(at=row.opened_at, kind="case_opened", facts={"case": kind})


def _opinions(found: Dossier, made: tuple[Version, ...]) -> Iterator[Event]:
    """Those that a decision rests on are told with it."""
    told = {opinion.opinion_id for version in made for opinion in version.opinions}
    for opinion in found.opinions:
        if opinion.opinion_id not in told:
            yield Event(at=opinion.given_at, kind="opinion", facts={"opinion": opinion})


def _replaced(connection: Connection, found: Dossier) -> Iterator[Event]:
    if found.superseded_by is None:
        return
    its = inspections.c
    kept = select(its.received_at).join(standings, standings.c.superseded_by == its.inspection_id)
    at = connection.execute(
        kept.where(standings.c.inspection_id == found.inspection.inspection_id)
    ).scalar()
    if at is not None:
        yield Event(at=at, kind="replaced", facts={"by": found.superseded_by})


def _custody(connection: Connection, found: Dossier) -> Iterator[Event]:
    """Holds on the return; sealed originals that somebody opened, without the reason; photos that went."""
    i = found.inspection
    its = holds.c
    held = select(its.event, its.reason, its.told_by, its.told_at)
    for row in connection.execute(held.where(its.return_code == i.return_code)):
        kind = "held" if row.event == HoldEvent.SET else "hold_lifted"
        yield Event(at=row.told_at, kind=kind, facts={"by": row.told_by, "reason": row.reason})
    seals = [photo.sealed_sha256 for photo in i.photos if photo.sealed_sha256]
    opened = select(openings.c.opened_by, openings.c.opened_at)
    for opening in connection.execute(opened.where(openings.c.sha256.in_(seals))):
        yield Event(at=opening.opened_at, kind="unsealed", facts={"by": opening.opened_by})
    for gone in custody.deleted(connection, [photo.sha256 for photo in i.photos]).values():
        yield Event(at=gone.deleted_at, kind="deleted", facts={"by": gone.deleted_by})
