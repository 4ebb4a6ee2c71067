"""Photos on disk under their own SHA-256: written once, flushed before anyone hears of it, checked on reading."""

import errno
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import structlog

from server.errors import BodyTooLarge, DiskFull, HashDiffers, NothingThere, PhotoDamaged

MEGABYTE = 10**6
_BLOCK_BYTES = 1 << 20
_INCOMING = ".incoming"
_FORGOTTEN_S = 3600

log = structlog.get_logger(__name__)


class Incoming:
    """One photo on its way in; nothing can be found under its hash before `keep`."""

    def __init__(self, path: Path, file: BinaryIO, limit_bytes: int) -> None:
        """Take an empty open file and where it lies."""
        self.path = path
        self._file = file
        self._limit_bytes = limit_bytes
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    def write(self, chunk: bytes) -> None:
        """Add bytes. Raises BodyTooLarge and DiskFull."""
        self.size_bytes += len(chunk)
        if self.size_bytes > self._limit_bytes:
            raise BodyTooLarge(f"A photo may have {self._limit_bytes} bytes, not more.")
        self._hash.update(chunk)
        with _disk_full_told():
            self._file.write(chunk)

    def flush(self, sha256: str) -> None:
        """Compare the hash, then wait for the disk. Raises HashDiffers."""
        if self._hash.hexdigest() != sha256:
            raise HashDiffers
        with _disk_full_told():
            self._file.flush()
            os.fsync(self._file.fileno())


class Archive:
    """All photos that the server keeps."""

    def __init__(self, root: Path, *, reserve_bytes: int, limit_bytes: int) -> None:
        """Make the folder where it is missing."""
        self._root = root
        self._reserve_bytes = reserve_bytes
        self._limit_bytes = limit_bytes
        self._incoming = root / _INCOMING
        self._incoming.mkdir(parents=True, exist_ok=True)

    def sweep(self) -> None:
        """Drop what a crash left half-written; what is on its way in now is younger."""
        for left in self._incoming.iterdir():
            if time.time() - left.stat().st_mtime > _FORGOTTEN_S:
                left.unlink(missing_ok=True)

    def path(self, sha256: str) -> Path:
        """Where that photo lies or would lie; the hash must be 64 hex digits, checked at the seam."""
        return self._root / sha256[:2] / sha256[2:4] / sha256

    def holds(self, sha256: str, size_bytes: int) -> bool:
        """A file of that length is there; its content is checked whenever it is read."""
        try:
            return self.path(sha256).stat().st_size == size_bytes
        except FileNotFoundError:
            return False

    def make_sure_of_room(self, size_bytes: int) -> None:
        """Raises DiskFull while there is still room to do it properly."""
        if shutil.disk_usage(self._root).free < self._reserve_bytes + size_bytes:
            raise DiskFull

    @contextmanager
    def incoming(self) -> Iterator[Incoming]:
        """A place for one photo to arrive at; whatever was not kept is gone afterwards."""
        draft = self._incoming / secrets.token_hex(16)
        with _disk_full_told():
            file = draft.open("xb")
        try:
            with file:
                yield Incoming(draft, file, self._limit_bytes)
        finally:
            draft.unlink(missing_ok=True)

    def keep(self, incoming: Incoming, sha256: str) -> None:
        """Give the photo its name; when this returns, it survives a power cut. Raises HashDiffers, DiskFull."""
        incoming.flush(sha256)
        target = self.path(sha256)
        with _disk_full_told():
            target.parent.mkdir(parents=True, exist_ok=True)
            # A kept file has the same content, or is damaged and gets repaired: replacing is safe.
            incoming.path.replace(target)
            # Every level, every time: another thread may have made a folder and not flushed it yet.
            for folder in (target.parent, target.parent.parent, self._root):
                _fsync_folder(folder)

    def intact(self, sha256: str) -> bool:
        """The file is there and its content has this hash."""
        try:
            return _sha256_of(self.path(sha256)) == sha256
        except FileNotFoundError:
            return False

    def read(self, sha256: str) -> bytes:
        """The photo's bytes, verified. Raises NothingThere, PhotoDamaged; damage is never served."""
        try:
            content = self.path(sha256).read_bytes()
        except FileNotFoundError:
            raise NothingThere("There is no such photo.") from None
        if hashlib.sha256(content).hexdigest() != sha256:
            log.error("photo damaged", sha256=sha256, path=str(self.path(sha256)))
            raise PhotoDamaged
        return content

    def __iter__(self) -> Iterator[str]:
        """The hashes of all files kept."""
        yield from (path.name for path in sorted(self._root.glob("[0-9a-f][0-9a-f]/*/*")))


@contextmanager
def _disk_full_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull from error
        raise


def _sha256_of(path: Path) -> str:
    seen = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            seen.update(block)
    return seen.hexdigest()


def _fsync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
