"""The station's composition root: everything is built here, once, and taken down again."""

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import FrameType
from typing import NoReturn

import structlog
import uvicorn

from models.grading.policy import default_policy
from models.vision.bundle import Bundle, open_releases
from models.vision.sight import Sight
from station.bench import Bench, Replay, last_scene
from station.board import Board, Controls
from station.cameras.references import References
from station.cameras.rig import Rig
from station.errors import SettingsInvalid
from station.outbox import Outbox
from station.replay import read_returns
from station.screen.app import Sources, create_app
from station.settings import PREFIX, Settings
from station.supply import SUPPLY, Store, Supplier, enrolled_key
from station.uplink import Uplink
from station.wire import HttpSend

# Within 3 s of SIGTERM everything is down: a request of the page, then the threads.
PAGE_PATIENCE_S = 1
THREADS_PATIENCE_S = 1.2
CAMERAS_PATIENCE_S = 0.5
RESTART_S = 2.0

log = structlog.get_logger()


def configure_log(*, as_json: bool) -> None:
    """One line an event on stderr."""
    last = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([structlog.processors.format_exc_info] if as_json else []),
            last,
        ],
        # One write a line: print would write the line end on its own, after another thread's line.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )


def run(settings: Settings) -> None:
    """Serve the page and work until SIGTERM or SIGINT. Raises SecondlookError for what cannot start."""
    configure_log(as_json=settings.log_json)
    with contextlib.ExitStack() as stack:
        door = stack.enter_context(_listening(settings.host, settings.port))
        controls = Controls(rounds=settings.rounds)
        outbox = Outbox(
            settings.folder,
            min_free_bytes=settings.min_free_mb * 1_000_000,
            keep_recent=settings.keep_recent,
        )
        stack.callback(outbox.close)
        uplink = stack.enter_context(_uplink(settings, outbox))
        supplier = stack.enter_context(_supplier(settings))
        references = References(settings.folder / "references")
        rig = _rig(settings, references)
        sources, replay = _compose(settings, outbox, controls, uplink, rig)
        sources = replace(sources, references=references)
        rig.start()
        stop = threading.Event()
        threads = [
            _thread("bench", replay.run, stop),
            _thread("uplink", lambda: uplink.run(stop), stop),
            _thread("supply", lambda: supplier.run(stop, settings.supply_every_s), stop),
        ]
        log.info("ready", url=_url(door), home=str(settings.home), server=str(settings.server_url))
        _serve(sources, door)
        stop.set()
        controls.stop()
        cameras_ended = rig.stop(CAMERAS_PATIENCE_S)
        for thread in threads:
            thread.join(THREADS_PATIENCE_S / len(threads))
        log.info("stopped")
    if any(thread.is_alive() for thread in threads) or not cameras_ended:
        _leave()


def _leave() -> NoReturn:
    """End the process without taking the interpreter down first; everything of ours is closed.

    A thread that is still inside a model or a decoder would be torn out of it: the process would end
    with an abort, 134 instead of 0, and a core file.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _rig(settings: Settings, references: References) -> Rig:
    """The cameras as declared. Raises DriverMissing or ReferenceInvalid."""
    return Rig(settings.cameras, references.load(spec.name for spec in settings.cameras))


def _compose(
    settings: Settings, outbox: Outbox, controls: Controls, uplink: Uplink, rig: Rig
) -> tuple[Sources, Replay]:
    returns = read_returns(settings.replay)
    board = Board(last_scene(outbox, returns))
    bench = Bench(
        station=settings.name,
        sight=Sight(_opened(settings)),
        policy=default_policy(),
        outbox=outbox,
        board=board,
        controls=controls,
    )
    replay = Replay(
        bench=bench,
        folder=settings.replay,
        returns=returns,
        outbox=outbox,
        board=board,
        controls=controls,
        pause_s=settings.replay_pause_s,
        rig=rig,
    )
    sources = Sources(
        settings=settings,
        board=board,
        controls=controls,
        outbox=outbox,
        link=lambda: uplink.link,
        rig=rig,
    )
    return sources, replay


def _opened(settings: Settings) -> tuple[Bundle, ...]:
    bundles = open_releases(settings.releases, backend=settings.backend)
    for bundle in bundles:
        spent = {backend.value: round(ms, 2) for backend, ms in bundle.per_tile_ms.items()}
        log.info(
            "looking", release=bundle.identifier, backend=bundle.backend.value, per_tile_ms=spent
        )
    return bundles


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    try:
        door = socket.create_server((host, port), backlog=100)
    except (OSError, OverflowError) as error:
        raise SettingsInvalid(
            f"The page cannot listen on {host}:{port} ({error}); stop what does, or set {PREFIX}PORT."
        ) from error
    with contextlib.closing(door):
        yield door


def _url(door: socket.socket) -> str:
    host, port = door.getsockname()[:2]
    return f"http://{host}:{port}"


@contextlib.contextmanager
def _uplink(settings: Settings, outbox: Outbox) -> Iterator[Uplink]:
    send = HttpSend(str(settings.server_url), settings.secret(), timeout_s=settings.timeout_s)
    with contextlib.closing(send):
        yield Uplink(outbox, send, retry_cap_s=settings.retry_cap_s)


@contextlib.contextmanager
def _supplier(settings: Settings) -> Iterator[Supplier]:
    send = HttpSend(str(settings.server_url), settings.secret(), timeout_s=settings.timeout_s)
    with contextlib.closing(send), contextlib.closing(Store(settings.folder / SUPPLY)) as store:
        key = enrolled_key(settings.folder)
        yield Supplier(store, send.get, station=settings.name, key=key)


def _thread(name: str, work: Callable[[], None], stop: threading.Event) -> threading.Thread:
    """Run `work`, and again should it fail: a bench without uplink or a page without bench helps nobody."""

    def forever() -> None:
        while not stop.is_set():
            try:
                work()
            except Exception:
                log.exception("thread_failed", thread=name)
                stop.wait(RESTART_S)

    # A daemon: a look or a request that takes longer than our patience must not hold the process.
    thread = threading.Thread(target=forever, name=name, daemon=True)
    thread.start()
    return thread


def _serve(sources: Sources, door: socket.socket) -> None:
    config = uvicorn.Config(
        create_app(sources),
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=PAGE_PATIENCE_S,
    )

    # uvicorn raises the signal once more after it has stopped; ours is then all that hears it,
    # so that the outbox and the threads are closed in order.
    def heard(signum: int, _frame: FrameType | None) -> None:
        log.info("stopping", signal=signal.Signals(signum).name)

    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, heard)
    uvicorn.Server(config).run(sockets=[door])
