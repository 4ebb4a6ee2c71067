"""The command line: `secondlook-station inspect`, `enrol`, `expected`, `cameras` and `run`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from models.errors import SecondlookError
from station.errors import StationError
from station.inspect import inspect
from station.scanner import clean

app = typer.Typer(
    name="secondlook-station",
    help="One bench: photograph a return, inspect it, and get it safely to the server.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(inspect)


@app.command()
def run() -> None:
    """Replay sample returns at the bench and serve its page until Ctrl-C."""
    # Models, pictures and the web take a second to import; `inspect` and --help should not pay for all.
    from station import app as station_app  # noqa: PLC0415
    from station.settings import load  # noqa: PLC0415

    station_app.run(load())


@app.command()
def enrol(
    code: Annotated[str, typer.Argument(help="The one-time code that an administrator made.")],
    server: Annotated[str, typer.Option(help="The server's address, as https://…")],
    name: Annotated[str, typer.Option(help="This station's name, where the code is for any.")] = "",
) -> None:
    """Get this station's token from the server for a one-time code, and keep it."""
    from station import enrol as enrolment  # noqa: PLC0415 - likewise
    from station.settings import load  # noqa: PLC0415

    typer.echo(enrolment.enrol(load(), code, server, name))


@app.command()
def expected(
    code: Annotated[str, typer.Argument(help="What the scan gun reads.")],
) -> None:
    """Say what was announced under a code, as JSON, without asking the server."""
    from station.settings import load  # noqa: PLC0415 - likewise
    from station.supply import SUPPLY, Store  # noqa: PLC0415 - likewise

    found = Store(load().folder / SUPPLY).find(clean(code))
    if found is None:
        raise StationError(
            f"nothing was announced under {code[:200]!r}, as far as this bench knows"
        )
    typer.echo(found.to_json())


@app.command()
def cameras(
    *,
    reference: Annotated[
        bool,
        typer.Option(
            "--reference", help="Keep the test pictures as the cameras' views of the empty bench."
        ),
    ] = False,
    pictures: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where test pictures go; by default test-pictures in the home."
        ),
    ] = None,
    wait_s: Annotated[
        float, typer.Option("--wait", help="Seconds to wait for each camera.", min=0.1, max=600)
    ] = 15.0,
) -> None:
    """List the cameras and their state, and take a test picture with each; status 1 if one is not live."""
    import structlog  # noqa: PLC0415 - as above

    from station import checkup  # noqa: PLC0415
    from station.settings import load  # noqa: PLC0415

    # The table tells each camera's state; programs read standard output.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("warning"),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    told, all_live = checkup.run(
        load(), keep_reference=reference, pictures=pictures, patience_s=wait_s
    )
    typer.echo(told, nl=False)
    if not all_live:
        raise typer.Exit(1)


def main() -> None:
    """Entry point: what Secondlook can explain is one line on stderr and exit status 2."""
    try:
        app()
    except SecondlookError as error:
        words = " ".join(str(error).split())
        sys.stderr.write(f"secondlook-station: {words}\n")
        sys.exit(2)
