"""The whole database against its chain: what was changed, removed, put in or put elsewhere is told.

Each entry is computed again from the ones before it, each record from its text. A chain that was cut
off at its end together with its records is whole in itself: only a head that somebody noted elsewhere
(every exported file holds one) tells that; `--head` compares with it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, func, select

from server import assured, chain
from server.chain import GENESIS, Entry, Link, earlier, sha256
from server.database import Database
from server.errors import ContentInvalid
from server.ledger import DECISION, State
from server.parts import Parts
from server.progress import Progress, Unit, Work
from server.tables import chain as entries_kept
from server.tables import decisions, inspections, opinions, routings, standings

PIECE = 1000
"""Rows read in one snapshot."""
TOLD = 1000
"""Faults that are told one by one; the rest is counted."""


@dataclass
class Found:
    """What is wrong, in order."""

    count: int = 0
    lines: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """One more."""
        self.count += 1
        if len(self.lines) < TOLD:
            self.lines.append(line)


def check_chain(here: Parts, said: Mapping[str, Any]) -> Work:
    """Go through everything once; `head` names an entry that must be there: `17:<hash>`."""
    head = read_head(said["head"]) if said.get("head") else None

    def work(progress: Progress) -> Mapping[str, Any]:
        found = Found()
        newest = _newest(here.database)
        progress.plan(_total(here.database), Unit.ROWS)
        hashes = {0: GENESIS}
        for line in _entries(here.database, hashes, progress):
            found.add(line)
        for line in _records(here.database, progress):
            found.add(line)
        for line in _assured(here.database):
            found.add(line)
        if head and not _leads_to(here.database, *head):
            found.add(
                f"entry {head[0]} is not the one that was noted: the chain was cut or rewritten"
            )
        return {
            "entries": newest.position if newest else 0,
            "head": f"{newest.position}:{newest.sha256}" if newest else "",
            "faults": found.count,
            "lines": found.lines,
        }

    return work


def read_head(said: str) -> tuple[int, str]:
    """An entry's place and hash. Raises ContentInvalid."""
    position, _, noted = said.partition(":")
    if not position.isdigit() or len(noted) != len(GENESIS):
        raise ContentInvalid(f"a head should be PLACE:HASH as verify prints it, got {said[:80]!r}")
    return int(position), noted


def _leads_to(database: Database, position: int, noted: str) -> bool:
    with database.reading() as connection:
        return chain.hashes(connection, {position}).get(position) == noted


def _assured(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(assured.strangers(connection))


def _newest(database: Database) -> Entry | None:
    with database.reading() as connection:
        return chain.head(connection)


def _total(database: Database) -> int:
    with database.reading() as connection:
        counts = (select(func.count()).select_from(t) for t in (entries_kept, inspections))
        return sum(connection.execute(found).scalar_one() for found in counts)


def _entries(database: Database, hashes: dict[int, str], progress: Progress) -> Iterator[str]:
    """Entry by entry from the first; `hashes` keeps those that later entries lead back to."""
    expected = 1
    while True:
        with database.reading() as connection:
            entries = _piece(connection, expected)
            kept = _decisions(connection, [e.name for e in entries])
            grounds = _grounds(connection, [row.inspection_id for row in kept.values()])
            others = list(assured.faults(connection, entries))
        for entry in entries:
            while expected < entry.position:
                yield f"entry {expected} is missing"
                hashes[expected] = ""
                expected += 1
            yield from _link_faults(entry, hashes)
            yield from _record_faults(entry, kept, grounds)
            _keep(hashes, entry)
            expected += 1
        yield from others
        progress.advance(len(entries))
        if not entries:
            return


def _piece(connection: Connection, since: int) -> list[Entry]:
    its = entries_kept.c
    found = select(entries_kept).where(its.position >= since).order_by(its.position).limit(PIECE)
    return [Entry(**row._mapping) for row in connection.execute(found)]  # noqa: SLF001 - public, whatever its name


def _keep(hashes: dict[int, str], entry: Entry) -> None:
    """As it is kept, so that one fault is told once; what nothing leads back to any more is forgotten."""
    hashes[entry.position] = entry.sha256
    for gone in [at for at in hashes if at and not _needed(at, entry.position)]:
        del hashes[gone]


def _needed(at: int, newest: int) -> bool:
    """A later entry names it: it is the newest, or the newest without some of its lowest bits."""
    while newest > at:
        newest = earlier(newest)
    return newest == at


def _link_faults(entry: Entry, hashes: Mapping[int, str]) -> Iterator[str]:
    link = Link(
        position=entry.position,
        previous=hashes[entry.position - 1],
        skip=hashes[earlier(entry.position)],
        content_sha256=sha256(entry.content),
    )
    if link.sha256 != entry.sha256:
        yield (
            f"entry {entry.position} ({entry.kind} {entry.name}) does not follow from the one before it:"
            " it was changed, put in or put elsewhere, or an earlier one was"
        )


def _decisions(connection: Connection, names: Sequence[str]) -> dict[str, Row[Any]]:
    found = select(decisions).where(decisions.c.decision_id.in_(names))
    return {row.decision_id: row for row in connection.execute(found)}


@dataclass(frozen=True, kw_only=True)
class Grounds:
    """Hashes of what decisions may rest on, computed anew from what is kept."""

    inspections: Mapping[str, str]
    routings: Mapping[str, Sequence[tuple[str, str]]]
    """Inspection → routing and judgement of each of its rulings."""
    opinions: Mapping[str, str]


def _grounds(connection: Connection, of: Sequence[str]) -> Grounds:
    records = select(inspections.c.inspection_id, inspections.c.record).where(
        inspections.c.inspection_id.in_(of)
    )
    ruled = select(routings.c.inspection_id, routings.c.record, routings.c.judgement).where(
        routings.c.inspection_id.in_(of)
    )
    given = select(opinions.c.opinion_id, opinions.c.record).where(opinions.c.inspection_id.in_(of))
    rulings: dict[str, list[tuple[str, str]]] = {}
    for row in connection.execute(ruled):
        rulings.setdefault(row.inspection_id, []).append(
            (sha256(row.record), sha256(row.judgement))
        )
    return Grounds(
        inspections={r.inspection_id: sha256(r.record) for r in connection.execute(records)},
        routings=rulings,
        opinions={r.opinion_id: sha256(r.record) for r in connection.execute(given)},
    )


def _record_faults(entry: Entry, kept: Mapping[str, Row[Any]], grounds: Grounds) -> Iterator[str]:
    if entry.kind != DECISION:
        return
    row = kept.get(entry.name)
    if row is None:
        yield f"decision {entry.name} of entry {entry.position} was removed"
        return
    said = json.loads(entry.content)
    if said["record"] != sha256(row.record):
        yield f"decision {entry.name} of entry {entry.position} was changed"
    yield from (
        f"{what} that decision {entry.name} rests on was changed or removed"
        for what in _shaken(said["rests_on"], row.inspection_id, grounds)
    )


def _shaken(rests_on: Mapping[str, str], inspection_id: str, grounds: Grounds) -> Iterator[str]:
    if rests_on["inspection"] != grounds.inspections.get(inspection_id):
        yield f"inspection {inspection_id}"
    ruling = (rests_on.get("routing"), rests_on.get("judgement"))
    if any(ruling) and ruling not in grounds.routings.get(inspection_id, ()):
        yield f"the ruling on inspection {inspection_id}"
    for what, noted in rests_on.items():
        kind, _, name = what.partition(" ")
        if kind == "opinion" and grounds.opinions.get(name) != noted:
            yield what


Kept = tuple[str | None, list[Any]]
"""Where an inspection stands, and its decisions in the chain's order."""


def _records(database: Database, progress: Progress) -> Iterator[str]:
    """Every inspection as it was acknowledged; its decisions in the chain, and each corrected once."""
    last = ""
    while True:
        with database.reading() as connection:
            found = select(
                inspections.c.inspection_id, inspections.c.content_sha256, inspections.c.record
            )
            found = found.where(inspections.c.inspection_id > last)
            rows = connection.execute(
                found.order_by(inspections.c.inspection_id).limit(PIECE)
            ).all()
            names = [row.inspection_id for row in rows]
            kept = _standing_and_decisions(connection, names)
        for row in rows:
            if sha256(row.record) != row.content_sha256:
                yield f"inspection {row.inspection_id} is not what was acknowledged"
            yield from _decision_faults(row.inspection_id, *kept[row.inspection_id])
        progress.advance(len(rows))
        if not rows:
            return
        last = rows[-1].inspection_id


def _standing_and_decisions(connection: Connection, of: Sequence[str]) -> dict[str, Kept]:
    states = select(standings.c.inspection_id, standings.c.state).where(
        standings.c.inspection_id.in_(of)
    )
    its, entries = decisions.c, entries_kept.c
    made = (
        select(its.inspection_id, its.decision_id, its.supersedes, its.record, entries.position)
        .outerjoin(entries_kept, (entries.name == its.decision_id) & (entries.kind == DECISION))
        .where(its.inspection_id.in_(of))
        .order_by(entries.position)
    )
    kept: dict[str, Kept] = {name: (None, []) for name in of}
    for standing in connection.execute(states):
        kept[standing.inspection_id] = (standing.state, [])
    for row in connection.execute(made):
        kept[row.inspection_id][1].append(row)
    return kept


def _decision_faults(inspection_id: str, state: str | None, made: Sequence[Any]) -> Iterator[str]:
    if state in {State.DECIDED, State.AUTOMATIC} and not made:
        yield f"inspection {inspection_id} stands as decided, and no decision is kept"
    if state is None:
        yield f"inspection {inspection_id} stands nowhere"
    before: list[str] = []
    for row in made:
        if row.position is None:
            yield f"decision {row.decision_id} stands in no entry: it was put in"
        if json.loads(row.record).get("supersedes") != row.supersedes:
            yield f"decision {row.decision_id} names another than its record as the one that it corrects"
        if before and row.supersedes not in before:
            yield f"decision {row.decision_id} names no earlier one that it corrects"
        before.append(row.decision_id)
