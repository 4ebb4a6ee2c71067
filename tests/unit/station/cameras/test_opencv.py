"""USB cameras against a stand-in for cv2.VideoCapture; films and folders for real."""

import threading
import time

import cv2
import numpy as np
import pytest

from station.cameras.opencv import OpenCvDriver
from station.cameras.replayed import FolderSource, VideoSource
from station.cameras.spec import CameraSpec
from station.errors import CameraFailed, FrameSpoiled
from tests.webcam import jpeg, noisy, scene

MJPG = cv2.VideoWriter.fourcc(*"MJPG")


class Capture:
    """As OpenCV's V4L2 behaves: what is set may be refused, what is missing is -1."""

    def __init__(self, *, jpegs=True, frames=(), lacks=()):
        self.values = {cv2.CAP_PROP_FOCUS: 12.0, cv2.CAP_PROP_GAIN: 0.0}
        self.order = []
        self.frames = list(frames)
        self._jpegs, self._lacks = jpegs, set(lacks)

    def set(self, name, value):
        if name in self._lacks or (name == cv2.CAP_PROP_FOURCC and not self._jpegs):
            return False
        self.values[name] = value
        self.order.append(name)
        return True

    def get(self, name):
        return -1.0 if name in self._lacks else self.values.get(name, -1.0)

    def read(self):
        return (True, self.frames.pop(0)) if self.frames else (False, None)

    def grab(self):
        return bool(self.frames and self.frames.pop(0) is not None)

    def release(self):
        self.values.clear()


def usb(**said):
    return CameraSpec(name="top", kind="usb", address="0", **said)


def test_a_usb_camera_is_set_as_declared_automatic_off_first():
    capture = Capture()
    spec = usb(size="4000x3000", exposure_ms=8, gain=3, white_balance_k=5000, focus=40)
    driver = OpenCvDriver(spec, capture)
    values = capture.values
    assert values[cv2.CAP_PROP_FOURCC] == MJPG
    assert (values[cv2.CAP_PROP_FRAME_WIDTH], values[cv2.CAP_PROP_FRAME_HEIGHT]) == (4000, 3000)
    assert values[cv2.CAP_PROP_EXPOSURE] == 80  # of 100 µs
    for automatic, value in (
        (cv2.CAP_PROP_AUTO_EXPOSURE, cv2.CAP_PROP_EXPOSURE),
        (cv2.CAP_PROP_AUTO_WB, cv2.CAP_PROP_WB_TEMPERATURE),
        (cv2.CAP_PROP_AUTOFOCUS, cv2.CAP_PROP_FOCUS),
    ):
        assert capture.order.index(automatic) < capture.order.index(value)
    told = driver.reported
    assert (told.exposure_ms, told.gain, told.white_balance_k, told.focus) == (8, 3, 5000, 40)


def test_what_is_not_declared_is_left_alone_and_what_is_missing_is_not_reported():
    capture = Capture(lacks=[cv2.CAP_PROP_WB_TEMPERATURE])
    told = OpenCvDriver(usb(), capture).reported
    assert cv2.CAP_PROP_EXPOSURE not in capture.values
    assert cv2.CAP_PROP_AUTOFOCUS not in capture.values
    assert (told.white_balance_k, told.exposure_ms, told.gain) == (None, None, 0.0)


def test_its_own_jpeg_is_handed_on_byte_for_byte():
    data = jpeg(scene(320, 240))
    capture = Capture(frames=[np.frombuffer(data, np.uint8)[None]])
    frame = OpenCvDriver(usb(), capture).read(is_wanted=False)
    assert frame.jpeg == data
    assert frame.size == (320, 240)


def test_raw_pictures_are_encoded_where_they_are_wanted():
    frames = [noisy(scene(320, 240), seed) for seed in (1, 2)]
    driver = OpenCvDriver(usb(), Capture(jpegs=False, frames=frames))
    assert driver.read(is_wanted=False).jpeg is None
    assert driver.read(is_wanted=True).jpeg.startswith(b"\xff\xd8")


def test_a_pulled_cable_and_half_a_picture_have_their_errors():
    half = np.frombuffer(jpeg(scene(320, 240))[:900], np.uint8)[None]
    driver = OpenCvDriver(usb(), Capture(frames=[half]))
    with pytest.raises(FrameSpoiled):
        driver.read(is_wanted=False)
    with pytest.raises(CameraFailed, match="no more pictures"):
        driver.read(is_wanted=False)
    with pytest.raises(CameraFailed):
        driver.skip()


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "bench.avi"
    writer = cv2.VideoWriter(str(path), MJPG, 20.0, (160, 120))
    for seed in range(10):
        writer.write(noisy(scene(160, 120), seed))
    writer.release()
    return path


def test_a_film_is_played_at_its_speed_and_again_from_its_beginning(film):
    source = VideoSource(CameraSpec(name="film", kind="video", address=str(film), stall_s=0.4))
    source.open()
    wanted = threading.Event()
    begun_s = time.monotonic()
    frames = [source.read(wanted) for _ in range(8)]
    assert 0.6 < time.monotonic() - begun_s < 3
    assert {frame.size for frame in frames} == {(160, 120)}
    wanted.set()
    assert source.read(wanted).jpeg
    source.close()


@pytest.mark.parametrize("content", [None, b"no film at all"])
def test_what_is_no_film_is_told(tmp_path, content):
    path = tmp_path / "film.mp4"
    if content:
        path.write_bytes(content)
    with pytest.raises(CameraFailed, match="film"):
        VideoSource(CameraSpec(name="film", kind="video", address=str(path))).open()


def test_a_folder_gives_its_photos_in_order_and_passes_over_what_is_none(tmp_path):
    for name in ("b.jpg", "a.png", "notes.txt"):
        (tmp_path / name).write_bytes(jpeg(scene(160, 120)))
    (tmp_path / "c.jpg").write_text("no photo")
    source = FolderSource(CameraSpec(name="f", kind="folder", address=str(tmp_path)))
    source.open()
    wanted = threading.Event()
    wanted.set()
    assert source.read(wanted).jpeg == jpeg(scene(160, 120))
    source.read(wanted)
    with pytest.raises(FrameSpoiled):
        source.read(wanted)
    assert source.read(wanted).size == (160, 120)


@pytest.mark.parametrize("there", [True, False])
def test_an_empty_folder_is_told(tmp_path, there):
    folder = tmp_path if there else tmp_path / "none"
    with pytest.raises(CameraFailed):
        FolderSource(CameraSpec(name="f", kind="folder", address=str(folder))).open()
