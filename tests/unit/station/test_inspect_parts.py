"""What `inspect` tells of parts that should be there: real codes on real files, a tiny label model."""

import json
import os
import re

import cv2
import numpy as np
import pytest
import typer
import zxingcpp

from station.inspect import inspect
from tests.tiny_model import write_release
from tests.unit.models.vision import pictures

app = typer.Typer(add_completion=False)
app.command()(inspect)
SECRET = "https://example.org/parcel/JD0146000071358213"
PARCEL = ("--category", "parcel", "--releases", "releases")


def carton(*, tone: int, code: bool = False, label: bool = False) -> bytes:
    """A carton on a table, with a QR code or a block that the tiny model takes for a label."""
    bgr = pictures.garment(640, 480, tone=tone)
    if code:
        qr = zxingcpp.create_barcode(SECRET, zxingcpp.BarcodeFormat.QRCode)
        # Grey on white: dark enough to be read, too bright for the tiny model's label.
        grey = np.where(np.array(qr.to_image(scale=5)) > 0, 255, 100).astype(np.uint8)
        side = len(grey)
        bgr[150 : 150 + side, 200 : 200 + side] = grey[..., None]
    if label:
        bgr[200:300, 250:400] = 5
    return cv2.imencode(".png", bgr)[1].tobytes()


@pytest.fixture(autouse=True)
def bench(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("SECONDLOOK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
    sees = {"parcel": ["missing_label"]}
    write_release(tmp_path / "releases", name="label", classes=("label",), sees=sees)
    (tmp_path / "outside.png").write_bytes(carton(tone=170))
    (tmp_path / "bare.png").write_bytes(carton(tone=171))
    (tmp_path / "labelled.png").write_bytes(carton(tone=172, label=True))
    (tmp_path / "coded.png").write_bytes(carton(tone=173, code=True))
    return tmp_path


def asked(capfd, *arguments: str) -> str:
    with pytest.raises(SystemExit) as left:
        app([*arguments], prog_name="inspect")
    told = capfd.readouterr()
    assert (left.value.code or 0, told.err) == (0, "")
    return told.out


def presence(capfd, photo: str) -> tuple[dict, list[str]]:
    told = json.loads(asked(capfd, "--json", *PARCEL, "outside.png", photo))
    found = [f["defect"] for photo in told["photos"] for f in photo["findings"]]
    assert list(told["presence"]) == ["shipping_label"]
    assert list(told["presence"]["shipping_label"]) == ["label"]
    return told["presence"]["shipping_label"]["label"], found


def test_a_label_that_is_missing_has_no_evidence(capfd):
    told, found = presence(capfd, "bare.png")
    assert told == {"probability": 0.0, "is_seen": False, "photo": "bare.png", "evidence": []}
    assert found == ["missing_label"]


def test_a_label_that_the_model_sees_is_there(capfd):
    told, found = presence(capfd, "labelled.png")
    assert found == []
    assert told["is_seen"]
    (evidence,) = told["evidence"]
    assert (evidence["cue"], evidence["source"]) == ("itself", "label@1")
    assert evidence["xyxy"] == pytest.approx([250, 200, 400, 300], abs=8)


def test_a_code_that_was_read_speaks_for_the_label(capfd):
    told, found = presence(capfd, "coded.png")
    assert found == []
    assert told["probability"] > 0.95
    (evidence,) = told["evidence"]
    assert evidence["cue"] == "matrix_code"
    assert evidence["source"].startswith("zxing-cpp@")
    assert evidence["xyxy"][:2] == pytest.approx([220, 170], abs=8)  # inside its quiet zone


def test_nothing_tells_what_a_code_says(capfd):
    told = asked(capfd, "--json", *PARCEL, "outside.png", "coded.png")
    told += asked(capfd, *PARCEL, "outside.png", "coded.png")
    assert "matrix" in told
    assert "example" not in told
    assert "JD01" not in told


@pytest.mark.parametrize(
    ("photo", "language", "expected"),
    [
        ("bare.png", "en", "no label, barcode or code was seen on the photo “Shipping label”"),
        ("bare.png", "zh", "照片“快递面单”上未看到标签、条形码或二维码"),
        ("labelled.png", "en", "seen on the photo “Shipping label”: the part itself 9"),
        ("labelled.png", "zh", "照片“快递面单”上可见：该部件本身 9"),
        ("coded.png", "en", "seen on the photo “Shipping label”: a QR or other matrix code that"),
    ],
)
def test_people_are_told_why(capfd, monkeypatch, photo, language, expected):
    monkeypatch.setenv("SECONDLOOK_STATION_LANGUAGE", language)
    told = asked(capfd, *PARCEL, "outside.png", photo)
    assert expected in told
    if language == "zh":
        rest = {"outside", "bare", "labelled", "png", "label", "answer", "seal", "contents"}
        assert set(re.findall(r"[A-Za-z]{3,}", told)) <= rest


def test_a_faint_trace_is_told_as_faint(capfd, bench):
    card = bench / "releases/label/card.yaml"
    knots = "calibration: {label: {raw: [0.0, 1.0], calibrated: [0.0, 0.3]}}\n"
    card.write_text(card.read_text() + knots)
    told = asked(capfd, *PARCEL, "outside.png", "labelled.png")
    assert "hardly seen on the photo “Shipping label”: the part itself 29%" in told
    assert "Missing label" in told


def test_an_item_without_expected_parts_has_no_presence(capfd):
    arguments = ("--json", "--category", "apparel", "--releases", "releases")
    told = json.loads(asked(capfd, *arguments, "outside.png", "bare.png"))
    assert told["presence"] == {}
