"""The outermost layer: strict headers, one log line a request, and an answer for everything that goes wrong."""

import re
import secrets
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import quote

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.errors import ContentInvalid, MethodUnknown, NothingThere, NotSignedIn, Refused
from server.pages import YEAR_S, Pages, back, see, wants_json
from server.slowness import Body, check_head

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    # What a signed-in person saw must not come back from the cache after signing out.
    "cache-control": "no-store",
}

REQUEST_ID = "x-request-id"
SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
UNKNOWN = "unknown"
"""How requests are counted that lead to no route."""

Observe = Callable[[str, int, float, int], None]
"""Told of each request: its route, status, seconds, and the bytes of its body."""

log = structlog.get_logger(__name__)


ENCRYPTED = {"strict-transport-security": f"max-age={YEAR_S}"}
"""Only over HTTPS: who came that way once never falls back, also not on a stranger's network."""


def request_id_of(request: Request) -> str:
    """What the proxy calls this request, if it is a sane name, or a new one: it stands in every log line."""
    said = request.headers.get(REQUEST_ID, "")
    return said if SANE_ID.fullmatch(said) else secrets.token_hex(8)


def _name_of(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))


def with_headers(message: Message, request_id: str, *, encrypted: bool) -> Message:
    """Add each header that the response does not set itself."""
    kept = list(message.get("headers", []))
    names = {name.lower() for name, _ in kept}
    ours = HEADERS | {REQUEST_ID: request_id} | (ENCRYPTED if encrypted else {})
    kept += [(k.encode(), v.encode()) for k, v in ours.items() if k.encode() not in names]
    return {**message, "headers": kept}


class Edge:
    """Nothing leaves the server that did not pass here; nothing that happens inside is shown outside."""

    def __init__(self, app: ASGIApp, pages: Pages, observe: Observe) -> None:
        """Stand before everything; `observe` counts each request."""
        self._app = app
        self._pages = pages
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request = Request(scope, receive)
        request.state.request_id = request_id_of(request)
        with structlog.contextvars.bound_contextvars(request_id=request.state.request_id):
            await self._watched(request, scope, Body(receive), send)
        return None

    async def _watched(self, request: Request, scope: Scope, body: Body, send: Send) -> None:
        began = time.perf_counter()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                encrypted = scope["scheme"] == "https"
                message = with_headers(message, request.state.request_id, encrypted=encrypted)
            await send(message)

        try:
            await self._answer(request, scope, body.receive, watched)
        except ClientDisconnect:
            log.info("client went away", path=scope["path"])
        except Exception:
            # The process's edge: what nobody foresaw is logged here and answered with 500.
            log.exception("request failed", method=scope["method"], path=scope["path"])
            if not status:
                await failed(request, self._pages)(scope, body.receive, watched)
        finally:
            taken_s = time.perf_counter() - began
            route = getattr(request.state, "route", UNKNOWN)
            self._observe(route, status, taken_s, body.size_bytes)
            _log_request(request, status, taken_s)

    async def _answer(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            check_head(scope["headers"])
            await self._app(scope, receive, send)
        except Refused as refusal:
            await refused(request, self._pages, refusal)(scope, receive, send)


def _log_request(request: Request, status: int, seconds: float) -> None:
    who = getattr(request.state, "principal", None)
    log.info(
        "request",
        method=request.method,
        path=request.url.path,
        status=status,
        ms=round(seconds * 1000, 1),
        who=who.name if who else None,
    )


def refused(request: Request, pages: Pages, refusal: Refused) -> Response:
    """JSON for programs; for people a page that says what to do, or the way to sign in."""
    if wants_json(request):
        return _json(refusal.status, str(refusal), refusal.headers, refusal.facts)
    if isinstance(refusal, NotSignedIn):
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        wanted = here if request.method in {"GET", "HEAD"} else back(request)
        return see(
            f"/sign-in?next={quote(wanted, safe='')}" if wanted and wanted != "/" else "/sign-in"
        )
    return _page(request, pages, refusal.status, str(refusal), refusal.headers)


def failed(request: Request, pages: Pages) -> Response:
    """Say that it is our fault, and nothing else."""
    detail = "The server made a mistake; it is in its log."
    if wants_json(request):
        return _json(500, detail, {}, {"request_id": _name_of(request)})
    return _page(request, pages, 500, detail, {})


def _json(
    status: int, detail: str, headers: Mapping[str, str], facts: Mapping[str, object]
) -> Response:
    return JSONResponse({"detail": detail, **facts}, status, dict(headers))


def _page(
    request: Request, pages: Pages, status: int, detail: str, headers: Mapping[str, str]
) -> Response:
    return pages.page(
        request,
        "shared/refused.html",
        status=status,
        headers=headers,
        code=status,
        detail=detail,
        request_id=_name_of(request),
    )


def from_framework(error: Exception) -> Refused:
    """What Starlette and FastAPI refuse, in our words."""
    if isinstance(error, RequestValidationError):
        faults = (f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in error.errors())
        return ContentInvalid("; ".join(faults)[:500])
    known: dict[int, type[Refused]] = {404: NothingThere, 405: MethodUnknown}
    status = error.status_code if isinstance(error, HTTPException) else 422
    if status in known:
        return known[status]()
    return ContentInvalid(HTTPStatus(status).phrase)
