"""Reference photos from a list: a CSV of SKU, shot and file name, and the files in a ZIP or in a folder.

A ZIP is read entry by entry, each only as far as a photo may go, whatever its directory promises; names
are compared, never used as paths.
"""

import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import TypeAdapter, ValidationError

from models.supply import ReturnCode
from models.vocabulary import Language, Shot
from models.wording import word
from server.complaints import Complained, Complaint, FileRefused
from server.sheets import Sheet, open_sheet

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "sku": ("sku", "article", "article number", "sku编码", "商品编码", "商品编号", "货号"),
    "shot": ("shot", "view", "视角", "拍摄面"),
    "file": ("file", "file name", "photo", "文件", "文件名", "图片"),
}
"""Field → headings that mean it."""
MAX_ENTRIES = 10_000
"""Files in one ZIP; more are a folder's job on the command line."""

Open = Callable[[str], bytes]
"""A file's name → its bytes, at most one more than a photo may have. Raises Complained."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One row of the list."""

    line: int
    sku: str
    shot: Shot
    file: str


def wanted(sheet: Sheet) -> Iterator[Wanted | tuple[int, Complained]]:
    """The rows of a list, or their line and what is wrong. Raises FileRefused."""
    for line, cells in sheet.rows():
        said = {f: c.strip() for f, c in zip(sheet.fields, cells, strict=False) if f}
        try:
            yield Wanted(
                line=line,
                sku=sku_of(said.get("sku", "")),
                shot=_shot(said.get("shot", "")),
                file=_file(said.get("file", "")),
            )
        except Complained as error:
            yield line, error


def read_list(content: bytes) -> Sheet:
    """The list itself. Raises FileRefused."""
    return open_sheet(content, COLUMNS, tuple(COLUMNS))


def sku_of(text: str) -> str:
    """An article's name, which is part of its page's address. Raises Complained."""
    try:
        return TypeAdapter(ReturnCode).validate_python(text)
    except ValidationError:
        raise Complained(Complaint.NO_SKU, column="sku", got=text) from None


def _shot(text: str) -> Shot:
    words = {word(shot, language).casefold(): shot for shot in Shot for language in Language}
    known = words | {shot.value: shot for shot in Shot}
    if text.casefold() not in known:
        raise Complained(Complaint.UNKNOWN_SHOT, column="shot", got=text, known=", ".join(Shot))
    return known[text.casefold()]


def _file(text: str) -> str:
    if not text or text in {".", ".."} or set(text) & {"/", "\\", "\0", ":"}:
        raise Complained(Complaint.NO_FILE_NAME, column="file", got=text)
    return text


def from_folder(folder: Path, limit_bytes: int) -> Open:
    """Files that lie in a folder; links out of it are not followed."""
    root = folder.resolve()

    def opened(name: str) -> bytes:
        path = (root / name).resolve()
        if path.parent != root or not path.is_file():
            raise Complained(Complaint.FILE_MISSING, column="file", got=name)
        try:
            with path.open("rb") as file:
                return file.read(limit_bytes + 1)
        except OSError as error:
            raise Complained(Complaint.FILE_MISSING, column="file", got=name) from error

    return opened


def from_zip(file: IO[bytes], limit_bytes: int) -> Open:
    """Files that lie in a ZIP, in no folder. Raises FileRefused for what is no ZIP or too full."""
    try:
        archive = zipfile.ZipFile(file)
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise FileRefused(Complaint.NO_ARCHIVE, got=str(error)) from error
    if len(entries) > MAX_ENTRIES:
        raise FileRefused(Complaint.ARCHIVE_TOO_LARGE, limit=MAX_ENTRIES)
    for entry in entries:
        _check_name(entry.filename)
    known = {entry.filename: entry for entry in entries}

    def opened(name: str) -> bytes:
        if name not in known:
            raise Complained(Complaint.FILE_MISSING, column="file", got=name)
        try:
            with archive.open(known[name]) as packed:
                # Never by what the entry promises: a bomb is read as far as a photo may go.
                return packed.read(limit_bytes + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            lzma.LZMAError,
            EOFError,
            RuntimeError,
            OSError,
            ValueError,
        ) as error:
            raise Complained(Complaint.PHOTO_UNREADABLE, column="file", got=str(error)) from error

    return opened


def _check_name(name: str) -> None:
    """A path in a name is refused with the whole file: whoever packs one wants to write elsewhere."""
    try:
        _file(name)
    except Complained as error:
        raise FileRefused(Complaint.NO_FILE_NAME, column="file", got=name) from error
