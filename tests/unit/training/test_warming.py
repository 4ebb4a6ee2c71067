"""A release becomes weights that say the same, and can be trained on."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from models.vision.bundle import RELEASES
from models.vision.session import OnnxSession
from tests.tiny_model import write_release
from tests.unit.training.photosets import pale
from training.errors import DatasetInvalid, RunInvalid
from training.warm import SAMPLES, classes_of, samples, warm

STAIN = RELEASES / "stain" / "model.onnx"
needs_training = pytest.mark.skipif(
    importlib.util.find_spec("ultralytics") is None,
    reason="the training extra (Ultralytics) is not installed",
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "images/train").mkdir(parents=True)
    for number in range(24):
        assert cv2.imwrite(str(folder / f"images/train/{number}.jpg"), pale(number))
    (folder / "data.yaml").write_text(yaml.safe_dump({"names": {0: "stain", 1: "spot"}}))
    return folder


def test_samples_are_what_the_model_is_given(data: Path) -> None:
    found = samples(data, 64)

    assert len(found) == min(24, SAMPLES)
    assert {(one.shape, str(one.dtype)) for one in found} == {((3, 64, 64), "float32")}
    assert 0 <= min(one.min() for one in found) < max(one.max() for one in found) <= 1


def test_a_folder_without_pictures_or_names_is_refused(tmp_path: Path) -> None:
    for read in (lambda: samples(tmp_path, 64), lambda: classes_of(tmp_path)):
        with pytest.raises(DatasetInvalid, match="as assemble writes it"):
            read()


@needs_training
@pytest.mark.training
def test_warmed_weights_say_what_the_release_says(data: Path, tmp_path: Path) -> None:
    import torch  # noqa: PLC0415 - the extra may be missing

    pictures = samples(data, 320)
    out = tmp_path / "warm.pt"
    assert warm(STAIN, "yolo26n.yaml", 1, pictures, out) == (126, 126)

    network = torch.load(out, weights_only=False)["model"].eval()
    network.end2end = True
    batch = np.stack(pictures[:1])
    with torch.inference_mode():
        rows = network(torch.from_numpy(batch))[0].numpy()
    expected = OnnxSession(STAIN, side_px=320).run(batch)
    assert np.abs(rows - expected)[..., 4].max() < 1e-4


@needs_training
@pytest.mark.training
def test_other_classes_keep_all_but_the_last_layer(data: Path, tmp_path: Path) -> None:
    taken, every = warm(
        STAIN, "yolo26n.yaml", len(classes_of(data)), samples(data, 320), tmp_path / "warm.pt"
    )
    assert every - taken == 6  # three scales of two heads


@needs_training
@pytest.mark.training
def test_another_network_is_refused(data: Path, tmp_path: Path) -> None:
    other = write_release(tmp_path) / "model.onnx"
    with pytest.raises(RunInvalid, match="only 0 of"):
        warm(other, "yolo26n.yaml", 1, samples(data, 64), tmp_path / "warm.pt")
