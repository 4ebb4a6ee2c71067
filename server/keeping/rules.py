"""How long photos are kept, and which have to go. Pure: rules and uses in, a reason or none out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import Field

from models.record import Record
from server.custody import SEALED_DAYS
from server.inventory import PhotoKind

MAX_DAYS = 36_500


class Rules(Record):
    """Days that each kind of photo is kept; a kind without a number is kept for ever."""

    days: Mapping[PhotoKind, int] = Field(default_factory=lambda: {PhotoKind.SEALED: SEALED_DAYS})
    daily: bool = False
    """Applied every day by the server itself; else only when somebody says so."""


@dataclass(frozen=True, kw_only=True)
class Versioned:
    """Rules with their number; 0 is what the server ships with."""

    version: int
    rules: Rules
    reason: str = ""
    edited_by: str = ""
    edited_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Use:
    """One thing that a photo is kept for."""

    kind: PhotoKind
    since: datetime
    return_code: str | None = None
    """The return that it belongs to; none for a reference."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A kept photo, and all that it is kept for."""

    sha256: str
    size_bytes: int
    stored_at: datetime
    is_sealed: bool
    ends_at: datetime | None
    """A sealed original's end, fixed when it came."""
    uses: Sequence[Use]

    @property
    def all_uses(self) -> Sequence[Use]:
        """What nobody has named yet is unclaimed since it came."""
        kind = PhotoKind.SEALED if self.is_sealed else PhotoKind.UNCLAIMED
        return self.uses or (Use(kind=kind, since=self.stored_at),)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Why a photo goes."""

    kind: PhotoKind
    rule: str
    """What is written beside its hash for ever."""


def due(one: Candidate, rules: Versioned, held: frozenset[str], now: datetime) -> Verdict | None:
    """Whether it goes: only when everything that it is kept for is over, and nothing holds it."""
    if any(use.return_code in held for use in one.uses):
        return None
    if one.is_sealed and one.ends_at is not None and one.ends_at <= now:
        return Verdict(kind=PhotoKind.SEALED, rule=f"sealed until {one.ends_at:%Y-%m-%d}")
    ends = [(_end(use, rules.rules), use) for use in one.all_uses]
    last, use = max(ends, key=lambda pair: pair[0] or datetime.max.replace(tzinfo=now.tzinfo))
    if last is None or last > now:
        return None
    days = rules.rules.days[use.kind]
    return Verdict(kind=use.kind, rule=f"{use.kind}: {days} days, rules version {rules.version}")


def _end(use: Use, rules: Rules) -> datetime | None:
    days = rules.days.get(use.kind)
    return None if days is None else use.since + timedelta(days=days)


def only_ended(rules: Versioned) -> Versioned:
    """What the server applies by itself where nobody has allowed more: the fixed ends of sealed originals."""
    return Versioned(version=rules.version, rules=Rules(days={}))
