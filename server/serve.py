"""How the server runs: behind one door, as one process or several."""

import socket
import tempfile
from pathlib import Path

import typer
import uvicorn
from fastapi import FastAPI

from server import logs
from server.accounts import links
from server.accounts import service as accounts
from server.app import build, create_app, open_database
from server.database import Database
from server.errors import SettingsInvalid
from server.parts import utc_now
from server.processes import Family
from server.settings import Settings
from server.slowness import limits
from server.watch.metrics import share


def run(settings: Settings, processes: int) -> None:
    """Serve until SIGTERM or SIGINT. Raises SettingsInvalid, DatabaseUnusable."""
    configure_logs(settings)
    with _door(settings.host, settings.port) as door:
        if processes == 1:
            _serve(settings, door)
        else:
            _serve_together(settings, door, processes)


def _serve_together(settings: Settings, door: socket.socket, processes: int) -> None:
    database = open_database(settings)  # once, before there are several
    if database.dialect != "postgresql":
        raise SettingsInvalid("Several processes gain nothing on SQLite; run one, or set "
                              "SECONDLOOK_SERVER_DATABASE_URL to a PostgreSQL database.")  # fmt: skip
    _make_sure_that_demo_is_local(database, settings)
    database.close()
    with tempfile.TemporaryDirectory(prefix="secondlook-metrics-") as shared:

        def one(number: int) -> None:
            configure_logs(settings, number)
            share(Path(shared))
            _serve(settings, door, number)

        Family(processes, one).run()


def _serve(settings: Settings, door: socket.socket, number: int = 0) -> None:
    """One process's work, until SIGTERM or SIGINT."""
    parts = build(settings)
    _make_sure_that_demo_is_local(parts.database, settings)
    app = create_app(parts)
    if number == 0:
        _tell(settings, door, parts.database)
        if settings.metrics_port:
            _listen_for_metrics(app, settings.metrics_port)
    WebServer(web(app, settings)).run(sockets=[door])


def _tell(settings: Settings, door: socket.socket, database: Database) -> None:
    address = f"http://{settings.host}:{door.getsockname()[1]}"
    typer.echo(f"Secondlook's server: {address}", err=True)
    if key := links.make_first(database, utc_now()):
        typer.echo(_no_account(address, links.path(key)), err=True)


def _listen_for_metrics(app: FastAPI, port: int) -> None:
    try:
        app.state.metrics.listen(port)
    except OSError as error:
        raise SettingsInvalid(
            f"SECONDLOOK_SERVER_METRICS_PORT: nothing can listen on {port}: {error.strerror}"
        ) from error


def configure_logs(settings: Settings, number: int | None = None) -> None:
    """As the settings say; each of several processes has a log file of its own."""
    path = settings.log_file
    if path is not None and number is not None:
        path = path.with_name(f"{path.stem}.{number}{path.suffix}")
    file = None
    if path is not None:
        limit_bytes = settings.log_file_mb * 10**6
        file = logs.LogFile(path=path, limit_bytes=limit_bytes, kept=settings.log_files_kept)
    logs.configure(as_json=settings.log_json, file=file)


class WebServer(uvicorn.Server):
    """Tells the pages that are open for ever that it ends, before it waits for them."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams of live counts, then everything else."""
        state = getattr(self.config.app, "state", None)
        if state is not None:
            state.closing.set()
        await super().shutdown(sockets)


def web(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """How the web server runs. What a request says of its origin is believed of known proxies only."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=10,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        **limits(),
    )


def _no_account(address: str, path: str) -> str:
    return (
        "No account yet. Whoever opens this link first becomes the administrator; it works once, for "
        f"an hour, and each start makes a new one:\n  {address}{path}\n"
        "Behind a proxy, put its address before /link. Without a browser: "
        "secondlook-server account NAME --role administrator"
    )


def _door(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        door = socket.create_server((host.strip("[]"), port), family=family, backlog=2048)
    except OSError as error:
        raise SettingsInvalid(
            f"Nothing can listen on {host}:{port}: {error.strerror}; choose another "
            "SECONDLOOK_SERVER_PORT or stop what listens there."
        ) from error
    # asyncio sets it only where a socket says that it speaks TCP, which this one does not say. Without
    # it every answer's second piece waits for the client's delayed acknowledgement: 40 ms a request.
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return door


def _make_sure_that_demo_is_local(database: Database, settings: Settings) -> None:
    if settings.on_loopback or not accounts.count_accounts(database, demo=True):
        return
    names = " ".join(name for name, _, _ in accounts.DEMO_ACCOUNTS)
    raise SettingsInvalid(
        "Demo accounts have well-known passwords and work on loopback only; close them first: "
        f"for name in {names}; do secondlook-server account $name --close; done"
    )
