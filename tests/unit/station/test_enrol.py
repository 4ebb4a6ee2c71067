"""A code for a token: real files, and a real socket with something on its other end."""

import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from station import enrol as enrolment
from station.enrol import enrol
from station.errors import EnrolmentFailed, SettingsInvalid
from station.settings import PREFIX, load

COMMAND = Path(sys.executable).with_name("secondlook-station")
TOKEN = "t" * 43


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path) -> Path:
    for name in [name for name in os.environ if name.startswith("SECONDLOOK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@contextmanager
def door(status: int, said: object, **headers: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Something that answers every request in the same way; gives its address and what it was asked."""
    asked: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            asked.append(
                {"path": self.path, **json.loads(body)}
                | {"auth": self.headers.get("authorization", "")}
            )
            answer = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_token_is_kept_for_its_owner_only_and_the_settings_find_it(home):
    with door(201, {"station": "bench-7", "token": TOKEN, "signing_key": "k", "later": 1}) as (
        url,
        asked,
    ):
        told = enrol(load(), "ACDE-FGHJ", url + "/", "bench-7")
    assert asked == [
        {"path": "/api/v1/enrol", "code": "ACDE-FGHJ", "station": "bench-7", "auth": ""}
    ]
    token = home / "station/token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert token.read_text() == TOKEN + "\n"
    assert "secondlook-station run" in told
    assert "Note" not in told
    settings = load()
    assert (settings.secret(), settings.name) == (TOKEN, "bench-7")
    assert str(settings.server_url) == url + "/"
    kept = sorted(path.name for path in (home / "station").iterdir())
    assert kept == ["enrolled.toml", "keys.json", "token"]
    assert json.loads((home / "station/keys.json").read_text()) == {"signing_key": "k"}


def test_what_the_environment_says_counts_and_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv(f"{PREFIX}TOKEN_FILE", str(tmp_path / "elsewhere/token"))
    monkeypatch.setenv(f"{PREFIX}SERVER_URL", "https://other.example")
    monkeypatch.setenv(f"{PREFIX}NAME", "bench-1")
    with door(201, {"station": "bench-7", "token": TOKEN}) as (url, _):
        told = enrol(load(), "ACDEFGHJ", url, "")
    assert "names another server, https://other.example" in told
    assert "names this station bench-1" in told
    assert (tmp_path / "elsewhere/token").read_text() == TOKEN + "\n"
    assert load().secret() == TOKEN


def test_enrolling_again_replaces_the_token():
    for token in (TOKEN, "u" * 43):
        with door(201, {"station": "王-1", "token": token}) as (url, _):
            enrol(load(), "ACDEFGHJ", url, "")
        assert load().secret() == token
    assert load().name == "王-1"


@pytest.mark.parametrize(
    ("status", "said", "headers", "complaint"),
    [
        (403, {"detail": "The code is wrong."}, {}, "The server says: The code is wrong."),
        (429, {"detail": "Too many."}, {}, "Too many"),
        (301, b"", {"location": "https://x"}, "sends elsewhere"),
        (404, b"<html>", {}, "is it Secondlook's server"),
        (201, b"[]", {}, "is it Secondlook's server"),
        (201, {"station": "a b", "token": TOKEN}, {}, "is it Secondlook's server"),
        (200, {"station": "a", "token": TOKEN}, {}, "is it Secondlook's server"),
    ],
)
def test_what_is_no_token_leaves_nothing_behind(home, status, said, headers, complaint):
    with door(status, said, **headers) as (url, _), pytest.raises(EnrolmentFailed, match=complaint):
        enrol(load(), "ACDEFGHJ", url, "bench-1")
    assert list((home / "station").iterdir()) == []


@pytest.mark.parametrize("token", ["", "two lines\nof it", "ü", "a b"])
def test_a_token_that_no_header_carries_is_not_kept(home, token):
    with door(201, {"station": "a", "token": token}) as (url, _), pytest.raises(SettingsInvalid):
        enrol(load(), "ACDEFGHJ", url, "")
    assert not (home / "station/token").exists()


def test_a_token_kept_before_stays_when_enrolling_fails():
    with door(201, {"station": "a", "token": TOKEN}) as (url, _):
        enrol(load(), "ACDEFGHJ", url, "")
    with door(403, {"detail": "no"}) as (url, _), pytest.raises(EnrolmentFailed):
        enrol(load(), "ACDEFGHJ", url, "")
    assert load().secret() == TOKEN


def test_nobody_there_and_no_place_to_write_cost_no_code(tmp_path, monkeypatch):
    with pytest.raises(EnrolmentFailed, match="does not answer"):
        enrol(load(), "ACDEFGHJ", "http://127.0.0.1:9", "")
    (tmp_path / "file").touch()
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "file"))
    with door(201, {"station": "a", "token": TOKEN}) as (url, asked):
        with pytest.raises(EnrolmentFailed, match=r"cannot be written.*still good"):
            enrol(load(), "ACDEFGHJ", url, "")
        assert asked == []


def test_a_token_in_the_environment_would_count(monkeypatch):
    monkeypatch.setenv(f"{PREFIX}TOKEN", "x")
    with pytest.raises(SettingsInvalid, match="take it away"):
        enrol(load(), "ACDEFGHJ", "https://x.example", "")


def test_an_unencrypted_way_is_told():
    told = enrolment._told("a", "http://returns.example", Path("token"))
    assert "without HTTPS" in told


@pytest.mark.parametrize("server", ["returns.example.org", "ftp://x", ""])
def test_an_address_that_is_none_is_one_line_and_exit_2(server):
    told = subprocess.run(
        [COMMAND, "enrol", "ACDEFGHJ", "--server", server],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 2
    assert told.stderr.count("\n") == 1
    assert "https://returns.example.org" in told.stderr


def test_without_a_token_the_way_to_one_is_told():
    with pytest.raises(SettingsInvalid, match="secondlook-station enrol CODE"):
        load().secret()
