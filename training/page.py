"""Reports as one HTML file each: figures, plots and pictures inside, nothing fetched from anywhere."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib import resources
from pathlib import Path

import jinja2
import numpy as np
from markupsafe import Markup

from models.errors import PhotoUnreadable
from models.records import Calibration, Release
from training import plots
from training.calibrate import Fit
from training.metrics import Seen, longer_side
from training.progress import track
from training.reliability import bins, told_by
from training.summary import Measurement, Report
from training.tally import Tally
from training.thumbnails import thumbnail
from training.worst import COUNT, Bad, worst

TEMPLATES = Path(__file__).parent / "templates"
# Of a release with many classes each still shows so many.
_LEAST = 12
Told = Callable[[str], None]


def evaluation_page(
    measurement: Measurement, report: Report, day: date, told: Told = lambda _: None
) -> str:
    """The report of evaluate; photos are read again for the worst of them."""
    card = measurement.card
    count = max(_LEAST, COUNT // len(measurement.seen))
    views = {
        kind: _plots(row, card.thresholds[kind], card.calibration.get(kind))
        | _worst(row, card.thresholds[kind], card.calibration.get(kind), count, told)
        for kind, row in measurement.seen.items()
    }
    return _page("evaluation.html", card, day, report=report, views=views)


def calibration_page(card: Release, fits: Mapping[str, Fit], photos: int, day: date) -> str:
    """The report of calibrate."""
    figures = {
        kind: plots.reliability_plot(fit.before.bins, fit.after.bins if fit.after else None)
        for kind, fit in fits.items()
    }
    return _page("calibration.html", card, day, fits=fits, plots=figures, photos=photos)


def write(page: str, path: Path) -> None:
    """The page as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def _page(template: str, card: Release, day: date, **context: object) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    plotly = resources.files("plotly") / "package_data" / "plotly.min.js"
    return environment.get_template(template).render(
        card=card,
        day=day.isoformat(),
        plotly=Markup(plotly.read_text(encoding="utf-8")),  # noqa: S704 - the package's own script
        **context,
    )


def _plots(seen: Sequence[Seen], threshold: float, curve: Calibration | None) -> dict[str, object]:
    tally = Tally.of(seen)
    groups = np.array([one.group for one in seen])
    folders = {
        group: (groups == group) & ~tally.clean
        for group in dict.fromkeys(one.group for one in seen if one.truth)
    }
    before = tuple(bins(told_by(tally, None)))
    return {
        "precision_recall": plots.precision_recall_plot(tally, threshold),
        "free_response": plots.free_response_plot(tally, threshold),
        "roc": plots.roc_plot(tally, folders),
        "reliability": plots.reliability_plot(
            before, tuple(bins(told_by(tally, curve))) if curve else None
        ),
    }


def _worst(
    seen: Sequence[Seen], threshold: float, curve: Calibration | None, count: int, told: Told
) -> dict[str, object]:
    false, missed = worst(seen, threshold, curve, count)
    pictures = [_picture(bad) for bad in track([*false, *missed], "worst photos", told)]
    return {
        "false": [one for one in pictures[: len(false)] if one],
        "missed": [one for one in pictures[len(false) :] if one],
    }


def _picture(bad: Bad) -> dict[str, object] | None:
    """What the template shows of a photo; none where its file is gone by now."""
    try:
        small = thumbnail(bad)
    except PhotoUnreadable:
        return None
    share = longer_side(bad.worst) / bad.seen.side_px
    return {
        "whole": small.whole,
        "detail": small.detail,
        "words": f"{_said(bad)} · {share:.1%} of the photo's side",
        "name": f"{bad.seen.group} {bad.seen.path.name if bad.seen.path else ''}",
    }


def _said(bad: Bad) -> str:
    if not bad.missed:
        return f"probability {bad.badness:.2f}"
    best = 1 - bad.badness
    return f"best box over it {best:.2f}" if best else "no box over it"
