"""What stations send is kept exactly once, or refused with a reason; over real HTTP."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from models.grading.policy import default_policy
from models.records import Acknowledgement, Inspection
from models.vocabulary import Defect, Destination, Disposition, Reason, Shot
from server import standing, tables
from server.errors import ContentInvalid
from server.intake import service
from server.ledger import State, dossier
from tests.factories import answer, finding, judgement, photo, routing, sha256
from tests.unit.server.running import (
    JPEG,
    Running,
    an_inspection,
    put_inspection,
    put_photo,
    send,
    serving,
)

FRONT_AND_BACK = (
    photo(sha256=sha256(JPEG), size_bytes=len(JPEG), shot=Shot.FRONT),
    photo(sha256=sha256(JPEG), size_bytes=len(JPEG), shot=Shot.BACK),
)
GOOD_ANSWERS = (
    answer("tag", "attached"),
    answer("worn", "worn_or_washed"),
    answer("complete", "complete"),
    answer("function", "works"),
)


def count(server: Running, table: str) -> int:
    with server.parts.database.reading() as connection:
        return connection.execute(
            select(func.count()).select_from(getattr(tables, table))
        ).scalar_one()


def decided_by_machine(number: int = 1, **said: Any) -> Inspection:
    """Everything seen, looked at and answered, and not for resale: no person has to look."""
    facts = {"photos": FRONT_AND_BACK, "answers": GOOD_ANSWERS, "releases": ("stain@1",)}
    return an_inspection(number, **(facts | said))


def test_a_photo_is_stored_once_and_a_repeat_says_so(server: Running) -> None:
    station = server.station()

    first, again = put_photo(station), put_photo(station)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() == {"sha256": sha256(JPEG), "size_bytes": len(JPEG)}
    assert server.parts.archive.read(sha256(JPEG)) == JPEG
    assert count(server, "photos") == 1


@pytest.mark.parametrize(
    ("name", "content", "headers", "status"),
    [
        (sha256("other"), JPEG, {}, 422),  # on the way something changed
        (sha256(JPEG).upper(), JPEG, {}, 422),  # one spelling, one name
        ("0" * 63, JPEG, {}, 422),
        ("..%2f..%2fsecret", JPEG, {}, 404),  # the slash is one, and no route has it
        ("%2e%2e", JPEG, {}, 422),
        ("a\u0661" * 32, JPEG, {}, 422),  # a digit elsewhere
        (None, b"<svg onload=alert(1)>", {"content-type": "image/svg+xml"}, 415),
        (None, JPEG, {"content-type": "text/html"}, 415),
        (None, JPEG, {"content-type": ""}, 415),
        (None, b"a" * 1_000_001, {}, 413),
    ],
)
def test_a_photo_that_is_refused_leaves_nothing(
    tmp_path: Path, name: str | None, content: bytes, headers: dict[str, str], status: int
) -> None:
    with serving(tmp_path, max_photo_mb=1) as server:
        refused = put_photo(server.station(), content, headers=headers, name=name)

        assert refused.status_code == status
        assert refused.json()["detail"]
        assert count(server, "photos") == 0
        assert [p for p in (tmp_path / "server/photos").rglob("*") if p.is_file()] == []


def test_a_photo_without_a_length_is_counted_as_it_comes(tmp_path: Path) -> None:
    with serving(tmp_path, max_photo_mb=1) as server:
        endless = (JPEG + b"a" * 100_000 for _ in range(200))
        refused = put_photo(server.station(), endless, name="0" * 64)  # type: ignore[arg-type]
        assert refused.status_code == 413
        assert list((tmp_path / "server/photos/.incoming").iterdir()) == []


def test_a_repeat_with_another_body_is_refused_and_changes_nothing(server: Running) -> None:
    station = server.station()
    put_photo(station)
    assert put_photo(station, b"other", name=sha256(JPEG)).status_code == 422
    assert server.parts.archive.read(sha256(JPEG)) == JPEG


def test_a_damaged_or_lost_photo_is_asked_for_again_and_repaired(server: Running) -> None:
    station = server.station()
    put_photo(station)
    path = server.parts.archive.storage.path(sha256(JPEG))

    path.write_bytes(JPEG.swapcase())
    assert put_photo(station).status_code == 200  # the row was there already
    assert path.read_bytes() == JPEG

    path.unlink()
    missing = put_inspection(station, an_inspection())
    assert (missing.status_code, missing.json()["missing"]) == (424, [sha256(JPEG)])
    put_photo(station)
    assert put_inspection(station, an_inspection()).status_code == 201


def test_a_nearly_full_disk_refuses_in_time_but_not_what_it_has(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        send(server.station(), an_inspection(1))
    with serving(tmp_path, disk_reserve_mb=10**9) as server:
        station = server.station()
        refused = put_photo(station, b"new")
        assert refused.status_code == 507
        assert int(refused.headers["retry-after"]) > 0
        assert put_inspection(station, an_inspection(2)).status_code == 507
        # What is kept already needs no room: the station may forget it.
        assert put_photo(station).status_code == 200
        assert put_inspection(station, an_inspection(1)).status_code == 200


def test_an_inspection_is_acknowledged_by_the_hash_that_the_station_computes(
    server: Running,
) -> None:
    station, one = server.station(), an_inspection()
    put_photo(station)

    first, again = put_inspection(station, one), put_inspection(station, one)

    assert (first.status_code, again.status_code) == (201, 200)
    told = Acknowledgement.from_json(first.content)
    assert told == Acknowledgement.from_json(again.content)
    assert told.inspection_id == one.inspection_id
    assert told.sha256 == one.content_sha256()
    assert count(server, "inspections") == count(server, "routings") == 1


def test_a_newer_stations_keys_are_kept_and_count_in_the_hash(server: Running) -> None:
    station = server.station()
    put_photo(station)
    content = json.loads(an_inspection().to_json()) | {"shiny": {"new": [1.5, "新"]}}
    body = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    told = Acknowledgement.from_json(
        station.put(
            f"/api/v1/inspections/{content['inspection_id']}", content=body.encode()
        ).content
    )

    assert told.sha256 == sha256(body)
    with server.parts.database.reading() as connection:
        kept = connection.execute(select(tables.inspections.c.record)).scalar_one()
    assert kept == body
    assert server.person().get(f"/returns/{content['inspection_id']}").status_code == 200


def test_the_order_of_keys_is_not_content(server: Running) -> None:
    station, one = server.station(), an_inspection()
    send(station, one)
    shuffled = json.dumps(dict(reversed(json.loads(one.to_json()).items())), indent=1)
    again = station.put(f"/api/v1/inspections/{one.inspection_id}", content=shuffled)
    assert again.status_code == 200


def test_another_content_under_the_same_id_is_refused(server: Running) -> None:
    station = server.station()
    send(station, an_inspection())
    other = put_inspection(station, an_inspection(return_code="RT-9999"))
    assert other.status_code == 409
    assert "supersedes" in other.json()["detail"]
    assert count(server, "inspections") == 1


def test_twenty_at_once_are_kept_once(server: Running) -> None:
    """A station that repeats after a timeout while its first request is still under way."""
    station, one = server.station(), decided_by_machine()
    with ThreadPoolExecutor(20) as pool:
        photos = list(pool.map(lambda _: put_photo(station).status_code, range(20)))
        told = list(pool.map(lambda _: put_inspection(station, one), range(20)))

    assert sorted(photos) == [200] * 19 + [201]
    assert sorted(t.status_code for t in told) == [200] * 19 + [201]
    assert len({t.text for t in told}) == 1
    for table in (
        "photos",
        "inspections",
        "inspection_photos",
        "routings",
        "decisions",
        "standings",
    ):
        assert count(server, table) == 1
    assert [p.name for p in (server.parts.archive.storage.path(sha256(JPEG)).parent).iterdir()] == [
        sha256(JPEG)
    ]


def test_photos_come_first_and_thumbnails_are_photos(server: Running) -> None:
    station = server.station()
    thumbnail, other = JPEG + b"small", JPEG + b"x"
    one = an_inspection(
        photos=(
            photo(sha256=sha256(JPEG), thumbnail_sha256=sha256(thumbnail)),
            photo(sha256=sha256(other)),
        )
    )

    told = put_inspection(station, one)
    assert told.status_code == 424
    assert told.json()["missing"] == sorted([sha256(JPEG), sha256(thumbnail), sha256(other)])
    assert count(server, "inspections") == 0

    for content in (JPEG, thumbnail, other):
        put_photo(station, content)
    assert put_inspection(station, one).status_code == 201


def test_a_station_writes_only_under_its_own_name(server: Running) -> None:
    send(server.station("bench-1"))
    refused = put_inspection(server.station("bench-2"), an_inspection(station="bench-1"))
    assert refused.status_code == 403
    assert "bench-2" in refused.json()["detail"]
    assert count(server, "inspections") == 0


GARBAGE = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"inspection_id": "\\ud800"}',
    b'{"a": 1' + b"0" * 5000 + b"}",
]


@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_refused_in_one_line(server: Running, body: bytes) -> None:
    refused = server.station().put("/api/v1/inspections/x", content=body)
    assert refused.status_code == 422
    assert "\n" not in refused.json()["detail"]


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"inspection_id": "another"}, "should be the one in the address"),
        ({"supersedes": an_inspection().inspection_id}, "should name another inspection"),
        ({"standard": "parcel@1"}, "standard should be one of apparel"),
        ({"photos": [json.loads(photo().to_json())] * 501}, "at most 500"),
        ({"return_code": ""}, "return_code"),
        ({"started_at": "yesterday"}, "started_at"),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(
    server: Running, said: dict[str, Any], complaint: str
) -> None:
    one = an_inspection()
    content = json.loads(one.to_json()) | said
    refused = server.station().put(f"/api/v1/inspections/{one.inspection_id}", json=content)
    assert refused.status_code == 422
    assert complaint in refused.json()["detail"]


@pytest.mark.parametrize("name", ["a/b", "..", "."])
def test_an_id_that_would_not_fit_into_an_address_is_refused(name: str) -> None:
    with pytest.raises(ContentInvalid, match="should be a UUID"):
        service._check(an_inspection(inspection_id=name), name, "bench-1")


def test_an_inspection_that_is_too_large_is_refused(server: Running) -> None:
    body = b" " * (service.MAX_INSPECTION_BYTES + 1)
    assert server.station().put("/api/v1/inspections/x", content=body).status_code == 413


def test_the_servers_own_rules_decide(server: Running) -> None:
    """The station says automatic; the server sees that a required shot and all answers are missing."""
    one = an_inspection(routing=routing(to=Destination.AUTOMATIC))
    station = server.station()
    put_photo(station)
    told = Acknowledgement.from_json(put_inspection(station, one).content).routing

    assert told.to is Destination.REVIEW
    assert {Reason.NOT_SEEN, Reason.UNANSWERED} <= set(told.reasons)
    with server.parts.database.reading() as connection:
        kept = dossier(connection, one.inspection_id)
    assert kept is not None
    assert (kept.routing, kept.state, kept.decisions) == (told, State.WAITING, ())
    assert kept.inspection.routing == one.routing


def test_what_no_person_needs_to_see_is_decided_by_the_policy(server: Running) -> None:
    station, one = server.station(), decided_by_machine()
    put_photo(station)
    told = Acknowledgement.from_json(put_inspection(station, one).content).routing

    assert told.to is Destination.AUTOMATIC
    with server.parts.database.reading() as connection:
        kept = dossier(connection, one.inspection_id)
    assert kept is not None
    assert kept.state is State.AUTOMATIC
    decision = kept.decision
    assert decision is not None
    assert decision.decided_by == told.policy == default_policy().identifier
    assert decision.opinions == ()
    assert decision.disposition is kept.judgement.disposition is not Disposition.RESELL
    assert count(server, "cases") == 0


def test_a_standard_of_the_future_is_kept_and_goes_to_a_person(server: Running) -> None:
    automatic = routing(to=Destination.AUTOMATIC)
    one = decided_by_machine(standard="apparel@99", routing=automatic)
    station = server.station()
    put_photo(station)
    told = Acknowledgement.from_json(put_inspection(station, one).content).routing
    assert told.to is Destination.REVIEW

    reader = server.person()
    assert reader.get(f"/returns/{one.inspection_id}").status_code == 200
    reader.client.post("/queue/next", data={"form_token": reader.form_token()})
    assert reader.get(f"/review/{one.inspection_id}").status_code == 200


def test_what_no_model_looked_at_goes_to_a_person(server: Running) -> None:
    station, one = server.station(), decided_by_machine(releases=())
    put_photo(station)
    told = Acknowledgement.from_json(put_inspection(station, one).content).routing
    assert told.reasons == (Reason.NOT_ASSESSABLE,)


def test_the_acknowledgement_says_what_was_decided(server: Running) -> None:
    station, certain, open_ = server.station(), decided_by_machine(1), an_inspection(2)
    put_photo(station)

    for _ in ("first", "again"):
        told = [
            Acknowledgement.from_json(put_inspection(station, one).text) for one in (certain, open_)
        ]
        assert [ack.disposition for ack in told] == [Disposition.REPAIR, None]


def correct(server: Running, *numbers: int) -> None:
    """Inspection 2 corrects inspection 1; they arrive in the given order."""
    one = {
        1: an_inspection(1),
        2: an_inspection(2, return_code="RT-0001", supersedes=an_inspection(1).inspection_id),
    }
    send(server.station(), *(one[number] for number in numbers))


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_correction_closes_the_case_of_what_it_corrects(
    server: Running, order: tuple[int, int]
) -> None:
    correct(server, *order)
    with server.parts.database.reading() as connection:
        old, new = (dossier(connection, an_inspection(n).inspection_id) for n in (1, 2))
        is_open = select(tables.cases.c.inspection_id).where(tables.cases.c.closed_at.is_(None))
        assert connection.execute(is_open).scalars().all() == [an_inspection(2).inspection_id]
    assert old is not None
    assert new is not None
    assert (old.state, old.superseded_by) == (State.SUPERSEDED, an_inspection(2).inspection_id)
    assert new.state is State.WAITING


def test_nobody_corrects_another_return(server: Running) -> None:
    station = server.station()
    send(station, an_inspection(1))
    refused = put_inspection(station, an_inspection(2, supersedes=an_inspection(1).inspection_id))
    assert refused.status_code == 422
    assert "same return" in refused.json()["detail"]
    assert count(server, "inspections") == 1

    # The other way round nobody can be asked any more: both stand.
    late = an_inspection(4, supersedes=an_inspection(3).inspection_id)
    send(station, late, an_inspection(3))
    with server.parts.database.reading() as connection:
        kept = dossier(connection, an_inspection(3).inspection_id)
    assert kept is not None
    assert kept.state is State.WAITING


def test_strange_scans_are_kept_as_they_are(server: Running) -> None:
    code = "01\x1d10\x00ABC"
    one = an_inspection(return_code=code, findings=(finding(photo_sha256=sha256(JPEG)),))
    send(server.station(), one)
    with server.parts.database.reading() as connection:
        kept = dossier(connection, one.inspection_id)
    assert kept is not None
    assert kept.inspection == one
    assert server.person().get(f"/returns/{one.inspection_id}").status_code == 200


def test_the_search_text_speaks_both_languages() -> None:
    text = standing.search_text(
        an_inspection(findings=(finding(photo_sha256=sha256(JPEG), defect=Defect.STAIN),))
    )
    assert {"rt-0001", "bench-1", "stain", "污渍", "apparel", "服装"} <= set(text.split("\n"))


@given(body=st.binary(max_size=200))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_bytes_get_past_as_an_inspection(body: bytes) -> None:
    with pytest.raises(ContentInvalid):
        service._read(body)


@given(
    extra=st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.none()
            | st.booleans()
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(max_size=5),
            lambda x: st.lists(x, max_size=3),
            max_leaves=5,
        ),
        max_size=4,
    )
)
@settings(max_examples=100, deadline=None)
def test_whatever_a_newer_station_adds_its_hash_is_its_own(extra: dict[str, Any]) -> None:
    """The sender's canonical text is what is kept, byte for byte, whatever keys it has."""
    content = {**extra, **json.loads(an_inspection(judgement=judgement()).to_json())}
    sent = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert service._read(sent.encode())[1] == sent
