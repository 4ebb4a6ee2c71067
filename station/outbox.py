"""What the operator saw accepted is on disk, and stays until the server has it.

An inspection's photos become durable first, then its row; only after both does `accept` return.
A row leaves `pending` only by an acknowledgement that names its content, or by the server's
refusal, which keeps everything for a person. Rows are never deleted; photos are, once every
inspection that names them is acknowledged and no longer recent.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from models.records import Acknowledgement, Inspection
from station.errors import DiskNearlyFull, OutboxBusy, OutboxUnusable, PhotoLost
from station.files import PhotoFiles, Sync, make_folder, storage_error, sync, sync_folder
from station.ledger import Entry, Ledger, Tally

_MAX_WORDS = 500


def disk_free_bytes(folder: Path) -> int:
    """Free bytes of the disk that the folder lies on."""
    return shutil.disk_usage(folder).free


def files_of(inspection: Inspection) -> dict[str, str]:
    """Hash → media type of every file that travels with it, thumbnails first."""
    small = (photo.thumbnail_sha256 for photo in inspection.photos if photo.thumbnail_sha256)
    whole = {photo.sha256: photo.media_type for photo in inspection.photos}
    return dict.fromkeys(small, "image/jpeg") | whole


def _locked(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise OutboxBusy(
            f"Another station runs on {path.parent}; stop it, or set another SECONDLOOK_HOME."
        ) from error
    return descriptor


def _set_aside(photos: Path) -> None:
    """Photos without their database belong to one that somebody lost: not ours to delete."""
    if photos.is_dir() and any(photos.iterdir()):
        found = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        photos.rename(photos.with_name(f"photos-found-{found}"))


class Outbox:
    """The durable queue of one station; safe to use from several threads of one process."""

    def __init__(
        self,
        folder: Path,
        *,
        min_free_bytes: int = 0,
        keep_recent: int = 50,
        free_bytes: Callable[[Path], int] = disk_free_bytes,
        flush: Sync = sync,
    ) -> None:
        """Open or create it and put right what a crash left. Raises OutboxBusy, OutboxUnusable."""
        self._folder = folder
        self._min_free_bytes = min_free_bytes
        self._keep_recent = keep_recent
        self._free_bytes = free_bytes
        with contextlib.ExitStack() as undo:
            try:
                make_folder(folder, flush)
                self._lock = _locked(folder / "lock")
                undo.callback(os.close, self._lock)
                self._open(folder / "outbox.sqlite3", folder / "photos", flush)
            except OSError as error:
                raise storage_error(error) from error
            undo.pop_all()

    def _open(self, database: Path, photos: Path, flush: Sync) -> None:
        if not database.exists():
            _set_aside(photos)
        self._files = PhotoFiles(photos, flush)
        self._ledger = Ledger(database)
        # A new database's name has to be durable before the first row counts.
        sync_folder(database.parent, flush)
        self._put_right()

    def _put_right(self) -> None:
        self._files.clear_leftovers()
        there = self._files.hashes()
        for orphan in there - self._ledger.photos():
            self._files.remove(orphan)
        for inspection_id in self._ledger.pending_ids():
            if not files_of(self.inspection(inspection_id)).keys() <= there:
                self.refuse(inspection_id, "A photo is gone from this station's disk.")

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let go of the files; what was accepted is durable already."""
        self._ledger.close()
        os.close(self._lock)

    @property
    def version(self) -> int:
        """Rises with every change: who shows the outbox looks again then."""
        return self._ledger.version

    def free_bytes(self) -> int:
        """Free bytes of the disk that it lies on."""
        return self._free_bytes(self._folder)

    def has_room(self) -> bool:
        """Whether another item may be started; the limit leaves room to finish what was begun."""
        return self.free_bytes() >= self._min_free_bytes

    def accept(
        self, inspection: Inspection, files: Mapping[str, bytes], *, round_: int | None = None
    ) -> None:
        """Return once the inspection and its files are durable; a repeat changes nothing.

        `files`: hash → bytes of each photo and thumbnail that the inspection names; others are left
        out. `round_`: the replay's round, in which each return code is accepted only once.

        Raises DiskNearlyFull before anything is written, PhotoLost when a file lacks or is another,
        OutboxUnusable; after each of them the inspection was not accepted.
        """
        if not self.has_room():
            raise DiskNearlyFull
        wanted = files_of(inspection)
        if lacking := sorted(wanted.keys() - files.keys()):
            raise PhotoLost(f"Photo {lacking[0][:12]}… should come with its inspection.")
        # One piece with the sweep: a photo found on disk must not go before its new row names it.
        with self._ledger.guard:
            for sha256 in wanted:
                if self._files.keep(files[sha256]) != sha256:
                    raise PhotoLost(f"The bytes given for photo {sha256[:12]}… are not its own.")
            self._insert(inspection, wanted, round_)

    def _insert(
        self, inspection: Inspection, wanted: Mapping[str, str], round_: int | None
    ) -> None:
        twin = self._ledger.twin_sha256(inspection, round_)
        if twin is None:
            self._ledger.insert(inspection, wanted, round_, datetime.now(UTC))
        elif round_ is None and twin != inspection.content_sha256():
            raise OutboxUnusable(f"{inspection.inspection_id} was accepted with other content.")

    def pending_ids(self) -> list[str]:
        """Inspections that the server does not have yet, oldest first."""
        return self._ledger.pending_ids()

    def record(self, inspection_id: str) -> str:
        """The accepted JSON, letter by letter: what an older station accepted hashes as it was."""
        return self._ledger.record(inspection_id)

    def inspection(self, inspection_id: str) -> Inspection:
        """The accepted record."""
        return Inspection.from_json(self.record(inspection_id))

    def photo(self, sha256: str) -> bytes:
        """The bytes of a photo or thumbnail, compared with their hash. Raises PhotoLost."""
        return self._files.read(sha256)

    def acknowledge(self, told: Acknowledgement) -> None:
        """Settle an inspection by the server's word. Raises AcknowledgementWrong for other content."""
        self._ledger.acknowledge(told)
        with self._ledger.guard:
            for sha256 in self._ledger.forget_photos(self._keep_recent):
                self._files.remove(sha256)

    def refuse(self, inspection_id: str, words: str) -> None:
        """Keep it for a person, with the server's words."""
        self._ledger.refuse(inspection_id, words[:_MAX_WORDS])

    def retry_refused(self) -> int:
        """Put every refused inspection back in the queue; how many."""
        return self._ledger.retry_refused()

    def tally(self) -> Tally:
        """The outbox in numbers."""
        return self._ledger.tally()

    def recent(self, limit: int) -> tuple[Entry, ...]:
        """The newest entries, newest first."""
        return self._ledger.recent(limit)

    def last_round(self) -> tuple[int, frozenset[str]]:
        """The replay's newest round, 1 at first, and the return codes accepted in it."""
        return self._ledger.last_round()
