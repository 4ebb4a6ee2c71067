"""The bench's page at 127.0.0.1: shows the item, takes a few keys, and is closed to other pages."""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Annotated

import structlog
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.trustedhost import TrustedHostMiddleware

from models.errors import PhotoUnreadable
from models.vocabulary import Language
from station.board import Board, Choice, Controls
from station.cameras.frame import encoded, turned
from station.cameras.references import References
from station.cameras.rig import Rig
from station.errors import PhotoLost, ReferenceInvalid
from station.outbox import Outbox
from station.screen.camera_view import cameras_of
from station.screen.metrics import CONTENT_TYPE, exposition
from station.screen.pages import STATIC, render
from station.screen.view import State
from station.settings import Settings
from station.uplink import Link

RECENT = 12
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_MAGIC = {b"\xff\xd8": "image/jpeg", b"\x89P": "image/png", b"RI": "image/webp"}
_SHA256 = re.compile("[0-9a-f]{64}")

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where the page finds what it shows, and what its keys act on."""

    settings: Settings
    """What was set."""
    board: Board
    """The current item."""
    controls: Controls
    """What the keys change."""
    outbox: Outbox
    """What was accepted."""
    link: Callable[[], Link]
    """What the uplink met last."""
    rig: Rig = field(default_factory=lambda: Rig(()))
    """The cameras."""
    references: References | None = None
    """Where views of the empty bench are kept; none where there are no cameras."""

    def state(self) -> State:
        """Everything at one moment."""
        return State(
            station=self.settings.name,
            server_url=str(self.settings.server_url),
            scene=self.board.scene,
            entries=self.outbox.recent(RECENT),
            tally=self.outbox.tally(),
            link=self.link(),
            free_bytes=self.outbox.free_bytes(),
            has_room=self.outbox.has_room(),
            paused=self.controls.paused,
            now=datetime.now(UTC),
            cameras=cameras_of(self.rig),
        )

    def take_references(self) -> None:
        """Make what each camera sees now its view of the empty bench; one that sees nothing keeps its own."""
        for status in self.rig.statuses():
            name = status.spec.name
            try:
                if self.references is not None:
                    self.rig.refer(name, self.references.keep(name, self.rig.photo(name)))
            except (PhotoUnreadable, ReferenceInvalid) as error:
                log.warning("reference_not_taken", camera=name, why=str(error))
            else:
                log.info("reference_taken", camera=name)


def is_from_this_page(request: Request) -> bool:
    """Whether a browser says that this page itself asks; without a word of either header it is not."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    _, sign, place = request.headers.get("Origin", "").partition("://")
    return bool(sign) and place == request.headers.get("Host")


def create_app(sources: Sources) -> FastAPI:
    """The page's application."""
    app = FastAPI(title="Secondlook station", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.sources = sources
    app.add_middleware(
        TrustedHostMiddleware, allowed_hosts=sources.settings.hosts, www_redirect=False
    )
    # Outermost, so that refusals carry the headers too.
    app.middleware("http")(_guarded)
    app.exception_handler(Exception)(_failed)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.get("/", response_class=HTMLResponse)(page)
    app.get("/live", response_class=HTMLResponse)(live)
    app.get("/photos/{sha256}")(photo)
    app.get("/state")(state)
    app.get("/healthz")(healthz)
    app.get("/metrics")(metrics)
    app.get("/cameras", response_class=HTMLResponse)(cameras)
    app.get("/cameras/live")(cameras_live)
    app.get("/cameras/{name}.jpg")(camera_picture)
    app.post("/actions/{action}")(act)
    return app


async def _guarded(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    """Another page open in the same browser may neither press our buttons nor show our photos."""
    if request.method not in {"GET", "HEAD"} and not is_from_this_page(request):
        return PlainTextResponse("Only the station's own page may do that.", 403, _HEADERS)
    response = await go_on(request)
    response.headers.setdefault("Cache-Control", "no-cache")
    response.headers.update(_HEADERS)
    return response


def _failed(_request: Request, _error: Exception) -> Response:
    # What went wrong is in the log; the page's next look tries again.
    return PlainTextResponse("The station made a mistake; it is in its log.", 500, _HEADERS)


def _sources(request: Request) -> Sources:
    found: Sources = request.app.state.sources
    return found


def _language(request: Request, found: Annotated[Sources, Depends(_sources)]) -> Language:
    asked = request.query_params.get("language", "")
    return Language(asked) if asked in set(Language) else found.settings.language


With = Annotated[Sources, Depends(_sources)]
In = Annotated[Language, Depends(_language)]


def page(found: With, language: In) -> str:
    """The whole page."""
    return render("page.html", language, state=found.state())


def live(request: Request, found: With, language: In) -> Response:
    """The part that changes; 304 while it does not."""
    return _unless_known(request, render("live.html", language, state=found.state()))


def cameras(found: With, language: In) -> str:
    """The page of the cameras."""
    return render("cameras.html", language, state=found.state())


def cameras_live(request: Request, found: With, language: In) -> Response:
    """The part of it that changes."""
    return _unless_known(request, render("cameras_live.html", language, state=found.state()))


def camera_picture(name: str, found: With) -> Response:
    """What a camera sees, small; as old as the frame that the page names."""
    grabber = found.rig.grabber(name)
    frame = grabber.latest() if grabber else None
    if grabber is None or frame is None:
        return PlainTextResponse("That camera gave no picture yet.", 404)
    data = turned(encoded(frame.glimpse), grabber.spec.rotation)
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


def metrics(found: With) -> Response:
    """The station's numbers for Prometheus."""
    return Response(exposition(found.state()), media_type=CONTENT_TYPE)


def _unless_known(request: Request, html: str) -> Response:
    tag = f'"{hashlib.sha256(html.encode()).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    return HTMLResponse(html, headers={"ETag": tag})


def photo(sha256: str, found: With) -> Response:
    """A photo or thumbnail by hash: what it shows can never change."""
    data = found.board.photo(sha256)
    if data is None:
        try:
            data = found.outbox.photo(sha256) if _SHA256.fullmatch(sha256) else b""
        except PhotoLost:
            data = b""
    media_type = _MAGIC.get(data[:2])
    if media_type is None:
        return PlainTextResponse("There is no such photo here.", 404)
    return Response(
        data,
        media_type=media_type,
        headers={"Cache-Control": "private, max-age=31536000, immutable"},
    )


def state(found: With) -> Response:
    """What a program may want to know of the bench."""
    now = found.state()
    inspection = now.scene.inspection
    return JSONResponse(
        {
            "station": now.station,
            "cameras": {camera.name: camera.state for camera in now.cameras},
            "phase": now.scene.phase,
            "step": now.scene.step,
            "return_code": now.scene.sample.code if now.scene.sample else None,
            "inspection_id": inspection.inspection_id if inspection else None,
            "place": now.scene.place,
            "total": now.scene.total,
            "paused": now.paused,
            "pending": now.tally.pending,
            "acknowledged": now.tally.acknowledged,
            "refused": now.tally.refused,
            "free_bytes": now.free_bytes,
            "server": now.link.trouble or ("reachable" if now.link.is_known else "unknown"),
        }
    )


def healthz() -> dict[str, str]:
    """The process runs."""
    return {"status": "ok", "version": version("secondlook")}


def act(action: str, found: With, language: In) -> Response:
    """One key of the page; a page without scripts is sent back to itself."""
    actions: dict[str, Callable[[], object]] = {
        "pause": found.controls.pause_or_resume,
        "next": found.controls.next_now,
        "again": lambda: found.controls.again(found.outbox.last_round()[0]),
        "retry": found.outbox.retry_refused,
        "reference": found.take_references,
        **{choice.value: partial(found.controls.answer, choice) for choice in Choice},
    }
    if action not in actions:
        return PlainTextResponse("There is no such action.", 404)
    actions[action]()
    place = "/cameras" if action == "reference" else "/"
    return RedirectResponse(f"{place}?language={language}", 303)
