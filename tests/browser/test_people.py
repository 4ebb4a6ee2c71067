"""People and doors by keyboard alone, as an administrator and as somebody who is invited."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.people import overflow_px, sign_in
from tests.house import House

pytestmark = pytest.mark.browser


def test_somebody_is_invited_comes_in_and_is_closed_out(
    page: Page, browser: Browser, whole_house: House
) -> None:
    name = f"new-{page.viewport_size and page.viewport_size['width']}"
    sign_in(page, whole_house, "admin")
    page.goto(f"{whole_house.server_url}/people")
    page.keyboard.press("n")
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type("Rev")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(name)
    link = page.locator("#secret").inner_text()
    page.keyboard.press("Escape")
    expect(page.locator("h1")).to_have_text(name)
    assert overflow_px(page) == 0

    context = browser.new_context()
    theirs = context.new_page()
    theirs.goto(link)
    for _ in range(2):
        theirs.keyboard.type("several plain words")
        theirs.keyboard.press("Tab")
    theirs.keyboard.press("Enter")
    expect(theirs).to_have_url(re.compile("/review$"))

    page.reload()
    page.keyboard.press("x")
    page.keyboard.press("Escape")  # not sure after all
    expect(page).to_have_url(re.compile("/person"))
    for _ in range(2):
        page.keyboard.press("x")
    expect(page.locator("[role=status]")).to_contain_text("closed")
    theirs.reload()
    expect(theirs).to_have_url(re.compile("/sign-in"))
    context.close()


def test_a_code_for_a_station_is_large_enough_to_read_out(page: Page, whole_house: House) -> None:
    sign_in(page, whole_house, "admin")
    page.keyboard.press("s")
    expect(page.locator("h1")).to_have_text("Stations")
    expect(page.locator("main")).to_contain_text("bench-1")
    page.keyboard.press("n")
    page.keyboard.type("bench-2")
    page.keyboard.press("Enter")

    code = page.locator("output.code")
    expect(code).to_have_text(re.compile("^[A-Z2-9]{4}-[A-Z2-9]{4}$"))
    assert code.evaluate("one => parseFloat(getComputedStyle(one).fontSize)") >= 30
    assert overflow_px(page) == 0


def test_the_pages_speak_chinese_and_fit(page: Page, whole_house: House) -> None:
    sign_in(page, whole_house, "admin")
    for language in ("en", "zh-CN"):
        for address in ("/people", "/person?name=admin", "/me", "/stations", "/access-log"):
            page.goto(whole_house.server_url + address)
            expect(page.locator("html")).to_have_attribute("lang", language)
            is_chinese = re.search("[\u4e00-\u9fff]", page.locator("main").inner_text())
            assert bool(is_chinese) == (language == "zh-CN")
            assert overflow_px(page) == 0
        page.keyboard.press("l")
        expect(page.locator("html")).not_to_have_attribute("lang", language)
