"""A driver that hangs or falls over takes nothing along but its own process."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from station.cameras.grabber import Grabber
from station.cameras.isolated import IsolatedSource
from station.cameras.spec import CameraSpec
from station.cameras.watch import Limits, State
from station.errors import CameraFailed, CameraSilent, FrameSpoiled
from tests.webcam import wait_until

ROOT = Path(__file__).parents[4]
LIMITS = Limits(stall_s=0.5, frozen_s=0, first_pause_s=0.05, longest_pause_s=0.2)


@pytest.fixture(autouse=True)
def path(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def source(mood, **said):
    spec = CameraSpec(name="top", kind="usb", address=mood, stall_s=0.5, **said)
    command = (sys.executable, str(Path(__file__).with_name("drivers.py")))
    return IsolatedSource(spec, command)


def children():
    listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return {int(one) for one in listed}


@pytest.fixture(autouse=True)
def no_process_is_left():
    before = children()
    yield
    assert children() <= before


def test_frames_come_across_with_what_the_camera_reports():
    one = source("fine")
    try:
        one.open()
        assert one.reported.exposure_ms == 8.0
        wanted = threading.Event()
        frame = one.read(wanted)
        assert frame.size == (160, 120)
        assert frame.jpeg is None
        wanted.set()
        assert one.read(wanted).jpeg.startswith(b"\xff\xd8")
    finally:
        one.close()


@pytest.mark.parametrize(
    ("mood", "error"),
    [
        ("hang", CameraSilent),
        ("crash", CameraFailed),
        ("unplugged", CameraFailed),
        ("spoiled", FrameSpoiled),
    ],
)
def test_each_way_to_fail_has_its_error_in_time(mood, error):
    one = source(mood)
    wanted = threading.Event()
    wanted.set()
    try:
        one.open()
        one.read(wanted)
        one.read(wanted)
        begun_s = time.monotonic()
        with pytest.raises(error):
            one.read(wanted)
        assert time.monotonic() - begun_s < 2
    finally:
        one.close()


@pytest.mark.parametrize(("mood", "state"), [("hang", State.STALLED), ("crash", State.UNREACHABLE)])
def test_it_is_started_again_for_ever(mood, state):
    grabber = Grabber(
        CameraSpec(name="top", kind="usb", address=mood, stall_s=0.5),
        lambda _: source(mood),
        limits=LIMITS,
    )
    grabber.start()
    try:
        wait_until(lambda: grabber.status().watch.opened >= 2, 20, grabber.status)
        assert grabber.status().watch.faults[state] >= 1
        assert grabber.status().watch.good >= 2
    finally:
        grabber.stop()
        assert grabber.join(5)


def test_a_driver_that_fails_between_two_requests_still_says_why():
    one = source("pulled")
    try:
        one.open()
        one.read(threading.Event())
        time.sleep(0.5)
        with pytest.raises(CameraFailed, match="no more pictures"):
            one.read(threading.Event())
    finally:
        one.close()


def test_what_waits_for_a_driver_that_hangs_can_be_woken():
    one = source("hang", frozen_s=0)
    wanted = threading.Event()
    wanted.set()
    one.open()
    one.read(wanted)
    one.read(wanted)
    timer = threading.Timer(0.1, one.interrupt)
    timer.start()
    with pytest.raises(CameraFailed):
        one.read(wanted)
    timer.join()
    one.close()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's V4L2 and /proc")
@pytest.mark.parametrize(
    ("kind", "address"),
    [("usb", "/dev/video-none"), ("usb", "97"), ("rtsp", "rtsp://user:secret@127.0.0.1:9/none")],
)
def test_the_real_drivers_say_what_is_not_there_and_no_password(kind, address):
    one = IsolatedSource(CameraSpec(name="top", kind=kind, address=address, stall_s=2))
    try:
        with pytest.raises(CameraFailed, match="cannot be opened") as told:
            one.open()
        assert "secret" not in str(told.value)
    finally:
        one.close()
