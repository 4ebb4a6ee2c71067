"""Photos as nobody should take them, through the releases that are shipped: an answer or a clear refusal."""

import io
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from models.grading.policy import default_policy
from models.grading.standard import load
from models.vision.bundle import RELEASES, open_releases
from models.vision.sight import Sight
from models.vocabulary import Category, Destination, Fault, Reason, Shot
from station.examine import Examined, examine
from tests.factories import NOON
from tests.unit.models.vision import pictures


@pytest.fixture(scope="module")
def sight() -> Sight:
    return Sight(open_releases(RELEASES))


def examined(sight: Sight, data: bytes) -> Examined:
    return examine(
        [(Shot.FRONT, data)],
        category=Category.APPAREL,
        answers=(),
        sight=sight,
        standard=load(Category.APPAREL),
        policy=default_policy(),
        taken_at=NOON,
    )


def shirt() -> NDArray[np.uint8]:
    """A cloth with a dark spot."""
    bgr = pictures.garment(640, 480)
    cv2.circle(bgr, (300, 260), 22, (40, 55, 70), -1)
    return cv2.GaussianBlur(bgr, (0, 0), 1)


def noise() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)


def pillow(kind: str, *, mode: str = "RGB", turn: int = 0, **options: Any) -> bytes:
    image = Image.fromarray(shirt()[..., ::-1].copy()).convert(mode).rotate(turn, expand=True)
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def app1(body: bytes) -> bytes:
    """The shirt with this in the place of its EXIF."""
    data = pictures.jpeg(shirt())
    return data[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2) + body + data[2:]


def frames() -> dict[str, Any]:
    return {"save_all": True, "append_images": [Image.new("RGB", (640, 480), "red")]}


ORIENTATION = 0x0112
LIES = {0x0100: 99_999, 0x0101: 1, 0xA002: 1, 0xA003: 99_999}  # widths and heights of other photos
LOOKED_AT = {
    "as it should be": pictures.jpeg(shirt()),
    "upside down": pillow("JPEG", turn=180),
    "on its side": pillow("JPEG", turn=90),
    "aslant": pillow("JPEG", turn=30),
    "CMYK": pillow("JPEG", mode="CMYK"),
    "progressive": pillow("JPEG", progressive=True),
    "one restart a block": pictures.jpeg(shirt(), cv2.IMWRITE_JPEG_RST_INTERVAL, 1),
    "grey JPEG": pillow("JPEG", mode="L"),
    "grey PNG": pillow("PNG", mode="L"),
    "1-bit PNG": pillow("PNG", mode="1"),
    "palette PNG": pillow("PNG", mode="P"),
    "palette PNG with a transparent colour": pillow("PNG", mode="P", transparency=3),
    "16-bit PNG": pictures.png(shirt().astype(np.uint16) * 257),
    "16-bit grey PNG": pictures.png(shirt()[..., 0].astype(np.uint16) * 257),
    "alpha": pillow("PNG", mode="RGBA"),
    "grey with alpha": pillow("PNG", mode="LA"),
    "WebP": pillow("WEBP"),
    "WebP with alpha": pillow("WEBP", mode="RGBA"),
    "a colour profile of rubbish": pillow("JPEG", icc_profile=b"x" * 70_000),
    "EXIF of rubbish": app1(b"Exif\0\0" + b"\xff" * 60),
    "EXIF that names itself as its next part": app1(b"Exif\0\0II*\0\x08\0\0\0\0\0\x08\0\0\0"),
    "EXIF that points beyond its end": app1(b"Exif\0\0II*\0\xff\xff\xff\x7f"),
    "a film behind it": pictures.jpeg(shirt()) + b"\0\0\0\x18ftypmp42" + b"\0" * 999,
}
REFUSED_BY_THE_GATE = {
    "black": (pictures.jpeg(np.zeros_like(shirt())), {Fault.TOO_DARK}),
    "white": (pictures.jpeg(np.full_like(shirt(), 255)), {Fault.TOO_BRIGHT}),
    "noise": (pictures.jpeg(noise()), {Fault.EMPTY}),
    "noise, lossless": (pictures.png(noise()), {Fault.EMPTY}),
    "1 x 1": (pictures.png(shirt()[:1, :1]), {Fault.TOO_SMALL, Fault.EMPTY}),
    "31 x 31": (pictures.jpeg(shirt()[245:276, 285:316]), {Fault.TOO_SMALL}),
    "65,000 x 1": (pictures.png(shirt()[:1].repeat(102, axis=1)), {Fault.TOO_SMALL}),
    "all transparent": (
        pictures.png(np.dstack([shirt(), np.zeros((480, 640), np.uint8)])),
        {Fault.TOO_BRIGHT},
    ),
}
NO_PHOTO = {
    "cut off": (pictures.jpeg(shirt())[:9000], "cut off"),
    "progressive, cut off": (pillow("JPEG", progressive=True)[:4000], "cut off"),
    "40,000 x 40,000": (pictures.png_header(40_000, 40_000), "give at most 100,000,000"),
    "GIF": (pillow("GIF"), "a GIF"),
    "animated GIF": (pillow("GIF", **frames()), "a GIF"),
    "animated WebP": (pillow("WEBP", **frames()), "an animation"),
    "animated PNG": (pillow("PNG", **frames()), "an animation"),
    "HEIC": (b"\0\0\0\x24ftypheic" + b"\0" * 99, "a HEIC picture"),
    "AVIF": (b"\0\0\0\x24ftypavif" + b"\0" * 99, "an AVIF picture"),
    "TIFF": (pillow("TIFF"), "a TIFF"),
    "BMP": (pillow("BMP"), "a BMP"),
    "nothing": (b"", "empty"),
    "text": (b"front.jpg", "a text file"),
}


@pytest.mark.parametrize("name", LOOKED_AT)
def test_odd_files_of_good_photos_are_looked_at(sight, name):
    seen = examined(sight, LOOKED_AT[name])
    (photo,) = seen.photos
    assert (photo.faults, Shot.FRONT in seen.seen.not_seen) == ((), False)
    for finding in seen.seen.findings:
        x1, y1, x2, y2 = finding.xyxy
        assert 0 <= x1 < x2 <= photo.width
        assert 0 <= y1 < y2 <= photo.height


@pytest.mark.parametrize("name", REFUSED_BY_THE_GATE)
def test_photos_that_show_nothing_go_to_a_person_and_never_pass(sight, name):
    data, faults = REFUSED_BY_THE_GATE[name]
    seen = examined(sight, data)
    assert set(seen.photos[0].faults) >= faults
    assert (seen.seen.findings, seen.seen.releases) == ((), ())
    assert Shot.FRONT in seen.seen.not_seen
    assert seen.routing.to is Destination.REVIEW
    assert Reason.NOT_SEEN in seen.routing.reasons


@pytest.mark.parametrize("name", NO_PHOTO)
def test_what_is_no_photo_is_left_out_and_told(sight, name):
    data, why = NO_PHOTO[name]
    seen = examined(sight, data)
    assert seen.photos == ()
    assert why in seen.left_out[0].why
    assert Shot.FRONT in seen.seen.not_seen
    assert seen.routing.to is Destination.REVIEW


# EXIF orientation → how the upright photo has to be stored for it.
STORED = {
    1: lambda bgr: bgr,
    2: lambda bgr: bgr[:, ::-1],
    3: lambda bgr: bgr[::-1, ::-1],
    4: lambda bgr: bgr[::-1],
    5: lambda bgr: bgr.transpose(1, 0, 2),
    6: np.rot90,
    7: lambda bgr: bgr[::-1, ::-1].transpose(1, 0, 2),
    8: lambda bgr: np.rot90(bgr, -1),
}


def tagged(bgr: NDArray[np.uint8], tags: dict[int, int]) -> bytes:
    exif = Image.Exif()
    exif.update(tags)
    buffer = io.BytesIO()
    Image.fromarray(bgr[..., ::-1].copy()).save(buffer, "PNG", exif=exif.tobytes())
    return buffer.getvalue()


@pytest.mark.parametrize("orientation", STORED)
def test_a_photo_held_in_any_way_gives_the_same_findings(sight, orientation):
    upright, turned = shirt(), np.ascontiguousarray(STORED[orientation](shirt()))
    expected = examined(sight, pictures.png(upright)).seen.findings
    seen = examined(sight, tagged(turned, {ORIENTATION: orientation}))
    assert (seen.photos[0].width, seen.photos[0].height) == (640, 480)
    assert [(f.xyxy, f.probability) for f in seen.seen.findings] == [
        (f.xyxy, f.probability) for f in expected
    ]


@pytest.mark.parametrize("orientation", [0, 9, 255])
def test_an_orientation_that_does_not_exist_is_none(sight, orientation):
    assert examined(sight, tagged(shirt(), {ORIENTATION: orientation})).photos[0].width == 640


def test_what_exif_says_of_the_size_is_not_believed(sight):
    seen = examined(sight, tagged(shirt(), LIES))
    assert (seen.photos[0].width, seen.photos[0].height) == (640, 480)
