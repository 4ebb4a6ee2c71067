"""`secondlook-station inspect`: photos of one item in, a verdict out.

Nothing heavy is imported here, for every command of the station imports this module to learn its
options.
"""

from pathlib import Path
from typing import Annotated

import typer

_Photos = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SHOT=]PHOTO",
        help="The item's photos. Plain paths take the standard's shots in order, further ones are details.",
        show_default=False,
    ),
]
_Category = Annotated[
    str,
    typer.Option(help="What the item is: apparel, electronics or parcel.", show_default=False),
]
_Answers = Annotated[
    list[str] | None,
    typer.Option(
        metavar="QUESTION=CHOICE",
        help="The answer to one of the standard's questions; may be repeated.",
        show_default=False,
    ),
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
_Draw = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Write each photo with its findings to DIR as NAME-findings.jpg.",
        show_default=False,
    ),
]
_Releases = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of released models.", show_default=False),
]


def inspect(
    photos: _Photos = None,
    *,
    category: _Category = "",
    answer: _Answers = None,
    as_json: _Json = False,
    draw: _Draw = None,
    releases: _Releases = None,
) -> None:
    """Inspect the photos of one item: findings, scores, grade, disposition and who decides next."""
    # Vision and grading take most of a second to import; other commands should not pay for it.
    from station import inspection  # noqa: PLC0415

    try:
        told = inspection.run(
            category, photos or [], answer or [], draw=draw, releases=releases, as_json=as_json
        )
    except inspection.EXPLAINED as error:
        typer.echo(f"secondlook-station inspect: {inspection.one_line(error)}", err=True)
        raise typer.Exit(2) from error
    typer.echo(told, nl=False)
