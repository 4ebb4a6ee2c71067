"""Whatever is asked, in whatever order: each return that fits is shown once, and no other."""

import csv
import io
import random
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest

from models.records import Inspection
from models.vocabulary import Category, Defect, Disposition, Grade, Reason, Role
from server import standing, words
from server.returns import export, listing, search
from server.returns.asked import Asked, understand
from server.standing import State
from server.tables import inspections, standings
from tests.factories import NOON, finding, sha256
from tests.unit.server.running import JPEG, Running, an_inspection, send, serving

MANY = 120
STATIONS = ("bench-1", "bench-2", "bench-10")


class Kept(dict):
    """One standing as the brute force sees it."""

    def fits(self, asked: Asked) -> bool:
        f = asked.filters
        at = self["finished"] if f.by == "finished" else self["arrival"]
        return (
            all(self[column] == value for column, value in f.equal.items())
            and set(f.marks) <= self["marks"]
            and all(self.has(word) for word in f.words)
            and (f.span.since is None or at >= f.span.since)
            and (f.span.until is None or at < f.span.until)
        )

    def has(self, word: str) -> bool:
        wanted = words.wanted(word)
        tokens = words.tokens(self["text"])
        return all(tokens & set(choice) for choice in wanted.every) and (
            wanted.within is None or wanted.within in self["text"]
        )


def one(number: int, dice: random.Random) -> Inspection:
    category = dice.choice(list(Category))
    found = dice.sample(list(Defect), dice.choice([0, 0, 1, 2]))
    photo = an_inspection().photos[0].sha256
    return an_inspection(
        number,
        return_code=f"RT-{number % 40:04d}",
        category=category,
        standard=f"{category}@1",
        station=dice.choice(STATIONS),
        operator=dice.choice([None, "li.na", "王芳"]),
        finished_at=NOON + timedelta(hours=dice.randrange(200)),
        findings=tuple(
            finding(finding_id=f"f{n}", defect=defect, photo_sha256=photo)
            for n, defect in enumerate(found)
        ),
    )


def fill(server: Running, dice: random.Random) -> list[Kept]:
    kept = []
    with server.parts.database.writing() as connection:
        for number in range(MANY):
            inspection = one(number, dice)
            reasons = dice.sample(list(Reason), dice.choice([0, 1, 2]))
            received = NOON + timedelta(hours=dice.randrange(200))
            connection.execute(row_of(inspection, received))
            grade, disposition = dice.choice(list(Grade)), dice.choice(list(Disposition))
            standing.add(
                connection,
                inspection,
                grade=grade,
                disposition=disposition,
                reasons=reasons,
                received_at=received,
            )
            state, sku = dice.choice(list(State)), dice.choice([None, "SKU-1", "SKU-22"])
            standing.settle(
                connection,
                inspection.inspection_id,
                grade=grade,
                disposition=disposition,
                state=state,
            )
            standing.match(
                connection, inspection.inspection_id, order_code=None, sku=sku, serial=None
            )
            row = connection.execute(
                standings.select().where(standings.c.inspection_id == inspection.inspection_id)
            ).one()
            marks = {
                *standing.defect_marks(inspection),
                *(standing.reason_mark(reason) for reason in reasons),
            }
            kept.append(
                Kept(
                    row._mapping,
                    text=row.search_text,
                    marks=marks,
                    finished=standing.arrival_of(row.finished_at),
                )
            )
    return kept


def row_of(inspection: Inspection, received):
    return inspections.insert().values(
        inspection_id=inspection.inspection_id,
        content_sha256=inspection.content_sha256(),
        return_code=inspection.return_code,
        station=inspection.station,
        record=inspection.to_json(),
        received_at=received,
    )


def question(dice: random.Random) -> dict[str, str]:
    may_be = {
        "q": [
            "stain",
            "rt",
            "rt-000",
            "bench-1",
            "污渍",
            "服",
            "02",
            "0021",
            "%",
            "li stain",
            "王芳",
        ],
        "category": list(Category),
        "grade": list(Grade),
        "disposition": list(Disposition),
        "routing": list(State),
        "defect": list(Defect),
        "reason": list(Reason),
        "station": STATIONS,
        "operator": ["li.na", "nobody"],
        "sku": ["SKU-1"],
        "code": ["RT-0003"],
        "from": ["2026-01-06", "2026-01-08"],
        "to": ["2026-01-10"],
        "by": ["finished"],
    }
    return {name: str(dice.choice(may_be[name])) for name in dice.sample(list(may_be), dice.choice([0, 1, 1, 2, 2, 3]))}  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, list[Kept]]]:
    with serving(tmp_path_factory.mktemp("search")) as server:
        yield server, fill(server, random.Random(5))


def pages(server: Running, query: dict[str, str]) -> Iterator[listing.Listing]:
    while True:
        page = listing.listing(server.parts.database, understand(query))
        yield page
        if page.older is None:
            return
        query = dict(parse_qsl(page.older))


def test_the_questions_of_these_tests_find_something(house: tuple[Running, list[Kept]]) -> None:
    asked = [understand(question(random.Random(seed))) for seed in range(60)]
    assert sum(any(k.fits(one) for k in house[1]) for one in asked) > 20


PAIRS = [
    {"defect": "stain", "reason": "close_call"},
    {"defect": "stain", "q": "rt"},
    {"reason": "close_call", "q": "%", "by": "finished"},
    {"q": "rt bench-1"},
    {"q": "bench-1 stain"},
    {"q": "apparel parcel"},  # both are in many, and together in none
    {"q": "apparel parcel", "defect": "stain", "from": "2026-01-07"},
    {"code": "RT-0003", "q": "rt", "defect": "stain", "station": "bench-1"},
]


@pytest.mark.parametrize("asked", [question(random.Random(seed)) for seed in range(60)] + PAIRS)
def test_every_page_forwards_and_back(
    house: tuple[Running, list[Kept]], asked: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 3)
    monkeypatch.setattr(search, "STEPS", (2, 3, 5))
    monkeypatch.setattr(search, "PACED", (4, 9, 20))
    monkeypatch.setattr(search, "NEWEST", 60)
    monkeypatch.setattr(search, "RARE", 20)
    server, kept = house
    wanted = understand(asked)
    by = (lambda k: (k["finished"], k["arrival"])) if "by" in asked else (lambda k: k["arrival"])
    fitting = sorted((k for k in kept if k.fits(wanted)), key=by, reverse=True)
    expected = [k["inspection_id"] for k in fitting]

    forwards = list(pages(server, asked))
    rows = [row for page in forwards for row in page.rows]
    assert [row.inspection_id for row in rows] == expected
    assert all(page.rows or page.further for page in forwards[:-1])

    first = forwards[0]
    assert first.count == len(expected) if first.counted_all else first.count <= len(expected)

    back, query = [], forwards[-1].newer
    while query:
        page = listing.listing(server.parts.database, understand(dict(parse_qsl(query))))
        back = [row.inspection_id for row in page.rows] + back
        query = page.newer
    assert back == expected[: len(back)]
    assert len(back) >= len(expected) - 3 or len(forwards) == 1


@pytest.mark.parametrize("seed", range(12))
def test_the_export_holds_the_same(
    house: tuple[Running, list[Kept]], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PIECE", 7)
    monkeypatch.setattr(search, "STEPS", (2, 3, 5))
    server, kept = house
    asked = question(random.Random(1000 + seed))
    expected = {k["inspection_id"] for k in kept if k.fits(understand(asked))}
    answer = server.person("eve", Role.AUDITOR).get("/returns.csv", params=asked)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert len(rows) == len(expected)
    assert {row["inspection_id"] for row in rows} == expected


def test_what_is_exactly_a_code_comes_first(server: Running) -> None:
    send(server.station(), an_inspection(1), an_inspection(2, return_code="RT-00010"))
    page = server.person().get("/returns", params={"q": "rt-0001"}).text
    assert page.index("<strong>RT-0001<") < page.index("<strong>RT-00010<")
    assert page.count("<strong>RT-0001<") == 1
    whole = server.person().get("/returns", params={"q": an_inspection(2).inspection_id}).text
    assert "<strong>RT-00010<" in whole


def test_what_is_matched_later_is_found_and_what_is_taken_back_is_not(server: Running) -> None:
    send(server.station(), an_inspection(1))
    reader = server.person()

    def known(order: str | None, sku: str | None) -> None:
        with server.parts.database.writing() as connection:
            standing.match(
                connection, an_inspection(1).inspection_id, order_code=order, sku=sku, serial=None
            )

    def shown(**asked: str) -> bool:
        return "<strong>RT-0001<" in reader.get("/returns", params=asked).text

    known("PO-77", "SHIRT-blue")
    assert shown(q="po-77")
    assert shown(q="shirt")
    assert shown(order="PO-77")
    assert shown(sku="SHIRT-blue")
    known(None, None)
    assert not shown(q="po-77")
    assert not shown(order="PO-77")
    assert shown(q="rt-0001")


def test_what_people_wrote_is_found(server: Running) -> None:
    send(server.station(), an_inspection(1))
    ann = server.person("ann")
    place = ann.post("/queue/next").headers["location"]
    ann.post(
        place, {"opinion_id": "o1", "grade": "B", "disposition": "resell", "note": "左袖口发黄"}
    )
    assert "<strong>RT-0001<" in ann.get("/returns", params={"q": "发黄"}).text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-5", "'-5"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("\r=1", "'\r=1"),
        ("RT-1", "RT-1"),
        (None, ""),
    ],
)
def test_no_spreadsheet_computes_what_was_scanned(value: str | None, written: str) -> None:
    assert export.harmless(value) == written


def test_a_hostile_code_stays_one_cell(server: Running) -> None:
    code = '=HYPERLINK("http://x","a"),\n"b'
    send(server.station(), an_inspection(1, return_code=code))
    answer = server.person().get("/returns.csv")
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert row["return"] == f"'{code}"


def test_fields_are_closed_with_the_pages_that_show_them(server: Running) -> None:
    said = "".join(export.lines(server.parts.database, understand({}), {export.LIST}.__contains__))
    header = said.lstrip(export.BOM).splitlines()[0].split(",")
    assert set(export.FIELDS) - set(header) == {"order", "serial", "operator"}


def test_a_photo_is_never_read_for_the_list(server: Running) -> None:
    send(server.station(), an_inspection(1))
    server.parts.archive.storage.path(sha256(JPEG)).unlink()
    assert server.person().get("/returns").status_code == 200
