"""A list of reference photos on the command line: a bar where there is a terminal."""

from pathlib import Path

from rich.console import Console
from rich.progress import track

from server.catalogue.listed import from_folder, read_list, wanted
from server.catalogue.photos import limit_bytes
from server.catalogue.service import Imported, bring_in
from server.errors import ServerError
from server.jobs import COMMAND_LINE
from server.parts import Parts


def bring_references(here: Parts, folder: Path, list_file: Path) -> Imported:
    """Keep all photos of the list that lie in the folder. Raises ServerError, FileRefused, DiskFull."""
    try:
        sheet = read_list(list_file.read_bytes())
    except OSError as error:
        raise ServerError(f"{list_file} cannot be read: {error.strerror}") from error
    rows = list(wanted(sheet))
    opened = from_folder(folder, limit_bytes(here))
    told = Imported()
    steps = bring_in(here, rows, opened, by=COMMAND_LINE)
    console = Console(stderr=True)
    for told in track(  # noqa: B007 - the last count is the whole
        steps,
        "reference photos",
        total=len(rows),
        console=console,
        disable=not console.is_terminal,
    ):
        pass
    return told
