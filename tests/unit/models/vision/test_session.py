"""Real ONNX files, good and bad."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from models.errors import ReleaseRefused
from models.vision.session import OnnxSession, usable_cores
from tests.tiny_model import dark_finder


def saved(model: onnx.ModelProto, tmp_path) -> str:
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    return path


def batch(size: int) -> np.ndarray:
    pixels = np.ones((size, 3, 64, 64), np.float32)
    for index in range(size):
        pixels[index, :, 10:20, index : index + 5] = 0
    return pixels


@pytest.mark.parametrize("axis", ["batch", 1])
def test_a_batch_gives_the_same_whether_the_axis_is_free_or_not(tmp_path, axis):
    session = OnnxSession(saved(dark_finder(batch=axis), tmp_path), threads=1)
    rows = session.run(batch(3))
    assert rows.shape == (3, 2, 6)
    assert rows.dtype == np.float32
    assert rows[:, 0, :4].tolist() == [[index, 10, index + 5, 20] for index in range(3)]


def test_the_file_says_what_it_is_before_it_is_warmed(tmp_path):
    heard = []
    OnnxSession(saved(dark_finder(), tmp_path), threads=1, check=heard.append)
    assert heard[0].inputs == {"images": (1, 3, 64, 64)}
    assert heard[0].outputs == {"output0": (1, 2, 6)}
    assert heard[0].metadata == {"names": "{0: 'stain'}"}


def test_a_refusal_by_the_check_goes_through(tmp_path):
    def refuse(_):
        raise ReleaseRefused("not this one")

    with pytest.raises(ReleaseRefused, match="not this one"):
        OnnxSession(saved(dark_finder(), tmp_path), threads=1, check=refuse)


def test_free_sides_are_warmed_at_the_asked_size(tmp_path):
    free = dark_finder()
    for axis in free.graph.input[0].type.tensor_type.shape.dim:
        axis.Clear()
        axis.dim_param = "any"
    session = OnnxSession(saved(free, tmp_path), threads=1, side_px=64)
    assert session.run(batch(2)).shape == (2, 2, 6)


@pytest.mark.parametrize("content", [b"", b"not a model", dark_finder().SerializeToString()[:900]])
def test_what_is_no_model_is_refused(tmp_path, content, capfd):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ReleaseRefused, match=r"model\.onnx: onnxruntime cannot load it"):
        OnnxSession(path, threads=1)
    assert capfd.readouterr().err == ""


def test_a_missing_model_is_refused(tmp_path):
    with pytest.raises(ReleaseRefused, match="cannot load it"):
        OnnxSession(tmp_path / "model.onnx", threads=1)


def test_a_model_that_cannot_be_run_is_refused_at_warming(tmp_path, capfd):
    image = helper.make_tensor_value_info("images", TensorProto.DOUBLE, [1, 3, 64, 64])
    out = helper.make_tensor_value_info("output0", TensorProto.DOUBLE, [1, 3, 64, 64])
    graph = helper.make_graph(
        [helper.make_node("Abs", ["images"], ["output0"])], "g", [image], [out]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(ReleaseRefused, match="it cannot be run"):
        OnnxSession(saved(model, tmp_path), threads=1)
    assert capfd.readouterr().err == ""


def test_wrong_pixels_are_told_as_a_refusal(tmp_path):
    session = OnnxSession(saved(dark_finder(), tmp_path), threads=1)
    with pytest.raises(ReleaseRefused, match="it cannot be run"):
        session.run(np.zeros((1, 3, 32, 32), np.float32))


def test_at_least_one_core_is_usable():
    assert usable_cores() >= 1
