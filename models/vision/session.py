"""The only door to onnxruntime: arrays in, arrays out."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state

from models.errors import ReleaseRefused

# onnxruntime's errors share no base but Exception, and stand in this module alone.
_ERRORS: tuple[type[Exception], ...] = (
    OSError,
    RuntimeError,
    ValueError,
    *(
        kind
        for kind in vars(onnxruntime_pybind11_state).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ),
)
_QUIET = 4  # fatal only: everything else comes as an exception, which is told once


class Session(Protocol):
    """A loaded model."""

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """[n, 3, side, side] RGB 0 to 1 → [n, boxes, 6] of x1, y1, x2, y2, score, class."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """What a model's file says of itself; an axis is a number, a name where it is free, or None."""

    inputs: dict[str, tuple[int | str | None, ...]]
    """Input name → shape."""
    input_types: dict[str, str]
    """Input name → element type, as onnxruntime writes it: tensor(float)."""
    outputs: dict[str, tuple[int | str | None, ...]]
    """Output name → shape."""
    output_types: dict[str, str]
    """Output name → element type."""
    metadata: dict[str, str]
    """The file's own notes; Ultralytics writes the classes into `names`."""


class OnnxSession:
    """An ONNX model on the CPU, warmed: the first photo is as quick as the next."""

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
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), _options(threads or usable_cores()), providers=["CPUExecutionProvider"]
            )
        except _ERRORS as error:
            raise ReleaseRefused(f"{path}: onnxruntime cannot load it: {_brief(error)}") from error
        if check:
            check(_signature(self._session))
        self._input = self._session.get_inputs()[0]
        self._output = self._session.get_outputs()[0]
        self.run(np.zeros((1, *_sides(self._input.shape, side_px)), np.float32))

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """[n, 3, side, side] RGB 0 to 1 → [n, boxes, 6]; one by one where the batch axis is fixed.

        Raises ReleaseRefused when the model cannot take or do it.
        """
        size = self._input.shape[0] if self._input.shape else None
        if not isinstance(size, int) or size == len(batch):
            return self._run(batch)
        parts = [batch[at : at + size] for at in range(0, len(batch), size)]
        return np.concatenate([self._run(part) for part in parts])

    def _run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        try:
            outputs = self._session.run([self._output.name], {self._input.name: batch})
        except _ERRORS as error:
            raise ReleaseRefused(f"{self._path}: it cannot be run: {_brief(error)}") from error
        return np.asarray(outputs[0], np.float32)


def _signature(session: Any) -> Signature:  # noqa: ANN401 - onnxruntime ships no types
    inputs, outputs = session.get_inputs(), session.get_outputs()
    return Signature(
        inputs={node.name: tuple(node.shape) for node in inputs},
        input_types={node.name: node.type for node in inputs},
        outputs={node.name: tuple(node.shape) for node in outputs},
        output_types={node.name: node.type for node in outputs},
        metadata=dict(session.get_modelmeta().custom_metadata_map),
    )


def _sides(shape: Sequence[int | str | None], side_px: int) -> tuple[int, int, int]:
    """Channels, height, width to warm with: the file's own where it fixes them."""
    free = (3, side_px, side_px)
    own = [
        axis if isinstance(axis, int) else usual
        for axis, usual in zip(shape[1:], free, strict=False)
    ]
    return (own[0], own[1], own[2]) if len(own) == len(free) else free


def usable_cores() -> int:
    """Cores that this process may use, which in a container are fewer than the machine's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _options(threads: int) -> Any:  # noqa: ANN401 - onnxruntime ships no types
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _QUIET
    return options


def _brief(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else repr(error)
