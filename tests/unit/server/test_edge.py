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
from tests.unit.server.running import JPEG, Running, put_photo, serving


def test_every_answer_carries_the_headers(server: Running) -> None:
    put_photo(server.station())
    reader = server.person()
    for path in (
        "/returns",
        "/nowhere",
        "/static/base.css",
        "/healthz",
        "/sign-in",
        f"/photos/{sha256(JPEG)}",
        "/",
    ):
        headers = reader.get(path).headers
        assert set(HEADERS) <= set(headers)
        assert "unsafe" not in headers["content-security-policy"]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers
    refused = server.client().put("/api/v1/photos/x")
    assert set(HEADERS) <= set(refused.headers)


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
        assert answer.json() == {"detail": "The server made a mistake; it is in its log."}
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
