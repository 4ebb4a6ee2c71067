"""The list finds what it should, pages through everything once, and survives what people type."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vocabulary import Category, Defect, Language, Role
from server.errors import ContentInvalid
from server.ledger import State
from server.returns import listing, service
from server.returns.asked import MAX_TEXT, understand
from tests.factories import finding, photo, sha256
from tests.unit.server.running import (
    JPEG,
    Person,
    Running,
    an_inspection,
    found,
    put_photo,
    send,
    serving,
)

STAINED = (finding(photo_sha256=sha256(JPEG)),)


def codes(person: Person, **asked: str) -> list[str]:
    """What the list shows."""
    page = person.get("/returns", params=asked)
    assert page.status_code == 200, page.text
    return [part.split("<")[0] for part in page.text.split("<strong>")[1:]]


@pytest.fixture
def reader(server: Running) -> Person:
    """Somebody who may look, with four returns to look at."""
    send(
        server.station("bench-1"),
        an_inspection(1),
        an_inspection(2, findings=STAINED, return_code="100%_OFF"),
        an_inspection(3, category=Category.PARCEL, standard="parcel@1", return_code="ÄRGER-包裹"),
        an_inspection(4, operator="li.na"),
    )
    return server.person("eve", Role.AUDITOR)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["RT-0004", "ÄRGER-包裹", "100%_OFF", "RT-0001"]),
        ({"q": "rt-0001"}, ["RT-0001"]),
        ({"q": "  RT-  "}, ["RT-0004", "RT-0001"]),
        ({"q": "li.na"}, ["RT-0004"]),
        ({"q": "stain"}, ["100%_OFF"]),
        ({"q": "污渍"}, ["100%_OFF"]),
        ({"q": "ärger"}, ["ÄRGER-包裹"]),
        ({"q": "rt bench-1"}, ["RT-0004", "RT-0001"]),  # every word must be there
        ({"q": "%"}, ["100%_OFF"]),  # looked for, not interpreted
        ({"q": "_"}, ["100%_OFF"]),
        ({"q": "0%_o"}, []),  # words are found from their beginning
        ({"q": "100%_o"}, ["100%_OFF"]),
        ({"q": "0003"}, []),
        ({"q": "004"}, ["RT-0004"]),  # what has digits by its ending too
        ({"q": "包"}, ["ÄRGER-包裹"]),
        ({"q": "RT-0001 bench-1"}, ["RT-0001"]),
        ({"q": "\\"}, []),
        ({"q": "'; DROP TABLE standings; --"}, []),
        ({"q": "x" * 50_000}, []),
        ({"q": "a " * 5000}, ["RT-0004", "100%_OFF", "RT-0001"]),
        ({"category": "parcel"}, ["ÄRGER-包裹"]),
        ({"category": "parcel", "q": "rt"}, []),
        ({"category": "", "grade": "", "routing": "waiting"}, ["RT-0004", "ÄRGER-包裹", "100%_OFF", "RT-0001"]),
        ({"routing": "decided"}, []),
        ({"disposition": "scrap"}, []),
        ({"defect": "stain"}, ["100%_OFF"]),
        ({"defect": "stain", "q": "off"}, ["100%_OFF"]),
        ({"defect": "scratch"}, []),
        ({"reason": "hard_gate"}, []),
        ({"operator": "li.na"}, ["RT-0004"]),
        ({"operator": "li"}, []),  # codes are asked for whole
        ({"station": "bench-1", "category": "parcel"}, ["ÄRGER-包裹"]),
        ({"code": "RT-0001"}, ["RT-0001"]),
        ({"code": "RT-0001", "q": "off"}, []),
        ({"order": "x"}, []),
        ({"from": "2026-01-05"}, ["RT-0004", "ÄRGER-包裹", "100%_OFF", "RT-0001"]),
        ({"from": "2026-01-06"}, []),
        ({"to": "2026-01-04"}, []),
        ({"from": "2026-01-05", "to": "2026-01-05", "q": "rt"}, ["RT-0004", "RT-0001"]),
        ({"from": "2026-01-06", "zone": "Pacific/Kiritimati"}, ["RT-0004", "ÄRGER-包裹", "100%_OFF", "RT-0001"]),
        ({"by": "finished"}, ["RT-0004", "ÄRGER-包裹", "100%_OFF", "RT-0001"]),
        ({"by": "finished", "from": "2026-01-05", "to": "2026-01-05", "category": "parcel"}, ["ÄRGER-包裹"]),
        ({"by": "finished", "to": "2026-01-04"}, []),
        ({"by": "finished", "q": "rt", "defect": "stain"}, []),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_what_the_list_finds(reader: Person, asked: dict[str, str], expected: list[str]) -> None:
    assert codes(reader, **asked) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"category": "food"},
        {"grade": "F"},
        {"routing": "x"},
        {"before": "-1"},
        {"before": "9" * 30},
        {"after": "٣"},
        {"after": "1.x"},
        {"defect": "rust"},
        {"reason": "x"},
        {"from": "yesterday"},
        {"from": "2026-02-30"},
        {"to": "0001-01-01"},
        {"from": "2026-01-05", "zone": "Mars/Olympus"},
        {"from": "2026-01-05", "zone": "../../etc/passwd"},
        {"from": "2026-01-05", "to": "2026-01-04"},
        {"by": "x"},
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_said(reader: Person, wrong: dict[str, str]) -> None:
    assert reader.get("/returns", params=wrong).status_code == 422


@given(
    st.dictionaries(
        st.sampled_from(
            ["q", "category", "code", "routing", "before", "after", "from", "to", "zone", "by", "x"]
        ),
        st.text(max_size=300),
    )
)
def test_any_address_is_understood_or_refused(query: dict[str, str]) -> None:
    try:
        asked = understand(query)
    except ContentInvalid:
        return
    assert len(asked.text) <= MAX_TEXT
    assert asked.text.isprintable()


def test_a_search_stays_in_the_address_and_in_the_form(reader: Person) -> None:
    page = reader.get("/returns", params={"q": '"><b>', "category": "apparel"}).text
    assert "&#34;&gt;&lt;b&gt;" in page
    assert '<option value="apparel" selected>' in page


def test_paging_shows_everything_once_and_leads_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    with serving(tmp_path) as server:
        send(server.station(), *(an_inspection(number) for number in range(1, 6)))
        reader = server.person()
        shown, path = [], "/returns?q=rt"
        pages = []
        while path:
            page = reader.get(path).text
            pages.append([part.split("<")[0] for part in page.split("<strong>")[1:]])
            shown += pages[-1]
            path = (
                found(r'rel="next" href="([^"]+)"', page).replace("&amp;", "&")
                if 'rel="next"' in page
                else ""
            )
        assert shown == [f"RT-{number:04d}" for number in range(5, 0, -1)]
        assert [len(p) for p in pages] == [2, 2, 1]

        newer = found(r'rel="prev" href="([^"]+)"', page).replace("&amp;", "&")
        back = reader.get(newer).text
        assert [part.split("<")[0] for part in back.split("<strong>")[1:]] == pages[1]
        first = reader.get(found(r'rel="prev" href="([^"]+)"', back).replace("&amp;", "&")).text
        assert [part.split("<")[0] for part in first.split("<strong>")[1:]] == pages[0]
        assert 'rel="prev"' not in first


def test_an_empty_list_says_what_to_do(server: Running) -> None:
    reader = server.person()
    assert "secondlook-server enrol" in reader.get("/returns").text
    assert "No return fits this search" in reader.get("/returns?q=x").text


def test_the_file_tells_the_whole_story(server: Running) -> None:
    one = an_inspection(
        1,
        findings=(finding(photo_sha256=sha256(JPEG), probability=0.87),),
        not_assessable=(Defect.STAIN,),
        operator="li.na",
    )
    send(server.station(), one)
    ann = server.person("ann")
    ann.post("/queue/next")
    ann.post(
        f"/review/{one.inspection_id}",
        {
            "opinion_id": "o1",
            "grade": "D",
            "disposition": "donate",
            "verdict.f1": "confirmed",
            "note": "<b>cuff</b>",
        },
    )

    page = ann.get(f"/returns/{one.inspection_id}").text

    for told in (
        "RT-0001",
        "li.na",
        "1 Stain 87 %",
        "A required photo is missing or refused",
        "No model can see one of the defects yet",
        "Scanned at bench-1",
        "Decision: D, Donate, by ann",
        "&lt;b&gt;cuff&lt;/b&gt;",
        "AP-2.1",
        "not answered",
    ):
        assert told in page
    assert "<b>cuff" not in page
    chinese = ann.get(
        f"/returns/{one.inspection_id}", headers={"accept-language": "zh-TW,zh;q=0.9,en;q=0.8"}
    ).text
    for told in ("1 污渍 87 %", "必拍照片缺失或不合格", "判定：D 级，捐赠，ann"):
        assert told in chinese


def test_the_history_keeps_its_order_whatever_the_clocks_say(server: Running) -> None:
    ahead = server.clock() + timedelta(days=1)
    one = an_inspection(1, started_at=ahead, finished_at=ahead)
    send(server.station(), one)
    file = service.file(server.parts.database, one.inspection_id, Language.EN)
    assert [event.kind for event in file.events] == [
        "scanned",
        "photo",
        "judged",
        "received",
        "routed",
    ]


def test_a_file_names_the_corrections_and_the_other_inspections(server: Running) -> None:
    first = an_inspection(1).inspection_id
    send(
        server.station(),
        an_inspection(1),
        an_inspection(2, return_code="RT-0001", supersedes=first),
    )
    reader = server.person()
    old, new = (reader.get(f"/returns/{an_inspection(n).inspection_id}").text for n in (1, 2))
    assert f'/returns/{an_inspection(2).inspection_id}"' in old
    assert "replaces this one" in old
    assert "This inspection corrects" in new
    assert "Other inspections of this return" in new
    assert codes(reader, routing=State.SUPERSEDED) == ["RT-0001"]


def test_nothing_there_is_said(server: Running) -> None:
    reader = server.person()
    for path in (
        "/returns/nothing",
        f"/photos/{'0' * 64}",
        "/photos/..%2f..%2fsecret",
        "/photos/%00",
    ):
        answer = reader.get(path)
        assert answer.status_code == 404
        assert "Traceback" not in answer.text


def test_photos_are_kept_by_the_browser_and_shown_to_sessions_only(server: Running) -> None:
    put_photo(server.station())
    reader = server.person()
    path = f"/photos/{sha256(JPEG)}"

    first = reader.get(path)
    again = reader.get(path, headers={"if-none-match": first.headers["etag"]})

    assert (first.status_code, first.content) == (200, JPEG)
    assert first.headers["content-type"] == "image/jpeg"
    assert first.headers["cache-control"] == "private, no-cache"
    assert "sandbox" in first.headers["content-security-policy"]
    assert first.headers["x-content-type-options"] == "nosniff"
    assert (again.status_code, again.content) == (304, b"")
    tag = {"if-none-match": first.headers["etag"]}
    assert server.visitor().get(path, headers=tag).status_code == 303


def test_a_damaged_photo_is_never_served(server: Running) -> None:
    put_photo(server.station())
    server.parts.archive.storage.path(sha256(JPEG)).write_bytes(b"\0" + JPEG[1:])
    answer = server.person().get(f"/photos/{sha256(JPEG)}")
    assert answer.status_code == 500
    assert JPEG[1:] not in answer.content
    assert "restore the file from a backup" in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_lists_show_the_small_picture_where_there_is_one(server: Running) -> None:
    station = server.station()
    put_photo(station, JPEG + b"small")
    small = photo(sha256=sha256(JPEG), thumbnail_sha256=sha256(JPEG + b"small"))
    send(station, an_inspection(1, photos=(small,)), an_inspection(2), an_inspection(3, photos=()))
    page = server.person().get("/returns").text
    assert f'/photos/{sha256(JPEG + b"small")}"' in page
    assert page.count(f'/photos/{sha256(JPEG)}"') == 1


def test_what_no_model_looked_at_is_not_called_clean(server: Running) -> None:
    send(server.station("bench-1"), an_inspection(1), an_inspection(2, releases=("stain@1",)))
    person = server.person("rita", Role.REVIEWER)

    looked, unlooked = person.get("/returns").text.split("<strong>")[1:]
    case = person.get(
        person.post(f"/review/{an_inspection(1).inspection_id}/take").headers["location"]
    ).text

    assert "not looked at" in unlooked
    assert "not looked at" not in looked
    assert "No model looked at this item." in case
    assert "The models found nothing." not in case
