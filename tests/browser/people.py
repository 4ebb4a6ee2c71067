"""What a person does on the pages, by keyboard."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page

from server.pages import SESSION_COOKIE
from tests.house import House
from tests.unit.server.running import Person, Running

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


@contextmanager
def visitor(browser: Browser, server: Running, timezone_id: str | None = None) -> Iterator[Page]:
    """A fresh page at the bench's size; what its scripts stumble over fails the test."""
    context = browser.new_context(
        base_url=server.url,
        viewport={"width": 1280, "height": 800},
        locale="en-GB",
        timezone_id=timezone_id,
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def carry_session(page: Page, server: Running, person: Person) -> None:
    """The page's browser holds this person's session."""
    session = person.client.cookies[SESSION_COOKIE]
    page.context.add_cookies([{"name": SESSION_COOKIE, "value": session, "url": server.url}])
