"""Long work on its page: it moves without a reload, a reload shows the same, and a key ends it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from models.vocabulary import Role
from server.jobs import Trade
from server.pages import SESSION_COOKIE
from server.progress import JobKind, Progress, Unit
from tests.unit.server.running import Running, serving

pytestmark = pytest.mark.browser


def slow(progress: Progress) -> Mapping[str, Any]:
    progress.plan(100_000, Unit.PHOTOS)
    while True:
        progress.advance(3)
        progress.pause(0.02)


@pytest.fixture
def server(tmp_path: Path, browser: Browser) -> Iterator[Running]:
    assert browser.is_connected()
    with serving(tmp_path) as running:
        trade = Trade(make=lambda _: slow, route="POST /archive/scrub")
        running.parts.jobs.trades[JobKind.SCRUB] = trade
        yield running


def sign_in(page: Page, server: Running) -> None:
    token = server.person("boss", Role.MANAGER).client.cookies[SESSION_COOKIE]
    page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": server.url}])


def test_a_job_moves_survives_a_reload_and_ends_by_a_key(server: Running, page: Page) -> None:
    sign_in(page, server)
    page.goto(f"{server.url}/archive")
    page.keyboard.press("s")
    bar = page.locator("progress")
    expect(bar).to_be_visible()
    page.goto(f"{server.url}/jobs")
    shown = page.locator(".progress p").first
    before = shown.inner_text()
    expect(shown).not_to_have_text(before, timeout=5000)
    page.reload()
    expect(bar).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    page.keyboard.press("x")
    expect(page.locator(".job-cancelled")).to_be_visible(timeout=5000)
    expect(page.get_by_role("button", name="Start again")).to_be_visible()
    expect(page.locator("time").first).not_to_contain_text("UTC")
