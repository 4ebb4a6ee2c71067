"""What the archive's pages show, and what people do there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import insert, select

from models.sealing import Original
from server import custody, tables
from server.archive import Room
from server.custody import Deletion, Hold, HoldEvent, Opening
from server.errors import Conflict, ContentInvalid, NothingThere, PhotoDeleted
from server.inventory import PhotoKind
from server.keeping import queries
from server.keeping.queries import Fault, Growth, Scrub
from server.keeping.rules import MAX_DAYS, Rules, Versioned
from server.parts import Parts
from server.progress import Job, JobKind, JobState

SHOWN = 50
MAX_REASON = 500
LOOK_LASTS = timedelta(hours=24)
"""What was looked at yesterday says nothing of what would be deleted today."""


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The archive's state on one page."""

    where: str
    room: Room
    growth: Growth
    last_scrub: Scrub | None
    open_scrub: Scrub | None
    """One that has not come to its end yet."""
    faults: tuple[Fault, ...]
    fault_count: int
    jobs: Mapping[JobKind, Job]
    """The newest of each kind."""
    may_remove: bool
    """Orphans were looked for lately, and some were found."""
    openings: tuple[Opening, ...]
    sealing_key: str


def overview(here: Parts) -> Overview:
    """Everything about the archive."""
    newest = {kind: job for kind in JobKind for job in here.jobs.listed(kind, most=1)}
    with here.database.reading() as connection:
        return Overview(
            where=here.settings.storage_url or str(here.settings.photos),
            room=here.archive.room(),
            growth=queries.growth(connection, here.clock()),
            last_scrub=queries.last_scrub(connection, finished=True),
            open_scrub=queries.last_scrub(connection, finished=False),
            faults=tuple(queries.open_faults(connection, SHOWN)),
            fault_count=queries.count_faults(connection),
            jobs=newest,
            may_remove=_looked(here, newest.get(JobKind.ORPHANS)) is not None,
            openings=tuple(custody.opening_history(connection, SHOWN)),
            sealing_key=here.sealer.newest,
        )


def _looked(here: Parts, job: Job | None) -> Job | None:
    """The last of its kind was a look that is fresh, and found something."""
    if job is None or job.state is not JobState.DONE or not job.result.get("dry"):
        return None
    fresh = job.started_at > here.clock() - LOOK_LASTS
    return job if fresh and job.result.get("photos") else None


def remove_orphans(here: Parts, by: str) -> None:
    """The second step. Raises Conflict where the first is missing or old, JobRuns."""
    if _looked(here, _newest(here, JobKind.ORPHANS)) is None:
        raise Conflict("Search for orphans first; what it found may be removed within a day.")
    here.jobs.start(JobKind.ORPHANS, by=by, arguments={"remove": True, "by": by})


def _newest(here: Parts, kind: JobKind) -> Job | None:
    return next(iter(here.jobs.listed(kind, most=1)), None)


@dataclass(frozen=True, kw_only=True)
class Retention:
    """The rules, what they would do, and what they did."""

    now: Versioned
    history: tuple[Versioned, ...]
    job: Job | None
    """The last look or deletion."""
    may_delete: bool
    """These very rules were looked at lately, and something would go."""
    deletions: tuple[Deletion, ...]


def retention(here: Parts) -> Retention:
    """The page of rules."""
    job = _newest(here, JobKind.RETENTION)
    with here.database.reading() as connection:
        now = queries.rules_in_force(connection)
        looked = _looked(here, job)
        return Retention(
            now=now,
            history=tuple(queries.rules_history(connection, SHOWN)),
            job=job,
            may_delete=looked is not None and looked.result.get("version") == now.version,
            deletions=tuple(custody.deletion_history(connection, SHOWN)),
        )


def edit_rules(here: Parts, days: Mapping[str, str], *, daily: bool, reason: str, by: str) -> None:
    """A new version of the rules. Raises ContentInvalid."""
    rules = Rules(
        days={kind: _days(days[kind]) for kind in PhotoKind if days.get(kind, "").strip()},
        daily=daily,
    )
    with here.database.writing() as connection:
        queries.add_rules(connection, rules, reason=checked_reason(reason), by=by, now=here.clock())


def _days(text: str) -> int:
    if not (text.strip().isascii() and text.strip().isdigit() and int(text) <= MAX_DAYS):
        raise ContentInvalid("Days should be a whole number from 0 to 36500, or empty for ever.")
    return int(text)


def delete_by_rules(here: Parts, by: str) -> None:
    """The second step. Raises Conflict where these rules were not looked at, JobRuns."""
    if not retention(here).may_delete:
        raise Conflict("Look first at what these rules would delete; that counts for a day.")
    here.jobs.start(JobKind.RETENTION, by=by, arguments={"delete": True, "by": by})


def checked_reason(text: str) -> str:
    """Raises ContentInvalid: what is written down for ever needs words."""
    reason = " ".join(text.replace("\0", " ").split())
    if not 3 <= len(reason) <= MAX_REASON:
        raise ContentInvalid("Give a reason in 3 to 500 letters.")
    return reason


def tell_hold(here: Parts, return_code: str, event: HoldEvent, *, reason: str, by: str) -> None:
    """Set or lift a return's legal hold. Raises ContentInvalid, Conflict."""
    code = " ".join(return_code.replace("\0", " ").split())
    if not 0 < len(code) <= 200:
        raise ContentInvalid("Name the return by its code, as it was scanned.")
    with here.database.writing() as connection:
        custody.alone_with_holds(connection)
        if (custody.hold_of(connection, code) is not None) == (event is HoldEvent.SET):
            raise Conflict("Somebody was quicker: this return's hold is already like that.")
        hold = Hold(
            return_code=code,
            event=event,
            reason=checked_reason(reason),
            told_by=by,
            told_at=here.clock(),
        )
        custody.add_hold(connection, hold)


def open_sealed(here: Parts, sha256: str, *, reason: str, by: str) -> Original:
    """The original as the camera gave it; that somebody looked is written down before they see it.

    Raises ContentInvalid, NothingThere, PhotoDeleted, PhotoDamaged, SealInvalid.
    """
    why, now = checked_reason(reason), here.clock()
    with here.database.reading() as connection:
        row = connection.execute(
            select(tables.photos).where(
                tables.photos.c.sha256 == sha256, tables.photos.c.kind == PhotoKind.SEALED
            )
        ).first()
    if row is None:
        raise NothingThere("There is no such photo.")
    if row.deleted_at is not None or (row.ends_at is not None and row.ends_at <= now):
        raise PhotoDeleted
    original = here.sealer.open(here.archive.read(sha256))
    with here.database.writing() as connection:
        connection.execute(
            insert(tables.openings).values(sha256=sha256, reason=why, opened_by=by, opened_at=now)
        )
    return original


def wanted(here: Parts, station: str) -> list[str]:
    """What that station should send again, if it still has it; that it asked is written down."""
    with here.database.writing() as connection:
        found = [fault.sha256 for fault in queries.open_faults(connection, 1000, station)]
        if found:
            queries.note_asked(connection, station, here.clock())
    return found
