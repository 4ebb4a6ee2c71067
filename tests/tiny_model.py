"""A real, honest ONNX detector of a few nodes, for tests: it finds what is dark.

It marks the bounding box of all pixels whose brightest channel is below a third; its score is how
dark the darkest of them is. What it sees it really computes, so boxes move with the photo.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper

SIDE_PX = 64
DARK = 1 / 3
ROWS = 2  # one for the box, one empty: models give a fixed number of rows


def write_release(
    folder: Path,
    *,
    name: str = "stain",
    classes: Sequence[str] = ("stain",),
    sees: Mapping[str, Sequence[str]] | None = None,
    model: onnx.ModelProto | None = None,
    **card: Any,
) -> Path:
    """Write <folder>/<name>/{model.onnx,card.yaml}; `card` overrides fields of the card."""
    at = folder / name
    at.mkdir(parents=True)
    data = (model or dark_finder(classes=classes)).SerializeToString()
    (at / "model.onnx").write_bytes(data)
    facts: dict[str, Any] = {
        "name": name,
        "version": "1",
        "sha256": hashlib.sha256(data).hexdigest(),
        "classes": list(classes),
        "sees": {
            k: list(v) for k, v in (sees if sees is not None else {"apparel": classes}).items()
        },
        "input_name": "images",
        "input_side_px": SIDE_PX,
        "output_name": "output0",
        "tiling": {"overlap_px": 16, "max_side_px": 256, "whole_photo": True},
        "thresholds": dict.fromkeys(classes, 0.5),
        "licence": "Apache-2.0",
    }
    (at / "card.yaml").write_text(yaml.safe_dump(facts | card), encoding="utf-8")
    return at


def dark_finder(
    *,
    classes: Sequence[str] = ("stain",),
    side_px: int = SIDE_PX,
    batch: int | str = 1,
    names: str | None = None,
    shown: int = 0,
) -> onnx.ModelProto:
    """A detector of dark pixels that calls them class number `shown`."""
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, side_px, side_px])
    boxes = helper.make_tensor_value_info("output0", TensorProto.FLOAT, [batch, ROWS, 6])
    graph = helper.make_graph(
        _nodes(), "dark", [image], [boxes], initializer=_constants(side_px, shown)
    )
    return _model(graph, classes, names)


def constant_output(
    rows: Sequence[Sequence[float]], *, side_px: int = SIDE_PX, classes: Sequence[str] = ("stain",)
) -> onnx.ModelProto:
    """A model that always gives `rows`, right or wrong, for tests of what must be refused."""
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, side_px, side_px])
    boxes = helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, len(rows), 6])
    said = numpy_helper.from_array(np.array([rows], np.float32), "said")
    nothing = numpy_helper.from_array(np.zeros(1, np.float32), "nothing")
    nodes = [
        helper.make_node("ReduceMax", ["images"], ["top"], keepdims=0),
        helper.make_node("Mul", ["top", "nothing"], ["zero"]),
        helper.make_node("Add", ["said", "zero"], ["output0"]),
    ]
    graph = helper.make_graph(nodes, "constant", [image], [boxes], initializer=[said, nothing])
    return _model(graph, classes, None)


def _model(graph: onnx.GraphProto, classes: Sequence[str], names: str | None) -> onnx.ModelProto:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    notes = {"names": names or str(dict(enumerate(classes)))}
    helper.set_model_props(model, notes)
    onnx.checker.check_model(model)
    return model


def _constants(side_px: int, shown: int) -> list[onnx.TensorProto]:
    facts: dict[str, np.ndarray[Any, Any]] = {
        "dark": np.array(DARK, np.float32),
        "one": np.array(1, np.float32),
        "index": np.arange(side_px, dtype=np.float32)[None],
        "far": np.array(side_px, np.float32),
        "class": np.full((1, 1), shown, np.float32),
        "last": np.array([1], np.int64),
    }
    return [numpy_helper.from_array(value, name) for name, value in facts.items()]


def _nodes() -> list[onnx.NodeProto]:
    node = helper.make_node
    return [
        node("ReduceMax", ["images"], ["bright"], axes=[1], keepdims=0),  # [n, side, side]
        node("Less", ["bright", "dark"], ["is_dark"]),
        node("Cast", ["is_dark"], ["mask"], to=TensorProto.FLOAT),
        *_extent("x", axis=1),
        *_extent("y", axis=2),
        node("ReduceMin", ["bright"], ["darkest"], axes=[1, 2], keepdims=0),
        node("Unsqueeze", ["darkest", "last"], ["darkest_"]),
        node("Sub", ["one", "darkest_"], ["how_dark"]),
        node("ReduceMax", ["mask"], ["any"], axes=[1, 2], keepdims=0),
        node("Unsqueeze", ["any", "last"], ["any_"]),
        node("Mul", ["how_dark", "any_"], ["score"]),
        node("Mul", ["any_", "class"], ["kind"]),
        node("Concat", ["x1", "y1", "x2", "y2", "score", "kind"], ["row"], axis=1),
        node("Unsqueeze", ["row", "last"], ["rows"]),
        node("Sub", ["rows", "rows"], ["empty"]),
        node("Concat", ["rows", "empty"], ["output0"], axis=1),
    ]


def _extent(name: str, *, axis: int) -> list[onnx.NodeProto]:
    """First and one past the last dark index along x (axis 1 reduced) or y (axis 2 reduced)."""
    node = helper.make_node
    return [
        node("ReduceMax", ["mask"], [f"{name}_any"], axes=[axis], keepdims=0),  # [n, side]
        node("Add", ["index", "one"], [f"{name}_next"]),
        node("Mul", [f"{name}_any", f"{name}_next"], [f"{name}_ends"]),
        node("ReduceMax", [f"{name}_ends"], [f"{name}2"], axes=[1], keepdims=1),
        node("Sub", ["one", f"{name}_any"], [f"{name}_none"]),
        node("Mul", [f"{name}_none", "far"], [f"{name}_away"]),
        node("Add", ["index", f"{name}_away"], [f"{name}_starts"]),
        node("ReduceMin", [f"{name}_starts"], [f"{name}1"], axes=[1], keepdims=1),
    ]
