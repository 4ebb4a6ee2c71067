"""Tables of expected returns as files that people open in a spreadsheet: bad rows with reasons, a sample. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from models.vocabulary import Category, Language
from server.expected.columns import COLUMNS
from server.expected.rows import Row

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet run a cell instead of showing it (OWASP, CSV injection)."""
_CHINESE_HEADINGS = {
    field: names[-1] if field != "return_code" else "退货单号" for field, names in COLUMNS.items()
}
SAMPLE = (
    ("RT-1001", Category.APPAREL, "ORD-5001", "TEE-WHITE-M", "", "Too small", "UPS", "1Z999AA10123456784", "39.90", "EUR", "ann@example.org"),
    ("RT-1002", Category.ELECTRONICS, "ORD-5002", "PHONE-X-128", "SN-00347211", "Screen, \"flickers\"", "DHL", "JD014600003SE", "299.00", "EUR", ""),
    ("RT-1003", Category.PARCEL, "ORD-5003", "", "", "", "", "", "", "", ""),
)  # fmt: skip


def harmless(cell: str) -> str:
    """The text with a ' before it where a spreadsheet would take it for a formula; reading takes it off."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def bad_rows(rows: Iterable[Row], language: Language) -> Iterator[bytes]:
    """The bad ones of these rows as CSV, each with its line and reasons; can be corrected and sent again."""
    yield _line(["line", "refused_because", *COLUMNS], first=True)
    for row in rows:
        if row.faults:
            reasons = " ".join(fault.told(language) for fault in row.faults)
            cells = [row.cells.get(field, "") for field in COLUMNS]
            yield _line([str(row.line), reasons, *cells])


def sample(language: Language) -> bytes:
    """A file as it should be, to fill in."""
    headings = list(COLUMNS) if language is Language.EN else [_CHINESE_HEADINGS[f] for f in COLUMNS]
    return _line(headings, first=True) + b"".join(map(_line, SAMPLE))


def _line(cells: Sequence[str], *, first: bool = False) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(map(harmless, cells))
    # With the mark, spreadsheets read UTF-8.
    return text.getvalue().encode("utf-8-sig" if first else "utf-8")
