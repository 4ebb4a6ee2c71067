"""The permission table is the only way in; each of its cells is tried over real HTTP."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse
from starlette.routing import Mount, Route

from models.grading.standard import STANDARDS
from models.supply import ExpectedReturn
from models.vocabulary import Category, Role, Scope, Shot
from server.accounts import service
from server.catalogue.photos import keep
from server.errors import SettingsInvalid
from server.expected.imports import keep_one
from server.expected.queries import add_import
from server.expected.tally import Tally
from server.gate import MAX_FORM_BYTES
from server.jobs import Trade
from server.permissions import PUBLIC, TABLE, read_permissions
from server.progress import JobKind
from server.references import Origin
from tests.factories import sha256
from tests.unit.server.running import JPEG, Person, Running, an_inspection, is_strict, send, serving
from tests.unit.server.test_rulings import certify, raise_alarm

ROWS = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
WHO = [PUBLIC, *Role]
PEOPLE = [role for role in Role if role is not Role.STATION]
# What a path's parameters are in a world with one kept inspection.
PLACES = {
    "{job:int}": "1",
    "{sha256}": sha256(JPEG),
    "{inspection_id:path}": an_inspection().inspection_id,
    "{inspection_id}": an_inspection().inspection_id,
    "{case_id}": an_inspection().inspection_id,
    "{return_code:path}": "RT-0001",
    "{import_id}": "gate-import",
    "{sku:path}": "TEE",
    "{file_sha256}": sha256((STANDARDS / "apparel@1.yaml").read_bytes()),
    "{reference:int}": "1",
    "{certificate_id}": "apparel-1",
    "{alarm:int}": "1",
}
SAMPLE = (Path(__file__).parents[3] / "datasets/sample/images/rt-0001-front.jpg").read_bytes()
COLUMNS = ",".join(["route", "scope", PUBLIC, *Role])
# What everybody may: come in, go, and choose the words.
DOORS = {
    "POST /sign-in",
    "POST /sign-in/password",
    "POST /sign-out",
    "POST /sign-out/others",
    "POST /sign-out/session",
    "POST /language",
    "POST /link",
    "POST /api/v1/enrol",
}


def path_of(route: str) -> str:
    path = route.split(" ")[1]
    for parameter, value in PLACES.items():
        path = path.replace(parameter, value)
    return {"/static": "/static/keys.js", "/person": "/person?name=a-auditor"}.get(path, path)


@pytest.fixture(scope="module")
def server(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp(kind)) as running:
        send(running.station(), an_inspection())
        _expect(running)
        # Whoever may start a job may end and repeat it: this one is everybody's who sees the page.
        running.parts.jobs.trades[JobKind.EXPORT] = Trade(make=lambda _: dict, route="GET /jobs")
        running.parts.jobs.run(JobKind.EXPORT)
        yield running


def _expect(running: Running) -> None:
    told = ExpectedReturn(return_code="RT-0001", category=Category.APPAREL, contact="ann")
    keep_one(running.parts, told, by="ann")
    keep(running.parts, SAMPLE, sku="TEE", shot=Shot.FRONT, origin=Origin.LISTED, by="ann")
    facts = {
        "import_id": "gate-import",
        "file_name": "x",
        "content": b"code,category",
        "told_by": "x",
    }
    outcome = json.dumps(Tally().outcome() | {"encoding": "utf-8", "separator": ",", "ignored": []})
    with running.parts.database.writing() as connection:
        row = {**facts, "state": "preview", "outcome": outcome, "uploaded_at": running.clock()}
        add_import(connection, row)
    certify(running)
    raise_alarm(running)


@pytest.fixture(scope="module")
def clients(server: Running) -> dict[str, httpx.Client]:
    return {who: client_of(who, server) for who in WHO}


def client_of(who: str, server: Running) -> httpx.Client:
    if who == PUBLIC:
        return server.client()
    if who == Role.STATION:
        return server.station("gate-bench")
    return server.person(f"a-{who}", Role(who)).client


def ask(who: str, route: str, client: httpx.Client) -> httpx.Response:
    method, path = route.split(" ", maxsplit=1)[0], path_of(route)
    headers = {"content-type": "image/jpeg"} if method == "PUT" else {}
    if method == "GET":
        return client.get(path)
    if who != Role.STATION:
        headers["x-form-token"] = Person(client).form_token()
    data = {"language": "en"} if method == "POST" else None
    return client.request(method, path, headers=headers, data=data)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["route"])
def test_each_cell_of_the_table(
    row: dict[str, str], who: str, server: Running, clients: dict[str, httpx.Client]
) -> None:
    # Signing out would end the session that the other cells are tried with.
    ends = row["route"] == "POST /sign-out" and who != Role.STATION
    client = client_of(who, server) if ends else clients[who]
    answer = ask(who, row["route"], client)

    assert is_strict(answer)
    if row[who] == "yes":
        to_sign_in = answer.headers.get("location", "").startswith("/sign-in?")
        assert (
            answer.status_code not in {401, 403, 404, 405, 500} or row["route"] == "POST /sign-in"
        )
        assert answer.status_code != 403
        assert not to_sign_in
    elif who != PUBLIC:
        assert answer.status_code == 403
    elif row["route"].split(" ")[1].startswith("/api/"):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    else:
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")


@pytest.fixture(scope="module")
def programs(server: Running) -> dict[tuple[Role, Scope], httpx.Client]:
    """A program for each role and scope."""
    return {
        (role, scope): server.program(f"p-{role}", role, [scope])
        for role in PEOPLE
        for scope in Scope
    }


@pytest.mark.one_database
@pytest.mark.one_database  # ten thousand requests; what answers them was tried on both above
@pytest.mark.parametrize("role", PEOPLE)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["route"])
def test_each_cell_for_each_scope_of_an_api_token(
    row: dict[str, str], role: Role, programs: dict[tuple[Role, Scope], httpx.Client]
) -> None:
    for scope in Scope:
        client = programs[role, scope]
        answer = ask_by_token(row["route"], client)
        where = f"{row['route']} {role} {scope}: {answer.status_code} {answer.text[:200]}"
        assert is_strict(answer), where

        if row[PUBLIC] == "yes":
            assert answer.status_code != 403, where
        elif row[role] == "yes" and row["scope"] == scope:
            assert answer.status_code not in {401, 403, 404, 405, 500}, where
        elif row[role] == "yes":
            assert answer.status_code == 403, where
            assert answer.json()["scope"] == (row["scope"] or None), where
        else:
            assert answer.status_code == 403, where
            assert "scope" not in answer.json(), where


def ask_by_token(route: str, client: httpx.Client) -> httpx.Response:
    """No form token: what is sent along by no browser needs none."""
    method, path = route.split(" ", maxsplit=1)[0], path_of(route)
    headers = {"accept": "application/json"}
    return client.request(method, path, headers=headers, data={} if method == "POST" else None)


def test_a_token_is_never_more_than_its_account(server: Running) -> None:
    auditor = server.program("shrinks", Role.QA_LEAD)
    assert auditor.get("/returns").status_code == 200
    server.person("shrinks", Role.STATION)  # whatever an account may become, its token is less
    assert auditor.get("/returns").status_code == 403
    service.close_account(server.parts.database, "shrinks", server.clock())
    assert auditor.get("/returns", headers={"accept": "application/json"}).status_code == 401


def test_an_api_route_asks_a_session_for_its_form_token(tmp_path: Path) -> None:
    async def kept(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await request.body())))

    def change(app: FastAPI) -> None:
        app.router.routes.append(Route("/api/v1/things", kept, methods=["POST"]))

    table = tmp_path / "permissions.csv"
    everybody = "," + ",yes" * len(WHO)
    table.write_text(f"{COLUMNS}\nPOST /api/v1/things{everybody}\nGET /sign-in{everybody}\n")
    with serving(tmp_path, change=change, permissions=read_permissions(table)) as running:
        reader = running.person()
        assert reader.client.post("/api/v1/things", content=b"x").status_code == 403
        headers = {"x-form-token": reader.form_token()}
        long = b"x" * (MAX_FORM_BYTES + 1)
        answer = reader.client.post("/api/v1/things", content=long, headers=headers)
        assert answer.text == str(len(long))
        # Without a session there is nothing that another site could misuse.
        assert running.client().post("/api/v1/things", content=b"x").text == "1"


def test_every_route_of_the_app_stands_in_the_table_and_the_other_way_round(
    server: Running,
) -> None:
    told = set()
    for route in server.app.routes:
        methods = ["GET"] if isinstance(route, Mount) else sorted(set(route.methods) - {"HEAD"})
        told |= {f"{method} {route.path}" for method in methods}
    assert told == {row["route"] for row in ROWS}


def test_a_route_that_is_not_in_the_table_is_closed_to_everybody(tmp_path: Path) -> None:
    def forgotten(_: object) -> PlainTextResponse:
        return PlainTextResponse("secret")

    def change(app: FastAPI) -> None:
        app.router.routes.append(Route("/forgotten", forgotten))
        app.mount("/aside", forgotten)

    with serving(tmp_path, change=change) as running:
        for path in ("/forgotten", "/aside/it"):
            for who in WHO:
                answer = client_of(who, running).get(path)
                assert "secret" not in answer.text
                assert answer.status_code == (303 if who == PUBLIC else 403)


def test_the_auditor_changes_nothing_and_a_station_has_only_its_api() -> None:
    allowed = {who: {row["route"] for row in ROWS if row[who]} for who in WHO}
    public = allowed[PUBLIC]

    assert {r for r in allowed[Role.AUDITOR] if not r.startswith("GET")} == DOORS
    assert {r.split(" ")[1].startswith("/api/") for r in allowed[Role.STATION] - public} == {True}
    assert public <= DOORS | {
        "GET /healthz",
        "GET /readyz",
        "GET /static",
        "GET /sign-in",
        "GET /sign-in/company",
        "GET /sign-in/company/back",
        "GET /link",
    }


# What is open to others and not to the auditor: forms to work with, and a customer's own data.
DESKS = ("/review/{", "/expected/upload", "/expected/sample.csv", "/expected/imports/",
         "/expected/contact/", "/assurance/costs/{", "/originals")  # fmt: skip


def test_the_auditor_reads_all_but_the_desks_of_others() -> None:
    read = [row for row in ROWS if row["route"].startswith("GET") and not row[Role.AUDITOR]]
    closed = {row["route"].split(" ")[1] for row in read if any(row[role] for role in PEOPLE)}
    # A new page of facts is opened to the auditor; a new desk is named above.
    assert {path for path in closed if not path.startswith(DESKS)} == set()


def test_what_is_made_for_programs_has_a_scope_to_open_it() -> None:
    for row in ROWS:
        by_people = any(row[role] for role in PEOPLE) and not row[PUBLIC]
        if row["route"].split(" ")[1].startswith("/api/") and by_people:
            assert row["scope"], row["route"]


FORMS = {row["route"]: row for row in ROWS if row["route"].startswith("POST")}


def one_who_may(row: dict[str, str]) -> Role:
    return next(role for role in (Role.REVIEWER, *Role) if row[role])


@pytest.mark.one_database
@pytest.mark.parametrize("route", FORMS)
@pytest.mark.parametrize(
    "token",
    [None, "", "0" * 64, "the other's"],
    ids=["none", "empty", "wrong", "another reader's"],
)
def test_a_form_without_the_readers_own_token_is_refused(
    route: str, token: str | None, server: Running
) -> None:
    reviewer = server.person("csrf", one_who_may(FORMS[route]))
    if token == "the other's":
        token = server.person("other").form_token()
    data = {"name": "x", **({} if token is None else {"form_token": token})}

    answer = reviewer.client.post(path_of(route), data=data)

    assert answer.status_code == 403
    assert "too old" in answer.text


def test_a_token_in_the_header_serves_scripts(server: Running) -> None:
    reviewer = server.person("script")
    headers = {"x-form-token": reviewer.form_token(), "accept": "application/json"}
    lease = f"/review/{an_inspection().inspection_id}/lease"

    assert reviewer.client.post(lease, headers=headers).status_code == 409  # not held, but heard
    assert reviewer.client.post(lease, headers=headers | {"x-form-token": "no"}).status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"form_token=" + b"0" * MAX_FORM_BYTES, 413),
        (b"\xff\xfe\x00", 422),
        (b"&".join(b"a=1" for _ in range(2000)), 422),
    ],
    ids=["too large", "not text", "too many fields"],
)
def test_a_form_that_is_none(body: bytes, status: int, server: Running) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = server.visitor().client.post("/sign-in", content=body, headers=headers)
    assert answer.status_code == status


def test_a_body_without_a_length_is_counted_as_it_comes(server: Running) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b"a" * 10_000

    answer = server.visitor().client.post("/sign-in", content=endless())
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Bearer", 401),
        ("Bearer wrong", 401),
        ("bearer \u00e9".encode("latin-1"), 401),
        ("Basic eDp5", 401),  # a proxy's own: as if nothing had been sent
    ],
)
def test_a_token_that_is_none(header: str | bytes, status: int, server: Running) -> None:
    url = f"/api/v1/photos/{sha256(JPEG)}"
    answer = server.client().put(url, content=JPEG, headers={"authorization": header})
    assert answer.status_code == status
    assert set(answer.json()) == {"detail"}


def test_a_proxys_basic_credentials_do_not_hide_the_session(server: Running) -> None:
    reader = server.person("basic")
    assert reader.get("/returns", headers={"authorization": "Basic eDp5"}).status_code == 200


def test_a_renewed_token_ends_the_old_one(server: Running) -> None:
    old = server.station("bench-7")
    new = server.station("bench-7")
    assert old.put(f"/api/v1/photos/{'0' * 64}").status_code == 401
    assert new.put(f"/api/v1/photos/{'0' * 64}").status_code == 415


def test_unknown_addresses_and_methods(server: Running) -> None:
    reader = server.person("lost")
    assert reader.get("/nowhere").status_code == 404
    assert reader.get("/returns/").status_code == 404
    assert reader.client.delete("/returns").status_code == 405
    assert reader.client.request("TRACE", "/returns").status_code == 405
    assert server.station().post("/api/v1/photos/x").status_code == 405


def test_head_is_get_without_its_body(server: Running) -> None:
    reader = server.person("head")
    for path in ("/returns", f"/photos/{sha256(JPEG)}", "/healthz", "/static/keys.js"):
        answer = reader.client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("route,public\nGET /,yes\n", "columns should be"),
        ("{columns}\nGET /,,,x,,,,,,,\n", "should be yes or empty"),
        ("{columns}\nGET /,,yes,,,,,,,,\n", "what is public should say yes"),
        ("{columns}\nGET /,yes,,,,,,,,,\n", "should be empty or one of returns:read"),
        ("{columns}\nGET /,,,,,,,,,,\nGET /,,,,,,,,,,\n", "should stand here once"),
        ("{columns}\nGET /\n", "should be yes or empty"),
    ],
)
def test_a_broken_table_opens_nothing(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "permissions.csv"
    path.write_text(text.replace("{columns}", COLUMNS))
    with pytest.raises(SettingsInvalid, match=complaint):
        read_permissions(path)
