"""What the decoder takes, and what it refuses instead of filling it with grey."""

import contextlib
import random
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from models.errors import PhotoMissing, PhotoTooLarge, PhotoUnreadable
from models.vision.decode import MAX_PIXELS, decode, draw, jpeg, read, thumbnail_jpeg
from tests.unit.models.vision import pictures

RED, BLUE, BLACK = (0, 0, 255), (255, 0, 0), (0, 0, 0)


def near(pixel: np.ndarray, bgr: tuple[int, int, int]) -> bool:
    return bool(np.abs(pixel.astype(int) - bgr).max() < 40)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (pictures.jpeg(), "image/jpeg"),
        (pictures.jpeg(pictures.garment()[..., 0]), "image/jpeg"),  # grey
        (pictures.jpeg(None, cv2.IMWRITE_JPEG_PROGRESSIVE, 1), "image/jpeg"),
        (pictures.jpeg(None, cv2.IMWRITE_JPEG_RST_INTERVAL, 2), "image/jpeg"),
        (pictures.pillow(Image.new("CMYK", (320, 240), (0, 90, 0, 0)), "JPEG"), "image/jpeg"),
        (pictures.png(), "image/png"),
        (pictures.png(pictures.garment().astype(np.uint16) * 257), "image/png"),
        (pictures.pillow(Image.new("P", (320, 240)), "PNG"), "image/png"),
        (pictures.pillow(Image.new("LA", (320, 240), (90, 255)), "PNG"), "image/png"),
        (pictures.webp(), "image/webp"),
        (pictures.pillow(Image.new("RGB", (320, 240)), "WEBP", lossless=True), "image/webp"),
    ],
)
def test_cameras_files_become_8_bit_bgr(data, media_type):
    decoded = decode(data)
    assert decoded.media_type == media_type
    assert decoded.bgr.shape == (240, 320, 3)
    assert decoded.bgr.dtype == np.uint8


def test_16_bit_pixels_keep_their_brightness():
    bgr = pictures.garment()
    assert np.array_equal(decode(pictures.png(bgr.astype(np.uint16) * 257)).bgr, bgr)


def test_cmyk_keeps_its_colour():
    data = pictures.pillow(Image.new("CMYK", (64, 64), (0, 200, 200, 0)), "JPEG")
    assert near(decode(data).bgr[32, 32], (55, 55, 255))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize(
    ("alpha", "bgr"),
    [(0, (255, 255, 255)), (255, (30, 20, 10)), (128, (142, 137, 132))],
)
def test_what_is_transparent_shows_white(kind, alpha, bgr):
    data = pictures.pillow(Image.new("RGBA", (20, 20), (10, 20, 30, alpha)), kind, lossless=True)
    assert np.abs(decode(data).bgr[5, 5].astype(int) - bgr).max() <= 1


def test_16_bit_transparency_shows_white():
    bgra = np.zeros((40, 40, 4), np.uint16)
    assert (decode(pictures.png(bgra)).bgr == 255).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "red", "blue"),
    # EXIF orientation → the corners (row, column) that the stored top left and bottom left go to.
    [
        (1, (0, 0), (-1, 0)),
        (2, (0, -1), (-1, -1)),
        (3, (-1, -1), (0, -1)),
        (4, (-1, 0), (0, 0)),
        (5, (0, 0), (0, -1)),
        (6, (0, -1), (0, 0)),
        (7, (-1, -1), (-1, 0)),
        (8, (-1, 0), (-1, -1)),
    ],
)
def test_pictures_stand_upright(kind, orientation, red, blue):
    bgr = decode(pictures.turned(kind, orientation)).bgr
    assert bgr.shape == ((32, 48, 3) if orientation < 5 else (48, 32, 3))
    assert near(bgr[red], RED)
    assert near(bgr[blue], BLUE)


@pytest.mark.parametrize("data", [pictures.jpeg(), pictures.png(), pictures.webp()])
def test_bytes_after_the_end_are_fine(data):
    film = b"\0\0\0\x18ftypmp42" + random.Random(1).randbytes(5000) + b"\xff\xd8\xff"
    assert np.array_equal(decode(data + film).bgr, decode(data).bgr)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.9, 0.99])
@pytest.mark.parametrize(
    "data",
    [
        pictures.jpeg(),
        pictures.jpeg(None, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        pictures.png(),
        pictures.webp(),
    ],
)
def test_what_is_cut_off_is_refused(data, share):
    with pytest.raises(PhotoUnreadable, match="cut off"):
        decode(data[: int(len(data) * share)])


def test_a_preview_inside_does_not_hide_that_the_photo_is_cut_off():
    data, preview = pictures.jpeg(), pictures.jpeg(pictures.garment(64, 48))
    segment = b"\xff\xe1" + (len(preview) + 2).to_bytes(2) + preview
    whole = data[:2] + segment + data[2:]
    assert decode(whole).bgr.shape == (240, 320, 3)
    with pytest.raises(PhotoUnreadable, match="cut off"):
        decode(whole[: len(segment) + 2000])


def test_a_cut_off_jpeg_with_an_end_marker_glued_on_is_refused(capfd):
    data = pictures.jpeg()
    with pytest.raises(PhotoUnreadable, match="damaged"):
        decode(data[: len(data) // 2] + b"\xff\xd9")
    assert capfd.readouterr().err == ""


def test_a_png_whose_bytes_changed_is_refused(capfd):
    data = bytearray(pictures.png())
    data[len(data) // 2] ^= 1
    with pytest.raises(PhotoUnreadable, match="damaged"):
        decode(bytes(data))
    assert capfd.readouterr().err == ""


def test_a_png_with_right_check_sums_over_rubbish_is_refused_in_silence(capfd):
    with pytest.raises(PhotoUnreadable, match="damaged"):
        decode(pictures.png_header(64, 64))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "empty"),
        (b"Dear customer,\nsee attached", "a text file"),
        ("退货照片".encode(), "a text file"),
        (b"GIF89a" + b"\0" * 40, "a GIF"),
        (b"%PDF-1.7", "a PDF"),
        (b"\0\0\0\x18ftypheic\0\0", "a HEIC picture"),
        (b"\0\0\0\x18ftyphevc\0\0", "a HEIC picture"),
        (b"\0\0\0\x18ftypavif\0\0", "an AVIF picture"),
        (b"\0\0\0\x0cJXL \r\n", "a JPEG XL picture"),
        (b"\0\0\0\x0cjP  \r\n", "a JPEG 2000 picture"),
        (b"\0\0\0\x18ftypisom\0\0", "a video"),
        (b"II*\0" + b"\0" * 40, "a TIFF or raw picture"),
        (b"\0" * 64, "no known picture"),
        (b"\x89PNG\r\n\x1a\n", "a PNG without a header"),
        (b"\xff\xd8\xff", "a JPEG that is cut off"),
        (b"RIFF\0\0\0\0WEBP", "a WebP without a picture"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "its header is cut off"),
    ],
)
def test_what_is_no_photo_is_named(data, found):
    with pytest.raises(PhotoUnreadable, match=found):
        decode(data)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animations_are_no_photos(kind):
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    with pytest.raises(PhotoUnreadable, match="animation"):
        decode(pictures.pillow(frames[0], kind, save_all=True, append_images=frames[1:]))


def test_a_small_file_that_promises_a_huge_picture_costs_nothing():
    with pytest.raises(PhotoTooLarge, match=f"40000 x 40000 pixels; give at most {MAX_PIXELS:,}"):
        decode(pictures.png_header(40_000, 40_000))


@pytest.mark.parametrize(("width", "height"), [(0, 100), (100, 0), (0, 0)])
def test_pictures_without_an_extent_are_refused(width, height):
    with pytest.raises(PhotoUnreadable, match=f"{width} x {height}"):
        decode(pictures.png_header(width, height))


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (b"\xff\xc3\x00\x11\x08", "a lossless or 8-bit JPEG"),
        (b"\xff\xc1\x00\x11\x0c", "a lossless or 12-bit JPEG"),
    ],
)
def test_kinds_of_jpeg_that_no_camera_writes_are_named(frame, told):
    data = pictures.jpeg()
    at = data.index(b"\xff\xc0")
    with pytest.raises(PhotoUnreadable, match=told):
        decode(data[:at] + frame + data[at + len(frame) :])


def test_a_jpeg_that_would_be_decoded_a_thousand_times_is_refused():
    data = pictures.jpeg(None, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    last = data.rindex(b"\xff\xda")
    assert decode(data).bgr.shape == (240, 320, 3)
    with pytest.raises(PhotoUnreadable, match=r"a JPEG of \d{4} passes; save it with at most 40"):
        decode(data[:last] + data[last:-2] * 1000 + data[-2:])


def test_blending_in_strips_leaves_no_seams():
    bgra = np.random.default_rng(0).integers(0, 256, (600, 20, 4), np.uint8)
    blended = decode(pictures.png(bgra)).bgr.astype(float)
    alpha = bgra[..., 3:] / 255
    assert np.abs(blended - (bgra[..., :3] * alpha + 255 * (1 - alpha))).max() <= 0.5001


def test_a_jpeg_without_height_is_refused():
    data = bytearray(pictures.jpeg())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 7] = b"\0\0"
    with pytest.raises(PhotoUnreadable, match="320 x 0"):
        decode(bytes(data))


WHOLE = (pictures.jpeg(), pictures.png(), pictures.webp())


@given(data=st.data(), whole=st.sampled_from(WHOLE))
def test_changed_bytes_give_pixels_or_one_clear_refusal(data, whole):
    changed = bytearray(whole)
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=8)):
        changed[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PhotoUnreadable):
        assert decode(bytes(changed)).bgr.size


@given(st.sampled_from([b"", *(whole[:4] for whole in WHOLE)]), st.binary(max_size=300))
def test_random_bytes_are_refused_clearly(start, rest):
    with pytest.raises(PhotoUnreadable, match=r"^it"):
        decode(start + rest)


def test_reading_a_file(tmp_path: Path):
    path = tmp_path / "front.jpg"
    path.write_bytes(b"bytes")
    assert read(path) == b"bytes"


def test_files_that_cannot_be_read_say_why(tmp_path: Path):
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(PhotoMissing, match="no such file"):
        read(tmp_path / "none.jpg")
    with pytest.raises(PhotoUnreadable, match="a folder"):
        read(tmp_path)
    with pytest.raises(PhotoUnreadable, match="empty"):
        read(tmp_path / "empty.jpg")
    with pytest.raises(PhotoUnreadable, match="no regular file"):
        read(Path("/dev/null"))
    with pytest.raises(PhotoUnreadable, match="check the path"):
        read(Path("a\0b.jpg"))
    with pytest.raises(PhotoUnreadable, match="check the path"):
        read(tmp_path / ("x" * 300))
    with pytest.raises(PhotoUnreadable, match="check the path"):
        read(tmp_path / "empty.jpg" / "below-a-file.jpg")


def test_a_file_too_long_for_a_photo_is_not_even_read(tmp_path: Path):
    path = tmp_path / "film.jpg"
    with path.open("wb") as file:
        file.truncate(2_000_000_000)
    with pytest.raises(PhotoTooLarge, match="2,000,000,000 bytes"):
        read(path)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1000, 500), (320, 160)), ((100, 50), (100, 50)), ((2000, 1), (320, 1))],
)
def test_thumbnails_keep_proportions_and_never_grow(size, expected):
    small = decode(thumbnail_jpeg(np.full((size[1], size[0], 3), 90, np.uint8))).bgr
    assert (small.shape[1], small.shape[0]) == expected


def test_the_same_photo_has_the_same_thumbnail():
    bgr = pictures.garment(900, 700)
    assert thumbnail_jpeg(bgr) == thumbnail_jpeg(bgr.copy())


def test_drawing_marks_the_box_and_leaves_the_photo_alone():
    bgr = pictures.garment()
    before = bgr.copy()
    drawn = draw(bgr, [((100, 80, 200, 160), "stain 87 %")])
    assert np.array_equal(bgr, before)
    assert near(drawn[160, 150], (38, 30, 179))  # the lower side of the box
    assert np.array_equal(drawn[120, 150], bgr[120, 150])  # the inside stays visible
    assert np.array_equal(drawn[235, 310], bgr[235, 310])


def test_labels_of_boxes_at_the_border_stay_inside():
    bgr = np.full((240, 320, 3), 250, np.uint8)
    drawn = draw(bgr, [((300, 0, 320, 20), "missing label 100 %")])
    filled = (drawn == (38, 30, 179)).all(axis=2)
    assert filled[:20].sum() > 1000


def test_what_is_too_long_for_a_jpeg_is_told_and_has_a_thumbnail(capfd):
    panorama = np.zeros((300, 70_000, 3), np.uint8)
    with pytest.raises(PhotoTooLarge, match="70000 x 300 pixels do not fit into a JPEG"):
        jpeg(panorama)
    assert decode(thumbnail_jpeg(panorama)).bgr.shape == (1, 320, 3)
    assert capfd.readouterr().err == ""
