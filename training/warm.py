"""A release's ONNX file becomes weights to start from: who has a release can train on from it.

This file imports Ultralytics, which is licensed under AGPL-3.0: who distributes a work made with
this file, or offers it over a network, has to keep to that licence. The rest of Secondlook is
Apache-2.0 and does not need this file to run.

An exported file has its normalisations folded into its convolutions and only the one-to-one head.
Here the convolutions are unfolded again, so that the network computes the same and can be trained:
each normalisation gets the mean and variance that its convolution really gives on sample pictures
as its statistics, and a scale and shift that undo them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import yaml
from numpy.typing import NDArray
from onnx import numpy_helper

from models.vision import decode
from models.vision.detector import to_batch
from models.vision.geometry import Letterbox
from models.vision.tiles import Tile
from training.errors import DatasetInvalid, ExtraMissing, RunInvalid

Arrays = Mapping[str, NDArray[np.float32]]
# The one-to-many head is not in the file; it begins as the one-to-one head's copy, as Ultralytics
# begins the other way round.
_HEADS = {"one2one_cv2": "cv2", "one2one_cv3": "cv3"}
_BATCH = 16
# Enough for means and variances that hold; more cost seconds and change nothing.
SAMPLES = 128


def warm(
    release: Path, model: str, classes: int, pictures: Sequence[NDArray[np.float32]], out: Path
) -> tuple[int, int]:
    """Write Ultralytics weights of `model` (an architecture's .yaml) to out; (taken, all) tensors.

    `pictures`: [3, side, side] RGB 0 to 1, at least a few dozen of what will be trained on. A
    tensor whose shape differs (the last layer for another number of classes) keeps its random
    start. Raises RunInvalid where the file does not fit the architecture, ExtraMissing.
    """
    import torch  # noqa: PLC0415 - an extra that only training needs

    arrays = {
        tensor.name: np.asarray(numpy_helper.to_array(tensor))
        for tensor in onnx.load(str(release)).graph.initializer
    }
    network = _network(model, classes)
    taken, every = _take(network, arrays)
    if 2 * taken < every:
        raise RunInvalid(f"{release}: should be a {model}, but only {taken} of {every} parts fit")
    with torch.inference_mode():
        _unfold(network, torch.from_numpy(np.stack(pictures)).float())
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"model": network, "train_args": {}}, out)
    return taken, every


def samples(data: Path, side_px: int) -> list[NDArray[np.float32]]:
    """Some of an assembled data set's training pictures, evenly taken, [3, side, side] RGB 0 to 1.

    Raises DatasetInvalid where there is none.
    """
    files = sorted((data / "images" / "train").glob("*.jpg"))
    if not files:
        raise DatasetInvalid(f"{data}: should hold images/train, as assemble writes it")
    found = []
    for file in files[:: max(1, len(files) // SAMPLES)][:SAMPLES]:
        bgr = decode.decode(decode.read(file)).bgr
        whole = Tile(x=0, y=0, width=bgr.shape[1], height=bgr.shape[0])
        fit = Letterbox.fit(whole.width, whole.height, side_px)
        found.append(to_batch(bgr, [whole], [fit])[0])
    return found


def classes_of(data: Path) -> tuple[str, ...]:
    """The classes of an assembled data set. Raises DatasetInvalid."""
    try:
        names: dict[int, str] = yaml.safe_load((data / "data.yaml").read_text())["names"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DatasetInvalid(f"{data}: should hold data.yaml, as assemble writes it") from error
    return tuple(names[index] for index in sorted(names))


def _network(model: str, classes: int) -> Any:  # noqa: ANN401 - Ultralytics ships no types
    try:
        from ultralytics.nn.tasks import DetectionModel  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ExtraMissing("install the training extra first: pip install '.[training]'") from error
    build: Any = DetectionModel  # Ultralytics ships no types
    return build(model, ch=3, nc=classes, verbose=False).eval()


def _source(name: str, head: str) -> str:
    """The name in the file of what the network calls `name`: the one-to-one head's for both."""
    for one, many in _HEADS.items():
        if name.startswith(f"{head}.{many}."):
            return name.replace(f".{many}.", f".{one}.", 1)
    return name


def _take(network: Any, arrays: Arrays) -> tuple[int, int]:  # noqa: ANN401
    """Copy what fits; (copied, all) convolutions."""
    taken = every = 0
    head = f"model.{len(network.model) - 1}"
    for name, part in network.named_modules():
        if type(part).__name__ != "Conv2d":
            continue
        every += 1
        owner, _, last = name.rpartition(".")
        norm = getattr(network.get_submodule(owner), "bn", None) if last == "conv" else None
        weight, bias = (arrays.get(f"{_source(name, head)}.{kind}") for kind in ("weight", "bias"))
        if weight is None or bias is None or tuple(weight.shape) != tuple(part.weight.shape):
            continue
        taken += 1
        _set(part.weight, weight)
        _set(part.bias if norm is None else norm.bias, bias)
        if norm is not None:
            _neutral(norm)
    return taken, every


def _set(tensor: Any, values: NDArray[np.float32]) -> None:  # noqa: ANN401
    import torch  # noqa: PLC0415 - an extra that only training needs

    with torch.no_grad():
        tensor.copy_(torch.from_numpy(values.copy()))


def _neutral(norm: Any) -> None:  # noqa: ANN401
    """A normalisation that only adds its shift."""
    norm.running_mean.zero_()
    norm.running_var.fill_(1 - norm.eps)
    norm.weight.data.fill_(1)


def _unfold(network: Any, batch: Any) -> None:  # noqa: ANN401
    """Give each normalisation its convolution's real mean and variance, and undo them."""
    import torch  # noqa: PLC0415 - an extra that only training needs

    found: dict[Any, list[Any]] = {}

    def note(norm: Any, given: Any) -> None:  # noqa: ANN401
        values = given[0].detach()
        moments = torch.stack([values.mean((0, 2, 3)), (values**2).mean((0, 2, 3))])
        found.setdefault(norm, []).append(moments)

    norms = [part for part in network.modules() if type(part).__name__ == "BatchNorm2d"]
    hooks = [norm.register_forward_pre_hook(note) for norm in norms]
    for part in batch.split(_BATCH):
        network(part)
    for hook in hooks:
        hook.remove()
    for norm, moments in found.items():
        mean, square = torch.stack(moments).mean(0)
        variance = (square - mean**2).clamp(min=0)
        norm.bias += norm.weight * (mean - norm.running_mean) / (norm.running_var + norm.eps).sqrt()
        norm.weight *= (variance + norm.eps).sqrt() / (norm.running_var + norm.eps).sqrt()
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
