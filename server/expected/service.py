"""What people look up about expected returns, and how they match what came unannounced."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any
from urllib.parse import urlencode

from models.records import Inspection
from models.supply import ExpectedReturn
from server import expectations
from server.errors import Conflict, ContentInvalid, NothingThere
from server.expectations import Expectation, Expected, Ground, MatchEvent, key
from server.expected import queries
from server.expected.queries import PAGE, Entry, Place, Unknown, Version
from server.expected.tally import differences
from server.parts import Parts
from server.references import Reference, references_for

UNKNOWN = "unknown"
STATES = (*Expectation, UNKNOWN)
MAX_TEXT = 200
MAX_WORDS = 8
LIKELY = 6
"""Suggestions for an unknown item: as many as fit beside its photos."""
MAX_NUMBER = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The address bar's query, understood."""

    text: str
    state: str | None
    """waiting, arrived, unknown; none for all that is expected."""
    place: Place

    def query(self, **other: object) -> str:
        """The address's query with some things different; page places are left out."""
        kept = {"q": self.text, "state": self.state}
        return urlencode({k: v for k, v in {**kept, **other}.items() if v})

    @property
    def words(self) -> tuple[str, ...]:
        """What must occur, casefolded."""
        return tuple(self.text.casefold().split()[:MAX_WORDS])


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One page of the list: expected returns, or what came unannounced."""

    asked: Asked
    entries: Sequence[Entry]
    unknown: Sequence[Unknown]
    newer: str | None
    """The query of the page with newer ones, where there are any."""
    older: str | None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One version of what was told, and how it differs from the one before."""

    version: Version
    changes: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class File:
    """One expected return with all that belongs to it."""

    expected: Expected
    steps: Sequence[Step]
    """Newest first."""
    came: Sequence[Unknown]
    has_contact: bool
    references: Sequence[Reference]


@dataclass(frozen=True, kw_only=True)
class Puzzle:
    """An item that nobody announced, and what it may be."""

    unknown: Unknown
    return_code: str | None
    """What it is matched to meanwhile."""
    events: Sequence[MatchEvent]
    likely: Sequence[Entry]
    found: Sequence[Entry]
    """What the search finds."""
    text: str


def understand(query: Mapping[str, str]) -> Asked:
    """Read the address bar. Raises ContentInvalid, naming what may be asked."""
    state = query.get("state") or None
    if state is not None and state not in STATES:
        raise ContentInvalid(f"state should be one of {', '.join(STATES)}, got {state[:80]!r}")
    place = Place(before=_number(query, "before"), after=_number(query, "after"))
    return Asked(text=_text(query), state=state, place=place)


def _text(query: Mapping[str, str]) -> str:
    return "".join(c if c.isprintable() else " " for c in query.get("q", ""))[:MAX_TEXT].strip()


def _number(query: Mapping[str, str], name: str) -> int | None:
    value = query.get(name, "")
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 20 and int(value) <= MAX_NUMBER):
        raise ContentInvalid(f"{name} should be a place in the list, got {value[:80]!r}")
    return int(value)


def listing(here: Parts, asked: Asked) -> Listing:
    """One page, with the ways to the next ones."""
    entries: list[Entry] = []
    unknown: list[Unknown] = []
    with here.database.reading() as connection:
        if asked.state == UNKNOWN:
            unknown = queries.unknown(connection, asked.words, asked.place)
        else:
            state = Expectation(asked.state) if asked.state else None
            entries = queries.entries(connection, state, asked.words, asked.place)
    numbers = [e.entry for e in entries] or [u.arrival for u in unknown]
    backwards, more = asked.place.after is not None, len(numbers) > PAGE
    part = slice(-PAGE, None) if backwards else slice(PAGE)
    numbers = numbers[part]
    has_newer = more if backwards else asked.place.before is not None
    return Listing(
        asked=asked,
        entries=entries[part],
        unknown=unknown[part],
        newer=asked.query(after=numbers[0]) if numbers and has_newer else None,
        older=asked.query(before=numbers[-1]) if numbers and (backwards or more) else None,
    )


def file(here: Parts, return_code: str) -> File:
    """One expected return. Raises NothingThere."""
    with here.database.reading() as connection:
        expected = expectations.expected_by_code(connection, return_code)
        if expected is None:
            raise NothingThere("Nobody announced a return with this code.")
        versions = queries.versions(connection, return_code)
        sku = expected.told.sku
        return File(
            expected=expected,
            steps=_steps(versions),
            came=queries.came(connection, return_code),
            has_contact=queries.has_contact(connection, return_code),
            references=references_for(connection, sku) if sku else (),
        )


def _steps(versions: Sequence[Version]) -> list[Step]:
    first, *later = versions
    steps = [Step(version=first, changes={})]
    for before, now in zip(versions, later, strict=False):
        changes = differences(before.told, now.told)
        if now.contact_changed:
            changes |= {"contact": ("…", "…")}
        steps.append(Step(version=now, changes=changes))
    return steps[::-1]


def contact(here: Parts, return_code: str) -> str:
    """How to reach the customer. Raises NothingThere."""
    with here.database.reading() as connection:
        found = queries.contact(connection, return_code)
    if found is None:
        raise NothingThere("Nobody told how to reach this customer.")
    return found


def puzzle(here: Parts, inspection_id: str, query: Mapping[str, str]) -> Puzzle:
    """An unknown item with what it may be, the most similar first. Raises NothingThere."""
    text = _text(query)
    asked = Asked(text=text, state=None, place=Place())
    with here.database.reading() as connection:
        found = queries.arrival(connection, inspection_id)
        if found is None:
            raise NothingThere("There is no such inspection.")
        scanned = found[0].inspection.return_code
        return Puzzle(
            unknown=found[0],
            return_code=found[1],
            events=expectations.match_events_of(connection, inspection_id),
            likely=_likely(queries.similar(connection, scanned), found[0].inspection),
            found=queries.entries(connection, None, asked.words, Place())[:PAGE] if text else (),
            text=text,
        )


def _likely(entries: Sequence[Entry], inspection: Inspection) -> list[Entry]:
    """What has not come yet first, then the same kind of item, then by how alike the codes are."""
    scanned = inspection.return_code

    def likeness(told: ExpectedReturn) -> float:
        codes = filter(None, (told.return_code, told.tracking, told.serial))
        return max(SequenceMatcher(None, key(scanned), key(c)).ratio() for c in codes)

    def rank(one: Entry) -> tuple[bool, bool, float]:
        same_kind = one.told.category is inspection.category
        return one.state is Expectation.WAITING, same_kind, likeness(one.told)

    return sorted(entries, key=rank, reverse=True)[:LIKELY]


def match(here: Parts, inspection_id: str, return_code: str, *, by: str) -> None:
    """A person says that this item is that return. Raises NothingThere, Conflict."""
    with here.database.writing() as connection:
        expectations.alone(connection)
        if queries.arrival(connection, inspection_id) is None:
            raise NothingThere("There is no such inspection.")
        if not queries.is_expected(connection, return_code):
            raise NothingThere("Nobody announced a return with this code.")
        linked = expectations.link(
            connection, inspection_id, return_code, Ground.PERSON, by=by, now=here.clock()
        )
        if not linked:
            matched = expectations.expected_of(connection, inspection_id)
            if matched is None or matched.told.return_code != return_code:
                raise Conflict("This item is matched already; take that back first.")


def take_back(here: Parts, inspection_id: str, *, by: str) -> None:
    """A person says that the two do not belong together. Again is nothing. Raises NothingThere."""
    with here.database.writing() as connection:
        expectations.alone(connection)
        if queries.arrival(connection, inspection_id) is None:
            raise NothingThere("There is no such inspection.")
        expectations.take_back(connection, inspection_id, by=by, now=here.clock())


def as_json(here: Parts, return_code: str) -> dict[str, Any]:
    """One expected return for programs, without the contact. Raises NothingThere."""
    found = file(here, return_code)
    told = found.expected.told.model_dump(mode="json", exclude={"contact"})
    return {
        **told,
        "version": found.expected.version,
        "state": found.expected.state,
        "inspections": [one.inspection.inspection_id for one in found.came],
    }
