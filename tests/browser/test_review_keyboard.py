"""A reviewer's hands never leave the keyboard, and nothing that was entered is lost; in a real Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from models.records import Opinion
from models.vocabulary import Defect, Disposition, Grade, Role, Verdict
from server.accounts import service
from server.ledger import dossier
from tests.browser.people import visitor
from tests.factories import finding, sha256
from tests.unit.server.running import JPEG, PASSWORD, Running, an_inspection, send, serving

pytestmark = pytest.mark.browser
FINDINGS = (
    finding(finding_id="f1", photo_sha256=sha256(JPEG)),
    finding(
        finding_id="f2", photo_sha256=sha256(JPEG), defect=Defect.SCRATCH, xyxy=(300, 200, 400, 300)
    ),
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with serving(tmp_path) as running:
        for number in (1, 2, 3):
            send(running.station(), an_inspection(number, findings=FINDINGS))
            running.clock.pass_by(minutes=1)
        service.put_account(running.parts.database, "ann", Role.REVIEWER, PASSWORD, running.clock())
        yield running


@pytest.fixture
def page(browser: Browser, server: Running) -> Iterator[Page]:
    """Somebody at the queue, signed in by keyboard."""
    with visitor(browser, server) as page:
        page.goto("/review")
        expect(page.locator("#name")).to_be_focused()
        page.keyboard.type("ann")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/review")
        yield page


def opinion(server: Running, number: int = 1) -> Opinion:
    with server.parts.database.reading() as connection:
        found = dossier(connection, an_inspection(number).inspection_id)
    assert found is not None
    (only,) = found.opinions
    return only


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def open_case(page: Page, number: int = 1) -> None:
    with page.expect_response("**/lease"):
        press(page, "Enter")
    page.wait_for_url(f"**/review/{an_inspection(number).inspection_id}")
    expect(page.locator(".findings .chosen")).to_have_count(1)


def test_a_whole_decision_in_six_strokes(page: Page, server: Running) -> None:
    open_case(page)
    press(page, "y", "n", "d", "Shift+Digit3", "1", "Enter")
    page.wait_for_url(f"**/review/{an_inspection(2).inspection_id}*")

    said = opinion(server)
    assert (said.grade, said.disposition) == (Grade.D, Disposition.DONATE)
    assert said.verdicts == {"f1": Verdict.CONFIRMED, "f2": Verdict.REJECTED}
    assert said.reasons == ("not_real",)
    assert said.seconds is not None
    expect(page.get_by_text("Saved.")).to_be_visible()


def test_what_is_missing_is_said_and_nothing_is_sent(page: Page) -> None:
    open_case(page)
    press(page, "Enter")
    expect(page.get_by_text("Choose a grade and where the item goes first.")).to_be_visible()
    expect(page.locator("fieldset.missing")).to_have_count(2)
    # Where it goes follows from the grade; who differs from the machine is asked once why.
    press(page, "e", "Enter")
    expect(page.get_by_text("Why did you change it?")).to_be_visible()
    press(page, "Enter")
    page.wait_for_url(f"**/review/{an_inspection(2).inspection_id}*")


def test_a_note_takes_letters_as_letters(page: Page, server: Running) -> None:
    open_case(page)
    press(page, "t")
    page.keyboard.type("a stain, see B 1")
    press(page, "Escape", "c", "Shift+Digit2", "3", "t", "Control+Enter")
    page.wait_for_url(f"**/review/{an_inspection(2).inspection_id}*")
    said = opinion(server)
    assert (said.note, said.grade, said.disposition) == (
        "a stain, see B 1",
        Grade.C,
        Disposition.REPAIR,
    )


def test_work_survives_a_closed_page_and_is_forgotten_when_it_is_saved(
    page: Page, server: Running
) -> None:
    open_case(page)
    press(page, "y", "e", "Shift+Digit4", "8", "t")
    page.keyboard.type("torn")
    case = page.url
    press(page, "Escape")
    page.wait_for_timeout(300)
    press(page, "l")
    expect(page.get_by_role("heading", name="疑似瑕疵")).to_be_visible()
    page.goto("about:blank")
    page.goto(case)

    expect(page.locator("input[name=grade]:checked")).to_have_value("E")
    press(page, "Enter")
    page.wait_for_url(f"**/review/{an_inspection(2).inspection_id}*")
    said = opinion(server)
    assert (said.grade, said.note, said.verdicts) == (Grade.E, "torn", {"f1": Verdict.CONFIRMED})
    assert (
        page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('draft:'))") == []
    )


def test_the_same_answer_twice_takes_it_back(page: Page) -> None:
    open_case(page)
    press(page, "y", "k", "y")
    expect(page.locator(".findings input:checked")).to_have_count(0)


def hold(page: Page, key: str, times: int = 4) -> None:
    """As a keyboard repeats a key that is held down."""
    for _ in range(times):
        page.keyboard.down(key)
    page.keyboard.up(key)


def test_a_key_held_down_answers_once(page: Page, server: Running) -> None:
    hold(page, "Enter")
    page.wait_for_url(f"**/review/{an_inspection(1).inspection_id}")
    expect(page.locator(".findings .chosen")).to_have_count(1)
    hold(page, "y")
    expect(page.locator(".findings input:checked")).to_have_count(1)
    hold(page, "n", times=3)
    expect(page.locator(".findings input[value=rejected]:checked")).to_have_count(1)
    hold(page, "?")
    expect(page.locator("#help")).to_be_visible()
    press(page, "Escape")
    hold(page, "c")
    press(page, "Shift+Digit2")
    hold(page, "2")
    hold(page, "Enter")
    page.wait_for_url(f"**/review/{an_inspection(2).inspection_id}*")
    said = opinion(server)
    assert (said.grade, said.disposition) == (Grade.C, Disposition.REPAIR)
    assert said.verdicts == {"f1": Verdict.CONFIRMED, "f2": Verdict.REJECTED}

    hold(page, "x", times=10)
    page.wait_for_url(f"**/review/{an_inspection(3).inspection_id}*")


def test_a_button_held_by_enter_is_pressed_once(page: Page) -> None:
    open_case(page)
    boxes = page.get_by_role("button", name="Boxes")
    boxes.focus()
    hold(page, "Enter", times=4)
    expect(boxes).to_have_attribute("aria-pressed", "false")


def test_a_photo_does_not_come_back_after_signing_out(page: Page) -> None:
    page.goto("/returns")
    photo = page.locator(".thumb img").first.get_attribute("src") or ""
    answers = [page.goto(photo) for _ in range(2)]
    assert [answer.status if answer else 0 for answer in answers] == [200, 200]
    page.goto("/returns")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.goto(photo)
    assert "/sign-in" in page.url


def test_boxes_zoom_photos_and_help_have_their_keys(page: Page) -> None:
    open_case(page)
    boxes = page.locator(".stage figure:not([hidden]) .boxes")
    press(page, "h")
    expect(boxes).to_be_hidden()
    press(page, "h", "z")
    expect(boxes).to_be_visible()
    expect(page.locator(".canvas.zoomed")).to_have_count(1)
    press(page, "z", "ArrowRight", "?")
    expect(page.locator("#help")).to_be_visible()
    press(page, "a", "Escape")
    expect(page.locator("#help")).to_be_hidden()
    expect(page.locator("input[name=grade]:checked")).to_have_count(0)


def test_skipping_goes_on_without_a_decision(page: Page) -> None:
    open_case(page)
    press(page, "x")
    page.wait_for_url(f"**/review/{an_inspection(2).inspection_id}")


def test_who_lost_the_case_is_told_while_the_page_is_open(page: Page, server: Running) -> None:
    open_case(page)
    press(page, "a")
    server.clock.pass_by(seconds=server.parts.settings.lease_s)
    bob = server.person("bob")
    bob.post(f"/review/{an_inspection(1).inspection_id}/take")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_text("You no longer hold this case.")).to_be_visible()


def test_the_case_fits_the_screen_and_the_phone_never_scrolls_sideways(page: Page) -> None:
    open_case(page)
    tall, wide = page.evaluate(
        "[document.documentElement.scrollHeight, document.documentElement.scrollWidth]"
    )
    assert (tall, wide) == (800, 1280)
    for path in (page.url, "/review", "/returns", f"/returns/{an_inspection(1).inspection_id}"):
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_code_of_any_length_and_script_never_scrolls_sideways(
    page: Page, server: Running
) -> None:
    long = "W" * 100 + "שלום" * 25
    said = {"return_code": long, "operator": "o" * 128, "findings": FINDINGS}
    server.clock.pass_by(hours=-1)
    send(server.station("s" * 128), an_inspection(9, station="s" * 128, **said))
    one = an_inspection(9).inspection_id
    open_case(page, 9)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        for path in ("/returns", f"/returns/{one}", "/review", f"/review/{one}"):
            page.goto(path)
            expect(page.get_by_text(long)).to_be_visible()
            wide = "document.documentElement.scrollWidth"
            assert (path, page.evaluate(wide)) == (path, width)
            inside = page.get_by_text(long).evaluate("one => one.getBoundingClientRect().right")
            assert inside <= width


def test_the_list_is_walked_and_filtered_by_keyboard(page: Page) -> None:
    page.goto("/returns")
    press(page, "j", "j", "Enter")
    page.wait_for_url(f"**/returns/{an_inspection(2).inspection_id}")
    press(page, "Escape")
    page.wait_for_url("**/returns")
    press(page, "/")
    page.keyboard.type("rt-0003")
    press(page, "Enter")
    page.wait_for_url("**/returns?q=rt-0003")
    page.get_by_label("Category").select_option("parcel")
    page.wait_for_url("**/returns?q=rt-0003&category=parcel")
    expect(page.get_by_text("No return fits this search")).to_be_visible()
