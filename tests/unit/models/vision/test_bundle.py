"""A release opens only when the file and its card agree in everything."""

import hashlib
import shutil
import sys
from pathlib import Path

import onnx
import pytest
import yaml
from onnx import TensorProto, helper

from models.errors import ReleaseRefused
from models.vision.backends import AUTO, Backend, fastest
from models.vision.bundle import CARD, open_release, open_releases, read_card, read_cards
from tests.tiny_model import dark_finder, write_release
from tests.unit.models.vision.openvinos import needs_openvino, processor


def test_a_release_opens(tmp_path):
    bundle = open_release(write_release(tmp_path), threads=1)
    assert bundle.card.identifier == "stain@1"
    assert bundle.card.sees == {"apparel": ("stain",)}


def test_a_release_opens_from_inside_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(write_release(tmp_path))
    assert open_release(Path(), threads=1).card.name == "stain"


def test_all_releases_open_in_order_of_their_names(tmp_path):
    for name in ("stain", "label", "scratch"):
        write_release(tmp_path, name=name)
    (tmp_path / ".staging").mkdir()
    (tmp_path / "_old").mkdir()
    (tmp_path / "README.md").touch()
    names = [bundle.card.name for bundle in open_releases(tmp_path, threads=1)]
    assert names == ["label", "scratch", "stain"]


def test_an_empty_folder_holds_no_releases(tmp_path):
    assert open_releases(tmp_path) == ()


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ReleaseRefused, match=r"nowhere: there is no such folder"):
        open_releases(tmp_path / "nowhere")


def test_a_half_copied_release_is_told(tmp_path):
    (write_release(tmp_path) / CARD).unlink()
    with pytest.raises(ReleaseRefused, match="there is no card beside the model"):
        open_releases(tmp_path)


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ({"file": "../model.onnx"}, "file should lie beside the card"),
        (
            {"classes": ["smudge"], "sees": {"apparel": []}},
            "classes should be among .*, got smudge",
        ),
        ({"classes": ["stain", "stain"]}, "classes should differ"),
        ({"sees": {"apparel": ["scratch"]}}, "sees should name defects .*, got scratch"),
        (
            {"sees": {"apparel": ["missing_label"]}},
            "sees should name defects .*, got missing_label",
        ),
        ({"sees": {"furniture": ["stain"]}}, "furniture"),
        ({"thresholds": {}}, "thresholds should name each class once, stain, got none"),
        ({"thresholds": {"stain": 0.5, "scratch": 0.5}}, "thresholds should name each class once"),
        ({"thresholds": {"stain": 1.5}}, "less than or equal to 1"),
        ({"calibration": {"scratch": {"raw": [0], "calibrated": [0]}}}, "calibration should name"),
        ({"calibration": {"stain": {"raw": [0, 1], "calibrated": [1, 0]}}}, "should ascend"),
        ({"presence": {"stain": {"raw": [0], "calibrated": [0]}}}, "presence should name parts"),
        ({"tiling": {"overlap_px": 40, "max_side_px": 256}}, "at most half of 64, got 40"),
        ({"version": 1}, "version: .*got '1'"),
        ({"licence": None}, "licence"),
        ({"input_side_px": 0}, "greater than 0"),
    ],
)
def test_a_card_that_makes_no_sense_is_refused(tmp_path, card, message):
    folder = write_release(tmp_path, **card)
    with pytest.raises(ReleaseRefused, match=rf"stain/card\.yaml: .*{message}"):
        open_release(folder)


@pytest.mark.parametrize(
    "text", ["", "- a list", "name: [", "\x00", "!!python/object:os.system {}", "a: &a [*a]"]
)
def test_what_is_no_card_is_refused_in_one_line(tmp_path, text):
    folder = write_release(tmp_path)
    (folder / CARD).write_text(text)
    with pytest.raises(ReleaseRefused, match=r"card\.yaml: .") as refused:
        read_card(folder)
    assert "\n" not in str(refused.value)


def test_a_card_in_another_encoding_is_refused(tmp_path):
    folder = write_release(tmp_path)
    (folder / CARD).write_bytes("licence: é".encode("latin-1"))
    with pytest.raises(ReleaseRefused, match=r"card\.yaml"):
        read_card(folder)


def test_another_file_than_the_cards_is_refused(tmp_path):
    folder = write_release(tmp_path)
    with (folder / "model.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ReleaseRefused, match=r"model\.onnx: its SHA-256 should be .*, got "):
        open_release(folder)


def test_a_missing_model_is_refused(tmp_path):
    folder = write_release(tmp_path)
    (folder / "model.onnx").unlink()
    with pytest.raises(ReleaseRefused, match="it cannot be read"):
        open_release(folder)


def test_a_moved_folder_needs_its_name(tmp_path):
    folder = shutil.move(write_release(tmp_path), tmp_path / "spots")
    with pytest.raises(ReleaseRefused, match="name should be its folder's, 'spots'"):
        open_release(folder)


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ({"input_name": "pixels"}, "its only input should be 'pixels', got images"),
        (
            {"input_side_px": 128},
            r"its input should be \[1 or free, 3, 128, 128\], got \[1, 3, 64, 64\]",
        ),
        ({"output_name": "boxes"}, "its first output should be 'boxes', got 'output0'"),
    ],
)
def test_a_card_that_says_other_than_its_file_is_refused(tmp_path, card, message):
    with pytest.raises(ReleaseRefused, match=message):
        open_release(write_release(tmp_path, **card), threads=1)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("{0: 'scratch'}", r"its classes should be \('stain',\), got \('scratch',\)"),
        ("{0: 'stain', 1: 'scratch'}", "its classes should be"),
        ("{1: 'stain'}", "names should be a dict of classes"),
        ("stain", "names should be a dict of classes"),
        ("7", "names should be a dict of classes"),
    ],
)
def test_a_file_that_names_other_classes_is_refused(tmp_path, names, message):
    with pytest.raises(ReleaseRefused, match=message):
        open_release(write_release(tmp_path, model=dark_finder(names=names)), threads=1)


def test_a_file_without_names_is_believed(tmp_path):
    model = dark_finder()
    del model.metadata_props[:]
    assert open_release(write_release(tmp_path, model=model), threads=1).card.classes == ("stain",)


def copying(*, inputs: int = 1, columns: int = 6, kind: int = TensorProto.FLOAT) -> onnx.ModelProto:
    """A model that cuts its output out of its input, of a shape and type to be refused."""
    names = ["images", *(f"more{index}" for index in range(inputs - 1))]
    images = [helper.make_tensor_value_info(name, kind, [1, 3, 64, 64]) for name in names]
    out = helper.make_tensor_value_info("output0", kind, [1, 3, columns])
    graph = helper.make_graph(
        [
            helper.make_node("Sum", names, ["sum"]),
            helper.make_node("Slice", ["sum", "start", "end", "axis"], ["cut"]),
            helper.make_node("ReduceMax", ["cut"], ["output0"], axes=[2], keepdims=0),
        ],
        "copying",
        images,
        [out],
        initializer=[
            helper.make_tensor("start", TensorProto.INT64, [1], [0]),
            helper.make_tensor("end", TensorProto.INT64, [1], [columns]),
            helper.make_tensor("axis", TensorProto.INT64, [1], [3]),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (copying(inputs=2), "its only input should be 'images', got images, more0"),
        (copying(columns=7), r"its output should be \[batch, boxes, 6\], got \[1, 3, 7\]"),
        (copying(kind=TensorProto.DOUBLE), r"its values should be float32, got tensor\(double\)"),
    ],
)
def test_a_file_of_another_make_is_refused(tmp_path, model, message):
    with pytest.raises(ReleaseRefused, match=message):
        open_release(write_release(tmp_path, model=model), threads=1)


def test_a_file_of_the_right_make_opens(tmp_path):
    assert open_release(write_release(tmp_path, model=copying()), threads=1)


def test_what_is_right_by_hash_but_no_model_is_refused(tmp_path):
    folder = write_release(tmp_path)
    (folder / "model.onnx").write_bytes(b"no model")
    card = yaml.safe_load((folder / CARD).read_text())
    card["sha256"] = hashlib.sha256(b"no model").hexdigest()
    (folder / CARD).write_text(yaml.safe_dump(card))
    with pytest.raises(ReleaseRefused, match="onnxruntime cannot load it"):
        open_release(folder)


def test_a_model_that_takes_its_tiles_by_the_dozen_only_is_refused(tmp_path):
    with pytest.raises(ReleaseRefused, match=r"\[1 or free, 3, 64, 64\], got \[12, 3, 64, 64\]"):
        open_release(write_release(tmp_path, model=dark_finder(batch=12)), threads=1)


MEASURED = {"ap50_fp32": 0.6, "ap50_95": 0.3, "ap50_95_fp32": 0.3, "photos": 50, "time_share": 0.5}
BF16 = {"bf16": {"ap50": 0.596, **MEASURED}}


def test_the_reference_looks_unless_another_is_asked_for(tmp_path):
    bundle = open_release(write_release(tmp_path), threads=1)
    assert bundle.backend is Backend.ONNXRUNTIME
    assert (bundle.identifier, dict(bundle.per_tile_ms)) == ("stain@1", {})


def test_a_backend_that_is_no_word_of_ours_is_refused(tmp_path):
    with pytest.raises(
        ReleaseRefused, match="no backend 'tensorrt'; there are: auto, onnxruntime, "
    ):
        open_release(write_release(tmp_path), backend="tensorrt")


@needs_openvino
def test_a_named_backend_is_taken_and_told_where_it_says_less(tmp_path):
    folder = write_release(tmp_path)
    assert open_release(folder, backend="openvino", threads=1).identifier == "stain@1"
    if "BF16" in processor():
        assert open_release(folder, backend="openvino-bf16", threads=1).identifier == "stain@1+bf16"


@needs_openvino
@pytest.mark.parametrize("precisions", [{}, BF16])
def test_the_quickest_is_measured_and_a_lower_precision_only_where_the_card_knows_it(
    tmp_path, precisions
):
    bundle = open_release(write_release(tmp_path, precisions=precisions), backend=AUTO, threads=1)
    expected = {Backend.ONNXRUNTIME, Backend.OPENVINO}
    if precisions and "BF16" in processor():
        expected |= {Backend.OPENVINO_BF16}
    assert set(bundle.per_tile_ms) == expected
    assert bundle.backend is fastest(bundle.per_tile_ms)
    assert all(ms > 0 for ms in bundle.per_tile_ms.values())


@needs_openvino
def test_the_quickest_is_still_checked_against_its_card(tmp_path):
    folder = write_release(tmp_path, input_name="pixels")
    for backend in (AUTO, *Backend):
        with pytest.raises(ReleaseRefused, match="its only input should be 'pixels', got images"):
            open_release(folder, backend=backend, threads=1)


def test_alone_the_reference_needs_no_trial(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.setattr("models.vision.backends.find_spec", lambda _: None)
    bundle = open_release(write_release(tmp_path, precisions=BF16), backend=AUTO, threads=1)
    assert (bundle.backend, dict(bundle.per_tile_ms)) == (Backend.ONNXRUNTIME, {})


def test_cards_are_read_without_their_models(tmp_path):
    for name in ("stain", "label"):
        (write_release(tmp_path, name=name) / "model.onnx").unlink()
    assert [card.name for card in read_cards(tmp_path)] == ["label", "stain"]
