"""Codes are read at any angle and size that a bench gives; weaves and fences are none."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp
from zxingcpp import BarcodeFormat

from models.vision.codes import Code, read_codes
from models.vision.decode import decode

SECRET = "JD0146000071358213"


def printed(kind=BarcodeFormat.Code128, said=SECRET, *, scale=3) -> np.ndarray:
    """[height, width, 3] the code on white, with its quiet zone."""
    grey = np.array(zxingcpp.create_barcode(said, kind).to_image(scale=scale))
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)


def on_board(code: np.ndarray, *, size=(600, 800), degrees=0.0, at=(400, 300)) -> np.ndarray:
    """The code on a brown carton, turned about its middle, which is `at` x, y."""
    height, width = code.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turn[:, 2] += (at[0] - width / 2, at[1] - height / 2)
    board = np.full((*size, 3), (90, 130, 160), np.uint8)
    whole = (size[1], size[0])
    cover = cv2.warpAffine(np.ones((height, width), np.uint8), turn, whole)
    turned = cv2.warpAffine(code, turn, whole)
    return np.where(cover[..., None] > 0, turned, board)


@pytest.mark.parametrize(
    ("kind", "said", "is_matrix"),
    [
        (BarcodeFormat.Code128, SECRET, False),  # carriers' parcel numbers
        (BarcodeFormat.EAN13, "590123412345", False),  # goods
        (BarcodeFormat.UPCA, "01234567890", False),
        (BarcodeFormat.ITF14, "1234567890123", False),  # cartons
        (BarcodeFormat.Code39, "SN00123456", False),  # serial numbers
        (BarcodeFormat.Code93, "SN0012345", False),
        (BarcodeFormat.QRCode, "https://example.org/r/1", True),
        (BarcodeFormat.DataMatrix, "SN00123456", True),
        (BarcodeFormat.PDF417, "R-1 Example Road 1", True),
        (BarcodeFormat.Aztec, "R-1 Example Road", True),
    ],
)
def test_what_labels_carry_is_read(kind, said, is_matrix):
    (code,) = read_codes(on_board(printed(kind, said)))
    assert (code.is_read, code.is_matrix) == (True, is_matrix)


@pytest.mark.parametrize("degrees", [0, 15, 30, 45, 60, 75, 90, 135, 180, 270])
@pytest.mark.parametrize("kind", [BarcodeFormat.Code128, BarcodeFormat.QRCode])
def test_at_any_angle(kind, degrees):
    codes = read_codes(on_board(printed(kind), degrees=degrees))
    assert [code.is_read for code in codes] == [True]


def test_the_box_lies_on_the_code():
    (code,) = read_codes(on_board(printed(BarcodeFormat.QRCode, scale=6), at=(500, 200)))
    x1, y1, x2, y2 = code.xyxy
    assert ((x1 + x2) / 2, (y1 + y2) / 2) == pytest.approx((500, 200), abs=6)
    assert x2 - x1 == pytest.approx(21 * 6, rel=0.05)  # version 1: 21 modules


def test_turned_bars_have_their_box_in_the_upright_photo():
    (code,) = read_codes(on_board(printed(), degrees=45, at=(420, 310)))
    x1, y1, x2, y2 = code.xyxy
    assert ((x1 + x2) / 2, (y1 + y2) / 2) == pytest.approx((420, 310), abs=40)
    assert min(x2 - x1, y2 - y1) > 250  # 480 px of bars, on the diagonal


def test_on_a_large_photo_the_box_is_in_its_own_pixels():
    board = on_board(printed(BarcodeFormat.QRCode, scale=12), size=(3000, 4000), at=(3000, 2000))
    (code,) = read_codes(board)
    x1, y1, x2, y2 = code.xyxy
    assert ((x1 + x2) / 2, (y1 + y2) / 2) == pytest.approx((3000, 2000), abs=12)


@pytest.mark.parametrize("sigma_px", [0.3, 0.6])
def test_a_soft_code_whose_bars_measure_a_pixel_is_read(sigma_px):
    far = on_board(printed(scale=1), size=(200, 400), at=(200, 100))
    soft = cv2.GaussianBlur(far, (0, 0), sigma_px)
    assert [code.is_read for code in read_codes(soft)] == [True]


def test_bars_too_fine_for_the_first_look_are_read_at_the_last():
    far = on_board(printed(scale=3), size=(2700, 3600), at=(1800, 900))
    assert [code.is_read for code in read_codes(far)] == [True]


def test_a_qr_code_too_soft_to_read_leaves_its_pattern():
    board = on_board(printed(BarcodeFormat.QRCode, SECRET * 4, scale=6))
    board[260:340, 360:440] = 128  # more gone than its checks can mend
    codes = read_codes(board)
    assert codes
    assert {(code.is_read, code.is_matrix) for code in codes} == {(False, True)}


def test_what_was_read_comes_first():
    board = on_board(printed(), size=(900, 800), at=(400, 150))
    torn = on_board(printed(BarcodeFormat.QRCode, SECRET * 4, scale=6), size=(900, 800))
    torn[260:340, 360:440] = 128
    board[250:] = torn[250:]
    told = [code.is_read for code in read_codes(board)]
    assert told == sorted(told, reverse=True)
    assert told[0]


def test_nothing_keeps_what_a_code_says():
    (code,) = read_codes(on_board(printed()))
    assert SECRET not in repr(code)
    assert set(Code.__dataclass_fields__) == {"format", "is_matrix", "is_read", "xyxy"}


def _weave(seed: int) -> np.ndarray:
    """Threads over and under, as cloth looks from near."""
    y, x = np.mgrid[:400, :400]
    threads = 128 + 50 * np.sin(x * 0.9) * np.sign(np.sin(y * 0.45)) + 40 * np.sin(y * 0.9)
    noise = np.random.default_rng(seed).normal(0, 8, threads.shape)
    return cv2.cvtColor(np.clip(threads + noise, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)


def _fence(seed: int) -> np.ndarray:
    """Upright slats of random widths: bars that say nothing."""
    rng = np.random.default_rng(seed)
    edges = np.cumsum(rng.integers(3, 14, 80))
    row = np.zeros(400, np.uint8)
    for left, right in zip(edges[::2], edges[1::2], strict=True):
        row[left:right] = 220
    return np.repeat(np.repeat(row[None], 400, 0)[..., None], 3, 2)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("texture", [_weave, _fence])
def test_textures_are_not_read(texture, seed):
    assert [code for code in read_codes(texture(seed)) if code.is_read] == []


@pytest.mark.parametrize("value", [0, 128, 255])
def test_on_a_plain_photo_there_is_nothing(value):
    assert read_codes(np.full((300, 400, 3), value, np.uint8)) == ()


def test_short_bars_without_checks_do_not_count():
    assert read_codes(on_board(printed(BarcodeFormat.ITF, "1234", scale=5))) == ()
    assert read_codes(on_board(printed(BarcodeFormat.Code39, "A1", scale=5))) == ()


def test_the_same_photo_gives_the_same_codes():
    board = on_board(printed(), degrees=30)
    assert read_codes(board) == read_codes(board.copy())


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (40, 3)])
def test_odd_shapes_are_borne(shape):
    assert read_codes(np.full((*shape, 3), 200, np.uint8)) == ()


PHOTOS = os.environ.get("SECONDLOOK_PHOTOS")


@pytest.mark.photos
@pytest.mark.skipif(not PHOTOS, reason="SECONDLOOK_PHOTOS does not name the folder of real photos")
@pytest.mark.parametrize("name", ["stain-shirts", "devices-clean"])
def test_nothing_is_read_from_real_photos_without_codes(name):
    for path in sorted(Path(PHOTOS or "", name, "train", "images").iterdir()):
        codes = read_codes(decode(path.read_bytes()).bgr)
        assert not any(code.is_read for code in codes), path
