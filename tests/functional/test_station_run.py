"""The real station process against a real, misbehaving server."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from models.vision.bundle import RELEASES
from station.outbox import Outbox
from station.settings import PREFIX
from tests.fakes import TOKEN, FakeServer, sample_returns, serving

SAMPLE = Path(__file__).parents[2] / "datasets/sample"
STATION = Path(sys.executable).with_name("secondlook-station")


def free_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


class Place:
    """A home, samples and settings for one station."""

    def __init__(self, folder, server_url="http://127.0.0.1:9"):
        self.home = folder / "home"
        self.samples = sample_returns(folder / "sample", count=3, width=320)
        (folder / "releases").mkdir()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        clean = {k: v for k, v in os.environ.items() if not k.startswith("SECONDLOOK_")}
        self.env = clean | {
            "SECONDLOOK_HOME": str(self.home),
            f"{PREFIX}PORT": str(self.port),
            f"{PREFIX}SERVER_URL": server_url,
            f"{PREFIX}TOKEN": TOKEN,
            f"{PREFIX}REPLAY": str(self.samples),
            f"{PREFIX}RELEASES": str(folder / "releases"),
            f"{PREFIX}REPLAY_PAUSE_S": "0",
            f"{PREFIX}RETRY_CAP_S": "0.5",
            f"{PREFIX}MIN_FREE_MB": "1",
            f"{PREFIX}LOG_JSON": "1",
        }

    def start(self, **settings):
        env = self.env | {PREFIX + name: value for name, value in settings.items()}
        return subprocess.Popen([STATION, "run"], env=env, stderr=subprocess.PIPE, text=True)

    @contextmanager
    def running(self, **settings):
        process = self.start(**settings)
        try:
            for line in process.stderr:
                if json.loads(line)["event"] == "ready":
                    break
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            process.stderr.close()

    def state(self):
        return httpx.get(f"{self.url}/state").json()

    def wait_for(self, seconds=20, **wanted):
        end = time.monotonic() + seconds
        while True:
            state = self.state()
            if wanted.items() <= state.items():
                return state
            assert time.monotonic() < end, state
            time.sleep(0.05)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def fails(place, **settings):
    process = place.start(**settings)
    _, told = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "Traceback" not in told
    (line,) = [line for line in told.splitlines() if not line.startswith("{")]
    assert line.startswith("secondlook-station: ")
    return line


def test_a_taken_port_is_one_line(place):
    with socket.create_server(("127.0.0.1", place.port)):
        assert "SECONDLOOK_STATION_PORT" in fails(place)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("TOKEN_FILE", "/none/token", "/none/token cannot be read"),
        ("REPLAY", "/none", "/none/returns.yaml"),
        ("RELEASES", "/none", "/none"),
        ("PORT", "x", "SECONDLOOK_STATION_PORT"),
        ("HOST", "no.such.host.invalid", "cannot listen"),
    ],
)
def test_what_cannot_start_is_one_line(place, name, value, told):
    if name == "TOKEN_FILE":
        del place.env[f"{PREFIX}TOKEN"]
    assert told in fails(place, **{name: value})


def test_a_home_in_use_is_one_line(place):
    with Outbox(place.home / "station"):
        assert "Another station runs" in fails(place)


def test_a_home_that_cannot_be_written_is_one_line(place):
    place.home.write_text("a file where the folder should be")
    assert "cannot be written" in fails(place)


def test_every_sample_reaches_the_server_once_and_the_page_says_so(tmp_path):
    with serving(FakeServer()) as server:
        place = Place(tmp_path, server.url)
        with place.running():
            state = place.wait_for(phase="all_done", acknowledged=3, pending=0)
            assert state["server"] == "reachable"
            page = httpx.get(place.url).text
            assert "RT-0003" in page
            assert "HOLD shelf" in page
        assert sorted(i.return_code for i in server.inspections.values()) == [
            "RT-0001",
            "RT-0002",
            "RT-0003",
        ]
        originals = {path.read_bytes() for path in (place.samples / "images").iterdir()}
        assert originals <= set(server.photos.values())


def test_items_wait_for_a_server_that_is_down_and_survive_the_station(tmp_path):
    server = FakeServer()
    with serving(server):
        url = server.url
    place = Place(tmp_path, url)
    with place.running() as process:
        place.wait_for(phase="all_done", pending=3, server="unreachable")
        process.send_signal(signal.SIGKILL)
    with serving(server, port=int(url.rpartition(":")[2])), place.running():
        place.wait_for(acknowledged=3, pending=0)
    assert len(server.inspections) == 3
    assert server.stored_twice == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_order_within_three_seconds_whatever_is_going_on(tmp_path, how):
    """The server hangs, a browser keeps its connection open, items are being inspected."""
    server = FakeServer(hang_s=30.0)
    server.moods.extend(["hang"] * 50)
    with serving(server):
        place = Place(tmp_path, server.url)
        with place.running(ROUNDS="0") as process, httpx.Client() as browser:
            browser.get(f"{place.url}/live")
            started_s = time.monotonic()
            process.send_signal(how)
            assert process.wait(10) == 0
            assert time.monotonic() - started_s < 3
            told = [json.loads(line)["event"] for line in process.stderr]
    assert told[-1] == "stopped"
    assert "thread_failed" not in told
    with Outbox(place.home / "station") as outbox:
        assert len(outbox.pending_ids()) >= 1


@pytest.mark.parametrize("backend", ["onnxruntime", "auto"])
def test_it_ends_in_order_in_the_middle_of_a_look(tmp_path, backend):
    """A thread inside a model must not take the process down with an abort."""
    place = Place(tmp_path)
    looking = {"REPLAY": str(SAMPLE), "RELEASES": str(RELEASES), "BACKEND": backend, "ROUNDS": "0"}
    with place.running(**looking) as process:
        for line in process.stderr:
            if json.loads(line)["event"] == "accepted":
                break
        process.send_signal(signal.SIGTERM)
        told = [json.loads(line)["event"] for line in process.stderr]
        # The bench may still keep the item that it was at after the door was closed.
        assert (process.wait(10), "stopped" in told) == (0, True)
        assert "thread_failed" not in told


def test_the_page_answers_while_an_item_is_inspected(tmp_path):
    place = Place(tmp_path)
    with place.running(ROUNDS="0"), httpx.Client(base_url=place.url) as browser:
        slowest_s = 0.0
        for _ in range(20):
            started_s = time.monotonic()
            assert browser.get("/live").status_code == 200
            slowest_s = max(slowest_s, time.monotonic() - started_s)
        assert slowest_s < 1.5


def test_help_and_wrong_words_need_no_settings(place):
    told = subprocess.run(
        [STATION, "--help"], env=place.env, capture_output=True, text=True, check=True
    )
    assert "inspect" in told.stdout
    assert "run" in told.stdout
    wrong = subprocess.run(
        [STATION, "dance"], env=place.env, capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr
