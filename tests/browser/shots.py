"""The README's pictures, taken from the running program: python -m tests.browser.shots FOLDER."""

import sys
import tempfile
from pathlib import Path

import httpx
from playwright.sync_api import Browser, sync_playwright

from tests import house
from tests.browser.conftest import SIZES, chromium
from tests.browser.people import sign_in

CODE = "RT-0002"  # a shirt with a stain: boxes to see


def take(browser: Browser, running: house.House, folder: Path) -> None:
    width, height = SIZES["bench"]
    page = browser.new_page(viewport={"width": width, "height": height}, locale="en-GB")
    house.wait_until(lambda: CODE in httpx.get(f"{running.station_url}/live").text, CODE)
    page.goto(running.station_url)
    page.wait_for_timeout(1000)
    page.screenshot(path=folder / "bench.png")
    sign_in(page, running)
    page.goto(f"{running.server_url}/returns?q={CODE}")
    page.locator("a[href^='/returns/']:has(img)").first.click()
    page.wait_for_load_state("networkidle")
    page.goto(page.url.replace("/returns/", "/review/"))
    take_it = page.locator("form[action$='/take'] button")
    if take_it.count():
        take_it.click()
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / "review.png")


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        house.running(Path(home), SECONDLOOK_STATION_REPLAY_PAUSE_S="12") as running,
        sync_playwright() as playwright,
    ):
        take(chromium(playwright), running, folder)


if __name__ == "__main__":
    main()
