"""Photos in a folder on disk: `ab/cd/abcd…`, flushed before anyone hears of them."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from server.errors import NothingThere
from server.storage.base import BLOCK_BYTES, NAME, Kept
from server.storage.full import disk_full_told

QUARANTINE = ".quarantine"


class Folder:
    """A tree of folders, two levels of two digits: at ten million photos each holds about 150."""

    def __init__(self, root: Path) -> None:
        """Make nothing yet: looking for photos must not leave a folder behind."""
        self.root = root
        # Folders whose own names this process knows to be on the disk.
        self._named: set[Path] = set()

    def path(self, name: str) -> Path:
        """Where that photo lies or would lie."""
        return self.root / name[:2] / name[2:4] / name

    def where(self, name: str) -> str:
        """Its path."""
        return str(self.path(name))

    def put(self, name: str, draft: Path) -> None:
        """Flush, rename, flush the folders: in this order it is there whole or not at all."""
        target = self.path(name)
        with disk_full_told():
            fsync(draft)
            target.parent.mkdir(parents=True, exist_ok=True)
            # A kept file has the same content, or is damaged and gets repaired: replacing is safe.
            draft.replace(target)
            self._flush(target.parent)

    def _flush(self, folder: Path) -> None:
        fsync(folder)
        while folder != self.root and folder not in self._named:
            # Somebody else may have made it and not flushed its name yet: once, ourselves.
            fsync(folder.parent)
            self._named.add(folder)
            folder = folder.parent

    def size_bytes(self, name: str) -> int | None:
        """Length of the file."""
        try:
            return self.path(name).stat().st_size
        except FileNotFoundError:
            return None

    def blocks(self, name: str) -> Iterator[bytes]:
        """The content in pieces. Raises NothingThere."""
        try:
            file = self.path(name).open("rb", buffering=0)
        except FileNotFoundError:
            raise NothingThere("There is no such photo.") from None
        with file:
            while block := file.read(BLOCK_BYTES):
                yield block

    def set_aside(self, name: str) -> None:
        """Rename it into the quarantine."""
        aside = self.root / QUARANTINE
        aside.mkdir(exist_ok=True)
        try:
            self.path(name).replace(aside / name)
        except FileNotFoundError:
            return
        fsync(aside)
        fsync(self.path(name).parent)

    def remove(self, name: str) -> None:
        """Unlink it, and flush: what was deleted must not come back with a power cut."""
        try:
            self.path(name).unlink()
        except FileNotFoundError:
            return
        fsync(self.path(name).parent)

    def listed(self, after: str = "") -> Iterator[Kept]:
        """Folder by folder, so that a million photos are never in memory at once."""
        if not self.root.exists():
            return
        for first in _folders(self.root, after[:2]):
            for second in _folders(first, after[2:4] if first.name == after[:2] else ""):
                yield from _files(second, after)


def _folders(within: Path, at_least: str) -> Iterator[Path]:
    names = sorted(entry.name for entry in os.scandir(within) if len(entry.name) == 2)
    return (within / name for name in names if name >= at_least)


def _files(folder: Path, after: str) -> Iterator[Kept]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name > after and NAME.fullmatch(entry.name):
            try:
                facts = entry.stat()
            except FileNotFoundError:
                continue  # removed while the folder was read
            modified_at = datetime.fromtimestamp(facts.st_mtime, UTC)
            yield Kept(name=entry.name, size_bytes=facts.st_size, modified_at=modified_at)


def fsync(path: Path) -> None:
    """Wait until the disk has it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
