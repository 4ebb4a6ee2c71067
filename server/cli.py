"""`secondlook-server`: the server's commands. Errors are one line on standard error, exit 2."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import rich
import typer
from rich.table import Table

from models.errors import SecondlookError
from models.vocabulary import Language, Role
from server import serve
from server.accounts import service as accounts
from server.app import build, open_archive, open_database
from server.backup.restore import restore as bring_back
from server.catalogue.terminal import bring_references
from server.enrolment import service as enrolment
from server.errors import AccountInvalid, ServerError, SettingsInvalid
from server.expected.terminal import bring_expected
from server.keeping.queries import open_faults
from server.parts import utc_now
from server.progress import JobKind
from server.returns.check_chain import read_head
from server.returns.check_file import check_file
from server.sealing import load_sealer
from server.settings import load
from server.terminal import run_job, show

MOST_TOLD = 1000
"""Lines that a check prints; the page shows how many there are."""

app = typer.Typer(
    help="Secondlook's server: keeps what stations send and gives borderline cases to people.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def run(
    processes: Annotated[
        int, typer.Option(min=1, max=64, help="So many side by side; more than one on PostgreSQL.")
    ] = 1,
) -> None:
    """Bring the database to this version and serve."""
    settings = load()
    serve.run(settings, processes)


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
    """Read every kept photo again, as fast as it goes, and compare it with its hash."""
    parts = build(load())
    found = run_job(parts.jobs, JobKind.SCRUB, {"fresh": True}).result
    broken = found["damaged"] + found["missing"]
    with parts.database.reading() as connection:
        for fault in open_faults(connection, MOST_TOLD) if broken else ():
            where = parts.archive.storage.where(fault.sha256)
            typer.echo(f"{fault.kind}: {where}, brought by {fault.station}", err=True)
    if broken:
        raise ServerError(
            f"{found['damaged']} of {found['photos']} photos are damaged, {found['missing']} missing; "
            "damaged ones are in quarantine. Restore the files from a backup."
        )
    typer.echo(f"{found['photos']} photos, all as they came.")


@app.command()
def orphans(
    *,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove what is older than a day, for ever.")
    ] = False,
) -> None:
    """Look for files that no row names and rows without a file; removes nothing unless told to."""
    parts = build(load())
    found = run_job(parts.jobs, JobKind.ORPHANS, {"remove": remove}).result
    what = "removed" if remove else "found, nothing removed"
    typer.echo(f"{found['photos']} orphans of {found['bytes']} bytes {what}.")
    typer.echo(f"{found['too_young']} younger than a day, {found['missing']} rows without a file.")


@app.command()
def retention(
    *,
    delete: Annotated[bool, typer.Option("--delete", help="Delete what is due, for ever.")] = False,
) -> None:
    """Count what the rules of retention would delete; deletes nothing unless told to."""
    parts = build(load())
    found = run_job(parts.jobs, JobKind.RETENTION, {"delete": delete}).result
    for kind, of_kind in found["kinds"].items():
        typer.echo(f"{kind}: {of_kind['photos']} photos, {of_kind['bytes']} bytes")
    what = "deleted" if delete else "due, nothing deleted"
    typer.echo(
        f"{found['photos']} photos of {found['bytes']} bytes {what}; rules version {found['version']}."
    )


@app.command()
def rotate_sealing_key() -> None:
    """Make a new key for sealed originals; what older keys sealed can still be opened."""
    sealer = load_sealer(load().folder)
    typer.echo(f"Stations seal for key {sealer.rotate()} from now on, as soon as they ask.")


@app.command()
def verify(
    file: Annotated[
        Path | None, typer.Argument(help="A file that was exported; without one, the database.")
    ] = None,
    *,
    key: Annotated[
        str | None, typer.Option(help="The server's public key, as base64, for a file.")
    ] = None,
    head: Annotated[
        str | None, typer.Option(help="An entry noted earlier, PLACE:HASH, for the database.")
    ] = None,
) -> None:
    """Check an exported file, without server and database, or the whole database, against its chain."""
    faults, told = _verify_file(file, key) if file else _verify_database(head)
    for fault in faults:
        typer.echo(fault, err=True)
    typer.echo(told)
    if faults:
        raise typer.Exit(1)


def _verify_file(path: Path, key: str | None) -> tuple[list[str], str]:
    found = check_file(path, key)
    for note in found.notes:
        typer.echo(f"note: {note}", err=True)
    if found.faults:
        return found.faults, f"{path.name}: {len(found.faults)} faults"
    chained = f", chain up to {found.head}" if found.head else ", nothing decided yet"
    return [], f"{path.name}: {found.files} files, all as they were{chained}"


def _verify_database(head: str | None) -> tuple[list[str], str]:
    here = build(load())
    if head is not None:
        read_head(head)
    found = run_job(here.jobs, JobKind.VERIFY, {"head": head} if head else None).result
    if found["faults"]:
        return found["lines"], f"{found['faults']} faults in {found['entries']} entries"
    return (
        [],
        f"{found['entries']} entries, all as they were; the newest is {found['head'] or 'none'}",
    )


@app.command()
def expected(
    file: Annotated[Path, typer.Argument(help="CSV as on the page of expected returns.")],
) -> None:
    """Keep expected returns from a file; again changes nothing."""
    tally = bring_expected(build(load()), file)
    for row in tally.bad:
        words = " ".join(fault.told(Language.EN) for fault in row.faults)
        typer.echo(f"{file}:{row.line}: {words}", err=True)
    c = tally.counts
    typer.echo(
        f"{c['new']} new, {c['changed']} changed, {c['same']} known already, {c['bad']} bad."
    )
    if c["bad"]:
        raise ServerError(f"{c['bad']} of {c['rows']} rows cannot be used; the others are kept.")


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


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="A folder outside of the home, on another disk.")],
) -> None:
    """Back up everything, keys included, while the server runs; again copies only what is new."""
    here = build(load())
    arguments = {"target": str(target.absolute())}
    found = run_job(here.jobs, JobKind.BACKUP, arguments).result
    typer.echo("It holds the server's keys: keep it where only those may read who may read all.")
    if found["missing"]:
        raise ServerError(
            f"{found['missing']} photos are missing or damaged in the archive, so also in "
            f"{found['snapshot']}; the log names them."
        )
    typer.echo(f"{found['snapshot']}: {found['photos']} photos, and all rows.")


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="What backup was given, or one of its snapshots.")],
    *,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read all that was restored again, and the chain.")
    ] = False,
) -> None:
    """Bring the newest backup back into an empty home, on the database that the settings name."""
    settings = load()
    found = bring_back(settings, source, lambda: open_archive(settings), show, verify=verify)
    told = found.manifest
    typer.echo(
        f"Restored what was there at {told.taken_at}: {sum(told.rows.values())} rows, "
        f"{told.photos - len(told.missing)} photos{', all verified' if verify else ''}."
    )
    if told.missing:
        raise ServerError(f"{len(told.missing)} photos were missing already when it was taken.")


def main() -> NoReturn:
    """Run a command; what goes wrong on purpose is one line."""
    try:
        app()
    except SecondlookError as error:
        typer.echo(f"secondlook-server: {' '.join(str(error).split())}", err=True)
        sys.exit(2)
    sys.exit(0)
