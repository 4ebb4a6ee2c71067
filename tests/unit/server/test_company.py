"""The company's sign-in, against a real provider that is wrong in every way that it can be."""

import html
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from models.vocabulary import AccessChange, Role
from server import access
from server.access import By
from server.accounts import people, service
from server.errors import SettingsInvalid
from server.patience import MAX_FAILURES
from server.settings import PREFIX, load
from tests.unit.server.provider import CLIENT, SECRET, Claims, Provider, ec, providing, rsa
from tests.unit.server.running import PASSWORD, Person, Running, found, serving

BY_GROUP = {"oidc_role_claim": "groups", "oidc_roles": ("bosses=administrator", "qa=qa_lead")}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providing() as running:
        yield running


@contextmanager
def house(home: Path, provider: Provider, **settings: Any) -> Iterator[Running]:
    """A server that knows the provider; both have the same clock."""
    company = {
        "oidc_issuer": provider.url,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
        "oidc_name": "Acme",
    }
    with serving(home, **(company | settings)) as server:
        server.clock.now = datetime.now(UTC)
        yield server


@pytest.fixture
def server(tmp_path: Path, provider: Provider) -> Iterator[Running]:
    with house(tmp_path, provider, **BY_GROUP) as running:
        provider.claims["groups"] = ["cooks", "qa"]
        yield running


def there(person: Person, wanted: str = "") -> str:
    """Off to the provider and through it; gives the way back."""
    off = person.get("/sign-in/company", params={"next": wanted})
    assert off.status_code == 303, off.text
    back = httpx.get(off.headers["location"])
    assert back.status_code == 302
    return back.headers["location"]


def come(server: Running, wanted: str = "") -> tuple[Person, httpx.Response]:
    person = server.visitor()
    return person, person.get(there(person, wanted))


def names(server: Running) -> dict[str, Role]:
    return {one.name: one.role for one in people.listing(server.parts)}


def log(server: Running) -> list[tuple[str, AccessChange, str]]:
    with server.parts.database.reading() as connection:
        return [(e.actor, e.change, e.subject) for e in reversed(access.entries(connection))]


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_who_the_provider_vouches_for_comes_in_with_the_role_of_a_group(
    server: Running, provider: Provider, alg: str
) -> None:
    provider.alg = alg
    assert ">Acme <kbd>" in server.visitor().get("/sign-in").text

    ann, answer = come(server, "/returns?q=1")

    assert (answer.status_code, answer.headers["location"]) == (303, "/returns?q=1")
    assert ann.get("/review").status_code == 200
    assert names(server) == {"ann": Role.QA_LEAD}
    assert log(server) == [
        (access.PROVIDER, AccessChange.ACCOUNT_MADE, "ann"),
        (access.PROVIDER, AccessChange.IDENTITY_LINKED, "ann"),
    ]
    assert "company's sign-in" in ann.get("/me").text
    assert come(server)[1].headers["location"] == "/review"
    assert len(log(server)) == 2
    assert service.sign_in(server.parts, "ann", "", "") is None


def test_nobody_is_sent_elsewhere_after_coming_back(server: Running) -> None:
    assert come(server, "https://evil.example/")[1].headers["location"] == "/review"


def test_without_a_provider_there_is_no_button(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert "/sign-in/company" not in server.visitor().get("/sign-in").text
        for path in ("/sign-in/company", "/sign-in/company/back?code=x&state=y"):
            assert server.visitor().get(path).headers["location"] == "/sign-in"


@pytest.mark.parametrize("wrong", ["token", "claims", "answer"])
def test_what_cannot_be_believed_opens_nothing(
    server: Running, provider: Provider, wrong: str
) -> None:
    """Everything that may be wrong is tried in test_oidc.py; here, what comes of it."""
    if wrong == "token":
        provider.change_token = lambda token: token[:-4] + "AAAA"
    elif wrong == "claims":
        provider.change_claims = lambda claims: claims | {"nonce": "x"}
    else:
        provider.change_answer = lambda _: {}
    person, answer = come(server)
    assert answer.status_code == 403
    assert "did not let you in" in answer.text
    assert person.get("/returns").status_code == 303
    assert names(server) == {}


def test_an_answer_counts_in_the_browser_that_asked_once_and_in_time(server: Running) -> None:
    ann, other = server.visitor(), server.visitor()
    back = there(ann)
    there(other)
    # A link that a stranger sends (login CSRF), to nobody and to somebody who is on the way themselves.
    assert server.visitor().get(back).status_code == 403
    assert other.get(back).status_code == 403
    kept = ann.client.cookies["secondlook_company"]
    assert ann.get(back).status_code == 303
    again = server.client(cookies={"secondlook_company": kept})
    assert again.get(back).status_code == 403  # the code was redeemed

    late = server.visitor()
    back = there(late)
    server.clock.now += timedelta(minutes=10)
    assert late.get(back).status_code == 403


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "access_denied"},
        {"code": ""},
        {"code": "guess"},
        {"code": "x", "iss": "https://evil.example"},
        {},
    ],
)
def test_answers_that_bring_no_code(server: Running, answer: dict[str, str]) -> None:
    person = server.visitor()
    state = dict(parse_qsl(urlsplit(there(person)).query))["state"]
    refused = person.get("/sign-in/company/back", params={"state": state, **answer})
    assert refused.status_code == 403
    assert names(server) == {}


@pytest.mark.parametrize("kept", ["", "x", "e30.x", "\x7f"])
def test_a_cookie_that_is_not_ours(server: Running, kept: str) -> None:
    client = server.client(headers={"cookie": f"secondlook_company={kept}"})
    assert client.get("/sign-in/company/back?state=x&code=y").status_code == 403


def test_the_codes_proof_is_asked_for(server: Running, provider: Provider) -> None:
    person = server.visitor()
    back = there(person)
    (asked,) = provider.codes.values()
    asked["code_challenge"] = "of somebody else"
    assert person.get(back).status_code == 403


def test_somebody_who_tries_again_and_again_is_stopped(server: Running) -> None:
    for _ in range(MAX_FAILURES):
        assert server.visitor().get("/sign-in/company/back?state=x").status_code == 403
    assert server.visitor().get("/sign-in/company/back?state=x").status_code == 429


# A provider that is away, and one whose keys change


def test_a_provider_that_is_away_keeps_nobody_from_using_a_password(
    tmp_path: Path, provider: Provider
) -> None:
    provider.status = 503
    with house(tmp_path, provider, **BY_GROUP) as server:
        assert come(server)[1].status_code == 502
    with house(tmp_path, Provider(url="http://127.0.0.1:9"), **BY_GROUP) as server:
        away = server.visitor().get("/sign-in/company")
        assert (away.status_code, "does not answer" in away.text) == (502, True)
        service.put_account(server.parts.database, "root", Role.MANAGER, PASSWORD, server.clock())
        assert service.sign_in(server.parts, "root", PASSWORD, "") is not None


def test_a_new_key_is_asked_for_and_an_old_one_is_forgotten(
    server: Running, provider: Provider
) -> None:
    assert come(server)[1].status_code == 303
    provider.keys = {"RS256": rsa("rsa-2"), "ES256": ec("ec-2")}
    assert come(server)[1].status_code == 403  # asked a moment ago
    server.clock.pass_by(minutes=1)
    assert come(server)[1].status_code == 303
    asked = provider.asked.count("/keys")
    assert come(server)[1].status_code == 303
    assert provider.asked.count("/keys") == asked


# What an identity opens


def test_a_role_follows_its_group_and_ends_with_it(server: Running, provider: Provider) -> None:
    ann, _ = come(server)
    provider.claims["groups"] = "bosses"
    boss, answer = come(server)
    assert answer.headers["location"] == "/people"
    assert names(server) == {"ann": Role.ADMINISTRATOR}
    assert ann.get("/returns").status_code == 303  # another role, another session
    assert log(server)[-1] == (access.PROVIDER, AccessChange.ROLE_CHANGED, "ann")
    for groups in ([], "cooks", None, 7, {"qa": True}):
        provider.claims["groups"] = groups
        assert come(server)[1].status_code == 403
    assert boss.get("/people").status_code == 303


def test_nobody_slips_into_an_account_because_of_a_name(
    server: Running, provider: Provider
) -> None:
    service.put_account(server.parts.database, "ann", Role.ADMINISTRATOR, PASSWORD, server.clock())
    come(server)
    provider.claims["sub"] = "1002"
    come(server)
    assert names(server) == {
        "ann": Role.ADMINISTRATOR,
        "ann-2": Role.QA_LEAD,
        "ann-3": Role.QA_LEAD,
    }


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": "王 芳"}, "王-芳"),
        ({"preferred_username": "#command line"}, "command-line"),
        ({"preferred_username": 7, "email": "ann@example.org"}, "ann@example.org"),
        ({"preferred_username": "<script>"}, "script"),
        ({"preferred_username": "💡"}, "person"),
        ({"preferred_username": "x" * 300}, "x" * 100),
    ],
)
def test_what_people_are_called(
    server: Running, provider: Provider, claims: Claims, name: str
) -> None:
    provider.claims |= claims
    come(server)
    assert list(names(server)) == [name]


def test_a_closed_account_stays_closed(server: Running) -> None:
    come(server)
    server.person("root", Role.ADMINISTRATOR)
    people.close(server.parts, By(actor="root", address="", now=server.clock()), "ann")
    _, answer = come(server)
    assert (answer.status_code, "closed until an administrator" in answer.text) == (403, True)


def test_without_a_claim_an_administrator_gives_the_role(
    tmp_path: Path, provider: Provider
) -> None:
    with house(tmp_path, provider) as server:
        admin = server.person("root", Role.ADMINISTRATOR)
        assert come(server)[1].status_code == 403
        assert "waits for somebody" in admin.get("/person?name=ann").text
        admin.post("/person/open", {"name": "ann"})
        admin.post("/person/role", {"name": "ann", "role": "reviewer"})
        assert come(server)[1].headers["location"] == "/review"


# An account that exists is linked by its one-time link


def link_of(server: Running, admin: Person, name: str, role: str = "reviewer") -> str:
    if name not in names(server):
        page = admin.post("/people", {"name": name, "role": role}).text
    else:
        page = admin.post("/person/link", {"name": name}).text
    return found(r"key=([\w-]{43})", page)


def way_of(person: Person, key: str) -> str:
    """From the link's page through the provider; gives the way back."""
    page = person.get(f"/link?key={key}").text
    off = person.get(html.unescape(found(r'href="(/sign-in/company\?key=[^"]+)"', page)))
    return httpx.get(off.headers["location"]).headers["location"]


def test_an_invitation_is_taken_up_with_the_companys_sign_in(
    tmp_path: Path, provider: Provider
) -> None:
    with house(tmp_path, provider) as server:
        admin = server.person("root", Role.ADMINISTRATOR)
        key = link_of(server, admin, "new.colleague")
        person = server.visitor()
        back = way_of(person, key)
        assert person.get(back).headers["location"] == "/review"
        assert server.visitor().get(f"/link?key={key}").status_code == 410
        assert come(server)[1].headers["location"] == "/review"
        assert names(server) == {"root": Role.ADMINISTRATOR, "new.colleague": Role.REVIEWER}
        # The same person at the provider under a new number: another link links anew.
        provider.claims["sub"] = "2001"
        other = server.visitor()
        assert other.get(way_of(other, link_of(server, admin, "new.colleague"))).status_code == 303
        provider.claims["sub"] = "1001"
        assert come(server)[1].status_code == 403


def test_one_identity_has_one_account(tmp_path: Path, provider: Provider) -> None:
    with house(tmp_path, provider) as server:
        admin = server.person("root", Role.ADMINISTRATOR)
        first, second = server.visitor(), server.visitor()
        first.get(way_of(first, link_of(server, admin, "one")))
        key = link_of(server, admin, "two")
        assert second.get(way_of(second, key)).status_code == 403
        assert server.visitor().get(f"/link?key={key}").status_code == 200  # not used up


def test_a_link_that_ended_on_the_way_links_nothing(tmp_path: Path, provider: Provider) -> None:
    with house(tmp_path, provider) as server:
        admin = server.person("root", Role.ADMINISTRATOR)
        person = server.visitor()
        back = way_of(person, link_of(server, admin, "one"))
        link_of(server, admin, "one")  # a newer one
        assert person.get(back).status_code == 410
        assert come(server)[1].status_code == 403  # an account of its own, which waits
        assert set(names(server)) == {"root", "one", "ann"}


def test_nobodys_identity_is_linked_by_a_strangers_address(
    tmp_path: Path, provider: Provider
) -> None:
    with house(tmp_path, provider) as server:
        key = link_of(server, server.person("root", Role.ADMINISTRATOR), "stranger")
        for token in ("", "0" * 64, server.visitor().form_token("/sign-in")):
            lured = server.visitor()
            lured.get("/sign-in")
            address = f"/sign-in/company?key={key}&form_token={token}"
            assert lured.get(address).status_code == 403


@pytest.mark.parametrize(
    ("claims", "comes"),
    [
        ({"email": "ann@Example.org", "email_verified": True}, True),
        ({"email": "ann@example.org", "email_verified": False}, False),
        ({"email": "ann@example.org", "email_verified": "true"}, False),
        ({"email": "ann@example.org"}, False),
        ({"email": "ann@evil.example", "email_verified": True}, False),
        ({"email": "ann@example.org@evil.example", "email_verified": True}, False),
        ({"email": "example.org", "email_verified": True}, True),
        ({"email_verified": True}, False),
        ({"email": ["ann@example.org"], "email_verified": True}, False),
    ],
)
def test_only_these_domains_come_in(
    tmp_path: Path, provider: Provider, claims: Claims, comes: bool
) -> None:
    provider.claims |= claims | {"groups": "qa"}
    with house(tmp_path, provider, oidc_allowed=("example.org",), **BY_GROUP) as server:
        assert come(server)[1].status_code == (303 if comes else 403)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"ISSUER": "http://login.example.org"}, "should begin with https://"),
        ({"ISSUER": "https://login.example.org"}, "should be set with the issuer"),
        ({"ROLES": "qa=king"}, "should be CLAIM=ROLE"),
        ({"ROLES": "qa=station"}, "should be CLAIM=ROLE"),
        ({"ROLES": "qa=reviewer"}, "should be set together"),
        ({"ROLE_CLAIM": "groups"}, "should be set together"),
    ],
)
def test_settings_that_cannot_be(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], complaint: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"{PREFIX}OIDC_{name}", value)
    with pytest.raises(SettingsInvalid, match=complaint):
        load()
