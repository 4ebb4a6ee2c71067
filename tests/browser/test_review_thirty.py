"""Thirty cases in a row by keyboard only, each on one screen without scrolling; in a real Chromium."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from models.opinions import Opinion
from models.records import Inspection
from models.vocabulary import Action, Defect, Grade, Shot, Verdict
from server.ledger import State, dossier
from tests.browser.people import carry_session, visitor
from tests.factories import answer, finding, photo, sha256
from tests.fakes import jpeg
from tests.unit.server.running import Running, an_inspection, put_inspection, put_photo, serving

pytestmark = pytest.mark.browser
CASES = 30
FRONT, BACK = (jpeg(width=800, height=600, seed=seed, spot=True) for seed in (1, 2))
PHOTOS = tuple(
    photo(sha256=sha256(data), size_bytes=len(data), shot=shot, width=800, height=600)
    for data, shot in ((FRONT, Shot.FRONT), (BACK, Shot.BACK))
)
FINDINGS = (
    finding(finding_id="f1", photo_sha256=sha256(FRONT), xyxy=(350.0, 250.0, 450.0, 350.0)),
    finding(finding_id="f2", photo_sha256=sha256(BACK), shot=Shot.BACK, xyxy=(100.0, 90.0, 160.0, 140.0)),
)  # fmt: skip
ANSWERS = tuple(
    answer(*pair)
    for pair in (("tag", "unclear"), ("worn", "tried_on"), ("complete", "complete"), ("function", "works"))
)  # fmt: skip
FITS = """() => [document.documentElement.scrollHeight, document.documentElement.scrollWidth,
  ...[...document.querySelectorAll(".evidence, .decision, .send")].map((one) => one.scrollHeight - one.clientHeight)]"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with serving(tmp_path) as running:
        station = running.station()
        for data in (FRONT, BACK):
            put_photo(station, data)
        for number in range(1, CASES + 1):
            assert put_inspection(station, item(number)).json()["routing"]["to"] == "review"
            running.clock.pass_by(minutes=1)
        yield running


def item(number: int) -> Inspection:
    return an_inspection(number, photos=PHOTOS, findings=FINDINGS, answers=ANSWERS)


@pytest.fixture
def page(browser: Browser, server: Running) -> Iterator[Page]:
    with visitor(browser, server) as page:
        carry_session(page, server, server.person("ann"))
        yield page


@dataclass(frozen=True)
class Stroke:
    """What is pressed in a case."""

    keys: tuple[str, ...]
    back: bool = False
    """The answer is taken back afterwards and given again."""


CONFIRM = Stroke(("y", "y", "d", "1", "Enter"))
REJECT = Stroke(("n", "n", "a", "1", "Enter"))
DRAW = Stroke(("y", "m", "ArrowRight", "ArrowDown", "Shift+ArrowRight", "v", "Enter", "d", "2", "Enter"))  # fmt: skip
MOVE = Stroke(("g", "ArrowLeft", "Shift+ArrowDown", "Escape", "y", "d", "3", "Enter"))
UNDO = Stroke(("n", "u", "m", "Delete", "Control+z", "Control+y", "e", "u", "d", "Shift+Digit2", "9", "Enter"))  # fmt: skip
CHANGE = Stroke(("q", "ArrowUp", "Escape", "c", "5", "Enter"))
RETAKE = Stroke(("t", "x", "Escape", "r", "2"))
SECOND = Stroke(("y", "b", "7", "s"))
BACK_AGAIN = Stroke(("y", "e", "8", "Enter"), back=True)
STROKES = [CONFIRM, REJECT, DRAW, MOVE, UNDO, CHANGE, RETAKE, SECOND, BACK_AGAIN]


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def ready(page: Page) -> None:
    page.wait_for_url("**/review/*")
    expect(page.locator("[data-announced]")).not_to_be_empty()
    expect(page.locator(".findings .chosen")).to_have_count(1)


def answers(server: Running, number: int) -> tuple[Opinion, ...]:
    with server.parts.database.reading() as connection:
        found = dossier(connection, item(number).inspection_id)
    assert found is not None
    return found.opinions


def test_thirty_cases_in_a_row(page: Page, server: Running) -> None:
    page.goto("/review")
    press(page, "Enter")
    for number in range(1, CASES + 1):
        ready(page)
        tall, wide, *inside = page.evaluate(FITS)
        assert (number, tall, wide, max(inside)) == (number, 800, 1280, 0)
        stroke = STROKES[(number - 1) % len(STROKES)]
        was = page.url
        server.clock.pass_by(seconds=8)
        press(page, *stroke.keys)
        page.wait_for_url(lambda url, was=was: url.partition("?")[0] != was.partition("?")[0])
        if stroke.back:
            take_back(page, server)
    page.wait_for_url("**/review")
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    check(server)


def take_back(page: Page, server: Running) -> None:
    # The next case has been claimed; taking back leaves it to this person, or to others after a while.
    server.clock.pass_by(seconds=2)
    was = page.url
    press(page, "p")
    page.wait_for_url(lambda url: url.partition("?")[0] != was.partition("?")[0])
    ready(page)
    expect(page.locator("input[name=grade]:checked")).to_have_value("E")
    press(page, "d", "Enter")
    page.wait_for_url(lambda url: "done=" in url or url.endswith("/review"))


def check(server: Running) -> None:
    given = {number: answers(server, number) for number in range(1, CASES + 1)}
    assert all(given.values())
    first = {number: several[0] for number, several in given.items()}
    actions = Counter(one.action for one in first.values())
    assert actions == {Action.DECIDED: 24, Action.RETAKE: 3, Action.SECOND: 3}
    assert first[2].verdicts == {"f1": Verdict.REJECTED, "f2": Verdict.REJECTED}
    (drawn,) = first[3].drawn
    assert drawn.defect is Defect.SCRATCH
    assert "f1" in first[4].moved
    assert first[5].verdicts == {}
    assert (first[5].grade, first[5].drawn) == (Grade.D, ())
    assert [(c.question, c.old) for c in first[6].answers] == [("tag", "unclear")]
    assert (first[7].wish, first[7].note) == (Shot.BACK, "x")
    assert [one.grade for one in given[9]] == [Grade.E, Grade.D]
    assert given[9][1].corrects == given[9][0].opinion_id
    with server.parts.database.reading() as connection:
        states = Counter(dossier(connection, item(n).inspection_id).state for n in given)  # type: ignore[union-attr]
    assert states == {State.DECIDED: 24, State.RETAKE: 3, State.WAITING: 3}
