"""The reports are one file each: every section is there, nothing comes from elsewhere."""

import html.parser
import json
from datetime import date
from pathlib import Path

import numpy as np
import plotly.graph_objects
import pytest

from models.vision.bundle import open_release
from tests.tiny_model import write_release
from tests.unit.training.photosets import pale, with_dark, write_set
from training.calibrate import fitted
from training.evaluate import measure, report_of
from training.metrics import Seen
from training.page import calibration_page, evaluation_page, write
from training.plots import free_response_plot, precision_recall_plot, reliability_plot, roc_plot
from training.reliability import bins, told_by
from training.tally import Tally

DAY = date(2026, 11, 24)
LARGE, TINY = (20, 20, 60, 60), (70, 50, 72, 52)


class Page(html.parser.HTMLParser):
    """What a browser would fetch, draw and say."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self._json: list[str] = []
        self.words = ""
        self.pictures = 0
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._inside = tag + (given.get("type") or "")
        self._json += [""] * (self._inside == "scriptapplication/json")
        self.pictures += tag == "img"
        self.addresses += [given[key] or "" for key in ("src", "href") if key in given]

    def handle_endtag(self, _tag: str) -> None:
        self._inside = ""

    @property
    def figures(self) -> list[dict[str, object]]:
        return [json.loads(text) for text in self._json]

    def handle_data(self, data: str) -> None:
        if self._inside == "scriptapplication/json":
            self._json[-1] += data
        elif not self._inside.startswith(("script", "style")):
            self.words += " ".join(data.split()) + " "


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of a release with two classes, one of them with an awkward folder, on a few real files."""
    tmp = tmp_path_factory.mktemp("page")
    release = write_release(
        tmp / "releases",
        classes=("stain", "scratch"),
        thresholds={"stain": 0.8, "scratch": 0.5},
        calibration={"stain": {"raw": [0.0, 1.0], "calibrated": [0.1, 0.6]}},
        tiling={"overlap_px": 16, "max_side_px": 64, "whole_photo": True},
    )
    data = write_set(
        tmp / "a <b> & c/train",
        {
            "found": (with_dark(pale(1), LARGE), [(0, LARGE)]),
            "missed": (with_dark(pale(3), TINY, level=120), [(0, TINY)]),
            "false": (with_dark(pale(4), LARGE), []),
            "plain": (pale(5), []),
        },
        classes=("stain", "scratch"),
    )
    (data / "card.yaml").write_text("rendered: true\n")
    (data / "images/broken.jpg").write_bytes(b"\xff\xd8\xff")
    measurement = measure(release, [data], [])
    page = evaluation_page(measurement, report_of(measurement), DAY)
    write(page, tmp / "deep/r.html")
    assert str(tmp) not in page
    return (tmp / "deep/r.html").read_text(encoding="utf-8")


def test_nothing_is_fetched_from_anywhere(evaluated: str) -> None:
    page = Page(evaluated)
    assert page.pictures == 3  # a false box, and a miss so small that it is shown from near too
    assert {address.partition(",")[0][:11] for address in page.addresses} == {
        "#top", "#headline", "#stain", "#scratch", "data:", "data:image/",
    }  # fmt: skip
    css = evaluated[evaluated.index("<style>") : evaluated.index("</style>")]
    assert "url(" not in css
    assert "@import" not in css


def test_every_section_is_there_for_every_class(evaluated: str) -> None:
    words = Page(evaluated).words
    once = [
        "stain@1, measured", "SHA-256 of the model", "Licence", "Recipe", "Headline",
        "1 files or lines passed over", "broken.jpg", "2026-11-24",
        "Rendered or staged pictures are among these: a <b> & c/train (rendered)",
    ]  # fmt: skip
    a_class = [
        "Precision and recall", "Free response", "ROC by photo", "Reliability",
        "By size of the defect", "By source", "Thresholds", "Calibration",
        "The worst photos: false boxes", "The worst photos: missed",
    ]  # fmt: skip
    assert [part for part in once if part not in words] == []
    assert [part for part in a_class if words.count(part) < 2] == []
    assert "0.8000 the card's" in words
    assert "no box over it · 1.6% of the photo's side" in words


def test_every_plot_is_one_that_plotly_knows(evaluated: str) -> None:
    figures = Page(evaluated).figures
    assert len(figures) == 8
    for figure in figures:
        assert plotly.graph_objects.Figure(figure).data  # raises on a word that Plotly lacks


def test_a_script_stands_in_the_page_once(evaluated: str) -> None:
    assert evaluated.count("plotly.js v") == 1
    assert evaluated.count("Plotly.newPlot(place") == 1


def test_the_calibration_s_page_shows_before_and_after(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    box = (0.0, 0.0, 9.0, 9.0)
    seen = [
        Seen(truth=(box,) if rng.random() < score / 2 else (), boxes=(box,), scores=(score,))
        for score in rng.random(300)
    ]
    card = open_release(write_release(tmp_path)).card

    page = Page(calibration_page(card, fitted({"stain": seen}), 300, DAY))

    assert "chosen on 300 validation photos" in page.words
    assert "The curve on the card" in page.words
    assert " nan " not in page.words  # no box is that sure
    [figure] = page.figures
    names = [trace.name for trace in plotly.graph_objects.Figure(figure).data]
    assert names == ["as told", "before: raw score", "after: probability"]


@pytest.mark.parametrize(
    "seen",
    [
        [],
        [Seen()],
        [Seen(truth=((0.0, 0.0, 9.0, 9.0),))],
        [Seen(boxes=((0.0, 0.0, 9.0, 9.0),), scores=(0.9,))],
    ],
)
def test_plots_of_next_to_nothing_are_still_plots(seen: list[Seen]) -> None:
    tally = Tally.of(seen)
    figures = [
        precision_recall_plot(tally, 0.5),
        free_response_plot(tally, 0.5),
        roc_plot(tally, {}),
        reliability_plot(tuple(bins(told_by(tally, None))), None),
    ]
    for figure in figures:
        plotly.graph_objects.Figure(json.loads(json.dumps(figure, allow_nan=False)))
