"""Accounts from the first start on: links that work once, roles, sessions, tokens, and who changed what."""

import html
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DatabaseError

from models.vocabulary import AccessChange, Role, Scope
from server import access, tables
from server.access import By, Entry
from server.accounts import links, service, tokens
from server.enrolment import queries as enrolment
from server.errors import ContentInvalid
from server.pages import SESSION_COOKIE
from server.patience import MAX_FAILURES, MAX_TOKENS
from server.security import token_sha256
from tests.unit.server.running import PASSWORD, Person, Running, found, serving

NEW = "another horse battery"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def admin(server: Running) -> Person:
    return server.person("root", Role.ADMINISTRATOR)


def log(server: Running) -> list[Entry]:
    with server.parts.database.reading() as connection:
        return access.entries(connection)


def changes(server: Running) -> list[tuple[str, AccessChange, str]]:
    return [(one.actor, one.change, one.subject) for one in reversed(log(server))]


def key_in(page: str) -> str:
    return found(r"/link\?key=([\w-]{43})", html.unescape(page))


def invited(admin: Person, name: str = "ann", role: Role = Role.REVIEWER) -> str:
    answer = admin.post("/people", {"name": name, "role": role})
    assert answer.status_code == 201, answer.text
    return key_in(answer.text)


def choose(visitor: Person, key: str, new: str = PASSWORD, **more: str) -> httpx.Response:
    data = {"key": key, "new": new, "repeated": more.pop("repeated", new), **more}
    return visitor.post("/link", data)


# The first administrator


def test_the_first_start_makes_one_administrator_through_its_link(server: Running) -> None:
    key = links.make_first(server.parts.database, server.clock())
    assert key
    visitor = server.visitor()
    assert "You are the first" in visitor.get(f"/link?key={key}").text

    answer = choose(visitor, key, name="root")

    assert answer.headers["location"] == "/people"
    assert visitor.get("/people").status_code == 200
    assert links.make_first(server.parts.database, server.clock()) is None
    assert choose(server.visitor(), key, name="again").status_code == 410
    assert changes(server) == [
        (access.ONE_TIME_LINK, AccessChange.ACCOUNT_MADE, "root"),
        (access.ONE_TIME_LINK, AccessChange.PASSWORD_SET, "root"),
    ]


def test_the_first_link_ends_with_time_and_with_any_account(server: Running) -> None:
    database = server.parts.database
    key = links.make_first(database, server.clock())
    assert server.visitor().get(f"/link?key={key}").status_code == 200
    server.clock.now += links.FIRST_VALID
    assert server.visitor().get(f"/link?key={key}").status_code == 410

    key = links.make_first(database, server.clock())
    assert key
    service.put_account(database, "ann", Role.REVIEWER, PASSWORD, server.clock())
    assert choose(server.visitor(), key, name="root").status_code == 410


@pytest.mark.parametrize("starts", [1, 6], ids=["one link", "a link of each of six servers"])
def test_of_many_who_open_first_links_at_once_one_is_administrator(
    server: Running, starts: int
) -> None:
    made = [links.make_first(server.parts.database, server.clock()) for _ in range(starts)]
    keys = [key or "" for key in made] * (6 // starts)
    visitors = [server.visitor() for _ in keys]
    for visitor, key in zip(visitors, keys, strict=True):
        assert visitor.get(f"/link?key={key}").status_code == 200

    def open_it(n: int) -> int:
        return choose(visitors[n], keys[n], name=f"root-{n}").status_code

    with ThreadPoolExecutor(6) as pool:
        several = list(pool.map(open_it, range(6)))

    assert sorted(several) == [303] + [410] * 5
    assert service.count_accounts(server.parts.database) == 1


# Invitations and new passwords


def test_an_invitation_sets_the_password_once(server: Running, admin: Person) -> None:
    key = invited(admin)
    assert "invited" in admin.get("/people").text
    ann = server.visitor()
    for _ in range(2):  # a chat that looks at the link uses nothing up
        assert "Welcome, ann" in ann.get(f"/link?key={key}").text

    assert choose(ann, key).headers["location"] == "/review"

    assert ann.get("/review").status_code == 200
    assert choose(server.visitor(), key).status_code == 410
    assert service.sign_in(server.parts, "ann", PASSWORD, "") is not None
    with server.parts.database.reading() as connection:
        kept = connection.execute(select(tables.one_time_links.c.token_sha256)).scalar_one()
    assert kept != key
    assert ("root", AccessChange.ACCOUNT_MADE, "ann") in changes(server)


def test_nobody_signs_in_before_a_password_is_set(server: Running, admin: Person) -> None:
    invited(admin)
    for guess in ("", "none", "x" * 20):
        assert service.sign_in(server.parts, "ann", guess, "") is None


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"new": "short", "repeated": "short"}, "10 to 1024 characters"),
        ({"new": "Password123", "repeated": "Password123"}, "Everybody would guess"),
        ({"new": "annannannann", "repeated": "annannannann"}, "Everybody would guess"),
        ({"new": PASSWORD, "repeated": NEW}, "not the same"),
        ({"new": PASSWORD + "\0", "repeated": PASSWORD + "\0"}, "cannot be read"),
    ],
    ids=["short", "common", "few letters", "two", "NUL"],
)
def test_a_password_that_will_not_do_leaves_the_link_as_it_was(
    server: Running, admin: Person, data: dict[str, str], complaint: str
) -> None:
    key = invited(admin)
    refused = server.visitor().post("/link", {"key": key, **data})
    assert (refused.status_code, complaint in refused.text) == (422, True)
    assert choose(server.visitor(), key).status_code == 303


def test_a_new_link_ends_the_one_before_and_the_old_password_works_until_it_is_used(
    server: Running, admin: Person
) -> None:
    choose(server.visitor(), invited(admin))
    old, new = (key_in(admin.post("/person/link", {"name": "ann"}).text) for _ in range(2))
    signed_in = service.sign_in(server.parts, "ann", PASSWORD, "")
    assert signed_in
    assert choose(server.visitor(), old, NEW).status_code == 410
    assert choose(server.visitor(), new, NEW).status_code == 303
    assert service.sign_in(server.parts, "ann", PASSWORD, "") is None
    stale = server.client(cookies={SESSION_COOKIE: signed_in[1]})
    assert stale.get("/returns").status_code == 303


def test_links_end_with_time_with_the_account_and_when_somebody_tries_many(
    server: Running, admin: Person
) -> None:
    late, closed = invited(admin, "late"), invited(admin, "closed")
    assert admin.post("/person/close", {"name": "closed"}).status_code == 303
    assert server.visitor().get(f"/link?key={closed}").status_code == 410
    right = invited(admin, "right")
    for _ in range(MAX_FAILURES):
        server.visitor().get("/link?key=wrong")
    assert server.visitor().get("/link?key=wrong").status_code == 429
    # Who has the right one is not slowed down by who guesses beside them, nor is a password.
    assert server.visitor().get(f"/link?key={right}").status_code == 200
    assert service.sign_in(server.parts, "root", "x", "127.0.0.1") is None
    server.clock.now += links.VALID
    assert server.visitor().get(f"/link?key={late}").status_code == 410


# Looking after accounts


def test_a_role_is_changed_at_once_and_written_down(server: Running, admin: Person) -> None:
    ann = server.person("ann")
    assert ann.get("/review").status_code == 200
    answer = admin.post("/person/role", {"name": "ann", "role": Role.OPERATOR})
    assert answer.headers["location"] == "/person?name=ann&done=role"
    assert ann.get("/review").status_code == 303  # the session ended
    assert server.parts.database
    (entry,) = log(server)
    assert (entry.actor, entry.subject, entry.detail) == ("root", "ann", "reviewer operator")
    assert entry.address == "127.0.0.1"
    assert entry.happened_at == server.clock()
    page = admin.get("/access-log").text
    assert "Reviewer → Operator" in page
    auditor = server.person("aud", Role.AUDITOR)
    assert "Reviewer → Operator" in auditor.get("/access-log?about=ann").text
    assert "Reviewer → Operator" not in auditor.get("/access-log?about=bob").text


def test_a_closed_account_opens_nothing(server: Running, admin: Person) -> None:
    choose(server.visitor(), invited(admin))
    ann, program = server.person("ben"), server.program("ben")
    admin.post("/person/close", {"name": "ben"})
    assert ann.get("/returns").status_code == 303
    assert program.get("/photos/x", headers={"accept": "application/json"}).status_code == 401
    admin.post("/person/open", {"name": "ben"})
    assert ann.get("/returns").status_code == 303
    assert program.get("/photos/x", headers={"accept": "application/json"}).status_code == 401
    assert "Account opened again" in admin.get("/person?name=ben").text


@pytest.mark.parametrize(
    ("path", "data"),
    [("/person/close", {}), ("/person/role", {"role": "auditor"})],
    ids=["closed", "demoted"],
)
def test_one_administrator_stays(
    server: Running, admin: Person, path: str, data: dict[str, str]
) -> None:
    refused = admin.post(path, {"name": "root", **data})
    assert (refused.status_code, "last administrator" in refused.text) == (409, True)
    server.person("second", Role.ADMINISTRATOR)
    assert admin.post(path, {"name": "second", **data}).status_code == 303
    assert admin.post(path, {"name": "root", **data}).status_code == 409


def test_two_administrators_who_close_each_other_leave_one(server: Running) -> None:
    both = {name: server.person(name, Role.ADMINISTRATOR) for name in ("one", "two")}
    for person in both.values():
        person.form_token("/people")
    with ThreadPoolExecutor(2) as pool:
        list(
            pool.map(
                lambda names: both[names[0]].post("/person/close", {"name": names[1]}),
                (("one", "two"), ("two", "one")),
            )
        )
    assert service.count_accounts(server.parts.database) == 1


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"name": "root", "role": "reviewer"}, 409),
        ({"name": "a b", "role": "reviewer"}, 422),
        ({"name": "#command line", "role": "reviewer"}, 422),
        ({"name": "x" * 129, "role": "reviewer"}, 422),
        ({"name": "bench", "role": "station"}, 422),
        ({"name": "ann", "role": "king"}, 422),
        ({"name": "", "role": "reviewer"}, 422),
    ],
)
def test_who_cannot_be_invited(admin: Person, data: dict[str, str], status: int) -> None:
    assert admin.post("/people", data).status_code == status


@pytest.mark.parametrize("name", ["王芳", "a/b", "a+b@example.org", "a:b"])
def test_names_as_people_have_them(server: Running, admin: Person, name: str) -> None:
    key = invited(admin, name)
    assert choose(server.visitor(), key).status_code == 303
    page = admin.get("/people").text
    address = html.unescape(found(r'href="(/person\?name=(?!root)[^"]+)"', page))
    assert f"<h1>{name}</h1>" in admin.get(address).text
    answer = admin.post("/person/role", {"name": name, "role": "manager"})
    assert admin.get(answer.headers["location"]).status_code == 200


def test_people_who_are_not_there(admin: Person) -> None:
    assert admin.get("/person?name=nobody").status_code == 404
    for path in ("/person/link", "/person/close", "/person/open"):
        assert admin.post(path, {"name": "nobody"}).status_code == 404
    assert admin.post("/person/role", {"name": "nobody", "role": "manager"}).status_code == 404
    assert admin.post("/person/tokens/revoke", {"name": "root", "token": "1"}).status_code == 404
    assert admin.get("/person?name=%00").status_code == 404


# One's own page


def test_changing_the_password_ends_all_other_sessions(server: Running, admin: Person) -> None:
    ann, other = server.visitor(), server.visitor()
    choose(ann, invited(admin))
    sign_in(other)
    before = ann.client.cookies[SESSION_COOKIE]

    answer = ann.post("/sign-in/password", {"old": PASSWORD, "new": NEW, "repeated": NEW})

    assert answer.headers["location"] == "/me?done=password"
    assert ann.client.cookies[SESSION_COOKIE] != before
    assert ann.get("/me").status_code == 200
    assert other.get("/me").status_code == 303
    assert server.client(cookies={SESSION_COOKIE: before}).get("/me").status_code == 303
    assert service.sign_in(server.parts, "ann", NEW, "") is not None


@pytest.mark.parametrize(
    ("old", "new", "repeated", "complaint"),
    [
        ("wrong", NEW, NEW, "is another one"),
        (PASSWORD, NEW, PASSWORD, "not the same"),
        (PASSWORD, "short", "short", "10 to 1024"),
    ],
)
def test_a_password_that_is_not_changed(
    server: Running, admin: Person, old: str, new: str, repeated: str, complaint: str
) -> None:
    ann = server.visitor()
    choose(ann, invited(admin))
    answer = ann.post("/sign-in/password", {"old": old, "new": new, "repeated": repeated})
    assert (answer.status_code, complaint in answer.text) == (422, True)
    assert service.sign_in(server.parts, "ann", PASSWORD, "") is not None


def test_a_stolen_session_cannot_guess_the_password(server: Running, admin: Person) -> None:
    ann = server.visitor()
    choose(ann, invited(admin))
    data = {"old": "guess", "new": NEW, "repeated": NEW}
    answers = [ann.post("/sign-in/password", data).status_code for _ in range(MAX_FAILURES + 1)]
    assert answers == [422] * MAX_FAILURES + [429]


def test_sessions_are_shown_and_ended_one_by_one_or_all_others(
    server: Running, admin: Person
) -> None:
    service.put_account(server.parts.database, "ann", Role.REVIEWER, PASSWORD, server.clock())
    ann, lost, third = (server.visitor() for _ in range(3))
    for person in (ann, lost, third):
        sign_in(person, headers={"user-agent": FIREFOX})
    page = ann.get("/me").text
    assert page.count("Firefox · Linux") == 3
    assert page.count("this browser") == 1
    assert "127.0.0.1" in page
    ended = found(r'name="session" value="([0-9a-f]{64})"', page)
    assert ann.post("/sign-out/session", {"session": ended}).status_code == 303
    assert sorted(p.get("/me").status_code for p in (lost, third)) == [200, 303]
    assert admin.post("/sign-out/session", {"session": ended}).status_code == 404
    ann.post("/sign-out/others")
    assert [p.get("/me").status_code for p in (ann, lost, third)] == [200, 303, 303]
    assert admin.post("/person/sign-out", {"name": "ann"}).status_code == 303
    assert ann.get("/me").status_code == 303


def test_nobody_ends_the_sessions_of_others(server: Running) -> None:
    ann, ben = server.person("ann"), server.person("ben")
    with server.parts.database.reading() as connection:
        sessions = tables.sessions.c
        hers = connection.execute(
            select(sessions.token_sha256).where(sessions.account == "ann")
        ).scalar_one()
    assert ben.post("/sign-out/session", {"session": hers}).status_code == 404
    assert ann.get("/me").status_code == 200


def sign_in(person: Person, **said: object) -> None:
    data = {"form_token": person.form_token("/sign-in"), "name": "ann", "password": PASSWORD}
    assert person.client.post("/sign-in", data=data, **said).status_code == 303


def test_a_session_ends_when_nobody_uses_it(tmp_path: Path) -> None:
    with serving(tmp_path, session_idle_min=30) as server:
        ann = server.person("ann")
        for _ in range(3):
            server.clock.pass_by(minutes=29)
            assert ann.get("/me").status_code == 200
        server.clock.pass_by(minutes=30)
        assert ann.get("/me").status_code == 303


def test_a_session_ends_at_the_latest_when_the_day_is_over(tmp_path: Path) -> None:
    with serving(tmp_path, session_idle_min=60, session_hours=2) as server:
        ann = server.person("ann")
        service.put_account(server.parts.database, "ann", Role.REVIEWER, PASSWORD, server.clock())
        sign_in(ann)
        for _ in range(3):
            assert ann.get("/me").status_code == 200
            server.clock.pass_by(minutes=39)
        assert ann.get("/me").status_code == 200
        server.clock.pass_by(minutes=3)
        assert ann.get("/me").status_code == 303


def test_signing_in_gives_a_new_session_and_ends_the_one_before(server: Running) -> None:
    service.put_account(server.parts.database, "ann", Role.REVIEWER, PASSWORD, server.clock())
    ann = server.visitor()
    ann.client.cookies.set(SESSION_COOKIE, "planted by somebody else", domain="127.0.0.1")
    sign_in(ann)
    first = ann.client.cookies[SESSION_COOKIE]
    assert first != "planted by somebody else"
    data = {"form_token": ann.form_token(), "name": "ann", "password": PASSWORD}
    ann.client.post("/sign-in", data=data)
    assert ann.client.cookies[SESSION_COOKIE] != first
    assert server.client(cookies={SESSION_COOKIE: first}).get("/me").status_code == 303


def test_a_clock_that_jumps_back_locks_nobody_out(server: Running) -> None:
    ann = server.person("ann")
    server.clock.pass_by(hours=-3)
    assert ann.get("/me").status_code == 200


# API tokens


def test_a_token_is_shown_once_and_only_its_hash_is_kept(server: Running) -> None:
    ann = server.person("ann")
    answer = ann.post("/me/tokens", {"name": "stock", "days": "30", "scope": "returns:read"})
    token = found(r">(sl_[\w-]{43})<", answer.text)
    program = server.client(headers={"authorization": f"Bearer {token}"})
    assert program.get("/returns").status_code == 200
    page = ann.get("/me").text
    assert token not in page
    assert "stock" in page
    assert "never used" not in page
    database = server.parts.settings.home / "server"
    assert not any(token.encode() in path.read_bytes() for path in database.glob("secondlook.db*"))

    number = found(r'name="token" value="(\d+)"', page)
    assert server.person("ben").post("/me/tokens/revoke", {"token": number}).status_code == 404
    assert ann.post("/me/tokens/revoke", {"token": number}).status_code == 303
    assert program.get("/returns", headers={"accept": "application/json"}).status_code == 401
    assert [one.change for one in log(server)] == [
        AccessChange.TOKEN_REVOKED,
        AccessChange.TOKEN_MADE,
    ]


def test_a_stations_token_that_begins_like_an_api_token_is_a_stations(server: Running) -> None:
    with server.parts.database.writing() as connection:
        enrolment.put_station(connection, "bench-1", token_sha256("sl_x"), server.clock())
    station = server.client(headers={"authorization": "Bearer sl_x"})
    assert station.put(f"/api/v1/photos/{'0' * 64}").status_code == 415


def test_a_token_runs_out(server: Running) -> None:
    program = server.program()
    server.clock.pass_by(days=29, hours=23)
    assert program.get("/returns").status_code == 200
    server.clock.pass_by(hours=1)
    assert program.get("/returns", headers={"accept": "application/json"}).status_code == 401


def test_only_scopes_that_open_something_are_offered(server: Running) -> None:
    page = server.person("op", Role.OPERATOR).get("/me").text
    assert 'value="returns:read"' in page
    assert 'value="accounts:read"' not in page
    assert 'value="accounts:read"' in server.person("root", Role.ADMINISTRATOR).get("/me").text


@pytest.mark.parametrize(
    "data",
    [
        {"name": "", "scope": "returns:read"},
        {"name": "x" * 101, "scope": "returns:read"},
        {"name": "x"},
        {"name": "x", "scope": "everything"},
        {"name": "x", "scope": "returns:read", "days": "0"},
        {"name": "x", "scope": "returns:read", "days": "366"},
        {"name": "x", "scope": "returns:read", "days": "9" * 30},
    ],
)
def test_tokens_that_cannot_be(server: Running, data: dict[str, str]) -> None:
    assert server.person("ann").post("/me/tokens", data).status_code == 422


def test_tokens_come_to_an_end_somewhere(server: Running) -> None:
    server.person("ann")
    by = By(actor="ann", address="", now=server.clock())
    for _ in range(tokens.MAX_TOKENS):
        tokens.make(server.parts.database, by, name="x", scopes=[Scope.RETURNS_READ], days=1)
    with pytest.raises(ContentInvalid, match="fifty"):
        tokens.make(server.parts.database, by, name="x", scopes=[Scope.RETURNS_READ], days=1)


def test_wrong_tokens_are_slowed_down_and_right_ones_beside_them_are_not(server: Running) -> None:
    right = server.program()
    wrong = server.client(
        headers={"authorization": "Bearer sl_wrong", "accept": "application/json"}
    )
    with server.parts.database.writing() as connection:
        row = {"name": "#tokens", "address": "127.0.0.1", "failed_at": server.clock()}
        connection.execute(tables.failed_attempts.insert(), [row] * (MAX_TOKENS - 1))
    assert wrong.get("/returns").status_code == 401
    assert wrong.get("/returns").status_code == 429
    assert wrong.get("/healthz").status_code == 200
    assert right.get("/returns").status_code == 200
    service.put_account(server.parts.database, "ann", Role.REVIEWER, PASSWORD, server.clock())
    sign_in(server.visitor())


def test_last_seen_is_written_once_a_minute(server: Running) -> None:
    station, program = server.station(), server.program()
    for _ in range(2):
        station.get("/healthz")
        program.get("/healthz")

    def seen() -> set[timedelta]:
        columns = (tables.stations.c.seen_at, tables.api_tokens.c.seen_at)
        with server.parts.database.reading() as connection:
            return {server.clock() - connection.execute(select(c)).scalar_one() for c in columns}

    assert seen() == {timedelta(0)}
    server.clock.pass_by(seconds=59)
    station.get("/healthz")
    program.get("/healthz")
    assert seen() == {timedelta(seconds=59)}
    server.clock.pass_by(seconds=1)
    station.get("/healthz")
    program.get("/healthz")
    assert seen() == {timedelta(0)}


# The access log


def test_the_access_log_is_only_added_to(server: Running, admin: Person) -> None:
    invited(admin)
    changes_of_it = (update(tables.access_log).values(actor="x"), delete(tables.access_log))
    for change in changes_of_it:
        with (
            pytest.raises(DatabaseError, match="append-only"),
            server.parts.database.writing() as connection,
        ):
            connection.execute(change)


def test_the_access_log_goes_on_page_by_page_and_for_programs(
    server: Running, admin: Person
) -> None:
    by = By(actor="root", address="", now=server.clock())
    with server.parts.database.writing() as connection:
        for n in range(access.PAGE + 3):
            access.note(connection, by, AccessChange.CODE_MADE, f"bench-{n}")
    page = admin.get("/access-log").text
    older = html.unescape(found(r'href="(/access-log\?[^"]*before=\d+)"', page))
    assert "bench-2<" in admin.get(older).text
    assert "bench-2<" not in page
    program = server.program("aud", Role.AUDITOR, [Scope.ACCOUNTS_READ])
    entries = program.get("/api/v1/access-log").json()["entries"]
    assert len(entries) == access.PAGE
    rest = program.get(f"/api/v1/access-log?before={entries[-1]['entry']}").json()["entries"]
    assert len(rest) == 3 + 1  # and the program's own token
    for bad in ("x", "-1", "9" * 30):
        assert program.get(f"/api/v1/access-log?before={bad}").status_code == 422
    names = {one["name"] for one in program.get("/api/v1/accounts").json()["accounts"]}
    assert names == {"root", "aud"}
