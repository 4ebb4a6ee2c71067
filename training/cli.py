"""secondlook-training: from photos to a released model, one command a step."""

import functools
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, ParamSpec, TypeVar

import typer

from models.errors import SecondlookError
from models.vision.backends import AUTO, Backend
from models.vision.bundle import RELEASES, open_release, read_card, read_cards
from training import assemble as assembly
from training import bench as speed
from training import calibrate as calibration
from training import evaluate as evaluation
from training import export as exporting
from training import page as pages
from training import precision as precisions
from training import presence as presences
from training import register as registry
from training import sheets
from training import train as learning
from training import warm as warming
from training.errors import RecipeInvalid
from training.progress import track
from training.read import image_files
from training.recipe import read_data_recipe, read_train_recipe
from training.render import dataset as rendering
from training.render.order import names, order
from training.render.returns import RETURNS
from training.render.sample import write as write_sample
from training.render.sample import write_references
from training.summary import headlines, report_of

SAMPLE = Path("datasets/sample")
# A look at each kind of item and view; all of them would take minutes on two cores.
PINNED_EVERY = 4
app = typer.Typer(
    help="From photos to a released model, one command a step.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_P = ParamSpec("_P")
_T = TypeVar("_T")
Out = Annotated[Path, typer.Option(help="Folder to write; keep it outside git.")]
Photos = Annotated[Path, typer.Option(help="Root of the photo sets that the data recipe names.")]
DataRecipe = Annotated[Path, typer.Option(help="Recipe of the data set version (YAML).")]
Release = Annotated[Path, typer.Option(help="Folder with card.yaml and the model.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the report here, as JSON.")]
Html = Annotated[
    Path | None, typer.Option("--html", help="Write the report here, as one HTML page.")
]


def explained(command: Callable[_P, _T]) -> Callable[_P, _T]:
    """What Secondlook or the disk can explain is one line on stderr and exit 2; the rest is a bug."""

    @functools.wraps(command)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return command(*args, **kwargs)
        except (SecondlookError, OSError) as error:
            _say(f"secondlook-training: {' '.join(str(error).split())}")
            raise typer.Exit(2) from error

    return run


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _today() -> date:
    return datetime.now(UTC).date()


@app.command()
@explained
def render(
    *,
    out: Annotated[Path | None, typer.Option(help="Folder to write; keep it outside git.")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many pictures.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 0,
    kinds: Annotated[str, typer.Option(help="Scenes, with commas; all without it.")] = "",
    defects: Annotated[str, typer.Option(help="Defects or sorts of them; all without it.")] = "",
    size: Annotated[int, typer.Option(min=160, max=4096, help="A picture's side in pixels.")] = 640,
    backgrounds: Annotated[
        Path | None, typer.Option(help="Clean photos to paint on, instead of drawn scenes.")
    ] = None,
    materials: Annotated[Path | None, typer.Option(help="Shapes and surfaces as files.")] = None,
    angles: Annotated[bool, typer.Option("--angles", help="Each under three lamps.")] = False,
    sheet_file: Annotated[Path | None, typer.Option("--sheet", help="A contact sheet.")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Only the sample returns.")] = False,
) -> None:
    """Render a data set of bench pictures with exact truth, or the sample returns of the demo."""
    if sample:
        count = write_sample(RETURNS, out or SAMPLE) + write_references(RETURNS, out or SAMPLE)
        _say(f"{count} photos in {out or SAMPLE}")
        return
    if out is None:
        raise RecipeInvalid("--out should name a folder (or --sample be given)")
    wanted = order(
        seed=seed, kinds=names(kinds), defects=names(defects), side_px=size,
        backgrounds=backgrounds, materials=materials, angles=3 if angles else 1,
    )  # fmt: skip
    rendering.write(wanted, track(range(count), "pictures", _say), out, _say)
    if sheet_file:
        sheets.write(out, sheet_file, told=_say)


@app.command()
@explained
def sheet(
    folder: Annotated[Path, typer.Argument(help="A data set: images/, labels/, classes.txt.")],
    out: Annotated[Path, typer.Option(help="The picture to write.")],
    count: Annotated[int, typer.Option(min=1, help="How many pictures, evenly apart.")] = 48,
) -> None:
    """Look at a data set: many of its pictures on one, with their labelled boxes."""
    sheets.write(folder, out, count, _say)


@app.command()
@explained
def assemble(
    photos: Photos,
    recipe: DataRecipe,
    out: Out,
    card: Annotated[
        Path | None, typer.Option(help="Folder for manifest.csv and data.yaml, to be kept in git.")
    ] = None,
) -> None:
    """Freeze a data set version (who learns, who checks) and make its pictures."""
    version = assembly.freeze(read_data_recipe(recipe), photos)
    for complaint in version.complaints:
        _say(f"passed over: {complaint}")
    counts = assembly.write_pictures(version, photos, out, _say)
    if card:
        assembly.write_card(version, counts, card)
    _say(f"{version.identifier} ({version.digest}): {dict(counts)} in {out}")


@app.command()
@explained
def train(
    *,
    recipe: Annotated[Path, typer.Option(help="Recipe of the training run (YAML).")],
    data: Annotated[Path, typer.Option(help="Folder written by assemble.")],
    run: Annotated[Path, typer.Option(help="Folder of the run; keep it outside git.")],
    weights: Annotated[
        Path | None, typer.Option(help="Start from these weights instead of from scratch.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on after the last finished epoch.")
    ] = False,
) -> None:
    """Train a detector with Ultralytics (AGPL-3.0; needs the training extra)."""
    best = learning.train(read_train_recipe(recipe), data, run, weights=weights, resume=resume)
    _say(f"weights: {best}")


@app.command()
@explained
def warm(
    *,
    release: Release,
    recipe: Annotated[Path, typer.Option(help="Recipe of the training run to come (YAML).")],
    data: Annotated[Path, typer.Option(help="Folder written by assemble: what will be learnt.")],
    out: Annotated[Path, typer.Option(help="Weights to write (.pt), for train --weights.")],
) -> None:
    """Turn a release back into weights that training can go on from, on the same or other classes."""
    run = read_train_recipe(recipe)
    classes = len(warming.classes_of(data))
    pictures = warming.samples(data, run.side_px)
    taken, every = warming.warm(
        release / read_card(release).file, run.model, classes, pictures, out
    )
    _say(f"{out}: {taken} of {every} layers from {read_card(release).identifier}")


@app.command()
@explained
def export(
    run: Annotated[Path, typer.Option(help="Folder of a finished run.")],
    out: Annotated[Path, typer.Option(help="Folder of the candidate, named as the release.")],
    version: Annotated[str, typer.Option(help="The release's version.")] = "1",
    weights: Annotated[
        Path, typer.Option(help="The run's file to export, below its folder.")
    ] = learning.BEST,
    pinned: Annotated[
        Path,
        typer.Option(help="Data set folder; every fourth of its images/ is compared with PyTorch."),
    ] = SAMPLE,
) -> None:
    """Write a run's model as ONNX with a first card; refused where it differs from PyTorch."""
    record = exporting.read_record(run)
    model = out / registry.MODEL
    photos = image_files(pinned)[::PINNED_EVERY]
    done = exporting.export(run, model, photos, weights, version=version, licence=registry.LICENCE)
    registry.write_card(registry.candidate_card(record, done.classes, model, version), out)
    apart = done.parity
    _say(f"{model}: {apart.boxes} boxes, at most {apart.box_px:.4f} px and {apart.score:.5f} apart")


@app.command()
@explained
def calibrate(
    release: Release,
    data: Annotated[list[Path], typer.Option(help="Held-out labelled photos; never test photos.")],
    clean: Annotated[
        list[Path] | None, typer.Option(help="Held-out photos without any of the classes.")
    ] = None,
    allowed: Annotated[
        float, typer.Option(help="False boxes that a clean photo may show on average.")
    ] = 0.1,
    quiet: Annotated[
        list[str] | None,
        typer.Option(help="Folder whose clean photos alone --allowed is about; may be repeated."),
    ] = None,
    html_file: Html = None,
) -> None:
    """Choose a candidate's thresholds and calibration on validation photos."""
    bundle = open_release(release)
    held = evaluation.photos_of(bundle, data, clean or [], _say)
    seen = evaluation.look(bundle, held, _say)
    fits = calibration.fitted(seen, allowed=allowed, quiet=quiet or ())
    card = calibration.with_fits(bundle.card, fits)
    registry.write_card(card, release)
    if html_file:
        pages.write(pages.calibration_page(card, fits, len(held), _today()), html_file)
    _say(f"{card.identifier}: thresholds {card.thresholds} from {len(held)} validation photos")


@app.command()
@explained
def precision(
    release: Release,
    data: Annotated[list[Path], typer.Option(help="Held-out labelled photos; never test photos.")],
    clean: Annotated[
        list[Path] | None, typer.Option(help="Held-out photos without any of the classes.")
    ] = None,
) -> None:
    """Measure what bf16 costs on validation photos, and note on the card that it may be used."""
    card = read_card(release)
    registry.write_card(precisions.without_precision(card), release)
    found = precisions.measure(release, data, clean or [], _say)
    registry.write_card(precisions.with_precision(card, found), release)
    _say(
        f"{card.identifier}: bf16 costs {found.loss * 100:.2f} points on {found.photos} photos "
        f"and takes {found.time_share:.0%} of the time; noted on the card"
    )


@app.command()
@explained
def evaluate(
    release: Release,
    data: Annotated[
        list[Path], typer.Option(help="Labelled photos: images/, labels/, classes.txt.")
    ],
    clean: Annotated[
        list[Path] | None, typer.Option(help="Photos without any of the release's classes.")
    ] = None,
    json_file: Json = None,
    html_file: Html = None,
) -> None:
    """Measure a release on labelled photos, through the pipeline that inspects returns."""
    measurement = evaluation.measure(release, data, clean or [], told=_say)
    _say("figures and their intervals …")
    report = report_of(measurement)
    if json_file:
        evaluation.write(report, json_file)
    if html_file:
        pages.write(pages.evaluation_page(measurement, report, _today(), _say), html_file)
    typer.echo(json.dumps(headlines(report), indent=1))


@app.command()
@explained
def presence(
    release: Release,
    data: Annotated[
        list[Path],
        typer.Option(help="Labelled photos; a label, barcode or qr box means that it is there."),
    ],
    clean: Annotated[
        list[Path] | None, typer.Option(help="Photos without any label or code.")
    ] = None,
    json_file: Json = None,
) -> None:
    """Measure how often "label seen" and "label not seen" are right, by boxes and codes."""
    report = presences.measure(release, data, clean or [], told=_say)
    if json_file:
        evaluation.write(report, json_file)
    typer.echo(presences.table(report))


@app.command()
@explained
def register(
    candidate: Annotated[
        Path, typer.Option(help="Folder that export wrote and calibrate changed.")
    ],
    report: Annotated[Path, typer.Option(help="What evaluate wrote with --json.")],
    notes: Annotated[Path, typer.Option(help="YAML with en and zh: what it finds and misses.")],
    releases: Annotated[Path, typer.Option(help="Folder of the releases.")] = RELEASES,
) -> None:
    """Release a candidate with its figures and notes, and open it as a station would."""
    folder = registry.register(candidate, report, notes, releases)
    _say(f"{read_card(folder).identifier} in {folder}")


@app.command()
@explained
def bench(
    photos: Annotated[
        list[Path] | None, typer.Argument(help="Photos; some of the sample's by default.")
    ] = None,
    release: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of a release; all that are shipped by default."),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often everything is timed.")] = 5,
    backend: Annotated[
        str, typer.Option(help="What runs the models: auto or " + ", ".join(Backend))
    ] = AUTO,
    json_file: Json = None,
) -> None:
    """Time the bare session, the whole pipeline, its backends and Ultralytics side by side."""
    folders = release or [RELEASES / card.name for card in read_cards(RELEASES)]
    cards = [read_card(folder) for folder in folders]
    items = speed.items(photos or image_files(SAMPLE)[::PINNED_EVERY])
    timed = []
    for folder, card in zip(folders, cards, strict=True):
        _say(f"{card.identifier} …")
        peer = exporting.peer(folder / card.file, card.input_side_px)
        timed.append(speed.bench(folder, items, rounds=rounds, peer=peer, backend=backend))
    report = speed.report(timed)
    if json_file:
        evaluation.write(report, json_file)
    _say(speed.table(report))
    typer.echo(json.dumps(report))
