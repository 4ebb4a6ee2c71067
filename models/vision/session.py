"""The only door to onnxruntime and OpenVINO: arrays in, arrays out."""

import functools
import os
import queue
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state

from models.errors import ReleaseRefused
from models.vision.lanes import lanes_of

Batch = NDArray[np.float32]
"""[n, 3, side, side] RGB 0 to 1."""
Rows = NDArray[np.float32]
"""[n, boxes, 6] of x1, y1, x2, y2, score, class."""
Shape = tuple[int | str | None, ...]
"""Of a model's input or output; an axis is a number, a name where it is free, or None."""

_QUIET = 4  # onnxruntime's fatal only: everything else comes as an exception, which is told once


class Session(Protocol):
    """A loaded model. Several threads may look through it at the same time."""

    def run(self, batch: Batch) -> Rows:
        """[n, 3, side, side] RGB 0 to 1 → [n, boxes, 6] of x1, y1, x2, y2, score, class."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """What a model's file says of itself."""

    inputs: dict[str, Shape]
    """Input name → shape."""
    input_types: dict[str, str]
    """Input name → element type, as onnxruntime writes it: tensor(float)."""
    outputs: dict[str, Shape]
    """Output name → shape."""
    output_types: dict[str, str]
    """Output name → element type."""
    metadata: dict[str, str]
    """The file's own notes; Ultralytics writes the classes into `names`."""


def usable_cores() -> int:
    """Cores that this process may use, which in a container are fewer than the machine's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class OnnxSession:
    """An ONNX model in onnxruntime, warmed: the first photo is as quick as the next."""

    def __init__(
        self,
        path: Path,
        *,
        threads: int | None = None,
        side_px: int = 640,
        check: Callable[[Signature], None] | None = None,
    ) -> None:
        """Load, let `check` refuse by what the file says of itself, then warm.

        `threads` is all usable cores by default; `side_px` is used where the file leaves its side
        free. Raises ReleaseRefused.
        """
        self._path = path
        lanes, cores_each = lanes_of(threads or usable_cores())
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), _options(cores_each), providers=["CPUExecutionProvider"]
            )
        except _ERRORS as error:
            raise ReleaseRefused(f"{path}: onnxruntime cannot load it: {_brief(error)}") from error
        if check:
            check(_onnx_signature(self._session))
        self._input = self._session.get_inputs()[0]
        self._output = self._session.get_outputs()[0]
        self.run(_warming(self._input.shape, side_px, lanes))

    def run(self, batch: Batch) -> Rows:
        """[n, 3, side, side] RGB 0 to 1 → [n, boxes, 6], tile by tile.

        Raises ReleaseRefused when the model cannot take or do it.
        """
        return np.concatenate([self._look(batch[at : at + 1]) for at in range(len(batch))])

    def _look(self, tile: Batch) -> Rows:
        try:
            outputs = self._session.run([self._output.name], {self._input.name: tile})
        except _ERRORS as error:
            raise ReleaseRefused(f"{self._path}: it cannot be run: {_brief(error)}") from error
        return np.asarray(outputs[0], np.float32)


class OpenVinoSession:
    """An ONNX model in OpenVINO, warmed. Needs the extra `openvino`."""

    def __init__(
        self,
        path: Path,
        *,
        bf16: bool = False,
        threads: int | None = None,
        side_px: int = 640,
        check: Callable[[Signature], None] | None = None,
    ) -> None:
        """Load, let `check` refuse by what the file says of itself, then compile and warm.

        `bf16` computes with 16 bits where float32 has 32. Raises ReleaseRefused, also where OpenVINO
        is not installed or the processor has no bf16.
        """
        openvino = _openvino()
        self._path, self._errors = path, _exceptions_of(openvino._pyopenvino)  # noqa: SLF001 - nowhere else
        cores = threads or usable_cores()
        lanes, _ = lanes_of(cores)
        try:
            model = _read(openvino, path)
        except self._errors as error:
            raise ReleaseRefused(f"{path}: OpenVINO cannot load it: {_brief(error)}") from error
        if check:
            check(_openvino_signature(model))
        warming = _warming(_shape(model.inputs[0]), side_px, lanes)
        try:
            compiled = _compiled(openvino, model, warming.shape[1:], cores, bf16=bf16)
            self._requests = _requests(compiled, lanes)
        except self._errors as error:
            raise ReleaseRefused(f"{path}: it cannot be run: {_brief(error)}") from error
        self.run(warming)

    def run(self, batch: Batch) -> Rows:
        """[n, 3, side, side] RGB 0 to 1 → [n, boxes, 6], tile by tile.

        Raises ReleaseRefused when the model cannot take or do it.
        """
        return np.concatenate([self._look(batch[at : at + 1]) for at in range(len(batch))])

    def _look(self, tile: Batch) -> Rows:
        request = self._requests.get()
        try:
            # The request owns what it gives back, and looks at the next tile soon.
            return np.array(request.infer({0: tile}, share_inputs=True)[0], np.float32)
        except self._errors as error:
            raise ReleaseRefused(f"{self._path}: it cannot be run: {_brief(error)}") from error
        finally:
            self._requests.put(request)


def _warming(shape: Sequence[int | str | None], side_px: int, tiles: int) -> Batch:
    """Black tiles of the file's own size; of `side_px` where the file leaves it free."""
    free = (3, side_px, side_px)
    own = [a if isinstance(a, int) else usual for a, usual in zip(shape[1:], free, strict=False)]
    return np.zeros((tiles, *(own if len(own) == len(free) else free)), np.float32)


def _exceptions_of(module: ModuleType) -> tuple[type[Exception], ...]:
    """What a package written in C++ raises: its errors share no base but Exception."""
    own = (k for k in vars(module).values() if isinstance(k, type) and issubclass(k, Exception))
    return OSError, RuntimeError, ValueError, TypeError, *own


_ERRORS = _exceptions_of(onnxruntime_pybind11_state)


def _brief(error: Exception) -> str:
    """What went wrong on one line: OpenVINO names its own source files first."""
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("Exception from", "Check '"))]
    return next(iter([*telling, *lines]), repr(error))[:200]


def _onnx_signature(session: Any) -> Signature:  # noqa: ANN401 - onnxruntime ships no types
    inputs, outputs = session.get_inputs(), session.get_outputs()
    return Signature(
        inputs={node.name: tuple(node.shape) for node in inputs},
        input_types={node.name: node.type for node in inputs},
        outputs={node.name: tuple(node.shape) for node in outputs},
        output_types={node.name: node.type for node in outputs},
        metadata=dict(session.get_modelmeta().custom_metadata_map),
    )


@functools.cache
def _share_memory() -> None:
    """One pool for the tensors of all sessions, of which one works at a time.

    With a pool each, four releases of 640 px hold 700 MB instead of 290, and are no quicker.
    """
    pool = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
    ours = onnxruntime.OrtMemoryInfo("Cpu", pool, 0, onnxruntime.OrtMemType.DEFAULT)
    onnxruntime.create_and_register_allocator(ours, None)


def _options(threads: int) -> Any:  # noqa: ANN401 - onnxruntime ships no types
    _share_memory()
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _QUIET
    return options


def _openvino() -> Any:  # noqa: ANN401 - an extra, which need not be there
    try:
        import openvino.frontend  # noqa: PLC0415 - an extra, and 50 MB for who does not use it
    except ImportError as error:
        raise ReleaseRefused(
            "OpenVINO is not installed: pip install 'secondlook[openvino]', or take onnxruntime"
        ) from error
    return openvino


def _read(openvino: Any, path: Path) -> Any:  # noqa: ANN401 - openvino's own types say Any as well
    # By the ONNX reader itself: read_model asks those of other formats too, which talk on stderr.
    reader = openvino.frontend.FrontEndManager().load_by_framework("onnx")
    model = reader.convert(reader.load(str(path)))
    if not model.inputs:
        raise ReleaseRefused(f"{path}: OpenVINO cannot load it: it has no input")
    return model


def _compiled(
    openvino: Any,  # noqa: ANN401 - openvino's own types say Any as well
    model: Any,  # noqa: ANN401
    tile: tuple[int, ...],
    cores: int,
    *,
    bf16: bool,
) -> Any:  # noqa: ANN401
    kind = openvino.Type.bf16 if bf16 else openvino.Type.f32
    model.reshape([1, *tile])
    settings = {
        # Said outright: where the processor has bf16, OpenVINO would take it unasked.
        "INFERENCE_PRECISION_HINT": kind,
        "PERFORMANCE_HINT": "THROUGHPUT",
        "NUM_STREAMS": lanes_of(cores)[0],
        "INFERENCE_NUM_THREADS": cores,
        # A lane tied to a core waits for whatever else runs there; other cores may be idle.
        "ENABLE_CPU_PINNING": False,
    }
    compiled = _core(openvino).compile_model(model, "CPU", settings)
    if compiled.get_property("INFERENCE_PRECISION_HINT") != kind:
        raise ReleaseRefused("this processor has no bf16; take openvino or onnxruntime")
    return compiled


@functools.cache
def _core(openvino: Any) -> Any:  # noqa: ANN401 - openvino's own types say Any as well
    """One for all sessions, as OpenVINO asks for."""
    return openvino.Core()


def _requests(compiled: Any, lanes: int) -> "queue.SimpleQueue[Any]":  # noqa: ANN401 - as above
    ready: queue.SimpleQueue[Any] = queue.SimpleQueue()
    for _ in range(lanes):
        ready.put(compiled.create_infer_request())
    return ready


def _openvino_signature(model: Any) -> Signature:  # noqa: ANN401 - openvino's own types say Any as well
    notes = dict(model.get_rt_info().items()).get("framework", {})
    return Signature(
        inputs={node.any_name: _shape(node) for node in model.inputs},
        input_types={node.any_name: _type(node) for node in model.inputs},
        outputs={node.any_name: _shape(node) for node in model.outputs},
        output_types={node.any_name: _type(node) for node in model.outputs},
        metadata={str(key): value.astype(str) for key, value in notes.items()},
    )


def _axes(node: Any) -> Iterator[int | None]:  # noqa: ANN401 - openvino's own types say Any as well
    for axis in node.partial_shape:
        yield axis.get_length() if axis.is_static else None


def _shape(node: Any) -> Shape:  # noqa: ANN401 - openvino's own types say Any as well
    return tuple(_axes(node))


def _type(node: Any) -> str:  # noqa: ANN401 - openvino's own types say Any as well
    name = node.element_type.get_type_name()
    return {"f32": "tensor(float)", "f64": "tensor(double)"}.get(name, f"tensor({name})")
