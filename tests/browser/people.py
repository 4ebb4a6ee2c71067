"""What a person does on the pages, by keyboard."""

from playwright.sync_api import Page

from tests.house import House

PASSWORDS = {
    "reviewer": "demo-reviewer",
    "lead": "demo-lead-1",
    "admin": "demo-admin",
    "operator": "demo-operator",
}


def sign_in(page: Page, house: House, name: str = "reviewer") -> None:
    page.goto(f"{house.server_url}/sign-in")
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORDS[name])
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)


def take_next(page: Page, house: House) -> str:
    """Take a case from the queue; gives its return code."""
    page.goto(f"{house.server_url}/review")
    page.locator("[data-key=Enter]").first.wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/*")
    return page.locator("h1").inner_text()


def overflow_px(page: Page) -> int:
    """How far the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))
