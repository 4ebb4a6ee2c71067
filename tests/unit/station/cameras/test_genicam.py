"""GenICam against a stand-in for harvesters with its interface (1.4.3); the extra itself is not needed."""

import sys
import types
from types import SimpleNamespace
from typing import ClassVar

import cv2
import numpy as np
import pytest

from station.cameras import genicam
from station.cameras.rig import Rig
from station.cameras.spec import CameraSpec
from station.errors import CameraFailed, CameraSilent, DriverMissing, FrameSpoiled
from tests.webcam import scene


class Node:
    def __init__(self, value=0.0):
        self.value = value


class Buffer:
    def __init__(self, data, pixel_format, width, height):
        part = SimpleNamespace(data=data, data_format=pixel_format, width=width, height=height)
        self.payload = SimpleNamespace(components=[part])
        self.queued = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.queued = True


class Acquirer:
    def __init__(self):
        nodes = ("Width", "Height", "ExposureAuto", "ExposureTime", "GainAuto", "Gain")
        self.remote_device = SimpleNamespace(node_map=SimpleNamespace(**{n: Node() for n in nodes}))
        self.buffers, self.started, self.destroyed = [], False, False

    def start(self):
        self.started = True

    def try_fetch(self, *, timeout):
        assert timeout >= 0
        found = self.buffers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def destroy(self):
        self.destroyed = True


class Harvester:
    made: ClassVar[list["Harvester"]] = []

    def __init__(self):
        self.acquirer = Acquirer()
        self.asked = None
        Harvester.made.append(self)

    def add_file(self, path, check_existence=False):
        if check_existence and "none" in path:
            raise FileNotFoundError
        self.producer = path

    def update(self):
        return

    def create(self, key):
        self.asked = key
        return self.acquirer

    def reset(self):
        return


@pytest.fixture
def harvesters(monkeypatch):
    package = types.ModuleType("harvesters")
    package.__spec__ = types.SimpleNamespace(name="harvesters")
    core = types.ModuleType("harvesters.core")
    core.Harvester = Harvester
    Harvester.made.clear()
    monkeypatch.setitem(sys.modules, "harvesters", package)
    monkeypatch.setitem(sys.modules, "harvesters.core", core)


def spec(**said):
    facts = {"name": "top", "kind": "genicam", "address": "/opt/tl.cti#S123", "stall_s": 0.2}
    return CameraSpec(**(facts | said))


@pytest.mark.usefixtures("harvesters")
def test_it_is_opened_by_producer_and_serial_and_set_as_declared():
    driver = genicam.GenicamDriver(
        spec(size="400x300", exposure_ms=8, gain=2, white_balance_k=5000)
    )
    made = Harvester.made[0]
    nodes = made.acquirer.remote_device.node_map
    assert (made.producer, made.asked) == ("/opt/tl.cti", {"serial_number": "S123"})
    assert (nodes.Width.value, nodes.ExposureAuto.value, nodes.ExposureTime.value) == (
        400,
        "Off",
        8000,
    )
    assert made.acquirer.started
    # It has no white balance node; it says nothing of it, and nothing fails.
    told = driver.reported
    assert (told.exposure_ms, told.gain, told.white_balance_k) == (8, 2, None)
    driver.close()
    assert made.acquirer.destroyed


@pytest.mark.usefixtures("harvesters")
@pytest.mark.parametrize(
    ("pixel_format", "raw"),
    [
        ("BGR8", lambda bgr: bgr),
        ("RGB8", lambda bgr: bgr[..., ::-1]),
        ("Mono8", lambda bgr: cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)),
    ],
)
def test_formats_become_bgr_and_the_buffer_goes_back(pixel_format, raw):
    bgr = scene(64, 48)
    driver = genicam.GenicamDriver(spec())
    buffer = Buffer(raw(bgr).ravel(), pixel_format, 64, 48)
    Harvester.made[0].acquirer.buffers.append(buffer)
    frame = driver.read(is_wanted=True)
    assert frame.size == (64, 48)
    assert buffer.queued
    expected = np.repeat(raw(bgr)[..., None], 3, axis=2) if pixel_format == "Mono8" else bgr
    assert np.array_equal(frame.glimpse, expected)


@pytest.mark.parametrize("pattern", ["RG", "BG", "GR", "GB"])
def test_bayer_patterns_keep_red_red(pattern):
    raw = np.zeros((8, 8), np.uint8)
    row, column = {"RG": (0, 0), "BG": (1, 1), "GR": (0, 1), "GB": (1, 0)}[pattern]
    raw[row::2, column::2] = 200
    blue, _, red = genicam.to_bgr(raw.ravel(), f"Bayer{pattern}8", 8, 8)[3, 3]
    assert red > 150 > 20 > blue


def test_a_deep_format_says_what_to_set():
    with pytest.raises(CameraFailed, match="Mono12"):
        genicam.to_bgr(b"", "Mono12", 1, 1)


@pytest.mark.usefixtures("harvesters")
def test_each_trouble_has_its_error(monkeypatch):
    driver = genicam.GenicamDriver(spec())
    buffers = Harvester.made[0].acquirer.buffers
    buffers += [None, RuntimeError("GC_ERR_IO"), None]
    with pytest.raises(FrameSpoiled, match="lost"):
        driver.read(is_wanted=False)
    with pytest.raises(CameraFailed, match="GC_ERR_IO"):
        driver.skip()
    monkeypatch.setitem(driver._spec.__dict__, "stall_s", 0.0)
    with pytest.raises(CameraSilent):
        driver.skip()


@pytest.mark.usefixtures("harvesters")
def test_a_producer_that_is_not_there_is_told():
    with pytest.raises(CameraFailed, match=r"none\.cti"):
        genicam.GenicamDriver(spec(address="/opt/none.cti"))


def test_without_the_extra_a_station_does_not_start_and_says_what_to_install(monkeypatch):
    monkeypatch.setattr(genicam, "find_spec", lambda _: None)
    with pytest.raises(DriverMissing, match=r"\[station,genicam\]"):
        Rig((spec(),))
    Rig(())
