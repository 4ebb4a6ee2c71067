"""What a lower precision costs, measured on real photos beside float32, and kept on the card.

Only bf16 is tried. INT8 needs a calibrated copy of the model as a second file to ship and to check,
and is no quicker than bf16 where a processor has both (domain: 22 against 21 ms at 640 px).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from models.records import LowerPrecision, Release
from models.vision.backends import MAX_LOSS, Backend
from models.vision.bundle import Bundle, open_release
from models.vision.lanes import Lanes
from models.vision.trial import trial_ms
from training.errors import PrecisionRefused
from training.evaluate import Told, look, photos_of
from training.metrics import OVERLAPS, Reals, Seen
from training.tally import Tally

LOW = Backend.OPENVINO_BF16
FULL = (Backend.ONNXRUNTIME, Backend.OPENVINO)


def measure(
    release: Path, data: Sequence[Path], clean: Sequence[Path], told: Told
) -> LowerPrecision:
    """Look at the photos of these folders with float32 and with fewer bits. Raises SecondlookError.

    The photos are validation's: what a release may do is not chosen on test photos.
    """
    exact, low = (open_release(release, backend=backend) for backend in (FULL[0], LOW))
    photos = photos_of(exact, data, clean, told)
    full = _precisions(look(exact, photos, told))
    fewer = _precisions(look(low, photos, told))
    return LowerPrecision(
        ap50=_rounded(fewer[0]),
        ap50_fp32=_rounded(full[0]),
        ap50_95=_rounded(fewer.mean()),
        ap50_95_fp32=_rounded(full.mean()),
        photos=len(photos),
        time_share=_time_share(release, exact, low),
    )


def _precisions(seen: Mapping[str, Sequence[Seen]]) -> Reals:
    """[overlaps] average precision, mean over the classes that are on these photos."""
    shown = [Tally.of(row).plain() for row in seen.values() if any(one.truth for one in row)]
    if not shown:
        raise PrecisionRefused("the photos should show something of the release's classes")
    rows = [[float(one.average_precision(overlap)[0]) for overlap in OVERLAPS] for one in shown]
    return np.asarray(np.mean(rows, axis=0), np.float64)


def _rounded(value: float) -> float:
    return round(float(value), 4)


def _time_share(release: Path, exact: Bundle, low: Bundle) -> float:
    sessions = {bundle.backend: bundle.session for bundle in (exact, low)}
    sessions[FULL[1]] = open_release(release, backend=FULL[1]).session
    spent_ms = trial_ms(sessions, exact.card.input_side_px, Lanes(exact.lanes))
    if LOW not in spent_ms:
        raise PrecisionRefused(f"{release}: with fewer bits it gives other scores altogether")
    return round(spent_ms[LOW] / min(spent_ms[b] for b in FULL if b in spent_ms), 3)


def with_precision(card: Release, found: LowerPrecision) -> Release:
    """The card that allows it. Raises PrecisionRefused where too much is lost."""
    if found.loss > MAX_LOSS:
        raise PrecisionRefused(
            f"{card.identifier}: {LOW.precision} should cost at most {MAX_LOSS * 100} points of "
            f"average precision, got {found.loss * 100:.2f}"
        )
    return card.model_copy(update={"precisions": card.precisions | {LOW.precision: found}})


def without_precision(card: Release) -> Release:
    """The card as if it had never been measured."""
    rest = {name: found for name, found in card.precisions.items() if name != LOW.precision}
    return card.model_copy(update={"precisions": rest})
