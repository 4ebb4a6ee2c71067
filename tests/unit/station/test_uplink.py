import json
from collections import Counter

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.records import Acknowledgement
from station.ledger import State
from station.outbox import Outbox
from station.uplink import (
    MAX_ASKED_S,
    Kept,
    Missing,
    Refused,
    Stored,
    Trouble,
    Uplink,
    Wait,
    after_inspection,
    after_photo,
    back_off_s,
    choose,
)
from station.wire import HttpSend, Reply, Silence
from tests.factories import routing, sha256
from tests.fakes import TOKEN, FakeServer, item, serving

INSPECTION, FILES = item(1)
WORD = Acknowledgement(
    inspection_id=INSPECTION.inspection_id,
    sha256=INSPECTION.content_sha256(),
    routing=routing(),
)


def body(told):
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(status=201), Stored()),
        # it had it already
        (Reply(status=200), Stored()),
        # the wire changed the bytes: once more
        (Reply(status=422, body=body({"detail": "hash"})), Wait(trouble=Trouble.STRANGE, blames_item=True)),
        # no repeat makes a photo smaller
        (Reply(status=413, body=body({"detail": "over 40 MB"})), Refused(words="413: over 40 MB")),
        (Reply(status=415), Refused(words="415: no reason given")),
        (Reply(status=507, retry_after_s=60), Wait(trouble=Trouble.FULL, at_least_s=60)),
        (Reply(status=401), Wait(trouble=Trouble.BAD_TOKEN)),
        (Reply(status=403), Wait(trouble=Trouble.NOT_ALLOWED)),
        (Reply(status=500), Wait(trouble=Trouble.FAILING, blames_item=True)),
        # another web server stands at that address
        (Reply(status=404), Wait(trouble=Trouble.STRANGE, blames_item=True)),
        (Reply(status=302), Wait(trouble=Trouble.STRANGE, blames_item=True)),
    ],
)  # fmt: skip
def test_what_a_reply_to_a_photo_means(reply, outcome):
    assert after_photo(reply) == outcome


STRANGE = Wait(trouble=Trouble.STRANGE, blames_item=True)


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(status=201, body=WORD.to_json().encode()), Kept(acknowledgement=WORD)),
        (Reply(status=200, body=WORD.to_json().encode()), Kept(acknowledgement=WORD)),
        # success without the server's word is none: a captive portal answers 200 to everything
        (Reply(status=200, body=b"<html>Sign in to the network</html>"), STRANGE),
        (Reply(status=201), STRANGE),
        (Reply(status=200, body=b"\xff\xfe\x00" * 1000), STRANGE),
        (Reply(status=200, body=body({"inspection_id": "x"})), STRANGE),
        # a word about another inspection
        (Reply(status=200, body=WORD.model_copy(update={"inspection_id": "x"}).to_json().encode()), STRANGE),
        (Reply(status=424, body=body({"missing": [next(iter(FILES))]})), Missing(hashes=frozenset([next(iter(FILES))]))),
        # it lacks nothing, or something that was never ours
        (Reply(status=424, body=body({"missing": []})), STRANGE),
        (Reply(status=424, body=body({"missing": [sha256("stranger")]})), STRANGE),
        (Reply(status=424, body=body({"missing": ["../etc/passwd"]})), STRANGE),
        (Reply(status=424, body=b"{"), STRANGE),
        (Reply(status=409, body=body({"detail": "another content"})), Refused(words="409: another content")),
        (Reply(status=422, body=body({"detail": "grade: sums to 1"})), Refused(words="422: grade: sums to 1")),
        # FastAPI's own list of faults is shown as it is
        (Reply(status=422, body=body({"detail": [1]})), Refused(words='422: {"detail": [1]}')),
        (Reply(status=422, body=b"\x1b[2J\n\n evil \x00\xff"), Refused(words="422: [2J evil \ufffd")),
        (Reply(status=503, retry_after_s=3), Wait(trouble=Trouble.BUSY, at_least_s=3)),
        (Reply(status=500), Wait(trouble=Trouble.FAILING, blames_item=True)),
        (Reply(status=599), Wait(trouble=Trouble.FAILING, blames_item=True)),
    ],
)  # fmt: skip
def test_what_a_reply_to_an_inspection_means(reply, outcome):
    assert after_inspection(reply, INSPECTION) == outcome


@given(st.integers(100, 599), st.binary(max_size=200))
def test_no_reply_but_our_servers_word_settles_anything(status, told):
    outcome = after_inspection(Reply(status=status, body=told), INSPECTION)
    assert isinstance(outcome, Wait | Refused | Missing)


@given(st.integers(1, 10_000), st.floats(0.5, 3600), st.floats(0, 1))
def test_pauses_grow_to_the_cap_and_never_vanish(failures, cap_s, jitter):
    pause_s = back_off_s(failures, cap_s, jitter)
    assert 0.25 <= pause_s <= cap_s
    assert pause_s <= back_off_s(failures + 1, cap_s, jitter)


def test_pauses_double():
    assert [back_off_s(n, 30, 0) for n in range(1, 9)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize(
    ("failures", "chosen"),
    [
        ({}, "a"),
        # the oldest made trouble: the next gets its chance, then the oldest again
        ({"a": 1}, "b"),
        ({"a": 1, "b": 1}, "c"),
        ({"a": 1, "b": 1, "c": 1}, "a"),
    ],
)
def test_the_oldest_of_the_least_troublesome_goes_next(failures, chosen):
    assert choose(["a", "b", "c"], failures) == chosen


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def outbox(tmp_path):
    with Outbox(tmp_path / "station") as opened:
        yield opened


@pytest.fixture
def server():
    with serving(FakeServer(hang_s=2.0)) as running:
        yield running


def uplink_to(server, outbox, *, timeout_s=5.0, token=TOKEN):
    send = HttpSend(server.url, token, timeout_s=timeout_s)
    return Uplink(outbox, send, jitter=lambda: 0.0), send


@pytest.fixture
def uplink(server, outbox):
    made, send = uplink_to(server, outbox, timeout_s=0.5)
    yield made
    send.close()


def fill(outbox, count=3):
    items = [item(n) for n in range(count)]
    for inspection, files in items:
        outbox.accept(inspection, files)
    return items


def drain(uplink, outbox, steps=60):
    while outbox.pending_ids() and steps:
        uplink.step()
        steps -= 1
    assert not outbox.pending_ids()


def check_all_there(server, items):
    assert server.stored_twice == 0
    assert server.inspections == {i.inspection_id: i for i, _ in items}
    assert server.photos == {name: data for _, files in items for name, data in files.items()}


def test_everything_arrives_oldest_first_and_once(server, outbox, uplink):
    items = fill(outbox)
    drain(uplink, outbox)
    check_all_there(server, items)
    sent = [path for _, path in server.requests if "inspections" in path]
    assert sent == [f"/api/v1/inspections/{i.inspection_id}" for i, _ in items]
    assert max(Counter(server.requests).values()) == 1
    assert uplink.link.trouble is None


@pytest.mark.parametrize(
    "moods",
    [
        # the server failed on the first request, on a later photo, on the record
        [500], ["", "", 503], ["", "", "", "", 500],
        # it did as told and the answer was lost
        ["drop"], ["", "", "", "", "drop"], ["drop"] * 9,
        # somebody else answered
        ["garbage"], ["", "", "", "", "garbage"], [302, 404, 405],
        # it answers too late, or without an end
        ["hang"], ["", "", "", "", "hang"], ["huge"], ["", "", "", "", "huge"],
        # its photos are gone when the record comes
        ["", "", "", "", "forget"],
        # a wrong name or token that somebody mends
        [401, 403, 401],
        ["drop", 500, "hang", 401, "garbage", 507, 429, "forget", "drop"],
    ],
)  # fmt: skip
def test_whatever_the_server_does_everything_arrives_once_in_the_end(server, outbox, uplink, moods):
    items = fill(outbox)
    server.moods.extend(moods)
    drain(uplink, outbox)
    check_all_there(server, items)
    assert outbox.tally().refused == 0


@given(
    st.lists(
        st.sampled_from([200, 404, 429, 500, 507, "drop", "garbage", "forget", ""]), max_size=25
    )
)
@settings(max_examples=15, deadline=None)
def test_any_row_of_moods_ends_with_everything_there_once(tmp_path_factory, moods):
    with (
        serving(FakeServer()) as server,
        Outbox(tmp_path_factory.mktemp("moods") / "station") as outbox,
    ):
        uplink, send = uplink_to(server, outbox)
        items = fill(outbox, 2)
        server.moods.extend(moods)
        drain(uplink, outbox, steps=200)
        send.close()
        assert server.inspections == {i.inspection_id: i for i, _ in items}
        assert server.stored_twice == 0


def test_a_refused_item_keeps_its_words_and_blocks_no_other(server, outbox, uplink):
    items = fill(outbox)
    server.moods.extend(["", "", "", "", 422])
    drain(uplink, outbox)
    states = {e.inspection.return_code: (e.state, e.words) for e in outbox.recent(9)}
    assert states["RT-0000"] == (State.REFUSED, "422: mood 422")
    assert states["RT-0002"][0] is State.ACKNOWLEDGED
    outbox.retry_refused()
    drain(uplink, outbox)
    check_all_there(server, items)


def test_an_item_that_makes_the_server_fail_does_not_block_the_others(server, outbox, uplink):
    fill(outbox)
    # the photos of the oldest pass, its record fails; then three photos and record of the next
    server.moods.extend(["", "", "", "", 500])
    uplink.step()
    uplink.step()
    uplink.step()
    assert outbox.pending_ids() == [item(0)[0].inspection_id]
    uplink.step()
    assert outbox.pending_ids() == []


def test_a_word_about_other_content_is_kept_for_a_person(server, outbox, uplink):
    fill(outbox, 1)
    server.moods.extend(["", "", "", "", "other"])
    uplink.step()
    (entry,) = outbox.recent(1)
    assert entry.state is State.REFUSED
    assert "not what it was sent" in entry.words


def test_what_another_version_accepted_is_sent_as_it_was(outbox):
    """Its hash was taken of other keys than today's; the server takes it of what it is sent."""
    outbox.accept(INSPECTION, FILES)
    older = INSPECTION.to_json().replace('"operator":null,', '"mood":"good",')
    outbox._ledger._db.execute(
        "UPDATE inspection SET record = ?, sha256 = ?", (older, sha256(older))
    )
    sent = []

    def send(_method, path, data, _media_type):
        if "inspections" not in path:
            return Reply(status=201)
        sent.append(data)
        word = WORD.model_copy(update={"sha256": sha256(data)})
        return Reply(status=201, body=word.to_json().encode())

    Uplink(outbox, send).step()
    assert sent == [older.encode()]
    assert outbox.tally().acknowledged == 1


def test_photos_that_the_server_has_are_not_sent_twice(server, outbox, uplink):
    inspection, files = item(1)
    outbox.accept(inspection, files)
    outbox.accept(inspection.model_copy(update={"inspection_id": "twin"}), files)
    drain(uplink, outbox)
    assert len([path for _, path in server.requests if "photos" in path]) == len(files)


def test_a_server_that_takes_photos_and_never_has_them_is_left_alone_for_a_while(
    server, outbox, uplink
):
    fill(outbox, 1)
    server.moods.extend(["", "", "", "", "forget", "", "", "", "", "forget"])
    assert uplink.step() >= 0.5
    assert uplink.link.trouble is Trouble.FAILING
    drain(uplink, outbox)


def test_a_photo_that_rots_on_disk_is_kept_for_a_person(server, outbox, uplink, tmp_path):
    fill(outbox, 2)
    (tmp_path / "station/photos" / item(0)[0].photos[0].sha256).write_bytes(b"rot")
    drain(uplink, outbox)
    assert server.inspections.keys() == {item(1)[0].inspection_id}
    assert "changed" in outbox.recent(2)[1].words


def test_pauses_grow_while_nothing_gets_through_and_end_with_success(outbox):
    up = False

    def send(*_):
        if not up:
            raise Silence
        return Reply(status=201, body=WORD.to_json().encode())

    uplink = Uplink(outbox, send, jitter=lambda: 0.0, retry_cap_s=4.0)
    outbox.accept(INSPECTION, FILES)
    assert [uplink.step() for _ in range(5)] == [0.5, 1.0, 2.0, 4.0, 4.0]
    assert uplink.link.trouble is Trouble.UNREACHABLE
    up = True
    assert uplink.step() == 0.0
    assert uplink.link.trouble is None


@pytest.mark.parametrize(("asked_s", "waits_s"), [(0, 0.5), (7, 7), (10**6, MAX_ASKED_S)])
def test_the_servers_wish_to_be_left_alone_is_heard_within_reason(outbox, asked_s, waits_s):
    outbox.accept(INSPECTION, FILES)
    uplink = Uplink(outbox, lambda *_: Reply(status=503, retry_after_s=asked_s), jitter=lambda: 0.0)
    assert uplink.step() == waits_s


def test_an_idle_station_looks_whether_the_server_is_there(outbox):
    clock, asked, up = Clock(), [], [True]

    def send(_method, path, *_):
        asked.append(path)
        if not up[0]:
            raise Silence
        return Reply(status=200)

    uplink = Uplink(outbox, send, clock_s=clock)
    assert not uplink.link.is_known
    uplink.step()
    uplink.step()
    assert asked == ["/healthz"]
    assert uplink.link.is_known
    clock.now_s, up[0] = 100.0, False
    uplink.step()
    assert uplink.link.trouble is Trouble.UNREACHABLE


def test_a_wrong_token_is_told_and_costs_nothing(server, outbox):
    items = fill(outbox, 1)
    uplink, send = uplink_to(server, outbox, token="another")
    uplink.step()
    send.close()
    assert uplink.link.trouble is Trouble.BAD_TOKEN
    assert len(outbox.pending_ids()) == len(items)


def test_nobody_at_the_servers_address_is_silence():
    with serving(FakeServer()) as server:
        pass
    send = HttpSend(server.url, TOKEN, timeout_s=1)
    with pytest.raises(Silence):
        send("GET", "/healthz", b"", "")
    send.close()


def test_a_proxy_of_the_environment_is_not_asked_for_a_server_on_this_machine(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    send = HttpSend(server.url, TOKEN, timeout_s=5)
    assert send("GET", "/healthz", b"", "").status == 200
    send.close()


def test_a_reply_without_an_end_is_read_so_far_and_no_further(server):
    server.moods.append("huge")
    send = HttpSend(server.url, TOKEN, timeout_s=5)
    reply = send("PUT", "/api/v1/photos/x", b"", "image/jpeg")
    send.close()
    assert len(reply.body) == 1_000_000


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("5", 5.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0), ("-1", 0.0), ("9" * 400, 0.0), ("٥", 0.0)],
)
def test_retry_after_is_taken_in_seconds_only(header, seconds):
    network = httpx.MockTransport(
        lambda _: httpx.Response(503, headers={"Retry-After": header.encode()})
    )
    send = HttpSend("http://server", TOKEN, timeout_s=5, transport=network)
    assert send("GET", "/", b"", "").retry_after_s == seconds
    send.close()
