"""Every part comes out whole, however the bytes are cut, and after every lie reading goes on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.cameras.multipart import MAX_HEAD_BYTES, MAX_PART_BYTES, Parts, boundary_of

PICTURE = b"\xff\xd8 some bytes \r\n--cam in the middle \x00\xff\xd9"


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/x-mixed-replace; boundary=cam", b"cam"),
        ("multipart/x-mixed-replace;boundary=--cam", b"cam"),  # the delimiter's dashes, too
        ('multipart/x-mixed-replace; boundary="my cam"', b"my cam"),
        ("Multipart/X-Mixed-Replace; charset=x; Boundary=cam; q=1", b"cam"),
        ("multipart/x-mixed-replace", None),
        ("multipart/x-mixed-replace; boundary=", None),
        ("multipart/x-mixed-replace; boundary=--", None),
        ("image/jpeg", None),
        ("text/html; boundary=cam", None),
        ("", None),
    ],
)
def test_the_boundary_is_found_in_whatever_cameras_write(content_type, boundary):
    assert boundary_of(content_type) == boundary


def part(data=PICTURE, *, length=None, end=b"\r\n", line=b"\r\n"):
    told = b"Content-Length: %d" % length + line if length is not None else b""
    return b"--cam" + line + b"Content-Type: image/jpeg" + line + told + line + data + end


def read(data, cuts=(), boundary=b"cam"):
    parts, found, at = Parts(boundary), [], 0
    for cut in [*sorted(cuts), len(data)]:
        found += [one.data for one in parts.feed(data[at:cut], float(cut))]
        at = cut
    return found


CLOSING = b"--cam--\r\n"


@pytest.mark.parametrize(
    "stream",
    [
        part(length=len(PICTURE)) * 3 + CLOSING,
        part() * 3 + CLOSING,  # no lengths
        part(line=b"\n", end=b"\n") * 3 + CLOSING,  # bare line ends
        part(end=b"") * 3 + CLOSING,  # the boundary straight after the picture
        b"hello\r\n" + part(length=len(PICTURE)) * 3 + CLOSING,  # a preamble
        part(length=9000) * 3 + CLOSING,  # a length that is too long
        part(length=len(PICTURE)) + b"junk\r\n" * 9 + part(length=len(PICTURE)) * 2 + CLOSING,
    ],
)
@given(data=st.data())
def test_three_pictures_come_out_byte_for_byte(stream, data):
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=30))
    assert read(stream, cuts) == [PICTURE] * 3


def test_a_part_is_there_with_its_last_byte_not_with_the_next_boundary():
    stream = part(length=len(PICTURE), end=b"")
    parts = Parts(b"cam")
    assert parts.feed(stream[:-1], 1.0) == []
    (found,) = parts.feed(stream[-1:], 2.0)
    assert (found.data, found.at_s) == (PICTURE, 1.0)


def test_a_length_that_is_too_short_spoils_its_own_picture_only():
    found = read(part(length=5) + part(length=len(PICTURE)) + CLOSING)
    assert found[0] == PICTURE[:5]
    assert found[-1] == PICTURE


def test_short_boundaries_within_a_picture_are_no_boundaries():
    picture = b"\xff\xd8" + b"--b --b\r\n--bx" * 50 + b"\xff\xd9"
    stream = b"--b\r\n\r\n" + picture + b"\r\n--b--\r\n"
    assert read(stream, boundary=b"b") == [picture]


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x00\x01" * MAX_HEAD_BYTES,  # no boundary at all
        b"--cam\r\n" + b"x" * 2 * MAX_HEAD_BYTES,  # a head without an end
        b"--cam\r\nContent-Length: %d\r\n\r\n" % (MAX_PART_BYTES + 1),  # a length beyond reason
    ],
)
def test_rubbish_is_told_and_the_next_picture_is_found(rubbish):
    found = read(rubbish + b"\r\n" + part(length=len(PICTURE)))
    assert b"" in found
    assert found[-1] == PICTURE


def test_memory_stays_bounded_whatever_comes():
    parts = Parts(b"cam")
    for number in range(100):
        parts.feed(b"\x00" * 100_000, float(number))
    assert len(parts._held) < 200_000
    parts.feed(b"--cam\r\n\r\n", 0.0)
    told = [one for _ in range(70) for one in parts.feed(b"\x01" * 1_000_000, 0.0)]
    assert [one.data for one in told if not one.data]
    assert len(parts._held) < 2 * MAX_PART_BYTES


@given(st.binary(max_size=3000), st.lists(st.integers(0, 3000), max_size=10))
def test_no_bytes_break_it(data, cuts):
    read(data, [min(cut, len(data)) for cut in cuts])
