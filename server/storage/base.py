"""What every storage can do, and no more: an interface as wide as its narrowest implementation."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

BLOCK_BYTES = 1 << 20
"""Read in pieces of this size: large enough to be quick, small enough for many readers at once."""
NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One file as the storage lists it."""

    name: str
    """The SHA-256 of what it should hold."""
    size_bytes: int
    modified_at: datetime
    """By the storage's own clock."""


class Storage(Protocol):
    """Files under their SHA-256, written whole and never changed.

    All of it raises StorageUnavailable when the storage does not answer, and DiskFull when it has
    no room.
    """

    def put(self, name: str, draft: Path) -> None:
        """Take the draft's content under that name; when this returns, it is safe. The draft may be gone."""

    def size_bytes(self, name: str) -> int | None:
        """Length of the file, none where there is none."""

    def blocks(self, name: str) -> Iterator[bytes]:
        """The content in pieces. Raises NothingThere, at the first piece."""

    def set_aside(self, name: str) -> None:
        """Keep it for looking into, where nobody takes it for the photo; nothing where it is gone."""

    def remove(self, name: str) -> None:
        """Remove it; nothing where it is gone."""

    def listed(self, after: str = "") -> Iterator[Kept]:
        """All files by name, ascending, beginning behind `after`."""

    def where(self, name: str) -> str:
        """Where people find that file."""
