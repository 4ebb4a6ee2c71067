"""Photos under their own SHA-256: written once, safe before anyone hears of them, checked on reading."""

import hashlib
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import structlog

from server.errors import BodyTooLarge, DiskFull, HashDiffers, NothingThere, PhotoDamaged
from server.storage.base import Kept, Storage
from server.storage.full import disk_full_told

MEGABYTE = 10**6
_FORGOTTEN_S = 3600

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Room:
    """How full the disk is that photos arrive on."""

    total_bytes: int
    free_bytes: int
    reserve_bytes: int
    """Below this nothing more is accepted."""

    @property
    def usable_bytes(self) -> int:
        """What can still be accepted."""
        return max(self.free_bytes - self.reserve_bytes, 0)


class Incoming:
    """One photo on its way in; nothing can be found under its hash before `keep`."""

    def __init__(self, path: Path, file: BinaryIO, limit_bytes: int) -> None:
        """Take an empty open file and where it lies."""
        self.path = path
        self._file = file
        self._limit_bytes = limit_bytes
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    def write(self, *chunks: bytes) -> None:
        """Add bytes. Raises BodyTooLarge and DiskFull."""
        self.size_bytes += sum(map(len, chunks))
        if self.size_bytes > self._limit_bytes:
            raise BodyTooLarge(f"A photo may have {self._limit_bytes} bytes, not more.")
        with disk_full_told():
            for chunk in chunks:
                self._hash.update(chunk)
                self._file.write(chunk)

    def finish(self, sha256: str) -> None:
        """Compare the hash, and hand everything to the system. Raises HashDiffers, DiskFull."""
        if self._hash.hexdigest() != sha256:
            raise HashDiffers
        with disk_full_told():
            self._file.flush()


class Archive:
    """All photos that the server keeps, in whichever storage."""

    def __init__(
        self, storage: Storage, spool: Path, *, reserve_bytes: int, limit_bytes: int
    ) -> None:
        """Make the spool, the folder for what is on its way, where it is missing.

        For a storage in a folder the spool must lie on the same disk.
        """
        self.storage = storage
        self._spool = spool
        self._reserve_bytes = reserve_bytes
        self._limit_bytes = limit_bytes
        self._promised_bytes = 0
        self._lock = threading.Lock()
        spool.mkdir(parents=True, exist_ok=True)

    def sweep(self) -> None:
        """Drop what a crash left half-written; what is on its way in now is younger."""
        for left in self._spool.iterdir():
            if time.time() - left.stat().st_mtime > _FORGOTTEN_S:
                left.unlink(missing_ok=True)

    def holds(self, sha256: str, size_bytes: int) -> bool:
        """A file of that length is there; its content is checked whenever it is read."""
        return self.storage.size_bytes(sha256) == size_bytes

    def room(self) -> Room:
        """How much room there is for what arrives."""
        usage = shutil.disk_usage(self._spool)
        return Room(
            total_bytes=usage.total, free_bytes=usage.free, reserve_bytes=self._reserve_bytes
        )

    def make_sure_of_room(self, size_bytes: int) -> None:
        """Raises DiskFull while there is still room to do it properly."""
        room = self.room()
        needed = self._reserve_bytes + self._promised_bytes + size_bytes
        if room.free_bytes < needed:
            raise DiskFull(free_bytes=room.free_bytes, needed_bytes=needed)

    @contextmanager
    def promised(self, size_bytes: int) -> Iterator[None]:
        """Room for what is announced: many that arrive at once are counted together. Raises DiskFull."""
        with self._lock:
            self.make_sure_of_room(size_bytes)
            self._promised_bytes += size_bytes
        try:
            yield
        finally:
            with self._lock:
                self._promised_bytes -= size_bytes

    @contextmanager
    def incoming(self) -> Iterator[Incoming]:
        """A place for one photo to arrive at; whatever was not kept is gone afterwards."""
        draft = self._spool / secrets.token_hex(16)
        with disk_full_told():
            file = draft.open("xb")
        try:
            with file:
                yield Incoming(draft, file, self._limit_bytes)
        finally:
            draft.unlink(missing_ok=True)

    def keep(self, incoming: Incoming, sha256: str) -> None:
        """Give the photo its name; when this returns, it survives a power cut.

        Raises HashDiffers, DiskFull, StorageUnavailable.
        """
        incoming.finish(sha256)
        self.storage.put(sha256, incoming.path)

    def intact(self, sha256: str) -> bool:
        """The file is there and its content has this hash."""
        seen = hashlib.sha256()
        try:
            for block in self.storage.blocks(sha256):
                seen.update(block)
        except NothingThere:
            return False
        return seen.hexdigest() == sha256

    def read(self, sha256: str) -> bytes:
        """The photo's bytes, verified. Raises NothingThere, PhotoDamaged; damage is never served."""
        content = b"".join(self.storage.blocks(sha256))
        if hashlib.sha256(content).hexdigest() != sha256:
            log.error("photo damaged", sha256=sha256, path=self.storage.where(sha256))
            raise PhotoDamaged
        return content

    def listed(self, after: str = "") -> Iterator[Kept]:
        """All files, by their hash, beginning behind one."""
        return self.storage.listed(after)

    def __iter__(self) -> Iterator[str]:
        """The hashes of all files kept."""
        return (kept.name for kept in self.storage.listed())
