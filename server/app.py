"""The composition root: everything is built here, once, from the settings."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from server import migrations, policies
from server.accounts.own_routes import router as own
from server.accounts.people_routes import router as people
from server.accounts.routes import router as accounts
from server.archive import MEGABYTE, Archive
from server.assurance.cost_routes import router as costs
from server.assurance.routes import router as assurance
from server.catalogue.routes import router as catalogue
from server.database import Database
from server.edge import Edge, from_framework, refused
from server.enrolment.routes import router as enrolment
from server.errors import DatabaseUnusable, SettingsInvalid
from server.expected.api import router as expected_api
from server.expected.routes import router as expected
from server.expected.trades import trades as expected_trades
from server.gate import Gate
from server.intake.routes import router as intake
from server.inventory import Inventory
from server.jobs import Jobs
from server.keeping.archive_routes import router as archive
from server.keeping.chores import keep_doing
from server.keeping.routes import router as keeping
from server.keeping.trades import trades as keeping_trades
from server.oidc import Provider
from server.pages import Pages
from server.parts import Parts, utc_now
from server.permissions import Permissions, read_permissions
from server.returns.routes import router as returns
from server.returns.trades import trades as returns_trades
from server.review.routes import router as review
from server.sealing import load_sealer
from server.settings import Settings
from server.signing import load_signer
from server.storage.base import Storage
from server.storage.bucket import Bucket, Place
from server.storage.folder import Folder
from server.supply.routes import router as supply
from server.turns import Turns
from server.watch.metrics import Metrics
from server.watch.readiness import Watchman
from server.watch.routes import router as watch
from server.watch.trades import trades as watch_trades

UPLOADS = 48
"""Photos on their way in at once: each holds an open file and up to a megabyte of memory."""
UPLOADS_EACH = 16
"""Of one station: three that send slowly on purpose leave the others their turns."""
STATIC = Path(__file__).with_name("static")
ROUTERS = (
    assurance,
    costs,
    archive,
    accounts,
    catalogue,
    own,
    people,
    enrolment,
    expected,
    expected_api,
    intake,
    keeping,
    returns,
    review,
    supply,
    watch,
)
TRADES = (expected_trades, keeping_trades, returns_trades, watch_trades)
"""What long work each capability does."""
VERSION = version("secondlook")


def open_archive(settings: Settings) -> Archive:
    """The photos. Raises SettingsInvalid when their folder cannot be made."""
    try:
        return Archive(
            open_storage(settings),
            settings.spool,
            reserve_bytes=settings.disk_reserve_mb * MEGABYTE,
            limit_bytes=settings.max_photo_mb * MEGABYTE,
        )
    except OSError as error:
        raise SettingsInvalid(f"{settings.folder} cannot be written: {error.strerror}") from error


def open_storage(settings: Settings) -> Storage:
    """A folder in the home, or the bucket that the settings name; it is not spoken to yet."""
    if settings.storage_url is None:
        return Folder(settings.photos)
    bucket, _, prefix = settings.storage_url.removeprefix("s3://").partition("/")
    secret = settings.storage_secret_key
    return Bucket(
        Place(
            bucket=bucket,
            prefix=prefix.strip("/"),
            endpoint=settings.storage_endpoint,
            region=settings.storage_region,
            access_key=settings.storage_access_key,
            secret_key=secret.get_secret_value() if secret else None,
            timeout_s=settings.storage_timeout_s,
        )
    )


def open_database(settings: Settings) -> Database:
    """The database at this version's schema. Raises DatabaseUnusable, SettingsInvalid."""
    if settings.half_restored.exists():
        raise DatabaseUnusable(
            f"A restore into {settings.folder} did not end; empty it, and the database, and repeat."
        )
    settings.secret()  # its folder, with an error that names the setting
    path = settings.database_file
    if path is not None and not _size_bytes(path):
        # Before it is opened, which would create it.
        _make_sure_of_a_beginning(settings, f"{path} is {'empty' if path.exists() else 'missing'}")
    database = Database(settings.url)
    if path is None and not migrations.begun(database):
        _make_sure_of_a_beginning(settings, "The database is empty")
    migrations.upgrade(database, settings.folder)
    with database.writing() as connection:
        policies.install(connection, utc_now())
    return database


def _make_sure_of_a_beginning(settings: Settings, what: str) -> None:
    """Photos without their database: a new one would hide the loss."""
    if next(open_storage(settings).listed(), None) is not None:
        raise DatabaseUnusable(
            f"{what}, but {settings.storage_url or settings.photos} holds photos; "
            "restore the database from a backup, or move the photos away to begin anew."
        )


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def build(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Parts:
    """Open what is kept. Raises SettingsInvalid, DatabaseUnusable."""
    database = open_database(settings)
    parts = Parts(
        settings=settings,
        database=database,
        archive=open_archive(settings),
        pages=Pages(settings.secret()),
        audit_key=settings.secret(),
        jobs=Jobs(database, clock),
        signer=load_signer(settings.folder),
        sealer=load_sealer(settings.folder),
        inventory=Inventory(database, clock),
        turns=Turns(at_once=UPLOADS, each=UPLOADS_EACH),
        provider=Provider(settings, clock) if settings.oidc_issuer else None,
        clock=clock,
    )
    for trades in TRADES:
        parts.jobs.trades.update(trades(parts))
    return parts


def create_app(parts: Parts, permissions: Permissions | None = None) -> FastAPI:
    """The web application over these parts; requests pass edge, host check and gate, in this order."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Whoever holds a connection open for long ends with this: shutting down waits for nobody.
        app.state.closing = asyncio.Event()
        parts.archive.sweep()
        end_chores = keep_doing(parts)
        yield
        end_chores()
        parts.jobs.close()
        parts.database.close()

    app = FastAPI(
        title="Secondlook",
        version=VERSION,
        lifespan=lifespan,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.parts = parts
    app.state.watchman = Watchman(parts)
    app.state.metrics = Metrics(parts, VERSION)
    _add_routes(app)
    app.state.permissions = permissions or read_permissions()
    app.add_middleware(Gate, parts=parts, permissions=app.state.permissions)
    app.add_middleware(
        TrustedHostMiddleware, allowed_hosts=parts.settings.hosts, www_redirect=False
    )
    app.add_middleware(Edge, pages=parts.pages, observe=app.state.metrics.observe)
    _translate_framework_errors(app, parts.pages)
    return app


class Static(StaticFiles):
    """Scripts and styles: a page names thirty, and the next page a few seconds later the same ones."""

    def file_response(self, *args: Any, **said: Any) -> Response:  # noqa: ANN401 - Starlette's own
        """Let browsers keep them for a few minutes, which is how old they may be after an upgrade."""
        response = super().file_response(*args, **said)
        response.headers["cache-control"] = "public, max-age=300"
        return response


def _add_routes(app: FastAPI) -> None:
    for router in ROUTERS:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.methods and "GET" in route.methods:
                route.methods.add("HEAD")
            # Flat, so that the gate sees every route as it stands in the permission table.
            app.router.routes.append(route)
    app.mount("/static", Static(directory=STATIC), name="static")


def _translate_framework_errors(app: FastAPI, pages: Pages) -> None:
    async def translated(request: Request, error: Exception) -> Response:
        return refused(request, pages, from_framework(error))

    for kind in (HTTPException, RequestValidationError):
        app.add_exception_handler(kind, translated)
