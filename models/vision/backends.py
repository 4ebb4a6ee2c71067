"""What can run a release on this machine, and which of them should: words and pure choices.

Nothing heavy is imported here, for settings name a backend before anything is loaded.
"""

from collections.abc import Mapping
from enum import StrEnum
from importlib.util import find_spec

from models.records import Release

# Points of mean average precision that a lower precision may cost: half a point of a hundred.
MAX_LOSS = 0.005
# A backend that gains less than this share would be chosen or not by the noise of the measurement.
_WORTH_IT = 0.05


class Backend(StrEnum):
    """A way to run a model's file on the processor; all of them give the same findings, or nearly."""

    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"
    OPENVINO_BF16 = "openvino-bf16"

    @property
    def precision(self) -> str:
        """With which numbers it computes: fp32, or a key of the card's `precisions`."""
        return "bf16" if self is Backend.OPENVINO_BF16 else "fp32"


AUTO = "auto"
"""The setting that lets a short measurement choose."""


def installed() -> tuple[Backend, ...]:
    """What is installed here, the reference first: the one that every card's figures are made with."""
    if find_spec("openvino") is None:
        return (Backend.ONNXRUNTIME,)
    return tuple(Backend)


def allowed(card: Release, backend: Backend) -> bool:
    """Whether a release may be looked through like this without anybody asking for it.

    A lower precision must have been measured on real photos, and have lost next to nothing.
    """
    measured = card.precisions.get(backend.precision)
    return backend.precision == "fp32" or (measured is not None and measured.loss <= MAX_LOSS)


def fastest(per_tile_ms: Mapping[Backend, float]) -> Backend:
    """The quickest, in the order given unless a later one is worth the change."""
    best, *others = per_tile_ms
    for other in others:
        if per_tile_ms[other] < per_tile_ms[best] * (1 - _WORTH_IT):
            best = other
    return best
