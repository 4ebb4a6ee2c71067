"""SQL of keeping: rules, candidates, faults, scrubs, and how the archive grows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, insert, select, update

from server.database import insert_once
from server.inventory import PhotoKind
from server.keeping.rules import Candidate, Rules, Use, Versioned
from server.tables import (
    faults,
    inspection_photos,
    inspections,
    photos,
    reference_photos,
    retention_rules,
    scrubs,
)

GROWTH_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A photo that is damaged or missing, until the same bytes come again."""

    sha256: str
    kind: str
    """`damaged` or `missing`."""
    station: str
    """Who brought it, and is asked for it."""
    found_at: datetime
    asked_at: datetime | None
    """When that station last asked what it should send again."""


@dataclass(frozen=True, kw_only=True)
class Scrub:
    """One pass over all photos."""

    scrub: int
    reached: str
    """The last hash that was looked at."""
    photos: int
    bytes: int
    damaged: int
    missing: int
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Growth:
    """What is kept, and how fast it becomes more."""

    photos: int
    bytes: int
    bytes_per_day: float
    """Over the last week."""

    def days_left(self, usable_bytes: int) -> float | None:
        """Until the disk is full at this rate; none while nothing comes."""
        return usable_bytes / self.bytes_per_day if self.bytes_per_day else None


def rules_in_force(connection: Connection) -> Versioned:
    """The newest version of the rules."""
    return next(iter(rules_history(connection, 1)), Versioned(version=0, rules=Rules()))


def rules_history(connection: Connection, most: int) -> list[Versioned]:
    """Versions of the rules, the newest first."""
    newest = select(retention_rules).order_by(retention_rules.c.version.desc()).limit(most)
    return [
        Versioned(
            version=row.version,
            rules=Rules.from_json(row.record),
            reason=row.reason,
            edited_by=row.edited_by,
            edited_at=row.edited_at,
        )
        for row in connection.execute(newest)
    ]


def add_rules(connection: Connection, rules: Rules, *, reason: str, by: str, now: datetime) -> None:
    """A new version; the old ones stay."""
    connection.execute(
        insert(retention_rules).values(
            record=rules.to_json(), reason=reason, edited_by=by, edited_at=now
        )
    )


def live() -> Select[tuple[object, ...]]:
    """Photos that should be there, by hash."""
    found: Select[tuple[object, ...]] = select(photos).where(photos.c.deleted_at.is_(None))
    return found.order_by(photos.c.sha256)


def candidates(connection: Connection, after: str, most: int) -> list[Candidate]:
    """The next photos by hash, with all that they are kept for."""
    rows = connection.execute(live().where(photos.c.sha256 > after).limit(most)).all()
    return with_uses(connection, rows)


def candidates_of(connection: Connection, sha256s: Sequence[str]) -> list[Candidate]:
    """These photos as they are now, as far as they are still there."""
    rows = connection.execute(live().where(photos.c.sha256.in_(sha256s))).all()
    return with_uses(connection, rows)


def with_uses(connection: Connection, rows: Sequence[Row[tuple[object, ...]]]) -> list[Candidate]:
    """Put beside each photo who names it."""
    uses = _uses(connection, [row.sha256 for row in rows])
    return [
        Candidate(
            sha256=row.sha256,
            size_bytes=row.size_bytes,
            stored_at=row.stored_at,
            is_sealed=row.kind == PhotoKind.SEALED,
            ends_at=row.ends_at,
            uses=tuple(uses.get(row.sha256, ())),
        )
        for row in rows
    ]


def _uses(connection: Connection, sha256s: Sequence[str]) -> Mapping[str, list[Use]]:
    found: dict[str, list[Use]] = {}
    links = connection.execute(
        select(
            inspection_photos.c.sha256,
            inspection_photos.c.kind,
            inspections.c.received_at,
            inspections.c.return_code,
        )
        .join(inspections, inspections.c.inspection_id == inspection_photos.c.inspection_id)
        .where(inspection_photos.c.sha256.in_(sha256s))
    )
    for row in links:
        use = Use(kind=PhotoKind(row.kind), since=row.received_at, return_code=row.return_code)
        found.setdefault(row.sha256, []).append(use)
    shown = connection.execute(
        select(reference_photos.c.sha256, reference_photos.c.added_at).where(
            reference_photos.c.sha256.in_(sha256s), reference_photos.c.removed_at.is_(None)
        )
    )
    for sha256, added_at in shown:
        use = Use(kind=PhotoKind.REFERENCE, since=added_at)
        found.setdefault(sha256, []).append(use)
    return found


def mark_deleted(connection: Connection, sha256s: Sequence[str], now: datetime) -> None:
    """From now on nobody is shown these; their files go next."""
    connection.execute(
        update(photos)
        .where(photos.c.sha256.in_(sha256s), photos.c.deleted_at.is_(None))
        .values(deleted_at=now, removed_at=None)
    )


def leaving(connection: Connection, most: int) -> list[str]:
    """Photos that are deleted and whose files may still be there."""
    found = select(photos.c.sha256).where(_leaving()).limit(most)
    return list(connection.execute(found).scalars())


def still_leaving(connection: Connection, sha256s: Sequence[str]) -> list[str]:
    """Of these the ones that did not come back meanwhile."""
    found = select(photos.c.sha256).where(_leaving(), photos.c.sha256.in_(sha256s))
    return list(connection.execute(found).scalars())


def _leaving() -> ColumnElement[bool]:
    return and_(photos.c.deleted_at.is_not(None), photos.c.removed_at.is_(None))


def mark_removed(connection: Connection, sha256s: Sequence[str], now: datetime) -> None:
    """Their files are gone."""
    connection.execute(update(photos).where(photos.c.sha256.in_(sha256s)).values(removed_at=now))


def kept_among(connection: Connection, sha256s: Sequence[str]) -> set[str]:
    """Of these hashes the ones with a photo that should be there."""
    found = select(photos.c.sha256).where(
        photos.c.sha256.in_(sha256s), photos.c.deleted_at.is_(None)
    )
    return set(connection.execute(found).scalars())


def rows_between(
    connection: Connection, after: str, until: str | None, most: int
) -> list[Row[tuple[object, ...]]]:
    """Photos that should be there with a hash behind one, and up to another."""
    found = live().where(photos.c.sha256 > after).limit(most)
    if until is not None:
        found = found.where(photos.c.sha256 <= until)
    return list(connection.execute(found))


def growth(connection: Connection, now: datetime) -> Growth:
    """Read from an index alone: quick with millions."""
    whole = connection.execute(
        select(func.count(), func.sum(photos.c.size_bytes)).select_from(photos)
    ).one()
    lately = connection.execute(
        select(func.sum(photos.c.size_bytes)).where(
            photos.c.stored_at > now - timedelta(days=GROWTH_DAYS)
        )
    ).scalar()
    return Growth(
        photos=whole[0], bytes=int(whole[1] or 0), bytes_per_day=float(lately or 0) / GROWTH_DAYS
    )


def total_bytes(connection: Connection) -> int:
    """What all photos that should be there measure."""
    found = select(func.sum(photos.c.size_bytes)).where(photos.c.deleted_at.is_(None))
    return int(connection.execute(found).scalar() or 0)


def add_fault(
    connection: Connection, sha256: str, *, kind: str, station: str, now: datetime
) -> str:
    """Ask for it again; gives what it is known as: one set aside as damaged is not missing since."""
    fresh = {"kind": kind, "station": station, "found_at": now}
    if not insert_once(connection, faults, {"sha256": sha256, **fresh}):
        connection.execute(
            update(faults)
            .where(faults.c.sha256 == sha256, faults.c.repaired_at.is_not(None))
            .values(**fresh, repaired_at=None, asked_at=None)
        )
    known = select(faults.c.kind).where(faults.c.sha256 == sha256)
    return str(connection.execute(known).scalar_one())


def repair(connection: Connection, sha256s: Sequence[str], now: datetime) -> None:
    """These are whole, whoever did it."""
    connection.execute(
        update(faults)
        .where(faults.c.sha256.in_(sha256s), faults.c.repaired_at.is_(None))
        .values(repaired_at=now)
    )


def open_faults(connection: Connection, most: int, station: str | None = None) -> list[Fault]:
    """What is damaged or missing now, of all stations or of one."""
    found = (
        select(faults)
        .join(photos, photos.c.sha256 == faults.c.sha256)
        .where(faults.c.repaired_at.is_(None), photos.c.deleted_at.is_(None))
        .order_by(faults.c.found_at.desc(), faults.c.sha256)
        .limit(most)
    )
    if station is not None:
        found = found.where(faults.c.station == station)
    return [
        Fault(
            sha256=row.sha256,
            kind=row.kind,
            station=row.station,
            found_at=row.found_at,
            asked_at=row.asked_at,
        )
        for row in connection.execute(found)
    ]


def count_faults(connection: Connection) -> int:
    """How many are damaged or missing now."""
    found = (
        select(func.count())
        .select_from(faults.join(photos, photos.c.sha256 == faults.c.sha256))
        .where(faults.c.repaired_at.is_(None), photos.c.deleted_at.is_(None))
    )
    return int(connection.execute(found).scalar_one())


def note_asked(connection: Connection, station: str, now: datetime) -> None:
    """That station has heard what it should send again."""
    connection.execute(
        update(faults)
        .where(faults.c.station == station, faults.c.repaired_at.is_(None))
        .values(asked_at=now)
    )


def last_scrub(connection: Connection, *, finished: bool) -> Scrub | None:
    """The newest complete one, or the newest that is not complete yet."""
    found = select(scrubs).order_by(scrubs.c.scrub.desc()).limit(1)
    done = scrubs.c.finished_at
    row = connection.execute(found.where(done.is_not(None) if finished else done.is_(None))).first()
    return Scrub(**row._mapping) if row else None  # noqa: SLF001 - a row as a mapping, publicly


def begin_scrub(connection: Connection, now: datetime) -> Scrub:
    """A new pass from the beginning."""
    nothing = {"reached": "", "photos": 0, "bytes": 0, "damaged": 0, "missing": 0}
    row = connection.execute(
        insert(scrubs).values(**nothing, started_at=now).returning(scrubs)
    ).one()
    return Scrub(**row._mapping)  # noqa: SLF001 - a row as a mapping, publicly


def note_scrub(connection: Connection, scrub: Scrub) -> None:
    """How far it came."""
    connection.execute(
        update(scrubs)
        .where(scrubs.c.scrub == scrub.scrub)
        .values(
            reached=scrub.reached,
            photos=scrub.photos,
            bytes=scrub.bytes,
            damaged=scrub.damaged,
            missing=scrub.missing,
            finished_at=scrub.finished_at,
        )
    )
