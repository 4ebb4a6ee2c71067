import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from models.vision.decode import decode
from models.vocabulary import Shot
from station.cameras.frame import turned
from station.cameras.rig import setup_of
from station.cameras.source import Reported
from station.cameras.spec import CameraSpec, check_together
from station.errors import SettingsInvalid
from station.settings import CONFIG, PREFIX, load
from tests.webcam import jpeg, scene


def spec(**said):
    return CameraSpec(**({"name": "top", "kind": "usb", "address": "0"} | said))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"name": "../top"}, "name"),
        ({"name": ""}, "name"),
        ({"kind": "webcam"}, "'usb', 'mjpeg'"),
        ({"kind": "mjpeg", "address": "192.168.1.5"}, "begin with http://"),
        ({"kind": "rtsp", "address": "file:///etc/passwd"}, "begin with rtsp://"),
        ({"kind": "genicam", "address": "camera"}, ".cti"),
        ({"size": "4000"}, "width x height"),
        ({"size": "40000x40000"}, "at most 100,000,000"),
        ({"size": "0x100"}, "width x height"),
        ({"rotation": 45}, "0, 90, 180 or 270"),
        ({"exposure_ms": 0}, "greater than 0"),
        ({"white_balance_k": 100}, "greater than or equal to 1000"),
        ({"stall_s": 0}, "greater than or equal to 0.1"),
        ({"colour": "red"}, "Extra inputs"),
        ({"shots": ["side"]}, "'front'"),
    ],
)
def test_what_cannot_be_is_refused(said, told):
    with pytest.raises(ValidationError) as error:
        spec(**said)
    assert told in str(error.value)


def test_names_differ_and_each_shot_has_one_camera():
    front = spec(shots=["front"])
    check_together([front, spec(name="side", shots=["back"])])
    with pytest.raises(ValueError, match="one camera named top, got 2"):
        check_together([front, spec()])
    with pytest.raises(ValueError, match="one camera for the shot front, got 2"):
        check_together([front, spec(name="side", shots=["front", "back"])])


def test_passwords_are_never_shown():
    one = spec(kind="rtsp", address="rtsp://admin:secret@10.0.0.5:554/stream?key=secret")
    assert one.place == "rtsp://10.0.0.5:554/stream"
    assert "secret" not in repr(one) + one.place
    with pytest.raises(ValidationError) as error:
        spec(kind="mjpeg", address="ftp://admin:secret@10.0.0.5")
    assert "begin with http://" in str(error.value)


TOML = """
[[cameras]]
name = "top"
kind = "mjpeg"
address = "http://admin:secret@10.0.0.5/video"
shots = ["front", "back"]
size = "4000x3000"
rotation = 90
exposure_ms = 8
"""


def test_cameras_are_declared_in_the_station_s_file(monkeypatch, tmp_path):
    file = tmp_path / "station.toml"
    file.write_text(TOML)
    monkeypatch.setenv(CONFIG, str(file))
    (one,) = load().cameras
    assert (one.name, one.size, one.shots) == ("top", (4000, 3000), (Shot.FRONT, Shot.BACK))
    assert "secret" not in repr(load())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (TOML + TOML, "one camera named top"),
        (TOML.replace("mjpeg", "rtsp").replace("http:", "ftp:"), "begin with rtsp://"),
        (TOML.replace("rotation", "rotated"), "CAMERAS.0.ROTATED"),
    ],
)
def test_a_bad_table_is_one_line_without_the_password(monkeypatch, tmp_path, content, told):
    file = tmp_path / "station.toml"
    file.write_text(content)
    monkeypatch.setenv(CONFIG, str(file))
    with pytest.raises(SettingsInvalid) as error:
        load()
    assert told in str(error.value)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)


def test_the_environment_takes_them_as_json(monkeypatch):
    monkeypatch.setenv(f"{PREFIX}CAMERAS", '[{"name": "top", "kind": "usb", "address": "0"}]')
    assert load().cameras[0].address == "0"


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("has_exif", [False, True])
def test_a_photo_is_turned_without_touching_a_pixel(rotation, has_exif):
    bgr = scene(64, 48)
    data = turned(jpeg(bgr), 180) if has_exif else jpeg(bgr)
    upright = decode(jpeg(bgr)).bgr
    codes = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
    told = turned(data, rotation)
    if rotation:
        assert np.array_equal(decode(told).bgr, cv2.rotate(upright, codes[rotation]))
    else:
        assert told == data
    assert told.endswith(data[2:])


def test_a_record_says_what_the_camera_says_else_what_is_declared():
    declared = spec(exposure_ms=8, gain=1)
    own = setup_of(declared, Reported(exposure_ms=7.9), 5)
    assert (own.exposure_ms, own.gain, own.is_reported, own.frame) == (7.9, None, True, 5)
    told = setup_of(declared, None, 5)
    assert (told.exposure_ms, told.gain, told.is_reported) == (8, 1, False)
