"""Files without a row, and rows without a file: looked for first, removed only when somebody says so."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any

from server.custody import Deletion, add_deletions
from server.inventory import alone
from server.keeping import queries
from server.keeping.scrub import MISSING, note_fault
from server.parts import Parts
from server.progress import Progress, Unit, Work
from server.storage.base import Kept

GRACE = timedelta(hours=24)
"""Younger files may be photos whose row is being written, or copies that a restore is putting back."""
BATCH = 500
NAMED = 50
BY_RULE = f"orphan: a file without a row, older than {GRACE.total_seconds() / 3600:.0f} h"


def orphans(here: Parts, arguments: Mapping[str, Any]) -> Work:
    """Dry unless `remove`; `by` is written beside what is removed."""
    remove, by = bool(arguments.get("remove")), str(arguments.get("by", "command line"))

    def work(progress: Progress) -> Mapping[str, Any]:
        progress.plan(None, Unit.PHOTOS)
        found = {"dry": not remove, "photos": 0, "bytes": 0, "missing": 0, "too_young": 0}
        names: list[str] = []
        after = ""
        for files in _batches(here):
            last = files[-1].name
            for orphan in _without_row(here, files):
                _count(here, orphan, found, names)
                if remove and _old_enough(here, orphan):
                    _remove(here, orphan, by)
            found["missing"] += _without_file(here, files, after, last)
            after = last
            progress.advance(len(files), photos=found["photos"], missing=found["missing"])
        found["missing"] += _without_file(here, [], after, None)
        return found | {"names": names}

    return work


def _batches(here: Parts) -> Iterator[Sequence[Kept]]:
    files = here.archive.listed()
    while batch := list(islice(files, BATCH)):
        yield batch


def _without_row(here: Parts, files: Sequence[Kept]) -> list[Kept]:
    with here.database.reading() as connection:
        kept = queries.kept_among(connection, [file.name for file in files])
    return [file for file in files if file.name not in kept]


def _old_enough(here: Parts, file: Kept) -> bool:
    return file.modified_at < here.clock() - GRACE


def _count(here: Parts, orphan: Kept, found: dict[str, Any], names: list[str]) -> None:
    if not _old_enough(here, orphan):
        found["too_young"] += 1
        return
    found["photos"] += 1
    found["bytes"] += orphan.size_bytes
    if len(names) < NAMED:
        names.append(orphan.name)


def _remove(here: Parts, orphan: Kept, by: str) -> None:
    """While nobody may bring the same bytes: whoever is just bringing them sees the trace, and sends again."""
    with here.database.writing() as connection:
        alone(connection, [orphan.name])
        if queries.kept_among(connection, [orphan.name]):
            return
        record = Deletion(
            sha256=orphan.name,
            kind="orphan",
            size_bytes=orphan.size_bytes,
            rule=BY_RULE,
            deleted_by=by,
            deleted_at=here.clock(),
        )
        add_deletions(connection, [record])
        here.archive.storage.remove(orphan.name)


def _without_file(here: Parts, files: Sequence[Kept], after: str, until: str | None) -> int:
    """Rows in this stretch of hashes whose file is not among those listed; they are asked for again."""
    there, count = {file.name for file in files}, 0
    while True:
        with here.database.reading() as connection:
            rows = queries.rows_between(connection, after, until, BATCH)
        for row in rows:
            if row.sha256 not in there:
                count += _really_missing(here, row.sha256, row.station)
        if len(rows) < BATCH:
            return count
        after = rows[-1].sha256


def _really_missing(here: Parts, sha256: str, station: str) -> bool:
    """It may have come, or gone, since the listing was read."""
    with here.database.writing() as connection:
        alone(connection, [sha256])
        if not queries.kept_among(connection, [sha256]):
            return False
        if here.archive.storage.size_bytes(sha256) is not None:
            return False
        note_fault(here, connection, sha256, MISSING, station)
        return True
