"""The assurance pages in a real browser: by key alone, at both sizes, in both languages, and on paper."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from models.vocabulary import Role
from server.pages import SESSION_COOKIE
from tests.browser.people import overflow_px
from tests.unit.server.running import Running, serving
from tests.unit.server.test_assurance import certify, fill
from tests.unit.server.test_rulings import raise_alarm

pytestmark = pytest.mark.browser
PAGES = ("/assurance", "/assurance/certify?station=bench-1", "/assurance/certificates/apparel-0001",
         "/assurance/cases?category=apparel", "/assurance/costs", "/assurance/costs/apparel")  # fmt: skip


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with a certificate that an alarm holds."""
    home: Path = tmp_path_factory.mktemp("assurance")
    with serving(home) as server:
        fill(server, 260)
        certify(server.person("lena", Role.QA_LEAD))
        raise_alarm(server, "apparel-0001")
        yield server


@pytest.fixture
def lead(page: Page, certified: Running) -> Page:
    person = certified.person("lena", Role.QA_LEAD)
    cookie = person.client.cookies[SESSION_COOKIE]
    page.context.add_cookies([{"name": SESSION_COOKIE, "value": cookie, "url": certified.url}])
    page.goto(f"{certified.url}/assurance")
    return page


def test_a_lead_goes_everywhere_by_key(lead: Page) -> None:
    for key, path in (("c", "/assurance/costs"), ("1", "/assurance/costs/apparel")):
        lead.keyboard.press(key)
        lead.wait_for_url(f"**{path}")
    for path in ("/assurance/costs", "/assurance"):
        lead.keyboard.press("Escape")
        lead.wait_for_url(f"**{path}")
    lead.keyboard.press("n")
    lead.wait_for_url("**/assurance/certify")
    expect(lead.get_by_role("heading", name="New certificate")).to_be_visible()


def test_no_page_is_wider_than_its_window(lead: Page, certified: Running) -> None:
    for _ in ("en", "zh"):
        for path in PAGES:
            lead.goto(certified.url + path)
            assert overflow_px(lead) <= 0, path
        lead.keyboard.press("l")
        lead.wait_for_load_state("networkidle")
    lead.emulate_media(media="print")
    lead.goto(certified.url + "/assurance/certificates/apparel-0001")
    expect(lead.get_by_role("button", name="Revoke for good")).to_be_hidden()
    expect(lead.get_by_text("What is not promised")).to_be_visible()
