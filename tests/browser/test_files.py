"""Finding a return and correcting it with the keyboard alone, on a desk and on a phone."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from models.vocabulary import Role
from server.returns.check_file import check_file
from tests.browser.people import carry_session, visitor
from tests.factories import finding, sha256
from tests.unit.server.running import JPEG, Running, an_inspection, send, serving

pytestmark = pytest.mark.browser
ID = an_inspection(2).inspection_id


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with serving(tmp_path) as running:
        found = (finding(photo_sha256=sha256(JPEG)),)
        send(running.station(), *(an_inspection(n, findings=found) for n in (1, 2, 3)))
        ann = running.person("ann", Role.QA_LEAD)
        ann.post(f"/review/{ID}/take")
        form = {"opinion_id": "o2", "grade": "B", "disposition": "resell"}
        assert ann.post(f"/review/{ID}", form).status_code == 303
        yield running


@pytest.fixture
def page(browser: Browser, server: Running) -> Iterator[Page]:
    lead = server.person("lead", Role.QA_LEAD)
    with visitor(browser, server, timezone_id="Asia/Shanghai") as page:
        carry_session(page, server, lead)
        yield page


def test_filters_export_and_empty_states_by_keyboard(page: Page) -> None:
    page.goto("/returns")
    page.keyboard.press("f")
    page.get_by_label("From", exact=True).fill("2026-01-05")
    page.get_by_role("textbox", name="Station", exact=True).fill("bench-1")
    page.get_by_role("textbox", name="Station", exact=True).press("Enter")
    page.wait_for_url("**station=bench-1**")
    assert "zone=Asia%2FShanghai" in page.url
    expect(page.locator("a.row")).to_have_count(3)
    expect(page.get_by_role("status")).to_have_text("3 returns fit")
    with page.expect_download() as download:
        page.keyboard.press("e")
    assert Path(download.value.path()).read_text("utf-8-sig").count("\n") == 4
    page.keyboard.press("x")
    page.wait_for_url("**/returns")
    page.goto("/returns?q=unicorn")
    expect(page.get_by_text("No return fits this search")).to_be_visible()


def test_a_correction_and_the_file_by_keyboard(page: Page, tmp_path: Path) -> None:
    page.goto(f"/returns/{ID}")
    page.keyboard.press("c")
    expect(page.locator(".correction select[name=grade]")).to_be_focused()
    page.locator(".correction select[name=grade]").select_option("D")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("seam torn")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("version 2, corrects version 1")).to_be_visible()
    expect(page.get_by_text("seam torn").first).to_be_visible()
    with page.expect_download() as download:
        page.keyboard.press("d")
    path = tmp_path / "file.zip"
    download.value.save_as(path)
    assert check_file(path).faults == []
    # The page inside is read from the disk, without a server.
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "read")
    page.goto(f"file://{tmp_path}/read/index.html")
    expect(page.get_by_role("heading", name="RT-0002").first).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).maxWidth") == "900px"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_sticks_out_on_a_phone(page: Page, server: Running, language: str) -> None:
    page.context.add_cookies(
        [{"name": "secondlook_language", "value": language, "url": server.url}]
    )
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/returns?station=bench-1", f"/returns/{ID}#correction", "/returns?q=none"):
        page.goto(path)
        outside = page.evaluate(
            "[...document.querySelectorAll('main *')].filter(one => one.offsetParent &&"
            " one.getBoundingClientRect().right > 391).map(one => one.outerHTML.slice(0, 80))"
        )
        assert outside == []
