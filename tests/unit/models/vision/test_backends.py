"""Which backend should look: pure choices, and a trial of real and of made-up sessions."""

import time

import numpy as np
import pytest

from models.errors import ReleaseRefused
from models.records import LowerPrecision
from models.vision.backends import Backend, allowed, fastest, installed
from models.vision.bundle import read_card
from models.vision.lanes import Lanes
from models.vision.trial import trial_ms
from tests.tiny_model import write_release

ONNXRUNTIME, OPENVINO, BF16 = Backend


@pytest.mark.parametrize(
    ("spent", "chosen"),
    [
        ({ONNXRUNTIME: 10.0}, ONNXRUNTIME),
        ({ONNXRUNTIME: 10.0, OPENVINO: 7.0, BF16: 5.0}, BF16),
        ({ONNXRUNTIME: 10.0, OPENVINO: 9.8}, ONNXRUNTIME),  # not worth another
        ({ONNXRUNTIME: 10.0, OPENVINO: 12.0, BF16: 11.0}, ONNXRUNTIME),
        ({ONNXRUNTIME: 10.0, OPENVINO: 5.0, BF16: 4.9}, OPENVINO),  # no bits given away for nothing
    ],
)
def test_the_quickest_is_taken_where_it_is_worth_it(spent, chosen):
    assert fastest(spent) is chosen


@pytest.mark.parametrize(
    ("ap50", "ap50_95", "expected"),
    [
        (0.600, 0.300, True),  # nothing lost
        (0.610, 0.310, True),  # even gained
        (0.5951, 0.300, True),
        (0.594, 0.300, False),
        (0.600, 0.294, False),  # lost in where the boxes lie
    ],
)
def test_fewer_bits_may_cost_half_a_point(tmp_path, ap50, ap50_95, expected):
    card = read_card(write_release(tmp_path))
    assert not allowed(card, BF16)
    assert allowed(card, ONNXRUNTIME)
    assert allowed(card, OPENVINO)
    found = LowerPrecision(
        ap50=ap50, ap50_fp32=0.6, ap50_95=ap50_95, ap50_95_fp32=0.3, photos=9, time_share=0.5
    )
    measured = card.model_copy(update={"precisions": {"bf16": found}})
    assert allowed(measured, BF16) is expected


def test_the_reference_is_always_here_and_first():
    assert installed()[0] is ONNXRUNTIME


class Made:
    """A session that takes its time and gives one score."""

    def __init__(self, *, ms: float = 0.0, score: float = 0.5, refuses: bool = False) -> None:
        self.ms, self.score, self.refuses = ms, score, refuses

    def run(self, batch: np.ndarray) -> np.ndarray:
        if self.refuses:
            raise ReleaseRefused("it cannot be run")
        time.sleep(self.ms * len(batch) / 1000)
        return np.full((len(batch), 2, 6), self.score, np.float32)


def test_the_trial_measures_a_tile_of_each():
    spent = trial_ms({ONNXRUNTIME: Made(ms=4), OPENVINO: Made(ms=1)}, 32, Lanes(1))
    assert 4 <= spent[ONNXRUNTIME] < 40
    assert 1 <= spent[OPENVINO] < spent[ONNXRUNTIME]


@pytest.mark.parametrize("broken", [{"score": 0.9}, {"score": float("nan")}, {"refuses": True}])
def test_who_says_something_else_is_not_chosen_however_quick(broken):
    assert set(trial_ms({ONNXRUNTIME: Made(), OPENVINO: Made(**broken)}, 32, Lanes(1))) == {
        ONNXRUNTIME
    }


def test_bf16_may_differ_in_the_second_digit():
    sessions = {ONNXRUNTIME: Made(score=0.5), BF16: Made(score=0.52)}
    assert set(trial_ms(sessions, 32, Lanes(1))) == set(sessions)


def test_a_slow_machine_does_not_wait_for_all_rounds():
    start = time.perf_counter()
    trial_ms({ONNXRUNTIME: Made(ms=40), OPENVINO: Made(ms=40)}, 32, Lanes(1))
    assert time.perf_counter() - start < 1.5  # two answers and two rounds of 160 ms, not five
