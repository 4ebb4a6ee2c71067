import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.records import Tiling
from tests.unit.training.photosets import pale
from training.errors import RunInvalid
from training.export import Parity, compare, inputs, joined, parity, read_record
from training.recipe import RECIPES, read_train_recipe

ROW = (10.0, 10.0, 50.0, 40.0, 0.8, 0.0)


def rows(*some: tuple[float, ...]) -> np.ndarray:
    return np.array(some or np.zeros((0, 6)), np.float32).reshape(-1, 6)


def moved(by: float = 0.0, score: float = 0.0, kind: float = 0.0) -> tuple[float, ...]:
    return (ROW[0] + by, *ROW[1:4], ROW[4] + score, ROW[5] + kind)


@pytest.mark.parametrize(
    ("first", "second", "holds"),
    [
        (rows(ROW), rows(ROW), True),
        (rows(ROW), rows(moved(0.9)), True),
        (rows(ROW), rows(moved(1.1)), False),  # an edge is off by more than a pixel
        (rows(ROW), rows(moved(score=0.009)), True),
        (rows(ROW), rows(moved(score=0.011)), False),
        (rows(ROW), rows(moved(kind=1)), False),  # another class
        (rows(ROW), rows(), False),  # one is missing...
        (rows(), rows(ROW), False),  # ...on either side
        (rows(), rows(), True),
        (
            rows((0, 0, 9, 9, 0.02, 0)),
            rows((5, 0, 9, 9, 0.02, 0)),
            False,
        ),  # faint, but all there is
        (rows(ROW, moved(30)), rows(moved(30), ROW), True),  # the order of equals is no matter
        (rows(ROW, (0, 0, 9, 9, 0.03, 0)), rows(ROW), True),  # too faint to count
    ],
)
def test_two_answers_are_the_same_within_a_pixel_and_a_hundredth(
    first: np.ndarray, second: np.ndarray, holds: bool
) -> None:
    assert parity(first, second).holds is holds


def test_the_worst_picture_counts() -> None:
    parts = [Parity(boxes=2, box_px=0.1, score=0.001), Parity(boxes=3, box_px=0.5, score=0.0)]

    assert joined(parts) == Parity(boxes=5, box_px=0.5, score=0.001)
    assert joined([]) == Parity(boxes=0, box_px=0.0, score=0.0)


def test_both_models_are_asked_about_the_same_inputs(tmp_path: Path) -> None:
    for name, size in (("small", (200, 300)), ("large", (480, 640))):
        cv2.imwrite(str(tmp_path / f"{name}.png"), pale(1, *size))
    recipe = read_train_recipe(RECIPES / "stain.train.yaml").model_copy(
        update={"tiling": Tiling(overlap_px=64, max_side_px=640, whole_photo=True)}
    )
    batches = inputs([tmp_path / "small.png", tmp_path / "large.png"], recipe)

    assert {batch.shape for batch in batches} == {(1, 3, 320, 320)}
    assert len(batches) == 1 + 1 + 3 * 2  # the small one fits; the large one whole and in tiles
    asked: list[float] = []

    def model(batch: np.ndarray) -> np.ndarray:
        asked.append(float(batch.sum()))
        return rows(ROW)[None]

    assert compare(model, model, batches).boxes == 2 * len(batches)
    assert asked[::2] == asked[1::2] == [float(batch.sum()) for batch in batches]


def test_a_folder_without_a_record_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunInvalid, match=r"run\.json"):
        read_record(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps({"seed": 1}))
    assert read_record(tmp_path) == {"seed": 1}
