"""Bring a snapshot back into an empty home, and look whether all of it is there."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.util.exc import CommandError
from sqlalchemy import Connection, inspect, select

from server import migrations, words
from server.archive import Archive
from server.backup import manifest as manifests
from server.backup import rows
from server.backup.manifest import KEYS, PHOTOS, TABLES, Manifest
from server.chain import GENESIS, Link, earlier, sha256
from server.database import Database
from server.errors import BackupUnusable, DatabaseUnusable, DiskFull, Refused
from server.progress import Progress, Unit
from server.settings import Settings, keep_private
from server.storage.base import BLOCK_BYTES
from server.storage.folder import Folder
from server.tables import chain, decisions, metadata, photos, standings


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One backup, as it lies there."""

    source: Path
    """Where photos of all snapshots lie."""
    folder: Path
    manifest: Manifest


def find(source: Path) -> Snapshot:
    """The newest complete one. Raises BackupUnusable."""
    folder = source if (source / manifests.FILE).exists() else manifests.newest(source)
    root = folder.parent.parent
    return Snapshot(source=root, folder=folder, manifest=manifests.read(folder))


def check(snapshot: Snapshot, progress: Progress) -> None:
    """Compare each file of the snapshot with its hash. Raises BackupUnusable."""
    progress.plan(len(snapshot.manifest.files), Unit.FILES)
    for name, expected in snapshot.manifest.files.items():
        if manifests.sha256_of(snapshot.folder / name) != expected:
            raise BackupUnusable(f"{snapshot.folder / name} is damaged; take another snapshot.")
        progress.advance()


def make_sure_of_an_empty_home(settings: Settings) -> None:
    """Nothing is ever overwritten. Raises BackupUnusable."""
    left = (
        [p for p in settings.folder.glob("*") if p.name != "migrate.lock"]
        if settings.folder.exists()
        else []
    )
    if left:
        raise BackupUnusable(
            f"{settings.folder} holds {left[0].name}; restore into an empty home, or move it away."
        )


def bring_keys(snapshot: Snapshot, settings: Settings) -> None:
    """What signs and opens, readable by its owner only; before the database, which needs it."""
    for name in snapshot.manifest.files:
        kind, _, below = name.partition("/")
        if kind == KEYS:
            keep_private(settings.folder / below, (snapshot.folder / name).read_bytes())


def bring_rows(snapshot: Snapshot, database: Database, progress: Progress) -> None:
    """All rows in one transaction, then on to this version's schema. Raises BackupUnusable."""
    manifest = snapshot.manifest
    if migrations.begun(database):
        raise BackupUnusable("The database is not empty; restore into a new one.")
    progress.plan(sum(manifest.rows.values()), Unit.ROWS)
    try:
        with database.writing() as connection:
            migrations.unhurried(connection)
            command.upgrade(migrations.config(connection), manifest.revision)
            rows.load(connection, snapshot.folder / TABLES, manifest, progress.advance)
            _make_findable(connection)
    except DiskFull as error:
        raise BackupUnusable("The database's disk is full; nothing was restored.") from error
    except Refused as error:
        raise BackupUnusable(f"The rows cannot be restored: {error}") from error
    except CommandError as error:
        raise DatabaseUnusable(
            f"The backup was taken by a newer version of Secondlook ({manifest.version}); use that one."
        ) from error


def _make_findable(connection: Connection) -> None:
    """The index of the free text is no table of ours: it is made again from what it indexes."""
    if not inspect(connection).has_table("standing_words"):
        return
    found = connection.execute(select(standings.c.arrival, standings.c.search_text))
    for row in found.all():
        words.add(connection, row.arrival, row.search_text)


def bring_photos(
    snapshot: Snapshot, database: Database, archive: Archive, progress: Progress
) -> list[str]:
    """Copy what the database names, by hash; gives those that the backup lacks or has damaged."""
    copies, lacking = Folder(snapshot.source / PHOTOS), []
    progress.plan(snapshot.manifest.photos, Unit.PHOTOS)
    for name, size_bytes in _named(database):
        if not (archive.holds(name, size_bytes) or _brought(copies.path(name), name, archive)):
            lacking.append(name)
        progress.advance(lacking=len(lacking))
    return [name for name in lacking if name not in snapshot.manifest.missing]


def _named(database: Database) -> Iterator[tuple[str, int]]:
    kept = photos.c.deleted_at.is_(None) & photos.c.removed_at.is_(None)
    named = select(photos.c.sha256, photos.c.size_bytes).where(kept).order_by(photos.c.sha256)
    with database.reading(unhurried=True) as connection:
        for row in connection.execution_options(yield_per=rows.BATCH).execute(named):
            yield row.sha256, row.size_bytes


def _brought(copy: Path, name: str, archive: Archive) -> bool:
    try:
        with copy.open("rb") as file, archive.incoming() as incoming:
            while block := file.read(BLOCK_BYTES):
                incoming.write(block)
            archive.keep(incoming, name)
    except DiskFull as error:
        raise BackupUnusable(
            "The archive's disk is full; free some space, empty the home, repeat."
        ) from error
    except (FileNotFoundError, Refused):
        return False
    return True


def verify(
    snapshot: Snapshot, database: Database, archive: Archive, progress: Progress
) -> list[str]:
    """Read everything that was restored again; gives what is wrong, in words."""
    wrong = []
    with database.reading(unhurried=True) as connection:
        seen = rows.counts(connection)
        wrong += [
            f"table {name} should have {count} rows, has {seen.get(name)}"
            for name, count in snapshot.manifest.rows.items()
            if name in metadata.tables and seen.get(name) != count
        ]
        wrong += broken_links(connection)
    progress.plan(snapshot.manifest.photos, Unit.PHOTOS)
    for name, _ in _named(database):
        if not archive.intact(name):
            wrong.append(f"photo {name} is missing or damaged")
        progress.advance(wrong=len(wrong))
    return wrong


def broken_links(connection: Connection) -> Iterator[str]:
    """Each entry of the chain has the hash that its place, content and predecessors give; each decision is in it."""
    known = {0: GENESIS}
    for row in connection.execute(select(chain).order_by(chain.c.position)):
        link = Link(
            position=row.position,
            previous=known.get(row.position - 1, ""),
            skip=known.get(earlier(row.position), ""),
            content_sha256=sha256(row.content),
        )
        known[row.position] = row.sha256
        if link.sha256 != row.sha256:
            yield f"entry {row.position} of the chain does not fit"
    found = select(decisions.c.decision_id, decisions.c.record, chain.c.content).outerjoin(
        chain, (chain.c.name == decisions.c.decision_id) & (chain.c.kind == "decision")
    )
    for row in connection.execute(found):
        if row.content is None or json.loads(row.content)["record"] != sha256(row.record):
            yield f"decision {row.decision_id} is not what the chain says"
