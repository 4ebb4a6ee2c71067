"""A real server over real HTTP, with the clock in the test's hand, and people and stations who use it."""

import asyncio
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from models.records import Inspection
from models.vocabulary import Role, Scope
from server.access import By
from server.accounts import queries as accounts
from server.accounts import tokens
from server.accounts.queries import Account
from server.app import build, create_app
from server.edge import HEADERS
from server.enrolment import service as enrolment
from server.pages import SESSION_COOKIE
from server.parts import Parts
from server.permissions import Permissions
from server.security import new_token, token_sha256
from server.serve import web
from server.settings import Settings
from tests.databases import databases
from tests.factories import NOON, inspection, photo, sha256
from tests.house import answers, free_port

COMMAND = Path(sys.executable).with_name("secondlook-server")
PASSWORD = "correct horse battery"
JPEG = b"\xff\xd8\xff\xe0 not looked into by the server"


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that can be reached."""

    url: str
    parts: Parts
    app: FastAPI
    clock: Clock
    clients: list[httpx.Client] = field(default_factory=list)

    def client(self, **said: Any) -> httpx.Client:
        made = httpx.Client(base_url=self.url, timeout=30, **said)
        self.clients.append(made)
        return made

    def station(self, name: str = "bench-1") -> httpx.Client:
        """A client that holds the station's token."""
        token, _ = enrolment.enrol(self.parts.database, name, self.clock())
        return self.client(headers={"authorization": f"Bearer {token}"})

    def program(
        self, name: str = "ann", role: Role = Role.REVIEWER, scopes: Iterable[Scope] = Scope
    ) -> httpx.Client:
        """A program that holds an API token of that account."""
        account = Account(name=name, password_hash="none", role=role, demo=False)
        with self.parts.database.writing() as connection:
            accounts.put_account(connection, account, self.clock())
        by = By(actor=name, address="", now=self.clock())
        token = tokens.make(self.parts.database, by, name="x", scopes=set(scopes), days=30)
        return self.client(headers={"authorization": f"Bearer {token}"})

    def person(self, name: str = "ann", role: Role = Role.REVIEWER) -> "Person":
        """Somebody with an open session; signing in itself is tested elsewhere, and slow on purpose."""
        account = Account(name=name, password_hash="none", role=role, demo=False)
        token = new_token()
        with self.parts.database.writing() as connection:
            accounts.put_account(connection, account, self.clock())
            accounts.open_session(
                connection,
                token_sha256(token),
                name,
                now=self.clock(),
                until=self.clock() + timedelta(hours=12),
            )
        client = self.client()
        client.cookies.set(SESSION_COOKIE, token)
        return Person(client)

    def visitor(self) -> "Person":
        return Person(self.client())


@dataclass
class Person:
    """A browser without its screen: forms are sent with the token that the page gave."""

    client: httpx.Client

    def get(self, path: str, **said: Any) -> httpx.Response:
        return self.client.get(path, **said)

    def form_token(self, path: str = "/healthz-is-no-page") -> str:
        return found(r'name="form_token" value="([0-9a-f]+)"', self.client.get(path).text)

    def post(self, path: str, data: dict[str, str] | None = None, **said: Any) -> httpx.Response:
        return self.client.post(
            path, data={"form_token": self.form_token(), **(data or {})}, **said
        )


def is_strict(answer: httpx.Response) -> bool:
    """Tells whether the answer carries every header that keeps strangers' content out."""
    policy = answer.headers.get("content-security-policy", "")
    return (
        set(HEADERS) <= set(answer.headers)
        and "default-src 'none'" in policy
        and "unsafe" not in policy
        and "server" not in answer.headers
        and answer.headers["x-content-type-options"] == "nosniff"
        and ("no-store" in answer.headers["cache-control"] or answer.status_code in {200, 304})
    )


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, f"{pattern} is not in:\n{text[:2000]}"
    return match[1]


class Prompt(uvicorn.Server):
    """Ends within milliseconds; the real one looks ten times a second whether it should."""

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            await asyncio.sleep(0.005)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        assert sockets is None
        self.config.app.state.closing.set()  # type: ignore[union-attr]
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        end = time.monotonic() + 10
        while self.server_state.connections or self.server_state.tasks:
            assert time.monotonic() < end, "a request never ends"
            await asyncio.sleep(0.002)
        await self.lifespan.shutdown()


@contextmanager
def serving(
    home: Path,
    *,
    change: Callable[[FastAPI], None] | None = None,
    permissions: Permissions | None = None,
    **settings: Any,
) -> Iterator[Running]:
    """One server in a thread, on a free port, over an own home."""
    clock = Clock()
    databases.prepare(home)
    # Tests that let hours pass are not about sessions, except those that say so.
    # Blind audits are drawn by the secret: under this one, none of the first sixty `an_inspection`s.
    secret = "tests draw none of their first sixty inspections, key 3"
    defaults = {"disk_reserve_mb": 0, "session_idle_min": 43200, "secret_key": secret}
    place = {"database_url": databases.url(home)}
    parts = build(Settings(home=home, **(defaults | place | settings)), clock)
    app = create_app(parts, permissions)
    if change:
        change(app)
    config = web(app, parts.settings)
    config.port = 0
    server = Prompt(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    running = Running(url=f"http://127.0.0.1:{port}", parts=parts, app=app, clock=clock)
    try:
        yield running
    finally:
        for client in running.clients:
            client.close()
        server.should_exit = True
        thread.join()


@contextmanager
def process(home: Path, *arguments: str, **env: str) -> Iterator[str]:
    """`secondlook-server run` as people start it, on a free port; gives where it is, ends it in order."""
    port = str(free_port())
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SECONDLOOK_")}
    place = {"SECONDLOOK_HOME": str(home), "SECONDLOOK_SERVER_PORT": port}
    with (
        (home / "stderr.txt").open("ab") as told,
        subprocess.Popen(
            [COMMAND, "run", *arguments],
            env=clean | place | databases.environment(home) | env,
            stderr=told,
        ) as running,
    ):
        try:
            end = time.monotonic() + 60
            while not answers(f"http://127.0.0.1:{port}/healthz"):
                assert running.poll() is None, (home / "stderr.txt").read_text()
                assert time.monotonic() < end
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()
            running.wait(30)


def put_photo(station: httpx.Client, content: bytes = JPEG, **said: Any) -> httpx.Response:
    headers = {"content-type": "image/jpeg"} | said.pop("headers", {})
    name = said.pop("name", None) or sha256(content)
    return station.put(f"/api/v1/photos/{name}", content=content, headers=headers, **said)


def put_inspection(station: httpx.Client, one: Inspection) -> httpx.Response:
    return station.put(f"/api/v1/inspections/{one.inspection_id}", content=one.to_json())


def an_inspection(number: int = 1, **said: Any) -> Inspection:
    """An inspection whose photo is JPEG; without answers, so it goes to a person."""
    facts: dict[str, Any] = {
        "inspection_id": f"{number:08d}-1111-4111-8111-111111111111",
        "return_code": f"RT-{number:04d}",
        "photos": (photo(sha256=sha256(JPEG), size_bytes=len(JPEG)),),
    }
    return inspection(**(facts | said))


def send(station: httpx.Client, *several: Inspection) -> None:
    """Photo first, then the inspections; all are kept."""
    assert put_photo(station).status_code in {200, 201}
    for one in several:
        answer = put_inspection(station, one)
        assert answer.status_code == 201, answer.text
