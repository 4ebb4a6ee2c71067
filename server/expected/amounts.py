"""Amounts as people and spreadsheets write them: 1234.5, 1.234,50, 1,234.50, 1 234,50 €, ¥1'234. Pure."""

import re
from collections.abc import Iterable

from server.complaints import Complained, Complaint

_SYMBOLS = {"€": "EUR", "£": "GBP", "¥": None, "￥": None, "$": None, "元": "CNY"}
"""What a sign says of the currency; the yen's sign is the yuan's too, and dollars are many."""
_SPACES = re.compile(r"[\s\u00a0\u202f'’]")
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:([.,])[0-9]{3})(?:\1[0-9]{3})*")


def split(text: str) -> tuple[str, str | None]:
    """The digits and marks of an amount, and the currency that stands beside them."""
    bare = _SPACES.sub("", text)
    for sign, currency in _SYMBOLS.items():
        if bare.startswith(sign) or bare.endswith(sign):
            return bare.strip(sign), currency
    found = re.fullmatch(r"([A-Za-z]{3})?(.*?)([A-Za-z]{3})?", bare)
    if not found or (found[1] and found[3]):
        return bare, None
    named = found[1] or found[3]
    return found[2], named.upper() if named else None


def decimal_mark(texts: Iterable[str]) -> str | None:
    """The mark that a whole column uses before its decimals; none where nothing tells, or both are used."""
    marks = {mark for mark in (_own_mark(split(text)[0]) for text in texts) if mark}
    return marks.pop() if len(marks) == 1 else None


def _own_mark(digits: str) -> str | None:
    """What the amount itself tells of its mark: 1.234 alone may mean either."""
    if not _NUMBER.fullmatch(digits):
        return None
    marks = re.findall(r"[.,]", digits)
    if len(set(marks)) == 2:
        return marks[-1] if marks.count(marks[-1]) == 1 else None
    if len(marks) > 1:  # 1.234.567: the mark groups, so the other one is the decimals'
        return ({".", ","} - set(marks)).pop()
    return marks[0] if marks and not _GROUPED.fullmatch(digits) else None


def amount(text: str, mark: str | None) -> float:
    """Read one amount of a column with that mark. Raises Complained."""
    digits = split(text)[0]
    if not _NUMBER.fullmatch(digits):
        raise Complained(Complaint.NOT_AN_AMOUNT, column="value", got=text)
    own = _own_mark(digits) or mark
    # 12.50 above does not make 1.234 mean 1.234: no currency here has three decimals.
    lone = _GROUPED.fullmatch(digits) and digits.count(own or "?") == 1
    if lone or (own is None and re.search(r"[.,]", digits)):
        raise Complained(Complaint.AMBIGUOUS_AMOUNT, column="value", got=text)
    whole, _, decimals = digits.rpartition(own) if own and own in digits else (digits, "", "")
    other = {".": ",", ",": "."}.get(own or "", "")
    if (other and other in decimals) or not _is_grouped(whole):
        raise Complained(Complaint.NOT_AN_AMOUNT, column="value", got=text)
    return float(re.sub(r"[.,]", "", whole) + "." + (decimals or "0"))


def _is_grouped(whole: str) -> bool:
    return whole.isdigit() or _GROUPED.fullmatch(whole) is not None
