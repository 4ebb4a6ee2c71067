"""A file of expected returns on the command line: a bar where there is a terminal."""

from pathlib import Path

from rich.console import Console
from rich.progress import Progress as Bar

from server.errors import ServerError
from server.expected.columns import COLUMNS, NEEDED
from server.expected.imports import ANSWERED, keep_rows
from server.expected.rows import sheet_rows
from server.expected.tally import Tally
from server.jobs import COMMAND_LINE
from server.parts import Parts
from server.sheets import open_sheet


def bring_expected(here: Parts, file: Path) -> Tally:
    """Keep the good rows of a file. Raises ServerError, FileRefused, DiskFull."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ServerError(f"{file} cannot be read: {error.strerror}") from error
    rows = sheet_rows(open_sheet(content, COLUMNS, NEEDED), here.policy.currency)
    tally = Tally(most_bad=ANSWERED)
    console = Console(stderr=True)
    with Bar(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("expected returns", total=None)
        for count in keep_rows(here, rows, tally, by=COMMAND_LINE):
            bar.advance(task, count)
    return tally
