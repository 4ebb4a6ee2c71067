"""Closed unless opened: the one place that lets a request through to a route."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import parse_qs

import structlog
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server import identity, patience
from server.errors import (
    BodyTooLarge,
    ContentInvalid,
    DatabaseBusy,
    DiskFull,
    FormExpired,
    MethodUnknown,
    NothingThere,
)
from server.identity import Principal
from server.pages import SESSION_COOKIE
from server.parts import Parts, address_of
from server.permissions import Permissions
from server.uploads import first_field, is_upload, peek

log = structlog.get_logger(__name__)

TOKEN_FIELD = "form_token"  # noqa: S105 - a field's name
TOKEN_HEADER = "x-form-token"  # noqa: S105 - a header's name
MAX_FORM_BYTES = 128_000
SAFE = frozenset({"GET", "HEAD"})


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
        if b"%00" in scope["query_string"] or "\0" in scope["path"]:
            raise NothingThere  # PostgreSQL keeps no NUL, so nothing can be called like this
        who = request.state.principal = await run_in_threadpool(self._principal, request)
        request.state.may = partial(self._permissions.may, who)
        request.state.scopes = self._permissions.scopes_of(who) if who else ()
        await self._check_permission(request, who)
        if request.method not in SAFE and _could_be_lured(request, who):
            receive = await self._checked_form(request)
        return await self._app(scope, receive, send)

    async def _check_permission(self, request: Request, who: Principal | None) -> None:
        route = request.state.route = route_of(request.app.routes, request.scope)
        wrong_token = who is None and bearer_token(request) is not None
        if wrong_token and not self._permissions.may(None, route):
            await run_in_threadpool(self._note_wrong_token, request)
        self._permissions.check(route, who)

    def _note_wrong_token(self, request: Request) -> None:
        """Raises TooManyAttempts; a right token is never slowed down by wrong ones beside it."""
        with self._parts.database.writing() as connection:
            patience.begin(connection, patience.TOKENS, address_of(request), self._parts.clock())

    def _principal(self, request: Request) -> Principal | None:
        token = bearer_token(request)
        cookie = request.cookies.get(SESSION_COOKIE)
        if token is None and cookie is None:
            return None
        now, idle = self._parts.clock(), timedelta(minutes=self._parts.settings.session_idle_min)
        with self._parts.database.reading() as connection:
            if token is not None:
                who = identity.by_bearer(connection, token, now)
            else:
                who = identity.by_session(connection, cookie or "", now, idle)
        if who is not None and identity.should_be_noted(who, now):
            self._note_seen(who, now)
        return who

    def _note_seen(self, who: Principal, now: datetime) -> None:
        try:
            with self._parts.database.writing() as connection:
                identity.note_seen(connection, who, now)
        except (DiskFull, DatabaseBusy) as error:
            # Who only wants to read is not refused because the disk is full or busy.
            log.warning("last seen not written", who=who.name, error=str(error)[:200])

    async def _checked_form(self, request: Request) -> Receive:
        if request.url.path.startswith("/api/"):
            # What is no form may be long, and its route counts its bytes itself.
            self._check(request, request.headers.get(TOKEN_HEADER, ""))
            return request.receive
        if is_upload(request):
            head, receive = await peek(request)
            said = request.headers.get(TOKEN_HEADER) or first_field(head, TOKEN_FIELD)
            self._check(request, said)
            return receive
        body = await read_body(request, MAX_FORM_BYTES)
        if b"%00" in body or b"\0" in body:
            raise ContentInvalid("The form cannot be read.")
        self._check(request, request.headers.get(TOKEN_HEADER) or _field(body, TOKEN_FIELD))
        return _replay(body, request.receive)

    def _check(self, request: Request, token: str) -> None:
        if not self._parts.pages.form_token_matches(request, token):
            raise FormExpired


def _could_be_lured(request: Request, who: Principal | None) -> bool:
    """Another site could make the reader's browser send this: cookies go along, tokens never do."""
    if who is None:
        return not request.url.path.startswith("/api/")
    return who.session_sha256 is not None


def bearer_token(request: Request) -> str | None:
    """The token, where one was sent; a proxy's Basic credentials are none of our business."""
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
