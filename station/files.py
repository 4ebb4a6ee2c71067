"""Photos on disk under the hash of their bytes, so that a power cut takes none that was kept."""

import errno
import fcntl
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from station.errors import DiskNearlyFull, OutboxUnusable, PhotoLost

_LEFTOVER = ".part"
_FULL = {errno.ENOSPC, errno.EDQUOT}

Sync = Callable[[int], None]


def sync(descriptor: int) -> None:
    """Return when the file or folder is on the medium itself."""
    # macOS: fsync stops at the drive's cache, F_FULLFSYNC goes through it (man 2 fsync there).
    full = getattr(fcntl, "F_FULLFSYNC", None)
    if full is None:
        os.fsync(descriptor)
    else:
        fcntl.fcntl(descriptor, full)


def sync_folder(folder: Path, flush: Sync = sync) -> None:
    """Return when the names in the folder are on the medium: a rename alone is not."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        flush(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, flush: Sync = sync) -> None:
    """Create the folder, readable by its owner only, and each parent that lacks, durably."""
    if not folder.is_dir():
        make_folder(folder.parent, flush)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent, flush)


def storage_error(error: OSError) -> DiskNearlyFull | OutboxUnusable:
    """The same trouble in the station's words."""
    if error.errno in _FULL:
        return DiskNearlyFull("The disk is full; make room, then go on.")
    return OutboxUnusable(f"The outbox cannot be written: {error}. Look at the disk.")


class PhotoFiles:
    """A flat folder of photos; one process uses it, and its methods do not run side by side."""

    def __init__(self, folder: Path, flush: Sync = sync) -> None:
        self._folder = folder
        self._flush = flush
        make_folder(folder, flush)

    def path(self, sha256: str) -> Path:
        """Where the photo of that hash lies or would lie."""
        return self._folder / sha256

    def keep(self, data: bytes) -> str:
        """Return the hash once the bytes are durable. Raises DiskNearlyFull, OutboxUnusable."""
        sha256 = hashlib.sha256(data).hexdigest()
        try:
            if not self._holds(sha256, data):
                self._write(sha256, data)
            # Also for a photo found there: the crash that left it may have come before this line.
            sync_folder(self._folder, self._flush)
        except OSError as error:
            raise storage_error(error) from error
        return sha256

    def _holds(self, sha256: str, data: bytes) -> bool:
        path = self.path(sha256)
        return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data

    def _write(self, sha256: str, data: bytes) -> None:
        leftover = self.path(sha256 + _LEFTOVER)
        try:
            with leftover.open("wb") as file:
                file.write(data)
                file.flush()
                self._flush(file.fileno())
            leftover.replace(self.path(sha256))
        except OSError:
            leftover.unlink(missing_ok=True)
            raise

    def read(self, sha256: str) -> bytes:
        """The photo's bytes, compared with their hash. Raises PhotoLost."""
        try:
            data = self.path(sha256).read_bytes()
        except OSError as error:
            raise PhotoLost(
                f"Photo {sha256[:12]}… cannot be read from this station's disk."
            ) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise PhotoLost(f"Photo {sha256[:12]}… has changed on this station's disk.")
        return data

    def remove(self, sha256: str) -> None:
        """Forget a photo; no durability is needed for that."""
        self.path(sha256).unlink(missing_ok=True)

    def hashes(self) -> set[str]:
        """All photos there are."""
        return {p.name for p in self._folder.iterdir() if len(p.name) == 64 and p.is_file()}

    def clear_leftovers(self) -> int:
        """Remove what a crash left half written; how many."""
        leftovers = list(self._folder.glob("*" + _LEFTOVER))
        for path in leftovers:
            path.unlink()
        return len(leftovers)
