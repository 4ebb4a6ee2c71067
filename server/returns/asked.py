"""The address bar's question, understood: what is looked for, and which page of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from models.vocabulary import Category, Defect, Disposition, Grade, Reason
from server import words
from server.errors import ContentInvalid
from server.standing import State, arrival_of, defect_mark, reason_mark

MAX_TEXT = 200
MAX_WORDS = 8
MAX_PLACE = 2**62


class By(StrEnum):
    """Which moment dates mean, and so the list's order."""

    RECEIVED = "received"
    FINISHED = "finished"


CHOICES: Mapping[str, type[StrEnum]] = {
    "category": Category,
    "grade": Grade,
    "disposition": Disposition,
    "routing": State,
    "defect": Defect,
    "reason": Reason,
}
"""Name in the address → what may be asked."""
CODES: Mapping[str, str] = {
    "code": "return_code",
    "order": "order_code",
    "sku": "sku",
    "serial": "serial",
    "station": "station",
    "operator": "operator",
}
"""Name in the address → the column that must say exactly this."""
COLUMNS: Mapping[str, str] = {
    **CODES,
    "category": "category",
    "grade": "grade",
    "disposition": "disposition",
    "routing": "state",
}


@dataclass(frozen=True, kw_only=True)
class Span:
    """From a moment to before another, in microseconds since 1970; none is without an end."""

    since: int | None = None
    until: int | None = None

    def __bool__(self) -> bool:
        """Tells whether it limits anything."""
        return self.since is not None or self.until is not None


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What is looked for."""

    words: tuple[str, ...] = ()
    """Each must be found; plain."""
    equal: Mapping[str, str] = field(default_factory=dict)
    """Column → what it must say."""
    marks: tuple[str, ...] = ()
    """What it must be marked with: defects and reasons."""
    span: Span = Span()
    """When it was received, or finished."""
    by: By = By.RECEIVED
    """What the span means, and the order."""


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A row's place in the list."""

    arrival: int
    """When it was received."""
    finished: int = 0
    """When it was finished, where that is the order."""

    def __str__(self) -> str:
        """As it stands in the address."""
        return f"{self.arrival}.{self.finished}" if self.finished else str(self.arrival)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in the list: after the rows that came before, or before those that came after."""

    before: Spot | None = None
    after: Spot | None = None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The whole question."""

    text: str
    """As typed."""
    said: Mapping[str, str]
    """All else that was asked, by its name in the address."""
    filters: Filters
    place: Place

    def query(self, **other: object) -> str:
        """The address's query with some things different; page places are left out."""
        return urlencode({k: v for k, v in {"q": self.text, **self.said, **other}.items() if v})


def understand(query: Mapping[str, str]) -> Asked:
    """Read the address bar. Raises ContentInvalid, naming what may be asked."""
    text = _printable(query, "q")
    chosen = {name: _choice(query, name, kind) for name, kind in CHOICES.items()}
    codes = {name: _printable(query, name) for name in CODES}
    dates = _dates(query)
    equal = {**codes, **chosen}
    marks = [defect_mark(Defect(chosen["defect"]))] if chosen["defect"] else []
    marks += [reason_mark(Reason(chosen["reason"]))] if chosen["reason"] else []
    by = By(dates["by"]) if dates["by"] else By.RECEIVED
    return Asked(
        text=text,
        said={name: value for name, value in {**equal, **dates}.items() if value},
        filters=Filters(
            words=tuple(words.plain(text).split()[:MAX_WORDS]),
            equal={COLUMNS[name]: v for name, v in equal.items() if v and name in COLUMNS},
            marks=tuple(marks),
            span=_span(dates),
            by=by,
        ),
        place=Place(before=_spot(query, "before"), after=_spot(query, "after")),
    )


def _printable(query: Mapping[str, str], name: str) -> str:
    said = query.get(name, "")
    return "".join(c if c.isprintable() else " " for c in said)[:MAX_TEXT].strip()


def _choice(query: Mapping[str, str], name: str, kind: type[StrEnum]) -> str:
    value = query.get(name, "")
    if value and value not in set(kind):
        raise ContentInvalid(f"{name} should be one of {', '.join(kind)}, got {value[:80]!r}")
    return value


def _dates(query: Mapping[str, str]) -> dict[str, str]:
    """Only together: a zone or an order without dates says nothing."""
    days = {name: query.get(name, "") for name in ("from", "to")}
    by = _choice(query, "by", By)
    zone = query.get("zone", "") if any(days.values()) else ""
    return {**days, "zone": zone, "by": by if by != By.RECEIVED else ""}


def _span(said: Mapping[str, str]) -> Span:
    try:
        zone = ZoneInfo(said["zone"] or "UTC")
    except (OSError, ValueError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise ContentInvalid(
            f"zone should be a time zone such as Europe/Berlin, got {said['zone'][:80]!r}"
        ) from error
    first, last = _day(said, "from"), _day(said, "to")
    if first and last and last < first:
        raise ContentInvalid(f"to should not be before from, got {first} to {last}")
    return Span(
        since=_beginning(first, zone) if first else None,
        until=_beginning(last + timedelta(days=1), zone) if last else None,
    )


def _day(said: Mapping[str, str], name: str) -> date | None:
    value = said[name]
    if not value:
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = date.min
    if not 1970 < day.year < 9999:
        raise ContentInvalid(f"{name} should be a day such as 2026-01-31, got {value[:80]!r}")
    return day


def _beginning(day: date, zone: ZoneInfo) -> int:
    return arrival_of(datetime.combine(day, time(), zone))


def _spot(query: Mapping[str, str], name: str) -> Spot | None:
    value = query.get(name, "")
    if not value:
        return None
    arrival, _, finished = value.partition(".")
    if not (_counts(arrival) and (_counts(finished) or not finished)):
        raise ContentInvalid(f"{name} should be a place in the list, got {value[:80]!r}")
    return Spot(arrival=int(arrival), finished=int(finished or 0))


def _counts(said: str) -> bool:
    return said.isascii() and said.isdigit() and len(said) < 20 and int(said) <= MAX_PLACE
