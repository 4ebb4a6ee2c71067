"""Files as people really send them, and files that were made to hurt."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.vocabulary import Category, Language
from models.wording import translator
from server import sheets as sheet
from server.complaints import Complained, Complaint, FileRefused
from server.expected.amounts import amount, decimal_mark, split
from server.expected.columns import COLUMNS, NEEDED
from server.expected.rows import Row, json_rows, sheet_rows
from server.pages import LOCALES
from server.sheets import open_sheet

HEAD = "return_code,category,value,reason"


def rows(content: str | bytes, encoding: str = "utf-8") -> list[Row]:
    data = content.encode(encoding) if isinstance(content, str) else content
    return list(sheet_rows(open_sheet(data, COLUMNS, NEEDED), "EUR"))


def complaints(told: Sequence[Row]) -> list[list[Complaint]]:
    return [[fault.complaint for fault in row.faults] for row in told]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"]
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_letters_separators_and_line_ends(encoding: str, separator: str, end: str) -> None:
    text = end.join(
        [
            separator.join(["退货单号", "类别", "退货原因", "备注"]),
            separator.join(["RT-1", "服装", "颜色不对，太大了", "x"]),
            separator.join(["RT-2", "Electronics", f'"第一行{end}第二行{separator}""好"""', ""]),
        ]
    )
    first, second = rows(text, encoding)

    assert (first.line, second.line) == (2, 3)
    assert first.told
    assert (first.told.return_code, first.told.category) == ("RT-1", Category.APPAREL)
    assert first.told.reason == "颜色不对，太大了"
    assert second.told
    assert second.told.reason == f'第一行\n第二行{separator}"好"'


def test_windows_letters_of_western_spreadsheets() -> None:
    told = rows("return code;category;reason\nRT-1;apparel;Größe zu groß, Öse müde\n", "cp1252")
    assert told[0].told
    assert told[0].told.reason == "Größe zu groß, Öse müde"


def test_what_is_ignored_is_told_and_excels_own_line_is_skipped() -> None:
    read = open_sheet(b"sep=;\r\n\r\nRMA;Category;Shoe size\r\nR1;apparel;44\r\n", COLUMNS, NEEDED)
    assert (read.separator, read.ignored) == (";", ("Shoe size",))
    assert [line for line, _ in read.rows()] == [4]


@pytest.mark.parametrize("field", COLUMNS)
def test_each_heading_means_its_field(field: str) -> None:
    for name in (field, *COLUMNS[field]):
        for written in (name, name.upper(), f" {name.replace(' ', '_')} ", name.replace(" ", "-")):
            others = [f for f in ("return_code", "category") if f != field]
            read = open_sheet(",".join([written, *others]).encode(), COLUMNS, NEEDED)
            assert read.fields[0] == field


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b" \r\n ", "empty"),
        (b"\xff\xfe\x00", "CSV text"),  # half a letter of UTF-16
        (b"return_code,category\n\x81\x20\xff\xff\xff", "CSV text"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)), "CSV text|name the columns"),
        (b"order,sku\nO1,S1", "return_code among them; got order, sku"),
        (b"return_code\nR1", "category among them"),
        (b"code,category,rma\nR1,apparel,R2", "code, rma mean the same, return_code"),
        (b'return_code,category\n"R1,apparel\nR2,apparel\n', "opens in line 2"),
        (b'return_code,category\nR1,apparel\n"R2,apparel', "opens in line 3"),
        (b'return_code,category\nR1,"' + b"x" * 200_000 + b'"', "opens in line"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_rows(content: bytes, message: str) -> None:
    with pytest.raises(FileRefused, match=message):
        rows(content)


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "MAX_ROWS", 3)
    assert len(rows(HEAD + "\nR,apparel" * 3)) == 3
    with pytest.raises(FileRefused, match="3 rows, not more"):
        rows(HEAD + "\nR,apparel" * 4)
    monkeypatch.setattr(sheet, "MAX_MEGABYTES", 0)
    with pytest.raises(FileRefused, match="0 MB, not more"):
        rows(HEAD + "\nR,apparel")


@pytest.mark.parametrize(
    ("cells", "complaint", "column"),
    [
        (",apparel,,", Complaint.MISSING, "return_code"),
        ("R1,,,", Complaint.MISSING, "category"),
        ("R1,shoes,,", Complaint.UNKNOWN_CATEGORY, "category"),
        ("R1,apparel,cheap,", Complaint.NOT_AN_AMOUNT, "value"),
        ("R1,apparel,-5,", Complaint.NOT_AN_AMOUNT, "value"),
        ("R1,apparel,1e99,", Complaint.NOT_AN_AMOUNT, "value"),
        ("R1,apparel,99999999999,", Complaint.TOO_MUCH, "value"),
        ("R1,apparel,1.234,", Complaint.AMBIGUOUS_AMOUNT, "value"),
        ("R1,apparel,5 USD,", Complaint.OTHER_CURRENCY, "currency"),
        ("R1,apparel,5,a,b", Complaint.TOO_MANY_CELLS, None),
        ("a/../b,apparel,,", Complaint.NO_ADDRESS, "return_code"),
        ('"a\nb",apparel,,', Complaint.UNPRINTABLE, "return_code"),
        ("a\x00b,apparel,,", Complaint.UNPRINTABLE, "return_code"),
        ("4.20345E+21,apparel,,", Complaint.SHORTENED, "return_code"),
        ("R1,apparel,," + "x" * 2001, Complaint.TOO_LONG, "reason"),
        ("R1,apparel,,a\x1b[31m", Complaint.UNPRINTABLE, "reason"),
    ],
)
def test_a_bad_row_says_why(cells: str, complaint: Complaint, column: str | None) -> None:
    (row,) = rows(f"{HEAD}\n{cells}")
    assert row.told is None
    assert [(fault.complaint, fault.column) for fault in row.faults] == [(complaint, column)]
    for language in Language:
        assert "%(" not in row.faults[0].told(language)


def test_all_of_a_rows_faults_are_told_at_once_and_its_neighbours_stay_good() -> None:
    told = rows(f"{HEAD}\nR1,shoes,cheap,\nR2,apparel,5,ok\n,,,\nR3,apparel\n")
    assert complaints(told) == [
        [Complaint.NOT_AN_AMOUNT, Complaint.UNKNOWN_CATEGORY],
        [],
        [],
    ]
    assert [row.line for row in told] == [2, 3, 5]


def test_every_complaint_is_there_in_chinese() -> None:
    chinese = translator(LOCALES, Language.ZH)
    assert [c.value for c in Complaint if chinese.gettext(c.value) == c.value] == []


@pytest.mark.parametrize(
    ("text", "mark", "expected"),
    [
        ("12", None, 12),
        ("12.5", None, 12.5),
        ("12,50", None, 12.5),
        ("1.234,50", None, 1234.5),
        ("1,234.50", None, 1234.5),
        ("1.234.567", None, 1234567),
        ("1,234,567.8", None, 1234567.8),
        ("1 234,50 €", None, 1234.5),
        ("1\u202f234,50", None, 1234.5),
        ("1'234.50", None, 1234.5),
        ("¥1,234.00", None, 1234),
        ("EUR 12.50", None, 12.5),
        ("12.50EUR", None, 12.5),
        ("1.234", ",", 1234),
        ("1,234", ".", 1234),
        ("1.234", ".", None),
        ("0.999", None, 0.999),  # thousands do not begin with 0
        ("1.234", None, None),
        ("1.23.4", None, None),
        ("1,2345.6", None, None),
        ("12,34,567.5", None, None),
        ("", None, None),
        ("1.5.5,5", None, None),
        ("1,5.5,5", None, None),
        ("٣", None, None),
    ],
)
def test_amounts(text: str, mark: str | None, expected: float | None) -> None:
    if expected is None:
        with pytest.raises(Complained):
            amount(text, mark)
    else:
        assert amount(text, mark) == expected


@pytest.mark.parametrize(
    ("column", "mark"),
    [
        (["1.234", "5,50"], ","),
        (["1,234", "5.5"], "."),
        (["1.234.567"], ","),
        (["1.234", "12"], None),
        (["1.5", "1,5"], None),
        ([], None),
    ],
)
def test_a_column_tells_its_mark(column: list[str], mark: str | None) -> None:
    assert decimal_mark(column) == mark


def test_a_whole_column_decides_and_a_semicolon_speaks_for_the_comma() -> None:
    told = rows(f'{HEAD}\nR1,apparel,1.234,\nR2,apparel,"5,50",\n')
    assert [row.told and row.told.value for row in told] == [1234, 5.5]
    told = rows(f"{HEAD};x\nR1;apparel;1.234;\n".replace(",", ";"))
    assert [row.told and row.told.value for row in told] == [1234]


def test_a_currency_may_stand_beside_the_amount() -> None:
    assert split("EUR 5") == ("5", "EUR")
    assert split("5 €") == ("5", "EUR")
    assert split("$5") == ("5", None)
    (row,) = rows("return_code,category,value,currency\nR1,apparel,5 €,USD\n")
    assert next(fault.complaint for fault in row.faults) is Complaint.TWO_CURRENCIES


def test_texts_that_spreadsheets_were_told_to_leave_alone() -> None:
    told = rows('return_code,category,contact\n"=""007""",apparel,\'+49 30 1\n')
    assert told[0].told
    assert (told[0].told.return_code, told[0].told.contact) == ("007", "+49 30 1")


def test_json_lines() -> None:
    content = "\n".join(
        [
            json.dumps({"return_code": "R1", "category": "apparel", "value": 5, "newer": 1}),
            "",
            json.dumps({"return_code": "R2", "category": "服装", "value": "5", "order": ""}),
            "[1]",
            "{" * 5000,
            json.dumps({"return_code": 7, "category": "apparel"}),
            '{"return_code": "R3", "category": "apparel", "value": NaN}',
            json.dumps({"category": "apparel"}),
        ]
    ).encode()
    told = list(json_rows(content, "EUR"))
    assert [row.line for row in told] == [1, 3, 4, 5, 6, 7, 8]
    assert told[0].told
    assert (told[0].told.value, told[0].told.currency) == (5, "EUR")
    assert complaints(told)[1:] == [
        [Complaint.UNKNOWN_CATEGORY],  # programs speak the wire's words
        [Complaint.NOT_JSON],
        [Complaint.NOT_JSON],
        [Complaint.INVALID],
        [Complaint.INVALID],
        [Complaint.MISSING],
    ]


@settings(deadline=None, max_examples=150)
@given(
    st.binary(max_size=300)
    | st.text(max_size=200).map(lambda t: (HEAD + "\n" + t).encode("utf-8", "replace"))
)
def test_whatever_comes_is_read_or_refused_in_words(content: bytes) -> None:
    try:
        for row in rows(content):
            assert (row.told is None) == bool(row.faults)
    except FileRefused as refusal:
        assert refusal.fault.complaint in Complaint  # noqa: PT017 - one of two good ends
