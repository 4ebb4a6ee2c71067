"""Real ONNX files, good and bad."""

import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from models.errors import ReleaseRefused
from models.vision.lanes import Lanes
from models.vision.session import OnnxSession, OpenVinoSession, usable_cores
from tests.tiny_model import constant_output, dark_finder
from tests.unit.models.vision.openvinos import needs_openvino, processor

# Both keep one contract; what is asked of one is asked of the other.
kinds = pytest.mark.parametrize(
    "kind", [OnnxSession, pytest.param(OpenVinoSession, marks=needs_openvino)]
)


def saved(model: onnx.ModelProto, tmp_path) -> str:
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    return path


def batch(size: int) -> np.ndarray:
    pixels = np.ones((size, 3, 64, 64), np.float32)
    for index in range(size):
        pixels[index, :, 10:20, index : index + 5] = 0
    return pixels


@kinds
@pytest.mark.parametrize("threads", [1, 2, 20])
@pytest.mark.parametrize("axis", ["batch", 1])
def test_a_batch_gives_the_same_whether_the_axis_is_free_or_not(tmp_path, kind, axis, threads):
    session = kind(saved(dark_finder(batch=axis), tmp_path), threads=threads)
    rows = session.run(batch(3))
    assert rows.shape == (3, 2, 6)
    assert rows.dtype == np.float32
    assert rows[:, 0, :4].tolist() == [[index, 10, index + 5, 20] for index in range(3)]


@kinds
def test_side_by_side_each_tile_keeps_its_own_answer(tmp_path, kind):
    session = kind(saved(dark_finder(), tmp_path), threads=4)
    tiles = np.ones((24, 3, 64, 64), np.float32)
    for index, tile in enumerate(tiles):
        tile[:, 10 : 11 + index, 5] = 0
    lanes = Lanes(4)
    for _ in range(5):
        rows = lanes.map(session.run, (tiles[at : at + 1] for at in range(24)))
        assert [row[0, 0, 3] for row in rows] == [11 + index for index in range(24)]


@kinds
def test_answers_stay_when_the_next_photo_is_looked_at(tmp_path, kind):
    session = kind(saved(dark_finder(), tmp_path), threads=1)
    first = session.run(batch(1))
    kept = first.copy()
    session.run(np.zeros((1, 3, 64, 64), np.float32))
    assert np.array_equal(first, kept)


@needs_openvino
def test_openvino_and_onnxruntime_say_the_same(tmp_path):
    path = saved(dark_finder(), tmp_path)
    grey = np.random.default_rng(3).random((6, 3, 64, 64), np.float32)
    assert OpenVinoSession(path, threads=1).run(grey) == pytest.approx(
        OnnxSession(path, threads=1).run(grey), abs=1e-6
    )


def weighing() -> onnx.ModelProto:
    """A model that multiplies, as networks do: six means of the tile, each with its own weights."""
    weights = np.random.default_rng(0).random((6, 3, 64, 64)).astype(np.float32) / (3 * 64 * 64)
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 64, 64])
    out = helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 1, 6])
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["images", "weights"], ["means"]),
            helper.make_node("Reshape", ["means", "shape"], ["output0"]),
        ],
        "weighing",
        [image],
        [out],
        initializer=[
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.array([1, 1, 6]), "shape"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@needs_openvino
def test_bf16_is_taken_when_asked_for_and_only_then(tmp_path):
    if "BF16" not in processor():
        pytest.skip("this processor has no bf16")
    path = saved(weighing(), tmp_path)
    grey = np.random.default_rng(1).random((3, 3, 64, 64), np.float32)
    exact, short = (OpenVinoSession(path, bf16=bf16).run(grey) for bf16 in (False, True))
    assert exact == pytest.approx(OnnxSession(path).run(grey), abs=1e-5)
    assert short == pytest.approx(exact, abs=0.02)
    assert np.abs(short - exact).max() > 1e-4


def test_without_the_extra_openvino_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.setitem(sys.modules, "openvino.frontend", None)
    with pytest.raises(ReleaseRefused, match="OpenVINO is not installed: pip install"):
        OpenVinoSession(saved(dark_finder(), tmp_path))


@kinds
def test_the_file_says_what_it_is_before_it_is_warmed(tmp_path, kind):
    heard = []
    kind(saved(dark_finder(), tmp_path), threads=1, check=heard.append)
    assert heard[0].inputs == {"images": (1, 3, 64, 64)}
    assert heard[0].input_types == {"images": "tensor(float)"}
    assert heard[0].outputs == {"output0": (1, 2, 6)}
    assert heard[0].output_types == {"output0": "tensor(float)"}
    assert heard[0].metadata == {"names": "{0: 'stain'}"}


@kinds
def test_a_file_may_keep_silent_about_itself(tmp_path, kind):
    model = dark_finder(batch="batch")
    del model.metadata_props[:]
    heard = []
    kind(saved(model, tmp_path), threads=1, check=heard.append)
    assert heard[0].metadata == {}
    assert heard[0].inputs["images"][0] in {"batch", None}


@kinds
def test_a_refusal_by_the_check_goes_through(tmp_path, kind):
    def refuse(_):
        raise ReleaseRefused("not this one")

    with pytest.raises(ReleaseRefused, match="not this one"):
        kind(saved(dark_finder(), tmp_path), threads=1, check=refuse)


@kinds
def test_free_sides_are_warmed_at_the_asked_size(tmp_path, kind):
    free = dark_finder()
    for axis in free.graph.input[0].type.tensor_type.shape.dim:
        axis.Clear()
        axis.dim_param = "any"
    session = kind(saved(free, tmp_path), threads=1, side_px=64)
    assert session.run(batch(2)).shape == (2, 2, 6)


@pytest.mark.parametrize("content", [b"", b"not a model", dark_finder().SerializeToString()[:900]])
@kinds
def test_what_is_no_model_is_refused(tmp_path, kind, content, capfd):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ReleaseRefused, match=r"model\.onnx: \w+ cannot load it: ") as refused:
        kind(path, threads=1)
    assert "\n" not in str(refused.value)
    assert capfd.readouterr().err == ""


@kinds
def test_a_missing_model_is_refused(tmp_path, kind):
    with pytest.raises(ReleaseRefused, match="cannot load it"):
        kind(tmp_path / "model.onnx", threads=1)


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


@kinds
@pytest.mark.parametrize("tiles", [1, 3])
def test_wrong_pixels_are_told_as_a_refusal(tmp_path, kind, tiles):
    session = kind(saved(constant_output([[1, 1, 9, 9, 0.5, 0]]), tmp_path), threads=2)
    with pytest.raises(ReleaseRefused, match="it cannot be run"):
        session.run(np.zeros((tiles, 3, 32, 32), np.float32))
    assert session.run(np.zeros((tiles, 3, 64, 64), np.float32)).shape == (tiles, 1, 6)


def test_at_least_one_core_is_usable():
    assert usable_cores() >= 1
