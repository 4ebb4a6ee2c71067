"""Take a snapshot while the server runs: one moment of the database, then the photos that it names."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import Connection, func, select

from server import migrations
from server.archive import Archive
from server.backup import manifest as manifests
from server.backup import rows
from server.backup.manifest import KEYS, PHOTOS, SNAPSHOTS, TABLES, Manifest
from server.database import Database
from server.errors import BackupUnusable, NothingThere, PhotoDamaged
from server.progress import Progress, Unit
from server.settings import Settings
from server.storage.folder import Folder
from server.tables import metadata, photos

NOT_KEYS = re.compile(r"secondlook\.db.*|migrate\.lock|restoring|.*\.log(\.\d+)?|\..*")
NOT_KEYS_BELOW = ("photos", "spool")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Source:
    """What is backed up."""

    settings: Settings
    database: Database
    archive: Archive
    version: str
    clock: Callable[[], datetime]


def take(source: Source, target: Path, progress: Progress) -> dict[str, object]:
    """Take one; gives facts for people. Raises BackupUnusable, JobStopped."""
    now = source.clock()
    folder = target / SNAPSHOTS / now.strftime("%Y%m%dT%H%M%SZ")
    if folder.exists():
        raise BackupUnusable(f"{folder} is there already; repeat in a second.")
    _make_sure_of_a_place(source, target)
    _sweep(target)
    files = _keys(source.settings.folder, folder / KEYS)
    with source.database.reading(unhurried=True) as connection:
        counts = _tables(connection, folder / TABLES, progress)
        photo_count, photo_bytes, missing = _photos(connection, source.archive, target, progress)
    files |= {f"{TABLES}/{name}.jsonl.gz" for name in counts}
    manifest = Manifest(
        format=manifests.FORMAT,
        version=source.version,
        revision=migrations.newest(),
        taken_at=now.isoformat(),
        dialect=source.database.dialect,
        columns=rows.kinds(),
        rows=counts,
        files={name: manifests.sha256_of(folder / name) for name in sorted(files)},
        photos=photo_count,
        photo_bytes=photo_bytes,
        missing=tuple(missing),
    )
    manifests.write(manifest, folder)
    return {"snapshot": str(folder), "photos": photo_count, "missing": len(missing)}


def _make_sure_of_a_place(source: Source, target: Path) -> None:
    if migrations.revision(source.database) != migrations.newest():
        raise BackupUnusable("The database has another version's schema; use that version.")
    home = source.settings.folder.resolve()
    if target.resolve().is_relative_to(home) or home.is_relative_to(target.resolve()):
        raise BackupUnusable(f"A backup should lie outside of {home}, best on another disk.")
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BackupUnusable(f"{target} cannot be written: {error.strerror}") from error


def _sweep(target: Path) -> None:
    """What a killed backup left half-written; photos that it had copied stay."""
    for left in (target / PHOTOS).glob("*/*/.*.partial"):
        left.unlink(missing_ok=True)


def _keys(home: Path, target: Path) -> set[str]:
    """Whatever else lies in the server's folder: what it signs and opens with."""
    taken = set()
    for path in sorted(home.rglob("*")):
        below = path.relative_to(home)
        if below.parts[0] in NOT_KEYS_BELOW or NOT_KEYS.fullmatch(path.name) or not path.is_file():
            continue
        with manifests.arriving(target / below) as file:
            file.write(path.read_bytes())
        taken.add(f"{KEYS}/{below}")
    return taken


def _tables(connection: Connection, folder: Path, progress: Progress) -> dict[str, int]:
    progress.plan(sum(rows.counts(connection).values()), Unit.ROWS)
    return {
        table.name: rows.dump(
            connection, table, folder / f"{table.name}.jsonl.gz", progress.advance
        )
        for table in metadata.sorted_tables
    }


def _photos(
    connection: Connection, archive: Archive, target: Path, progress: Progress
) -> tuple[int, int, list[str]]:
    """Copy each that the moment names and the target has not; gives count, bytes, and those missing."""
    kept = photos.c.deleted_at.is_(None) & photos.c.removed_at.is_(None)
    named = select(photos.c.sha256, photos.c.size_bytes).where(kept).order_by(photos.c.sha256)
    count = size_bytes = 0
    missing = []
    copies = Folder(target / PHOTOS)
    total = connection.execute(select(func.count()).select_from(photos).where(kept)).scalar_one()
    progress.plan(total, Unit.PHOTOS)
    for row in connection.execution_options(yield_per=rows.BATCH).execute(named):
        count, size_bytes = count + 1, size_bytes + row.size_bytes
        has = copies.size_bytes(row.sha256) == row.size_bytes
        if not has and not _copied(archive, row.sha256, copies.path(row.sha256)):
            missing.append(row.sha256)
        progress.advance(missing=len(missing))
    return count, size_bytes, missing


def _copied(archive: Archive, sha256: str, target: Path) -> bool:
    """Only what has its hash becomes part of a backup."""
    seen = hashlib.sha256()
    try:
        with manifests.arriving(target) as file:
            for block in archive.storage.blocks(sha256):
                seen.update(block)
                file.write(block)
            if seen.hexdigest() != sha256:
                raise PhotoDamaged  # noqa: TRY301 - what is thrown away is the draft around it
    except (NothingThere, PhotoDamaged) as error:
        where = archive.storage.where(sha256)
        log.warning("photo not backed up", sha256=sha256, where=where, error=str(error))
        return False
    return True
