"""One house and one Chromium a module: a Chromium kept longer would hold the thread's event loop."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tests import house

NAMES = ("chromium", "chromium-browser", "google-chrome")
# No look-ups of its maker's hosts; root in a container has no sandbox.
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
SIZES = {"bench": (1280, 800), "phone": (390, 844)}


def chromium(playwright: Playwright) -> Browser:
    """The system's Chromium, else Playwright's own."""
    system = next(filter(None, map(shutil.which, NAMES)), None)
    return playwright.chromium.launch(executable_path=system, args=QUIET)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            running = chromium(playwright)
        except PlaywrightError as error:
            if os.environ.get("SECONDLOOK_REQUIRE_BROWSER"):
                raise
            pytest.skip(f"no Chromium here: apt install chromium ({str(error).splitlines()[0]})")
        yield running
        running.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("house")


@pytest.fixture(scope="module")
def whole_house(browser: Browser, home: Path) -> Iterator[house.House]:
    """Nothing is started for tests that are skipped."""
    assert browser.is_connected()
    with house.running(home, SECONDLOOK_STATION_REPLAY_PAUSE_S="0") as running:
        yield running


@pytest.fixture(params=SIZES)
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A fresh visitor at a size; anything that the page complains of fails the test."""
    width, height = SIZES[request.param]
    context = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB")
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []
