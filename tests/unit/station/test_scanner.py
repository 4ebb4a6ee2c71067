from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.scanner import REPEAT_S, Scanner, clean


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("RT-0001", "RT-0001"),
        # guns end with Enter or Tab, some put GS between fields or a prefix before all
        ("RT-0001\r\n", "RT-0001"),
        ("\x02RT-0001\x03\t", "RT-0001"),
        ("\x1dRT 0001", "RT 0001"),
        ("  退货-7 ", "退货-7"),
        (" \r\n", ""),
        ("", ""),
    ],
)
def test_what_the_gun_types_becomes_a_code(raw, code):
    assert clean(raw) == code


def test_a_repeat_within_two_seconds_is_ignored():
    scanner = Scanner()
    assert scanner.scan("RT-1\r", 10.0) == "RT-1"
    assert scanner.scan("RT-1\n", 11.9) is None
    assert scanner.scan("RT-1", 13.9) == "RT-1"


def test_another_code_is_never_a_repeat():
    scanner = Scanner()
    assert [scanner.scan(code, 1.0) for code in ("a", "b", "a")] == ["a", "b", "a"]


def test_a_label_left_under_the_gun_starts_one_item():
    scanner = Scanner()
    scans = [scanner.scan("RT-1", 0.4 * n) for n in range(100)]
    assert scans.count("RT-1") == 1


def test_a_clock_put_back_does_not_stop_the_bench():
    scanner = Scanner()
    assert scanner.scan("RT-1", 5000.0) == "RT-1"
    assert scanner.scan("RT-1", 1400.0) == "RT-1"
    assert scanner.scan("RT-1", 1401.0) is None


def test_nothing_scanned_is_nothing_remembered():
    scanner = Scanner()
    assert scanner.scan("RT-1", 1.0) == "RT-1"
    assert scanner.scan("\r\n", 1.5) is None
    assert scanner.scan("RT-1", 2.0) is None


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 5)), max_size=30))
def test_two_starts_of_one_code_in_a_row_are_two_seconds_apart(scans):
    scanner, now, started = Scanner(), 0.0, []
    for code, pause_s in scans:
        now += pause_s
        if scanner.scan(code, now):
            started.append((code, now))
    for (code, at_s), (next_code, next_s) in pairwise(started):
        assert code != next_code or next_s - at_s >= REPEAT_S
