"""One return walks through the house while somebody watches in a browser."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.people import overflow_px, sign_in, take_next
from tests.house import House, wait_until

pytestmark = pytest.mark.browser
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SAMPLES = 24


@pytest.fixture(scope="module")
def all_arrived(whole_house: House) -> House:
    """Every sample return was inspected and the server has it."""

    def drained() -> bool:
        state = httpx.get(f"{whole_house.station_url}/state").json()
        return bool(state["acknowledged"] == SAMPLES and state["pending"] == 0)

    wait_until(drained, "all sample returns acknowledged", 120)
    return whole_house


def test_the_bench_shows_the_item_its_grade_and_where_to_put_it(
    page: Page, all_arrived: House
) -> None:
    page.goto(all_arrived.station_url)

    expect(page.locator("body")).to_contain_text("RT-0024")
    expect(page.locator("body")).to_contain_text(re.compile("Put it on", re.IGNORECASE))
    assert page.locator("img[src*='/photos/']").count() >= 2
    assert overflow_px(page) == 0


def test_the_bench_changes_its_language_by_key(page: Page, all_arrived: House) -> None:
    page.goto(all_arrived.station_url)
    page.keyboard.press("l")

    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    assert CHINESE.search(page.locator("#live").inner_text())
    assert overflow_px(page) == 0


def test_every_return_is_listed_found_and_told(page: Page, all_arrived: House) -> None:
    sign_in(page, all_arrived)
    page.goto(f"{all_arrived.server_url}/returns?q=RT-0002")
    rows = page.locator("a[href^='/returns/']:has(img)")
    expect(rows).to_have_count(1)
    rows.first.click()

    expect(page.locator("h1")).to_have_text("RT-0002")
    expect(page.locator("main")).to_contain_text("policy default@1")
    loaded = page.locator("main img").first.evaluate(
        "img => img.decode().then(() => img.naturalWidth)"
    )
    assert loaded > 100
    assert overflow_px(page) == 0


@pytest.mark.parametrize("address", ["/returns", "/review"])
def test_the_servers_pages_speak_chinese(page: Page, all_arrived: House, address: str) -> None:
    sign_in(page, all_arrived)
    page.goto(all_arrived.server_url + address)
    page.get_by_text("中文").first.click()

    expect(page.locator("html")).to_have_attribute("lang", re.compile("zh"))
    assert CHINESE.search(page.locator("main").inner_text())
    assert overflow_px(page) == 0


def test_a_borderline_case_is_decided_by_keyboard_alone(page: Page, all_arrived: House) -> None:
    sign_in(page, all_arrived)
    code = take_next(page, all_arrived)
    for key in ("c", "Shift+Digit3", "3", "t"):
        page.keyboard.press(key)
    page.keyboard.type("seen with own eyes")
    case = page.url
    page.keyboard.press("Control+Enter")
    page.wait_for_url(lambda url: url != case)

    assert page.locator("h1").inner_text() != code
    page.goto(case.replace("/review/", "/returns/"))
    expect(page.locator("h1")).to_have_text(code)
    expect(page.locator("main")).to_contain_text("seen with own eyes")
    expect(page.locator("main")).to_contain_text("Donate")


def test_a_reviewers_work_survives_a_closed_page(page: Page, all_arrived: House) -> None:
    sign_in(page, all_arrived)
    take_next(page, all_arrived)
    page.keyboard.press("d")
    case = page.url
    page.goto("about:blank")
    page.goto(case)

    expect(page.locator("input[name=grade][value=D]")).to_be_checked()


def test_an_unfinished_decision_is_not_sent(page: Page, all_arrived: House) -> None:
    sign_in(page, all_arrived)
    take_next(page, all_arrived)
    case = page.url
    page.locator("[name=grade]").evaluate_all("all => all.forEach(one => { one.checked = false; })")
    page.keyboard.press("Enter")

    expect(page.locator("[data-hint]")).to_contain_text(re.compile("grade", re.IGNORECASE))
    assert page.url == case


def test_two_reviewers_never_hold_the_same_case(browser: Browser, all_arrived: House) -> None:
    contexts = [browser.new_context() for _ in range(2)]
    pages = [context.new_page() for context in contexts]
    for one, name in zip(pages, ("reviewer", "lead"), strict=True):
        sign_in(one, all_arrived, name)

    codes = [take_next(one, all_arrived) for one in pages]

    assert codes[0] != codes[1]
    for context in contexts:
        context.close()


def test_the_case_fits_a_bench_screen_without_scrolling(page: Page, all_arrived: House) -> None:
    sign_in(page, all_arrived)
    take_next(page, all_arrived)
    page.wait_for_load_state("networkidle")

    assert overflow_px(page) == 0
    if page.viewport_size and page.viewport_size["width"] >= 1280:
        assert page.evaluate("document.documentElement.scrollHeight <= window.innerHeight")


def test_a_file_of_expected_returns_by_keyboard(
    page: Page, all_arrived: House, tmp_path: Path
) -> None:
    number = tmp_path.name[-20:]
    file = tmp_path / "returns.csv"
    file.write_text(f"code,category,sku\nKB-{number},apparel,TEE\nKB2-{number},shoes,\n")
    sign_in(page, all_arrived, "lead")
    page.goto(f"{all_arrived.server_url}/expected")
    page.keyboard.press("u")
    page.wait_for_url("**/expected/upload")
    page.set_input_files("input[type=file]", file)
    page.keyboard.press("Enter")
    page.wait_for_url("**/expected/imports/*")
    expect(page.locator("main")).to_contain_text("category should be one of")
    assert overflow_px(page) == 0
    page.keyboard.press("Enter")
    expect(page.locator(".saved")).to_be_visible()
    page.goto(f"{all_arrived.server_url}/expected?q=KB-{number}")
    expect(page.locator("a.row")).to_have_count(1)
    assert overflow_px(page) == 0


def test_an_unknown_parcel_is_matched_and_taken_back_by_keyboard(
    page: Page, all_arrived: House
) -> None:
    sign_in(page, all_arrived, "operator")
    page.goto(f"{all_arrived.server_url}/expected?state=unknown")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/expected/unknown/*")
    assert overflow_px(page) == 0
    page.keyboard.press("1")
    expect(page.locator("main")).to_contain_text("Matched to")
    page.keyboard.press("z")
    expect(page.locator("main")).to_contain_text("taken back by operator")
    expect(page.locator("button[data-key='1']")).to_be_visible()
