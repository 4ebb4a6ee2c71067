"""Stations come in by a code that works once, and lose their token at once."""

import html
import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import select

from models.vocabulary import AccessChange, Role
from server import access, tables
from server.enrolment import service
from server.patience import MAX_FAILURES, MAX_FAILURES_OF_NAME, PAUSE
from server.security import CODE_LENGTH, CODE_LETTERS
from tests.factories import sha256
from tests.unit.server.running import JPEG, Person, Running, found, put_photo


@pytest.fixture
def admin(server: Running) -> Person:
    return server.person("root", Role.ADMINISTRATOR)


def code_for(admin: Person, station: str = "") -> str:
    answer = admin.post("/stations/code", {"station": station})
    assert answer.status_code == 201, answer.text
    return found(rf">([{CODE_LETTERS}]{{4}}-[{CODE_LETTERS}]{{4}})<", answer.text)


def enrol(server: Running, code: str, station: str = "") -> httpx.Response:
    return server.client().post("/api/v1/enrol", json={"code": code, "station": station})


def test_a_code_gives_a_token_once(server: Running, admin: Person) -> None:
    code = code_for(admin)

    answer = enrol(server, code, "bench-9")

    assert answer.status_code == 201
    assert answer.json()["station"] == "bench-9"
    assert answer.json()["signing_key"] == server.parts.signer.public_key
    station = server.client(headers={"authorization": f"Bearer {answer.json()['token']}"})
    assert put_photo(station).status_code == 201
    assert enrol(server, code, "bench-9").status_code == 403
    page = admin.get("/stations").text
    assert "bench-9" in page
    assert "there" in page
    with server.parts.database.reading() as connection:
        kept = connection.execute(select(tables.enrolment_codes.c.code_hmac)).scalar_one()
        (newest, made) = access.entries(connection)
    assert kept not in {sha256(code), sha256(code.replace("-", ""))}
    assert (newest.actor, newest.change, newest.subject, newest.address) == (
        "root",
        AccessChange.STATION_ENROLLED,
        "bench-9",
        "127.0.0.1",
    )
    assert made.change is AccessChange.CODE_MADE


@pytest.mark.parametrize(
    "typed", [str.lower, lambda code: code.replace("-", " "), lambda code: f" {code}\t"]
)
def test_a_code_is_read_as_people_type_it(server: Running, admin: Person, typed) -> None:
    assert enrol(server, typed(code_for(admin)), "bench-1").status_code == 201


def test_codes_can_be_read_with_gloves_on() -> None:
    assert CODE_LENGTH == 8
    assert len(set(CODE_LETTERS)) == len(CODE_LETTERS) == 26
    assert not set(CODE_LETTERS) & set("0O1IL5S8BZ")


def test_a_code_for_one_station_enrols_no_other_and_is_not_used_up_by_trying(
    server: Running, admin: Person
) -> None:
    code = code_for(admin, "bench-2")
    other = enrol(server, code, "bench-3")
    assert (other.status_code, "another station" in other.text) == (422, True)
    assert enrol(server, code).json()["station"] == "bench-2"


def test_a_code_for_any_station_asks_for_a_name(server: Running, admin: Person) -> None:
    code = code_for(admin)
    assert enrol(server, code).status_code == 422
    assert enrol(server, code, "a b").status_code == 422
    assert enrol(server, code, "bench-1").status_code == 201


def test_a_code_ends_with_time(server: Running, admin: Person) -> None:
    code = code_for(admin)
    server.clock.now += service.VALID
    assert enrol(server, code, "bench-1").status_code == 403


def test_of_two_stations_with_one_name_the_older_token_ends(server: Running, admin: Person) -> None:
    first = enrol(server, code_for(admin), "bench-1").json()["token"]
    old = server.client(headers={"authorization": f"Bearer {first}"})
    assert put_photo(old).status_code == 201
    second = enrol(server, code_for(admin), "bench-1").json()["token"]
    new = server.client(headers={"authorization": f"Bearer {second}"})
    assert put_photo(old).status_code == 401
    assert put_photo(new).status_code == 200
    assert "its older token ended" in admin.get("/access-log").text


def test_of_many_who_use_one_code_at_once_one_gets_in(server: Running, admin: Person) -> None:
    code = code_for(admin)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: enrol(server, code, f"bench-{n}").status_code, range(8)))
    assert sorted(answers) == [201] + [403] * 7


def test_guessing_codes_is_stopped_before_they_are_looked_at(
    server: Running, admin: Person
) -> None:
    code = code_for(admin)
    for _ in range(MAX_FAILURES):
        assert enrol(server, "AAAA-AAAA", "bench-1").status_code == 403
    assert enrol(server, code, "bench-1").status_code == 429
    with server.parts.database.writing() as connection:
        connection.execute(tables.failed_attempts.delete())
        rows = [
            {"name": "#enrolment codes", "address": f"10.0.0.{i}", "failed_at": server.clock()}
            for i in range(MAX_FAILURES_OF_NAME)
        ]
        connection.execute(tables.failed_attempts.insert(), rows)
    slowed = enrol(server, code, "bench-1")
    assert (slowed.status_code, slowed.headers["retry-after"]) == (429, "10")
    server.clock.now += PAUSE
    assert enrol(server, code, "bench-1").status_code == 201


def test_not_too_many_codes_wait_at_once(server: Running, admin: Person) -> None:
    for _ in range(service.MAX_CODES):
        code_for(admin)
    assert admin.post("/stations/code").status_code == 409
    server.clock.now += service.VALID
    code_for(admin)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"code": 1}',
        b'{"code": "' + b"A" * 500 + b'"}',
        b"\xff",
        b'{"code": "\\u0000", "station": "\\u0000"}',
    ],
)
def test_what_is_no_request_to_enrol(server: Running, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = server.client().post("/api/v1/enrol", content=body, headers=headers)
    assert answer.status_code == 422
    assert set(answer.json()) == {"detail"}


def test_a_revoked_station_sends_nothing_until_it_enrols_again(
    server: Running, admin: Person
) -> None:
    station = server.station("bench-4")
    assert put_photo(station).status_code == 201
    assert admin.post("/stations/revoke", {"station": "bench-4"}).status_code == 303
    assert put_photo(station).status_code == 401
    assert "revoked" in admin.get("/stations").text
    assert admin.post("/stations/revoke", {"station": "bench-4"}).status_code == 404
    assert admin.get(f"/photos/{sha256(JPEG)}").status_code == 200  # what it sent stays
    assert put_photo(server.station("bench-4")).status_code == 200


def test_the_page_of_stations_tells_which_are_there(server: Running, admin: Person) -> None:
    assert "No station yet" in admin.get("/stations").text
    server.station("silent")
    server.station("heard").get("/healthz")

    def states() -> dict[str, str]:
        page = re.sub(r"\s+", " ", html.unescape(admin.get("/stations").text))
        return dict(re.findall(r"<strong>([^<]+)</strong>.*?class=\"state [^>]*>([^<]+)<", page))

    assert states() == {"heard": "there", "silent": "never heard"}
    server.clock.pass_by(minutes=6)
    assert states() == {"heard": "silent", "silent": "never heard"}
    assert "Revoke" not in server.person("aud", Role.AUDITOR).get("/stations").text
