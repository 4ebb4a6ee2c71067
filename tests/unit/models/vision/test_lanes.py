"""Work side by side: in order, with its failures, and gone when nobody needs it."""

import gc
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from models.vision.lanes import Lanes, lanes_of


@pytest.mark.parametrize(
    ("cores", "expected"), [(1, (1, 1)), (2, (2, 1)), (4, (4, 1)), (7, (4, 1)), (16, (4, 4))]
)
def test_cores_are_shared_out(cores, expected):
    assert lanes_of(cores) == expected


@pytest.mark.parametrize("count", [1, 2, 4])
def test_results_come_in_the_order_of_the_items(count):
    def work(number: int) -> int:
        time.sleep(0.002 * (number % 3))
        return number * number

    lanes = Lanes(count)
    for _ in range(3):
        assert lanes.map(work, range(20)) == [number * number for number in range(20)]
    assert lanes.map(work, iter([])) == []


def test_as_many_work_at_once_as_there_are_lanes():
    together = threading.Barrier(3, timeout=30)
    assert len(Lanes(3).map(lambda _: together.wait(), range(3))) == 3


@pytest.mark.parametrize("count", [1, 3])
def test_a_failure_is_raised_and_the_lanes_go_on(count):
    lanes = Lanes(count)
    with pytest.raises(ZeroDivisionError):
        lanes.map(lambda n: 6 // n, [1, 2, 0, 3])
    assert lanes.map(abs, [-1, -2]) == [1, 2]


def test_after_a_failure_the_rest_is_left():
    done = []

    def work(number: int) -> None:
        if number == 1:
            raise ValueError
        time.sleep(0.02)
        done.append(number)

    with pytest.raises(ValueError):  # noqa: PT011 - raised above
        Lanes(2).map(work, range(50))
    time.sleep(0.1)
    assert len(done) <= 2  # those that were under way


def test_lanes_end_with_their_owner():
    before = set(threading.enumerate())
    lanes = Lanes(4)
    mine = set(threading.enumerate()) - before
    assert len(mine) == 4
    assert lanes.map(abs, [-1]) == [1]
    del lanes
    gc.collect()
    for thread in mine:
        thread.join(10)
        assert not thread.is_alive()


def test_a_process_ends_with_what_is_under_way_whatever_is_left_to_do():
    code = """
import threading, time
from models.vision.lanes import Lanes
lanes = Lanes(2)
looking = lambda: lanes.map(time.sleep, [0.5] * 40)
threading.Thread(target=looking, daemon=True).start()
time.sleep(0.2)
"""
    started_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[4],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert time.monotonic() - started_s < 6  # all of it would take ten


def test_an_owner_may_be_dropped_by_its_own_lane():
    owners = [Lanes(2)]
    assert owners[0].map(lambda _: owners.clear(), [1, 2]) == [None, None]
    gc.collect()
