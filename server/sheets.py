"""A file of rows as people really send it: its letters, its separator, its headings. Pure: bytes in, cells out."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from server.complaints import Complaint, FileRefused

MAX_MEGABYTES = 40
"""200,000 rows of 200 bytes: a day of the largest returns centre, in one file."""
MAX_ROWS = 200_000
SEPARATORS = (",", ";", "\t")
_PROBE_BYTES = 64_000
_BLOCK_BYTES = 1 << 20


def _plain(heading: str) -> str:
    return re.sub(r"[\W_]+", "", heading.casefold())


Columns = Mapping[str, Sequence[str]]
"""Field → headings that mean it; case, spaces and signs between words do not matter."""


def _meanings(columns: Columns) -> Mapping[str, str]:
    return {_plain(name): field for field, names in columns.items() for name in (field, *names)}


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A file that can be read row by row, as often as needed."""

    content: bytes
    encoding: str
    """Python's name of it."""
    separator: str
    headings: tuple[str, ...]
    """As they stand in the file."""
    fields: tuple[str | None, ...]
    """The field that each column means; none for one that is ignored."""
    first_row: int
    """How many records of the file come before the rows."""

    @property
    def ignored(self) -> tuple[str, ...]:
        """Headings that mean nothing here."""
        pairs = zip(self.headings, self.fields, strict=True)
        return tuple(heading for heading, field in pairs if field is None and heading)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The line that a row begins in, and its cells; empty rows are left out. Raises FileRefused."""
        for number, (line, cells) in enumerate(
            _records(self.content, self.encoding, self.separator)
        ):
            if number < self.first_row or not any(map(str.strip, cells)):
                continue
            if number - self.first_row >= MAX_ROWS:
                raise FileRefused(Complaint.TOO_MANY_ROWS, limit=MAX_ROWS)
            yield line, cells


def check_size(size_bytes: int) -> None:
    """Raises FileRefused for more than is read at once."""
    if size_bytes > MAX_MEGABYTES * 10**6:
        raise FileRefused(Complaint.TOO_MANY_BYTES, limit=MAX_MEGABYTES)


def open_sheet(content: bytes, columns: Columns, needed: Sequence[str]) -> Sheet:
    """Find out how the file is written. Raises FileRefused."""
    check_size(len(content))
    if not content.strip():
        raise FileRefused(Complaint.EMPTY_FILE)
    encoding = encoding_of(content)
    meanings = _meanings(columns)
    separator, skipped, headings = _heading(content, encoding, meanings)
    fields = tuple(meanings.get(_plain(heading)) for heading in headings)
    _check(headings, fields, needed)
    return Sheet(
        content=content,
        encoding=encoding,
        separator=separator,
        headings=tuple(headings),
        fields=fields,
        first_row=skipped + 1,
    )


def _check(headings: Sequence[str], fields: Sequence[str | None], needed: Sequence[str]) -> None:
    for field in needed:
        if field not in fields:
            raise FileRefused(Complaint.NO_COLUMN, column=field, got=", ".join(headings))
    for field in filter(None, dict.fromkeys(fields)):
        meant = [h for h, f in zip(headings, fields, strict=True) if f == field]
        if len(meant) > 1:
            raise FileRefused(Complaint.COLUMN_TWICE, column=field, got=", ".join(meant))


def encoding_of(content: bytes) -> str:
    """How the file's letters are written. Raises FileRefused for what is no text."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return _readable(content, name)
    probe = content[:_PROBE_BYTES]
    low, high = probe[1::2].count(0), probe[0::2].count(0)
    if (
        max(low, high) > len(probe) / 20 > min(low, high)
    ):  # separators and digits have an empty half
        return _readable(content, "utf-16-le" if low > high else "utf-16-be")
    for name in ("utf-8", "cp1252" if _looks_western(content) else "gb18030"):
        if _decodes(content, name):
            return name
    raise FileRefused(Complaint.NO_TEXT)


def _looks_western(content: bytes) -> bool:
    """In GB18030 letters beyond ASCII come in pairs of high bytes, in Windows-1252 mostly alone."""
    runs = re.findall(rb"[\x80-\xff]+", content)
    return sum(len(run) == 1 for run in runs) > len(runs) / 2


def _readable(content: bytes, name: str) -> str:
    if not _decodes(content, name):
        raise FileRefused(Complaint.NO_TEXT)
    return name


def _decodes(content: bytes, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)("strict")
    try:
        for at in range(0, len(content), _BLOCK_BYTES):
            decoder.decode(content[at : at + _BLOCK_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _heading(
    content: bytes, encoding: str, meanings: Mapping[str, str]
) -> tuple[str, int, list[str]]:
    """The separator that makes most sense of the first line, lines to skip, and the headings."""
    best: tuple[int, str, int, list[str]] = (-1, ",", 0, [])
    for separator in SEPARATORS:
        skipped, cells = _first(content, encoding, separator)
        meant = sum(_plain(cell) in meanings for cell in cells)
        if meant > best[0]:
            best = (meant, separator, skipped, cells)
    return best[1:]


def _first(content: bytes, encoding: str, separator: str) -> tuple[int, list[str]]:
    for number, (_, cells) in enumerate(_records(content, encoding, separator)):
        # Excel's own way to name the separator stands before the headings: sep=;
        named = cells and cells[0].lower().startswith("sep=")
        if not named and any(map(str.strip, cells)):
            return number, [cell.strip() for cell in cells]
    return 0, []


def _records(content: bytes, encoding: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    text = io.TextIOWrapper(io.BytesIO(content), encoding, newline="")
    # An odd quotation mark swallows the rest of the file without a word, and this last line with it.
    reader = csv.reader(chain(text, [_END]), delimiter=separator)
    began = line = 1
    try:
        for cells in reader:
            began, line = line, reader.line_num + 1
            if cells == [_END]:
                return
            yield began, cells
    except csv.Error as error:
        raise _open_quote(line) from error
    raise _open_quote(began)


_END = "\0end"


def _open_quote(line: int) -> FileRefused:
    return FileRefused(Complaint.OPEN_QUOTE, line=line)
