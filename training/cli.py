"""secondlook-training: from photos to a released model, one command a step."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ParamSpec, TypeVar

import typer

from models.errors import SecondlookError

app = typer.Typer(
    help="From photos to a released model, one command a step.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_P = ParamSpec("_P")
_T = TypeVar("_T")


def explained(command: Callable[_P, _T]) -> Callable[_P, _T]:
    """What Secondlook can explain is one line on stderr and exit 2; everything else is a bug."""

    @functools.wraps(command)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return command(*args, **kwargs)
        except SecondlookError as error:
            typer.echo(f"secondlook-training: {' '.join(str(error).split())}", err=True)
            raise typer.Exit(2) from error

    return run


def _say(line: str) -> None:
    typer.echo(line, err=True)


@app.command()
@explained
def render(
    out: Annotated[Path, typer.Option(help="Folder for images/ and returns.yaml.")] = Path("datasets/sample"),
) -> None:
    """Draw the sample returns of the demo and the tests, with their truth."""
    from training.render.returns import RETURNS
    from training.render.sample import write

    _say(f"{write(RETURNS, out)} photos of {len(RETURNS)} returns in {out}")


@app.command()
@explained
def assemble(
    photos: Annotated[Path, typer.Option(help="Root of the photo sets that the recipe names.")],
    recipe: Annotated[Path, typer.Option(help="Recipe of the data set version.")],
    out: Annotated[Path, typer.Option(help="Folder for the pictures to train on; keep it outside git.")],
    card: Annotated[Path | None, typer.Option(help="Folder for manifest.csv and data.yaml, to be kept in git.")] = None,
) -> None:
    """Freeze a data set version (who learns, who checks) and make its pictures."""
    from training import assemble as room
    from training.recipe import read_data_recipe

    version = room.freeze(read_data_recipe(recipe), photos)
    for complaint in version.complaints:
        _say(f"passed over: {complaint}")
    counts = room.write_pictures(version, photos, out, _say)
    if card:
        room.write_card(version, counts, card)
    _say(f"{version.identifier} ({version.digest}): {dict(counts)} in {out}")


@app.command()
@explained
def train(
    recipe: Annotated[Path, typer.Option(help="Recipe of the training run.")],
    data: Annotated[Path, typer.Option(help="Folder written by assemble.")],
    run: Annotated[Path, typer.Option(help="Folder of the run; keep it outside git.")],
    weights: Annotated[Path | None, typer.Option(help="Start from these weights instead of from scratch.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after the last finished epoch.")] = False,
) -> None:
    """Train a detector with Ultralytics (AGPL-3.0; the training extra)."""
    from training.recipe import read_train_recipe
    from training.train import train as start

    _say(f"weights: {start(read_train_recipe(recipe), data, run, weights=weights, resume=resume)}")


def main() -> None:
    """The entry point."""
    app(prog_name=Path(sys.argv[0]).name)
