"""Signing in, sessions that end, patience with guessers."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, update

from models.vocabulary import Role
from server import tables
from server.accounts import service
from server.enrolment import service as enrolment
from server.errors import AccountInvalid
from server.pages import SESSION_COOKIE
from server.patience import (
    MAX_FAILURES,
    MAX_FAILURES_OF_ADDRESS,
    MAX_FAILURES_OF_NAME,
    PAUSE,
    WINDOW,
)
from server.security import token_sha256
from tests.unit.server.running import PASSWORD, Person, Running, serving


@pytest.fixture
def ann(server: Running) -> Person:
    """A visitor with an account who has not signed in yet."""
    service.put_account(server.parts.database, "ann", Role.REVIEWER, PASSWORD, server.clock())
    return server.visitor()


def sign_in(
    person: Person, name: str = "ann", password: str = PASSWORD, **more: str
) -> httpx.Response:
    token = person.form_token("/sign-in")
    data = {"form_token": token, "name": name, "password": password, **more}
    return person.client.post("/sign-in", data=data)


def test_signing_in_opens_a_session_and_leads_to_the_work(ann: Person, server: Running) -> None:
    answer = sign_in(ann)
    assert (answer.status_code, answer.headers["location"]) == (303, "/review")
    assert ann.get("/returns").status_code == 200
    assert ann.get("/sign-in").status_code == 303
    with server.parts.database.reading() as connection:
        kept = connection.execute(select(tables.sessions.c.token_sha256)).scalar_one()
    assert kept == token_sha256(ann.client.cookies[SESSION_COOKIE])


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(ann: Person) -> None:
    seed = ann.get("/sign-in").headers["set-cookie"]
    session = sign_in(ann).headers["set-cookie"]
    for cookie in (seed, session):
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Secure" not in cookie  # loopback speaks plain HTTP


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ann", "wrong"),
        ("nobody", PASSWORD),
        ("", ""),
        ("ann", "x" * 5000),
        ("x" * 500, "y"),
    ],
    ids=["password", "name", "nothing", "long password", "long name"],
)
def test_what_does_not_fit_says_nothing_about_which(ann: Person, name: str, password: str) -> None:
    answer = sign_in(ann, name, password)
    assert answer.status_code == 401
    assert "do not fit together" in answer.text
    assert SESSION_COOKIE not in ann.client.cookies


def test_an_unknown_name_takes_as_long_as_a_wrong_password(ann: Person) -> None:
    def took_s(name: str) -> float:
        began = time.perf_counter()
        sign_in(ann, name, "wrong password")
        return time.perf_counter() - began

    known, unknown = (min(took_s(name) for _ in range(3)) for name in ("ann", "nobody"))
    assert unknown > known / 3


@pytest.mark.parametrize(
    ("wanted", "goes"),
    [
        ("/returns?q=1", "/returns?q=1"),
        ("https://evil.example/", "/review"),
        ("//evil.example/", "/review"),
        ("/\\evil.example/", "/review"),
        ("javascript:alert(1)", "/review"),
        ("/a\r\nset-cookie: x=1", "/review"),
    ],
)
def test_after_signing_in_nobody_is_sent_elsewhere(ann: Person, wanted: str, goes: str) -> None:
    assert sign_in(ann, next=wanted).headers["location"] == goes


def test_guessing_one_password_is_stopped_and_forgiven_in_time(
    ann: Person, server: Running
) -> None:
    for _ in range(MAX_FAILURES):
        assert sign_in(ann, password="guess").status_code == 401
    stopped = sign_in(ann)
    assert stopped.status_code == 429
    assert int(stopped.headers["retry-after"]) > 0
    assert "wait a few minutes" in stopped.text
    server.clock.now += WINDOW + timedelta(seconds=1)
    assert sign_in(ann).status_code == 303
    with server.parts.database.reading() as connection:
        assert connection.execute(select(tables.failed_attempts)).all() == []


def test_guessing_one_password_for_all_names_is_stopped_too(ann: Person, server: Running) -> None:
    with server.parts.database.writing() as connection:
        rows = [
            {"name": f"n{i}", "address": "127.0.0.1", "failed_at": server.clock()}
            for i in range(MAX_FAILURES_OF_ADDRESS)
        ]
        connection.execute(tables.failed_attempts.insert(), rows)
    assert sign_in(ann).status_code == 429


def test_guessing_in_parallel_is_stopped_as_well(ann: Person) -> None:
    token = ann.form_token("/sign-in")

    def guess(_: int) -> int:
        data = {"form_token": token, "name": "ann", "password": "guess"}
        return ann.client.post("/sign-in", data=data).status_code

    with ThreadPoolExecutor(20) as pool:
        answers = sorted(pool.map(guess, range(2 * MAX_FAILURES)))
    assert answers == [401] * MAX_FAILURES + [429] * MAX_FAILURES


def test_what_succeeds_is_no_failure(ann: Person, server: Running) -> None:
    assert ann.get("/sign-in").status_code == 200
    for _ in range(MAX_FAILURES + 1):
        assert sign_in(server.visitor()).status_code == 303
    assert failures(server) == []


def failures(server: Running) -> list[tuple[str, str]]:
    kept = select(tables.failed_attempts.c.name, tables.failed_attempts.c.address)
    with server.parts.database.reading() as connection:
        return [(row.name, row.address) for row in connection.execute(kept)]


def test_guessing_from_many_addresses_is_slowed_and_nobody_is_locked_out(
    ann: Person, server: Running
) -> None:
    with server.parts.database.writing() as connection:
        rows = [
            {"name": "ann", "address": f"10.0.0.{i}", "failed_at": server.clock()}
            for i in range(MAX_FAILURES_OF_NAME)
        ]
        connection.execute(tables.failed_attempts.insert(), rows)
    slowed = sign_in(ann)
    assert (slowed.status_code, slowed.headers["retry-after"]) == (429, "10")
    assert "wait ten seconds" in slowed.text
    server.clock.now += PAUSE
    assert sign_in(ann, password="guess").status_code == 401
    assert sign_in(ann).status_code == 429
    server.clock.now += PAUSE
    assert sign_in(ann).status_code == 303


def test_no_name_counts_among_what_is_tried_without_one(ann: Person, server: Running) -> None:
    assert sign_in(ann, "#enrolment codes", "guess").status_code == 401
    assert failures(server) == [("enrolment codes", "127.0.0.1")]


def test_failures_are_forgotten_in_time_also_those_of_a_clock_that_was_ahead(
    ann: Person, server: Running
) -> None:
    with server.parts.database.writing() as connection:
        for away in (-WINDOW, timedelta(hours=3)):
            row = {"name": "ann", "address": "127.0.0.1", "failed_at": server.clock() + away}
            connection.execute(tables.failed_attempts.insert(), [row] * MAX_FAILURES)
    assert sign_in(ann, password="guess").status_code == 401
    assert len(failures(server)) == 1


def test_a_household_of_ipv6_addresses_is_one_address(server: Running) -> None:
    for address in ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1", "::ffff:10.0.0.1", "x"):
        assert service.sign_in(server.parts, "nobody", "guess", address) is None
    addresses = ["2001:db8::/64", "2001:db8::/64", "2001:db8:0:1::/64", "10.0.0.1", "x"]
    assert [address for _, address in failures(server)] == addresses


def test_nobody_is_believed_who_says_where_a_request_comes_from(tmp_path: Path) -> None:
    said = {"x-forwarded-for": "10.9.8.7", "x-forwarded-proto": "https"}
    with serving(tmp_path / "closed") as server:
        seed = server.client().get("/sign-in", headers=said)
        assert "Secure" not in seed.headers["set-cookie"]
        sign_in(Person(server.client(headers=said)))
        assert failures(server) == [("ann", "127.0.0.1")]
    with serving(tmp_path / "proxied", trusted_proxies=("127.0.0.0/8",)) as server:
        sign_in(Person(server.client(headers=said | {"x-forwarded-proto": "http"})))
        assert failures(server) == [("ann", "10.9.8.7")]
        seed = server.client().get("/sign-in", headers=said)
        assert "Secure" in seed.headers["set-cookie"]


def test_signing_out_ends_the_session_on_the_server(ann: Person, server: Running) -> None:
    sign_in(ann)
    stolen = server.client(cookies={SESSION_COOKIE: ann.client.cookies[SESSION_COOKIE]})
    assert stolen.get("/returns").status_code == 200
    answer = ann.post("/sign-out")
    assert answer.headers["location"] == "/sign-in"
    assert SESSION_COOKIE not in ann.client.cookies
    assert stolen.get("/returns").status_code == 303


def test_sessions_run_out(ann: Person, server: Running) -> None:
    sign_in(ann)
    server.clock.pass_by(hours=server.parts.settings.session_hours)
    assert ann.get("/returns").headers["location"] == "/sign-in?next=%2Freturns"


def test_a_new_password_or_a_closed_account_ends_all_sessions(ann: Person, server: Running) -> None:
    database = server.parts.database
    sign_in(ann)
    service.put_account(database, "ann", Role.AUDITOR, PASSWORD + "!", server.clock())
    assert ann.get("/returns").status_code == 303
    assert sign_in(ann).status_code == 401
    assert sign_in(ann, password=PASSWORD + "!").headers["location"] == "/returns"

    service.close_account(database, "ann", server.clock())
    assert ann.get("/returns").status_code == 303
    assert sign_in(ann, password=PASSWORD + "!").status_code == 401
    with pytest.raises(AccountInvalid, match="no open account"):
        service.close_account(database, "ann", server.clock())


def test_a_form_from_before_signing_in_is_refused_afterwards(ann: Person) -> None:
    before = ann.form_token("/sign-in")
    sign_in(ann)
    assert ann.client.post("/sign-out", data={"form_token": before}).status_code == 403


def test_demo_accounts_work_on_loopback_only(server: Running) -> None:
    service.make_demo_accounts(server.parts.database, server.clock())
    service.make_demo_accounts(server.parts.database, server.clock())  # again: nothing happens
    name, role, password = service.DEMO_ACCOUNTS[0]
    assert sign_in(server.visitor(), name, password).status_code == 303

    home = server.parts.settings.home
    with serving(home, host="0.0.0.0", allowed_hosts=("x",)) as reachable:
        assert sign_in(reachable.visitor(), name, password).status_code == 401
        # A real account of that name is no demo account any more.
        service.put_account(reachable.parts.database, name, role, PASSWORD, reachable.clock())
        assert sign_in(reachable.visitor(), name).status_code == 303
        with pytest.raises(AccountInvalid, match="real account"):
            service.make_demo_accounts(reachable.parts.database, reachable.clock())


def test_passwords_are_kept_as_argon2_only(ann: Person, server: Running) -> None:
    with server.parts.database.reading() as connection:
        kept = connection.execute(select(tables.accounts.c.password_hash)).scalar_one()
    assert kept.startswith("$argon2id$")
    with server.parts.database.writing() as connection:
        connection.execute(update(tables.accounts).values(password_hash="broken"))
    assert sign_in(ann).status_code == 401


@pytest.mark.parametrize(
    ("name", "role", "password", "complaint"),
    [
        ("ann", Role.REVIEWER, "short", "10 to 1024 characters. This one has 5."),
        ("ann", Role.REVIEWER, "x" * 1025, "10 to 1024 characters"),
        ("a b", Role.REVIEWER, PASSWORD, "A name should be"),
        ("", Role.REVIEWER, PASSWORD, "A name should be"),
        ("bench", Role.STATION, PASSWORD, "not an account"),
    ],
)
def test_accounts_that_cannot_be(
    server: Running, name: str, role: Role, password: str, complaint: str
) -> None:
    with pytest.raises(AccountInvalid, match=complaint):
        service.put_account(server.parts.database, name, role, password, server.clock())


def test_only_the_hash_of_a_stations_token_is_kept(server: Running) -> None:
    token, is_new = enrolment.enrol(server.parts.database, "bench-1", server.clock())
    again, is_new_again = enrolment.enrol(server.parts.database, "bench-1", server.clock())
    assert (is_new, is_new_again) == (True, False)
    with server.parts.database.reading() as connection:
        kept = connection.execute(select(tables.stations.c.token_sha256)).scalar_one()
    assert kept == token_sha256(again)
    assert again != token


def test_the_language_is_remembered_and_the_page_comes_back(ann: Person) -> None:
    sign_in(ann)
    answer = ann.post("/language", {"language": "zh", "next": "/returns?q=1"})
    assert answer.headers["location"] == "/returns?q=1"
    assert "退货" in ann.get("/returns").text
    assert ann.post("/language", {"language": "xx"}).status_code == 422
