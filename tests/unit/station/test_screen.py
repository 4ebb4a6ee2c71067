import re
from datetime import timedelta

import httpx
import pytest

from models.records import Acknowledgement
from models.vocabulary import (
    Category,
    Defect,
    Destination,
    Disposition,
    Grade,
    Language,
    Reason,
    Shot,
)
from station.board import Board, Captured, Controls, Phase, Scene, Step
from station.outbox import Outbox
from station.replay import SampleReturn
from station.screen import view
from station.screen.app import Sources, create_app
from station.settings import Settings
from station.uplink import Link, Trouble
from tests.factories import NOON, answer, finding, inspection, judgement, photo, routing, sha256
from tests.fakes import Visitor, item, jpeg

HERE = {"Origin": "http://127.0.0.1:8001", "Host": "127.0.0.1:8001"}
SAMPLE = SampleReturn(
    code="RT-0001",
    category=Category.APPAREL,
    note_en="Blue <b>shirt</b>",
    note_zh="蓝色衬衫",
    photos=(),
)
HELD = inspection(
    findings=(finding(probability=0.874),),
    answers=(answer("tag", "attached"),),
    not_seen=(Shot.BACK,),
    not_assessable=(Defect.SCRATCH,),
    routing=routing(to=Destination.REVIEW, reasons=(Reason.NOT_SEEN, Reason.NOT_ASSESSABLE)),
)


class OverTheWire(Visitor):
    """Gets what a browser would, where the application raises as well as answers."""

    async def _ask(self, method, path, **said):
        network = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=network, base_url=self._base_url) as client:
            return await client.request(method, path, **said)


class Place:
    """A page with everything behind it."""

    def __init__(self, folder):
        self.link = Link(is_known=True)
        self.free = 10**12
        self.outbox = Outbox(folder, min_free_bytes=10**9, free_bytes=lambda _: self.free)
        self.board = Board()
        self.controls = Controls(rounds=1)
        sources = Sources(
            settings=Settings(),
            board=self.board,
            controls=self.controls,
            outbox=self.outbox,
            link=lambda: self.link,
        )
        self.app = create_app(sources)
        self.client = Visitor(self.app, "http://127.0.0.1:8001")

    def page(self, language="en"):
        answer = self.client.get(f"/?language={language}")
        assert answer.status_code == 200
        return answer.text

    def show(self, of=HELD, **said):
        facts = {
            "phase": Phase.ACCEPTED,
            "sample": SAMPLE,
            "inspection": of,
            "place": 1,
            "total": 3,
        }
        self.board.show(Scene(**(facts | said)))


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path / "station")
    yield made
    made.outbox.close()


def test_an_empty_bench_says_so(place):
    assert "Nothing on the bench yet" in place.page()
    assert "工位上还没有物品" in place.page("zh")


def test_the_item_is_shown_with_everything_that_was_found_and_not_seen(place):
    place.show()
    html = place.page()
    for words in (
        "RT-0001", "Apparel", "HOLD shelf", "A person will look at it.", "Stain 87%", "B – light traces",
        "Appearance", "<b>70</b>", "70%", "A required photo is missing", "Not seen", "Back", "Not assessable",
        "Scratch", "Brand tag", "Attached", "not answered", "1 / 3",
    ):  # fmt: skip
        assert words in html, words
    assert 'viewBox="0 0 640 480"' in html
    assert 'x="10.0" y="10.0" width="50.0" height="30.0"' in html


def test_the_item_is_shown_in_chinese_without_a_word_left_in_english(place):
    place.show()
    html = place.page("zh")
    for words in (
        "待复核货架",
        "污渍 87%",
        "外观",
        "未拍到",
        "蓝色衬衫",
        "品牌吊牌",
        "未回答",
        'lang="zh-CN"',
    ):
        assert words in html, words
    texts = re.sub(r"<[^>]*>", " ", html)
    assert set(re.findall("[A-Za-z]{3,}", texts)) == {"Secondlook", "bench", "English", "Esc"}


def test_what_a_sample_says_is_text_and_never_markup(place):
    place.show()
    assert "Blue &lt;b&gt;shirt&lt;/b&gt;" in place.page()


@pytest.mark.parametrize(
    ("to", "disposition", "words"),
    [
        (Destination.AUTOMATIC, Disposition.RESELL, "RESALE shelf"),
        (Destination.AUTOMATIC, Disposition.REPAIR, "REPAIR shelf"),
        (Destination.AUTOMATIC, Disposition.DONATE, "DONATION shelf"),
        (Destination.AUTOMATIC, Disposition.SCRAP, "SCRAP box"),
        # whatever the machine would do, a person looks first
        (Destination.REVIEW, Disposition.RESELL, "HOLD shelf"),
    ],
)
def test_where_to_put_it_is_said_in_words(place, to, disposition, words):
    reasons = (Reason.CLOSE_CALL,) if to is Destination.REVIEW else ()
    place.show(
        inspection(
            judgement=judgement(disposition=disposition), routing=routing(to=to, reasons=reasons)
        )
    )
    assert f"<strong>{words}</strong>" in place.page()


def test_the_servers_routing_counts_once_it_is_known(place):
    made, files = item(1)
    place.outbox.accept(made, files)
    place.show(made)
    assert "<strong>RESALE shelf" in place.page()
    told = routing(to=Destination.REVIEW, reasons=(Reason.NO_CERTIFICATE,))
    place.outbox.acknowledge(
        Acknowledgement(
            inspection_id=made.inspection_id, sha256=made.content_sha256(), routing=told
        )
    )
    html = place.page()
    assert "<strong>HOLD shelf" in html
    assert "Automatic resale is not certified" in html


def test_the_servers_disposition_counts_where_its_rules_differ(place):
    made, files = item(1)
    place.outbox.accept(made, files)
    place.show(made)
    place.outbox.acknowledge(
        Acknowledgement(
            inspection_id=made.inspection_id,
            sha256=made.content_sha256(),
            routing=routing(),
            disposition=Disposition.DONATE,
        )
    )
    assert "<strong>DONATION shelf" in place.page()


def test_an_item_under_way_shows_its_step_and_its_photos_and_no_verdict(place):
    place.board.show(
        Scene(
            phase=Phase.WORKING,
            step=Step.GATE,
            sample=SAMPLE,
            captured=(
                Captured(shot=Shot.FRONT, sha256=sha256("a")),
                Captured(shot=Shot.BACK, sha256=None),
            ),
        )
    )
    html = place.page()
    assert '<li class="done">Photograph</li>' in html
    assert '<li class="now" aria-current="step">Check photos</li>' in html
    assert '<li class="next">Grade</li>' in html
    assert f"/photos/{sha256('a')}" in html
    assert "No readable photo" in html
    assert "The verdict appears here." in html
    assert "shelf" not in html


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (Trouble.UNREACHABLE, "Server not reachable"),
        (Trouble.BAD_TOKEN, "token"),
        (None, "reachable"),
    ],
)
def test_the_outbox_says_how_it_stands(place, trouble, words):
    for number in range(3):
        place.outbox.accept(*item(number))
    place.outbox.refuse(item(1)[0].inspection_id, "422: <i>no</i> such standard")
    place.link = Link(trouble=trouble, is_known=True)
    html = place.page()
    assert words in html
    assert "<dd>2 <small>oldest under 1 min</small></dd>" in html
    assert "Refused by the server: 422: &lt;i&gt;no&lt;/i&gt; such standard" in html
    assert "Send again" in html


def test_a_nearly_full_disk_is_an_alarm(place):
    place.free = 10**8
    assert "The disk is nearly full" in place.page()


def test_the_end_of_the_replay_says_how_to_go_on(place):
    place.show(phase=Phase.ALL_DONE)
    assert "All 3 sample returns are inspected." in place.page()


def test_trouble_is_shown_in_its_own_words(place):
    place.show(phase=Phase.FAILED, words="the model broke <its> word")
    assert "the model broke &lt;its&gt; word" in place.page()


def test_an_inspection_of_a_standard_that_is_gone_is_still_shown(place):
    place.show(HELD.model_copy(update={"standard": "apparel@99"}))
    assert "<dt>tag</dt><dd>attached</dd>" in place.page()


def test_the_live_part_is_sent_again_only_when_it_changed(place):
    first = place.client.get("/live?language=en")
    tag = first.headers["ETag"]
    same = place.client.get("/live?language=en", headers={"If-None-Match": tag})
    assert (same.status_code, same.text) == (304, "")
    place.show()
    changed = place.client.get("/live?language=en", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert "RT-0001" in changed.text
    assert "<html" not in changed.text


def test_photos_come_from_the_bench_then_from_disk_and_are_never_fetched_twice(place):
    data = jpeg()
    name = sha256(data)
    assert place.client.get(f"/photos/{name}").status_code == 404
    place.board.show(Scene(), {name: data})
    found = place.client.get(f"/photos/{name}")
    assert (found.content, found.headers["Content-Type"]) == (data, "image/jpeg")
    assert "immutable" in found.headers["Cache-Control"]
    made = inspection(photos=(photo(sha256=name),))
    place.outbox.accept(made, {name: data})
    place.board.show(Scene(), {})
    assert place.client.get(f"/photos/{name}").content == data


@pytest.mark.parametrize("name", ["x", "..%2f..%2foutbox.sqlite3", "A" * 64, "0" * 63, "%00"])
def test_nothing_but_photos_is_served(place, name):
    assert place.client.get(f"/photos/{name}").status_code == 404


def test_a_kept_file_that_is_no_picture_is_not_served(place):
    data = b"<script>alert(1)</script>"
    place.board.show(Scene(), {sha256(data): data})
    assert place.client.get(f"/photos/{sha256(data)}").status_code == 404


@pytest.mark.parametrize("path", ["/", "/live", "/state", "/photos/x", "/static/main.js", "/none"])
def test_every_answer_is_closed_to_other_pages(place, path):
    headers = place.client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.168.1.5", ""])
def test_another_name_is_not_answered(place, host):
    answer = place.client.get("/", headers={"Host": host})
    assert answer.status_code == 400
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_mistake_is_told_without_its_details_and_closed_too(place):
    place.link = None
    answer = OverTheWire(place.app, "http://127.0.0.1:8001").get("/")
    assert (answer.status_code, answer.text) == (
        500,
        "The station made a mistake; it is in its log.",
    )
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://127.0.0.1:8001"}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8001"}, 303),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[x"}, 403),
        ({"Origin": "127.0.0.1:8001"}, 403),
        # another program on the same machine is another origin
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8001"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({}, 403),
    ],
)
def test_only_the_pages_own_buttons_press(place, headers, status):
    assert place.client.post("/actions/pause", headers=headers).status_code == status
    assert place.controls.paused is (status == 303)


def test_the_keys_do_what_they_say(place):
    place.outbox.accept(*item(1))
    place.outbox.refuse(item(1)[0].inspection_id, "no")
    for action in ("pause", "next", "again", "retry"):
        told = place.client.post(f"/actions/{action}?language=zh", headers=HERE)
        assert (told.status_code, told.headers["Location"]) == (303, "/?language=zh")
    assert place.controls.paused
    assert place.controls.rounds == 2
    assert place.outbox.tally().refused == 0
    place.controls.rest(30)
    assert place.client.post("/actions/format-disk", headers=HERE).status_code == 404
    assert place.client.get("/actions/pause").status_code == 405


def test_programs_get_the_state_and_the_health(place):
    place.show()
    place.outbox.accept(*item(1))
    told = place.client.get("/state").json()
    assert told["phase"] == "accepted"
    assert told["return_code"] == "RT-0001"
    assert (told["pending"], told["acknowledged"], told["refused"]) == (1, 0, 0)
    assert told["server"] == "reachable"
    assert place.client.get("/healthz").json()["status"] == "ok"


@pytest.mark.parametrize("asked", ["", "fr", "../zh", "EN"])
def test_an_unknown_language_is_the_settings_language(place, asked):
    assert 'lang="en"' in place.page(asked)


@pytest.mark.parametrize(
    ("shares", "grade"),
    [
        ({Grade.A: 0.4, Grade.B: 0.6}, Grade.B),
        # of two that are equal the worse one: nobody is promised too much
        ({Grade.A: 0.5, Grade.D: 0.5}, Grade.D),
    ],
)
def test_the_shown_grade_is_the_most_probable_one(shares, grade):
    assert view.grade_of(inspection(judgement=judgement(grade=shares))) is grade


@pytest.mark.parametrize(
    ("said", "mark"),
    [
        ({}, False),
        ({"not_seen": (Shot.BACK,)}, True),
        ({"not_assessable": (Defect.STAIN,)}, True),
    ],
)
def test_a_grade_of_what_was_not_all_seen_looks_provisional(place, said, mark):
    place.show(inspection(**said))
    assert ("grade-B provisional" in place.page()) is mark
    assert ("as far as it was seen" in place.page()) is mark


@pytest.mark.parametrize(
    ("xyxy", "inside"),
    [
        ((10, 10, 60, 40), True),
        ((0, 0, 640, 480), True),
        ((630, 470, 640, 480), True),
        ((5, 200, 20, 210), True),
    ],
)
def test_labels_stay_on_the_photo(xyxy, inside):
    scene = Scene(inspection=inspection(findings=(finding(xyxy=xyxy),)))
    for language in Language:
        ((box,),) = (picture.boxes for picture in view.pictures(scene, language))
        assert box.label_x >= 0
        assert box.label_x + box.label_width <= 640
        assert (box.label_y >= 0 and box.label_y + box.label_height <= 480) is inside


@pytest.mark.parametrize(
    ("sizes", "columns"),
    [
        ([], 1),
        ([(640, 480)], 1),
        ([(640, 480)] * 2, 2),
        # tall photos stand side by side, wide ones in two rows
        ([(480, 640)] * 4, 4),
        ([(640, 480)] * 4, 2),
        ([(1920, 1080)] * 2, 1),
    ],
)
def test_photos_use_their_place_well(sizes, columns):
    pictures = [
        view.Picture(title="", sha256="x", width=w, height=h, faults=(), boxes=()) for w, h in sizes
    ]
    assert view.columns(pictures) == columns


def test_ages_are_never_negative():
    assert view.minutes_since(NOON + timedelta(hours=1), NOON) == 0
    assert view.minutes_since(NOON - timedelta(minutes=125), NOON) == 125
    assert view.minutes_since(None, NOON) == 0
