"""Strict headers on everything, and errors that tell people what to do and strangers nothing."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from fastapi import FastAPI
from starlette.routing import Route
from structlog.testing import capture_logs

from server.edge import HEADERS
from tests.factories import sha256
from tests.unit.server.running import JPEG, Running, is_strict, put_photo, serving

REFUSED = {
    400: ("GET", "/healthz", {"headers": {"host": "evil.example"}}),
    401: ("PUT", "/api/v1/photos/x", {}),
    303: ("GET", "/returns", {}),
    403: ("POST", "/sign-in", {}),
    404: ("GET", "/nowhere", {}),
    405: ("DELETE", "/returns", {}),
    410: ("GET", "/link?key=x", {}),
    413: ("POST", "/sign-in", {"content": b"x" * 1_000_000}),
    422: ("POST", "/api/v1/enrol", {"content": b"{"}),
}


@pytest.mark.parametrize("status", REFUSED)
def test_refusals_carry_the_headers_too(server: Running, status: int) -> None:
    """Every route carries them for everybody, as test_gate.py tries beside each cell of the table."""
    method, path, said = REFUSED[status]
    answer = server.client().request(method, path, **said)
    assert answer.status_code == status
    assert is_strict(answer)


def test_what_the_browser_may_keep_is_no_page(server: Running) -> None:
    put_photo(server.station())
    reader = server.person()
    kept = {
        path: reader.get(path).headers["cache-control"]
        for path in ("/returns", "/me", "/static/base.css", f"/photos/{sha256(JPEG)}")
    }
    assert kept["/returns"] == kept["/me"] == "no-store"
    assert kept[f"/photos/{sha256(JPEG)}"] == "private, no-cache"


def test_who_came_encrypted_stays_encrypted(tmp_path: Path) -> None:
    said = {"x-forwarded-proto": "https"}
    with serving(tmp_path / "closed") as server:
        plain = server.client().get("/sign-in", headers=said)
        assert "strict-transport-security" not in plain.headers
    with serving(tmp_path / "proxied", trusted_proxies=("127.0.0.1",)) as server:
        encrypted = server.client().get("/sign-in", headers=said)
        assert encrypted.headers["strict-transport-security"] == "max-age=31536000"


def test_a_host_that_is_not_ours_is_refused(server: Running) -> None:
    """A page elsewhere whose name was bent to this address (DNS rebinding) gets nothing."""
    client = server.client()
    assert client.get("/healthz", headers={"host": "evil.example"}).status_code == 400
    assert client.get("/healthz", headers={"host": "localhost:8000"}).status_code == 200
    assert client.get("/healthz", headers={"host": "[::1]:8000"}).status_code == 200


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Running]:
    """A server whose returns page fails in a way nobody foresaw."""

    def fails(_: object) -> None:
        raise RuntimeError("password=hunter2")

    def change(app: FastAPI) -> None:
        app.router.routes[:] = [
            r for r in app.router.routes if r.path not in {"/returns", "/healthz"}
        ]
        app.router.routes[:0] = [Route("/returns", fails), Route("/healthz", fails)]

    with serving(tmp_path, change=change) as running:
        yield running


def test_a_mistake_of_ours_is_logged_and_not_shown(broken: Running) -> None:
    reader = broken.person()
    with capture_logs() as logs:
        for language, told in (("en", "it is in its log"), ("zh", "详情见其日志")):
            page = reader.get("/returns", headers={"accept-language": language})
            assert page.status_code == 500
            assert told in page.text
            assert "hunter2" not in page.text
            assert "Traceback" not in page.text
            assert set(HEADERS) <= set(page.headers)
        answer = reader.get("/healthz", headers={"accept": "application/json"})
        assert answer.json() == {
            "detail": "The server made a mistake; it is in its log.",
            "request_id": answer.headers["x-request-id"],
        }
    assert [log["event"] for log in logs].count("request failed") == 3


@pytest.fixture
def talkative() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    yield
    structlog.configure(**before)


@pytest.mark.usefixtures("talkative")
def test_each_request_is_one_line_in_the_log(server: Running) -> None:
    reader = server.person("ann")
    with capture_logs() as logs:
        reader.get("/returns?q=secret")
    (line,) = [log for log in logs if log["event"] == "request"]
    assert (line["method"], line["path"], line["status"], line["who"]) == (
        "GET",
        "/returns",
        200,
        "ann",
    )
    assert "secret" not in str(line)


def test_who_must_sign_in_comes_back_to_where_they_wanted_to_go(server: Running) -> None:
    visitor = server.visitor()
    assert (
        visitor.get("/returns?q=a%26b").headers["location"]
        == "/sign-in?next=%2Freturns%3Fq%3Da%2526b"
    )
    assert visitor.get("/").headers["location"] == "/sign-in"
    elsewhere = {"referer": "https://evil.example/review/x"}
    assert visitor.client.post("/queue/next", headers=elsewhere).headers["location"] == "/sign-in"
    broken = {"referer": "http://[x"}
    assert visitor.client.post("/queue/next", headers=broken).headers["location"] == "/sign-in"
    answer = visitor.get("/returns", headers={"accept": "application/json"})
    assert (answer.status_code, set(answer.json())) == (401, {"detail"})


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/nowhere", 404, "Search for its code"),
        ("/static/nothing.js", 404, "Nothing here"),
        ("/static/../settings.py", 404, "Nothing here"),
        ("/static/%2e%2e/settings.py", 404, "Nothing here"),
        ("/queue/next", 405, "Nothing here can be used like that"),
    ],
)
def test_refusals_help(server: Running, path: str, status: int, told: str) -> None:
    answer = server.person().get(path)
    assert answer.status_code == status
    assert told in answer.text
