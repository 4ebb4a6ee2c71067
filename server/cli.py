"""`secondlook-server`: the server's commands. Errors are one line on standard error, exit 2."""

import socket
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import rich
import typer
import uvicorn
from fastapi import FastAPI
from rich.table import Table

from models.errors import SecondlookError
from models.vocabulary import Language, Role
from server import logs
from server.accounts import links
from server.accounts import service as accounts
from server.app import build, create_app, open_database
from server.catalogue.terminal import bring_references
from server.enrolment import service as enrolment
from server.errors import AccountInvalid, ServerError, SettingsInvalid
from server.parts import utc_now
from server.progress import JobKind
from server.settings import Settings, load
from server.terminal import run_job

app = typer.Typer(
    help="Secondlook's server: keeps what stations send and gives borderline cases to people.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def run() -> None:
    """Bring the database to this version and serve."""
    settings = load()
    logs.configure(as_json=settings.log_json)
    parts = build(settings)
    if not settings.on_loopback and accounts.count_accounts(parts.database, demo=True):
        raise SettingsInvalid(_demo_is_local())
    with _door(settings.host, settings.port) as door:
        address = f"http://{settings.host}:{door.getsockname()[1]}"
        typer.echo(f"Secondlook's server: {address}", err=True)
        if key := links.make_first(parts.database, utc_now()):
            typer.echo(_no_account(address, links.path(key)), err=True)
        WebServer(web(create_app(parts), settings)).run(sockets=[door])


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
        # h11 limits what headers may hold in memory; others would take whatever comes.
        http="h11",
        ws="none",
        timeout_graceful_shutdown=10,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
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
        return socket.create_server((host.strip("[]"), port), family=family, backlog=2048)
    except OSError as error:
        raise SettingsInvalid(
            f"Nothing can listen on {host}:{port}: {error.strerror}; choose another "
            "SECONDLOOK_SERVER_PORT or stop what listens there."
        ) from error


def _demo_is_local() -> str:
    names = " ".join(name for name, _, _ in accounts.DEMO_ACCOUNTS)
    return (
        "Demo accounts have well-known passwords and work on loopback only; close them first: "
        f"for name in {names}; do secondlook-server account $name --close; done"
    )


@app.command()
def enrol(station: Annotated[str, typer.Argument(help="The station's name.")]) -> None:
    """Give a station its token, printed as the last line; an older token ends."""
    database = open_database(load())
    token, is_new = enrolment.enrol(database, station, utc_now())
    what = "is enrolled" if is_new else "has a new token, the old one has ended"
    typer.echo(
        f"Station {station} {what}. Keep the token in a file that only the station can read:"
    )
    typer.echo(token)


@app.command()
def account(
    name: Annotated[str, typer.Argument(help="The account's name.")],
    role: Annotated[Role | None, typer.Option(help="What it may do.")] = None,
    *,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    close: Annotated[bool, typer.Option("--close", help="Close the account.")] = False,
) -> None:
    """Make an account, or change its role and password, or close it; its sessions end."""
    database = open_database(load())
    if close:
        accounts.close_account(database, name, utc_now())
        typer.echo(f"Account {name} is closed.")
        return
    if role is None:
        raise AccountInvalid(f"Say what it may do: --role {' | '.join(_roles())}")
    accounts.put_account(database, name, role, _password(from_stdin=password_stdin), utc_now())
    typer.echo(f"Account {name} is ready, role {role}.")


def _roles() -> list[str]:
    return [role for role in Role if role is not Role.STATION]


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise AccountInvalid("There is no terminal to ask for a password; use --password-stdin.")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


@app.command()
def demo() -> None:
    """Make the demo accounts and show them; for trying out on this machine only."""
    settings = load()
    if not settings.on_loopback:
        raise SettingsInvalid(f"The demo runs on loopback only, not on {settings.host}.")
    accounts.make_demo_accounts(open_database(settings), utc_now())
    table = Table("account", "password", "role", title="Demo accounts, for this machine only")
    for name, role, password in accounts.DEMO_ACCOUNTS:
        table.add_row(name, password, role)
    rich.print(table)


@app.command()
def check() -> None:
    """Read every kept photo again and compare it with its hash."""
    parts = build(load())
    found = run_job(parts.jobs, JobKind.SCRUB).result
    for sha256 in found["names"]:
        typer.echo(f"damaged: {parts.archive.storage.where(sha256)}", err=True)
    if found["damaged"]:
        raise ServerError(
            f"{found['damaged']} of {found['photos']} photos are damaged; restore them from a backup."
        )
    typer.echo(f"{found['photos']} photos, all as they came.")


@app.command()
def references(
    folder: Annotated[Path, typer.Argument(help="The folder that the photos lie in.")],
    list_file: Annotated[
        Path, typer.Option("--list", help="CSV with the columns sku, shot and file.")
    ],
) -> None:
    """Import reference photos of articles; again changes nothing."""
    here = build(load())
    told = bring_references(here, folder, list_file)
    for line, words in told.told(Language.EN):
        typer.echo(f"{list_file}:{line}: {words}", err=True)
    typer.echo(f"{told.new} new, {told.same} known already, {len(told.bad)} bad.")
    if told.bad:
        raise ServerError(
            f"{len(told.bad)} of {told.done} rows cannot be used; the others are kept."
        )


def main() -> NoReturn:
    """Run a command; what goes wrong on purpose is one line."""
    try:
        app()
    except SecondlookError as error:
        typer.echo(f"secondlook-server: {' '.join(str(error).split())}", err=True)
        sys.exit(2)
    sys.exit(0)
