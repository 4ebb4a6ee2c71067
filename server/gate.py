"""Closed unless opened: the one place that lets a request through to a route."""

import csv
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.vocabulary import Role
from server import identity
from server.errors import (
    BodyTooLarge,
    ContentInvalid,
    FormExpired,
    MethodUnknown,
    NotAllowed,
    NothingThere,
    NotSignedIn,
    SettingsInvalid,
)
from server.identity import Principal
from server.pages import SESSION_COOKIE
from server.parts import Parts

TABLE = Path(__file__).with_name("permissions.csv")
PUBLIC = "public"
TOKEN_FIELD = "form_token"  # noqa: S105 - a field's name
TOKEN_HEADER = "x-form-token"  # noqa: S105 - a header's name
MAX_FORM_BYTES = 128_000
SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, kw_only=True)
class Permissions:
    """Who may do what: `METHOD /path/{of}/route` → roles, `public` among them for everybody."""

    allowed: Mapping[str, frozenset[str]]

    def may(self, who: Principal | None, route: str) -> bool:
        """Tells whether the route is open to them; one that the table does not know is closed to all."""
        roles = self.allowed.get(route, frozenset())
        return PUBLIC in roles or (who is not None and who.role in roles)

    def check(self, route: str, who: Principal | None) -> None:
        """Raises NotSignedIn or NotAllowed where the route is closed to them."""
        if not self.may(who, route):
            raise NotSignedIn if who is None else NotAllowed


def read_permissions(path: Path = TABLE) -> Permissions:
    """Read the table: a column a role, `yes` or nothing. Raises SettingsInvalid, naming the place."""
    columns = ["route", PUBLIC, *Role]
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        if rows.fieldnames != columns:
            raise SettingsInvalid(
                f"{path.name}: columns should be {columns}, got {rows.fieldnames}"
            )
        allowed: dict[str, frozenset[str]] = {}
        for row in rows:
            allowed[row["route"]] = _roles(path, rows.line_num, row)
    return Permissions(allowed=allowed)


def _roles(path: Path, line: int, row: Mapping[str, str]) -> frozenset[str]:
    said = {role: value for role, value in row.items() if role != "route"}
    wrong = sorted({str(value) for value in said.values()} - {"yes", ""})
    if wrong:
        raise SettingsInvalid(f"{path.name}:{line}: a cell should be yes or empty, got {wrong[0]}")
    roles = frozenset(role for role, value in said.items() if value)
    if PUBLIC in roles and len(roles) < len(said):
        raise SettingsInvalid(f"{path.name}:{line}: what is public should say yes for every role")
    return roles


def route_of(routes: list[BaseRoute], scope: Scope) -> str:
    """The table's key for a request. Raises NothingThere, MethodUnknown."""
    elsewhere = False
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    for route in routes:
        match, _ = route.matches(scope)
        if match is Match.FULL:
            return f"{method} {getattr(route, 'path', '')}"
        elsewhere = elsewhere or match is Match.PARTIAL
    raise MethodUnknown if elsewhere else NothingThere


class Gate:
    """Finds out who asks and what for, and stops what the table does not allow."""

    def __init__(self, app: ASGIApp, parts: Parts, permissions: Permissions) -> None:
        """Stand before the app."""
        self._app = app
        self._parts = parts
        self._permissions = permissions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raise a refusal or hand the request on. Sockets are not spoken here."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        request = Request(scope, receive)
        who = request.state.principal = await run_in_threadpool(self._principal, request)
        request.state.may = partial(self._permissions.may, who)
        self._permissions.check(route_of(scope["app"].routes, scope), who)
        if request.method not in SAFE and not (who and who.role is Role.STATION):
            receive = await self._checked_form(request)
        return await self._app(scope, receive, send)

    def _principal(self, request: Request) -> Principal | None:
        token = bearer_token(request)
        cookie = request.cookies.get(SESSION_COOKIE)
        if token is None and cookie is None:
            return None
        with self._parts.database.reading() as connection:
            if token is not None:
                return identity.by_station_token(connection, token)
            return identity.by_session(connection, cookie or "", self._parts.clock())

    async def _checked_form(self, request: Request) -> Receive:
        body = await read_body(request, MAX_FORM_BYTES)
        token = request.headers.get(TOKEN_HEADER) or _field(body, TOKEN_FIELD)
        if not self._parts.pages.form_token_matches(request, token):
            raise FormExpired
        return _replay(body, request.receive)


def bearer_token(request: Request) -> str | None:
    """The station's token, where one was sent; a proxy's Basic credentials are none of our business."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _field(body: bytes, name: str) -> str:
    try:
        fields = parse_qs(body.decode(), max_num_fields=1000)
    except ValueError as error:
        raise ContentInvalid("The form cannot be read.") from error
    return fields.get(name, [""])[0]


def _replay(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """The whole body. Raises BodyTooLarge as soon as it is."""
    if int(request.headers.get("content-length") or 0) > limit_bytes:
        raise BodyTooLarge
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise BodyTooLarge
    return bytes(body)
