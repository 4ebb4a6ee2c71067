"""Whether OpenVINO is here, and what this processor can do with it."""

import importlib.util

import pytest

needs_openvino = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="the extra openvino is not installed"
)


def processor() -> list[str]:
    """What OpenVINO can compute with here: FP32, INT8, and BF16 on newer servers."""
    import openvino  # noqa: PLC0415 - need not be there

    found: list[str] = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return found
