"""From a file's rows to expected returns, each with its complaints. Pure; a file is read row by row."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from pydantic import ValidationError

from models.supply import MAX_AMOUNT, ExpectedReturn
from models.vocabulary import Category, Language
from models.wording import word
from server.complaints import Complained, Complaint, Fault, FileRefused
from server.expected.amounts import amount, decimal_mark, split
from server.sheets import MAX_ROWS, Sheet, check_size

_SHORTENED = re.compile(r"\d(?:[.,]\d+)?E\+\d+")
_NUMBERS = ("return_code", "order", "sku", "serial", "tracking")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: what it says, or why it cannot be used."""

    line: int
    """Where it begins in the file, counted from 1."""
    cells: Mapping[str, str]
    """Field → text as it was sent."""
    told: ExpectedReturn | None = None
    faults: tuple[Fault, ...] = ()
    repeated: bool = False
    """It says what an earlier row of the file said already."""


def distinct(rows: Iterable[Row]) -> Iterator[Row]:
    """Each code once: the same again counts for nothing, and another content is a fault."""
    seen: dict[str, tuple[int, int]] = {}
    for row in rows:
        if row.told is None:
            yield row
            continue
        line, content = seen.setdefault(row.told.return_code, (row.line, hash(row.told)))
        if line == row.line:
            yield row
        elif content == hash(row.told):
            yield replace(row, repeated=True)
        else:
            fault = Complained(Complaint.TWICE, column="return_code", line=line).fault
            yield replace(row, told=None, faults=(fault,))


def sheet_rows(sheet: Sheet, currency: str) -> Iterator[Row]:
    """The rows of a sheet. Raises FileRefused at what ends the reading of the whole file."""
    mark = decimal_mark(_values(sheet)) or {";": ","}.get(sheet.separator)
    for line, cells in sheet.rows():
        named = {f: c for f, c in zip(sheet.fields, cells, strict=False) if f is not None}
        surplus = len(cells) > len(sheet.fields) and any(
            c.strip() for c in cells[len(sheet.fields) :]
        )
        if surplus:
            fault = Complained(
                Complaint.TOO_MANY_CELLS, got=len(cells), expected=len(sheet.fields)
            ).fault
            yield Row(line=line, cells=named, faults=(fault,))
        else:
            yield _row(line, named, _said(named, mark), currency)


def _values(sheet: Sheet) -> Iterator[str]:
    if "value" not in sheet.fields:
        return
    at = sheet.fields.index("value")
    for _, cells in sheet.rows():
        if at < len(cells) and cells[at].strip():
            yield _unwrapped(cells[at])


def json_rows(content: bytes, currency: str) -> Iterator[Row]:
    """One JSON object a line. Raises FileRefused."""
    check_size(len(content))
    lines = ((n, line) for n, line in enumerate(content.splitlines(), 1) if line.strip())
    for number, (line, text) in enumerate(lines):
        if number >= MAX_ROWS:
            raise FileRefused(Complaint.TOO_MANY_ROWS, limit=MAX_ROWS)
        yield json_row(line, text, currency)


def json_row(line: int, text: bytes, currency: str) -> Row:
    """One expected return as JSON."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        shown = text[:200].decode(errors="replace")
        fault = Complained(Complaint.NOT_JSON, got=shown).fault
        return Row(line=line, cells={"json": shown}, faults=(fault,))
    cells = {
        f: "" if v is None else str(v) for f, v in said.items() if f in ExpectedReturn.model_fields
    }
    said = {f: None if v == "" else v for f, v in said.items()}
    return _row(line, cells, (said, ()), currency)


def _said(cells: Mapping[str, str], mark: str | None) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """What the cells say, and what cannot be read of them."""
    said: dict[str, Any] = {f: text for f, c in cells.items() if (text := _unwrapped(c))}
    faults = []
    for field, read in (
        ("value", _value),
        ("category", _category),
        *((n, _number) for n in _NUMBERS),
    ):
        try:
            if field in said:
                said |= read(field, said, mark)
        except Complained as error:
            faults.append(error.fault)
            del said[field]
    return said, tuple(faults)


def _unwrapped(cell: str) -> str:
    """The text that is meant: spreadsheets are told ="007" and '+49 to leave a text alone."""
    text = cell.strip()
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.startswith(("=", "'")):
        return text
    if found := re.fullmatch(r'="([^"]*)"', text):
        return found[1].strip()
    return text[1:] if re.match(r"'[=+\-@]", text) else text


def _number(field: str, said: Mapping[str, Any], _: str | None) -> dict[str, Any]:
    if _SHORTENED.fullmatch(said[field]):
        raise Complained(Complaint.SHORTENED, column=field, got=said[field])
    return {}


def _category(_: str, said: Mapping[str, Any], __: str | None) -> dict[str, Any]:
    text = said["category"]
    known = _categories().get(text.casefold())
    if known is None:
        raise Complained(
            Complaint.UNKNOWN_CATEGORY, column="category", got=text, known=", ".join(Category)
        )
    return {"category": known}


@cache
def _categories() -> Mapping[str, Category]:
    words = {word(c, language).casefold(): c for c in Category for language in Language}
    return words | {c.value: c for c in Category}


def _value(_: str, said: Mapping[str, Any], mark: str | None) -> dict[str, Any]:
    text = said["value"]
    read, beside, named = amount(text, mark), split(text)[1], said.get("currency")
    if beside and named and beside != named.upper():
        raise Complained(Complaint.TWO_CURRENCIES, column="value", got=beside, other=named)
    return {"value": read, **({"currency": beside} if beside else {})}


def _row(
    line: int,
    cells: Mapping[str, str],
    read: tuple[dict[str, Any], tuple[Fault, ...]],
    currency: str,
) -> Row:
    said, faults = read
    said = {**said, "currency": _currency(said, currency)}
    blamed = {fault.column for fault in faults}
    try:
        told = ExpectedReturn.model_validate(said)
    except ValidationError as error:
        more = tuple(
            _fault(fault) for fault in error.errors(include_url=False, include_context=True)
        )
        faults += tuple(fault for fault in more if fault.column not in blamed)
        return Row(line=line, cells=cells, faults=faults)
    if told.currency not in {None, currency}:
        other = Complained(
            Complaint.OTHER_CURRENCY, column="currency", got=told.currency, expected=currency
        )
        faults = (*faults, other.fault)
    return Row(line=line, cells=cells, faults=faults, told=None if faults else told)


def _currency(said: Mapping[str, Any], currency: str) -> Any:  # noqa: ANN401 - as it was sent
    """Whoever tells a value and no currency means the policy's; a currency without a value says nothing."""
    if said.get("value") is None:
        return None
    named = said.get("currency") or currency
    return named.strip().upper() if isinstance(named, str) else named


def _fault(error: Mapping[str, Any]) -> Fault:
    column = str(error["loc"][0]) if error["loc"] else "row"
    got = error["input"] if isinstance(error["input"], str) else repr(error["input"])
    kind, context = error["type"], error.get("ctx", {})
    if kind in {"missing", "string_too_short"}:
        return Complained(Complaint.MISSING, column=column).fault
    if kind == "string_too_long":
        limit = context["max_length"]
        return Complained(Complaint.TOO_LONG, column=column, limit=limit, got=len(got)).fault
    if kind in {"less_than_equal", "greater_than_equal"}:
        return Complained(Complaint.TOO_MUCH, column=column, limit=int(MAX_AMOUNT), got=got).fault
    known = {
        "string_pattern_mismatch": Complaint.UNPRINTABLE,
        "enum": Complaint.UNKNOWN_CATEGORY,
        "value_error": Complaint.NO_ADDRESS if column == "return_code" else Complaint.INVALID,
    }
    complaint = known.get(kind, Complaint.INVALID)
    return Complained(complaint, column=column, got=got, known=", ".join(Category)).fault
