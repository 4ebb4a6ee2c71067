"""What may not be deleted, and what was: legal holds and deletions, as every capability sees them."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Row, func, insert, select, text

from server.inventory import PhotoKind
from server.tables import deletions, holds, openings, photos, retention_rules

HOLDS_LOCK = 5_327_004
"""Any number that nobody else takes in the same database: whoever sets a hold or deletes takes it."""


class HoldEvent(StrEnum):
    """What happened to a hold."""

    SET = "set"
    LIFTED = "lifted"


@dataclass(frozen=True, kw_only=True)
class Hold:
    """One event of a return's legal hold; the newest counts."""

    return_code: str
    event: HoldEvent
    reason: str
    told_by: str
    told_at: datetime


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """The record of a photo that is gone."""

    sha256: str
    kind: PhotoKind | str
    """What it was kept for, or how it came to be removed: orphan, damaged."""
    size_bytes: int
    rule: str
    """Under which rule, as it is written down."""
    deleted_by: str
    deleted_at: datetime

    @property
    def days_and_version(self) -> tuple[int, int] | None:
        """What a rule of retention said, for telling it in the reader's language."""
        said = re.fullmatch(r"\w+: (\d+) days, rules version (\d+)", self.rule)
        return (int(said[1]), int(said[2])) if said else None


def alone_with_holds(connection: Connection) -> None:
    """Until the transaction ends, nobody sets a hold, and nobody else deletes."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": HOLDS_LOCK})


def add_hold(connection: Connection, hold: Hold) -> None:
    """Write down what happened."""
    connection.execute(
        insert(holds).values(
            return_code=hold.return_code,
            event=hold.event,
            reason=hold.reason,
            told_by=hold.told_by,
            told_at=hold.told_at,
        )
    )


def hold_of(connection: Connection, return_code: str) -> Hold | None:
    """The hold that a return is under now."""
    newest = connection.execute(
        select(holds)
        .where(holds.c.return_code == return_code)
        .order_by(holds.c.hold.desc())
        .limit(1)
    ).first()
    return _hold(newest) if newest and newest.event == HoldEvent.SET else None


def holds_in_force(connection: Connection) -> list[Hold]:
    """All returns that are held, the newest hold first."""
    last = select(func.max(holds.c.hold)).group_by(holds.c.return_code)
    rows = connection.execute(
        select(holds)
        .where(holds.c.hold.in_(last), holds.c.event == HoldEvent.SET)
        .order_by(holds.c.hold.desc())
    )
    return [_hold(row) for row in rows]


def hold_history(connection: Connection, most: int) -> list[Hold]:
    """The last events of all holds."""
    rows = connection.execute(select(holds).order_by(holds.c.hold.desc()).limit(most))
    return [_hold(row) for row in rows]


def _hold(row: Row[tuple[object, ...]]) -> Hold:
    return Hold(
        return_code=row.return_code,
        event=HoldEvent(row.event),
        reason=row.reason,
        told_by=row.told_by,
        told_at=row.told_at,
    )


def add_deletions(connection: Connection, several: Iterable[Deletion]) -> None:
    """Write down what goes, in the transaction that lets it go."""
    rows = [
        {
            "sha256": one.sha256,
            "kind": one.kind,
            "size_bytes": one.size_bytes,
            "rule": one.rule,
            "deleted_by": one.deleted_by,
            "deleted_at": one.deleted_at,
        }
        for one in several
    ]
    if rows:
        connection.execute(insert(deletions), rows)


def deleted(connection: Connection, sha256s: Collection[str]) -> Mapping[str, Deletion]:
    """Of these photos the ones that are gone, and why."""
    rows = connection.execute(
        select(deletions)
        .join(photos, photos.c.sha256 == deletions.c.sha256)
        .where(deletions.c.sha256.in_(list(sha256s)), photos.c.deleted_at.is_not(None))
        .order_by(deletions.c.deletion)
    )
    return {row.sha256: _deletion(row) for row in rows}


def deletion_history(connection: Connection, most: int) -> list[Deletion]:
    """The last deletions."""
    rows = connection.execute(select(deletions).order_by(deletions.c.deletion.desc()).limit(most))
    return [_deletion(row) for row in rows]


def _deletion(row: Row[tuple[object, ...]]) -> Deletion:
    return Deletion(
        sha256=row.sha256,
        kind=row.kind,
        size_bytes=row.size_bytes,
        rule=row.rule,
        deleted_by=row.deleted_by,
        deleted_at=row.deleted_at,
    )


def sealed(connection: Connection, sha256s: Collection[str]) -> Mapping[str, datetime | None]:
    """Of these sealed originals those that are there: hash → when they are destroyed."""
    rows = connection.execute(
        select(photos.c.sha256, photos.c.ends_at)
        .where(photos.c.sha256.in_(list(sha256s)), photos.c.kind == PhotoKind.SEALED)
        .where(photos.c.deleted_at.is_(None))
    )
    return {row.sha256: row.ends_at for row in rows}


@dataclass(frozen=True, kw_only=True)
class Opening:
    """Somebody looked at a sealed original."""

    sha256: str
    reason: str
    opened_by: str
    opened_at: datetime


def opening_history(connection: Connection, most: int) -> list[Opening]:
    """The last openings of sealed originals."""
    rows = connection.execute(select(openings).order_by(openings.c.opening.desc()).limit(most))
    return [
        Opening(
            sha256=row.sha256,
            reason=row.reason,
            opened_by=row.opened_by,
            opened_at=row.opened_at,
        )
        for row in rows
    ]


SEALED_DAYS = 90
"""What a sealed original is kept for where no rule says otherwise: a carrier's claim is open for 60 days."""


def sealed_days(connection: Connection) -> int:
    """How long a sealed original that comes now may stay; there is always an end."""
    newest = select(retention_rules.c.record).order_by(retention_rules.c.version.desc()).limit(1)
    record = connection.execute(newest).scalar()
    days = json.loads(record)["days"].get(PhotoKind.SEALED) if record else None
    return SEALED_DAYS if days is None else int(days)
