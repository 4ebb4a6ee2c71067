"""What a snapshot says of itself, and how files come to be on the disk for certain."""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from server.errors import BackupUnusable, DiskFull
from server.storage.base import BLOCK_BYTES
from server.storage.folder import fsync
from server.storage.full import disk_full_told

FORMAT = 1
FILE = "manifest.json"
SNAPSHOTS = "snapshots"
PHOTOS = "photos"
TABLES = "tables"
KEYS = "keys"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """All that a restore needs to know, and to check."""

    format: int
    version: str
    """The program's, which took it."""
    revision: str
    """The schema's."""
    taken_at: str
    """The database's moment, ISO 8601 in UTC."""
    dialect: str
    """Which database it came from; it may go back into the other."""
    columns: dict[str, dict[str, str]]
    """Table → column → what its values are in the files: `plain`, `instant` or `bytes`."""
    rows: dict[str, int]
    """Table → number of rows."""
    files: dict[str, str]
    """Path below the snapshot → SHA-256, of tables and keys."""
    photos: int
    """How many photos the database names as kept."""
    photo_bytes: int
    """Their length together."""
    missing: tuple[str, ...]
    """Photos that the database names and the archive had not, intact, when it was taken."""


def write(manifest: Manifest, folder: Path) -> None:
    """The snapshot's last file: from now on it is a backup."""
    # Not sorted: a table's columns stand in the order of its rows' values.
    content = json.dumps(asdict(manifest), indent=1, ensure_ascii=False)
    with arriving(folder / FILE) as file:
        file.write(content.encode())


def read(folder: Path) -> Manifest:
    """Raises BackupUnusable."""
    try:
        said = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if said.get("format") != FORMAT:
            raise BackupUnusable(
                f"{folder} should be of format {FORMAT}, got {said.get('format')}; "
                "restore it with the version of Secondlook that took it."
            )
        return Manifest(**said | {"missing": tuple(said["missing"])})
    except OSError as error:
        raise BackupUnusable(f"{folder} is no backup: {error.strerror}: {FILE}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BackupUnusable(f"{folder / FILE} is damaged: {error}") from error


def newest(source: Path) -> Path:
    """The newest complete snapshot. Raises BackupUnusable."""
    complete = sorted(path.parent for path in (source / SNAPSHOTS).glob(f"*/{FILE}"))
    if not complete:
        raise BackupUnusable(f"{source} holds no complete backup.")
    return complete[-1]


@contextmanager
def arriving(path: Path, *, mode: int = 0o600) -> Iterator[BinaryIO]:
    """A file that is there whole, flushed, or not at all. Raises DiskFull."""
    draft = path.with_name(f".{path.name[:64]}.{secrets.token_hex(4)}.partial")
    with full_told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with draft.open("xb") as file:
                draft.chmod(mode)
                yield file
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            fsync(path.parent)
        finally:
            draft.unlink(missing_ok=True)


@contextmanager
def full_told(path: Path) -> Iterator[None]:
    """Says which disk is full. Raises DiskFull."""
    try:
        with disk_full_told():
            yield
    except DiskFull as error:
        raise BackupUnusable(
            f"The disk is full that {path.parent} lies on; what was there before is whole. "
            "Free some space, and repeat."
        ) from error


def sha256_of(path: Path) -> str:
    """Hash of a file. Raises BackupUnusable when it cannot be read."""
    seen = hashlib.sha256()
    try:
        with path.open("rb", buffering=0) as file:
            while block := file.read(BLOCK_BYTES):
                seen.update(block)
    except OSError as error:
        raise BackupUnusable(f"{path} cannot be read: {error.strerror}") from error
    return seen.hexdigest()
