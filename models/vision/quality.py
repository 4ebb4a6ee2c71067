"""The gate: is the photo good enough to be looked at? Conservative, for a refusal costs a retake.

Every limit was set on real photos (docs/vision.md says which and how many each refuses): plain
garments, dark screens and product shots on white must pass; lens caps, blown highlights and photos
out of focus must not.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.vision.picture import reduced
from models.vocabulary import Fault

# Below it a mark of 1 % of the photo's width is two pixels.
MIN_SIDE_PX = 200
# All measures are taken at this longer side: independent of the camera, quick at any size.
MEASURED_SIDE_PX = 512

BLACK, WHITE = 8, 250
# The darkest real photo has 42 % black pixels, the brightest 60 % white ones (a box on paper).
MAX_BLACK_SHARE = 0.85
MAX_WHITE_SHARE = 0.90
# Where even the brightest percent is this dark, nothing can be told apart.
MIN_HIGHLIGHT = 32
# Standard deviation, in grey levels, of a photo reduced to 64 px; the flattest real photo has 12.
MIN_STRUCTURE = 2.5
_STRUCTURE_SIDE_PX = 64
# Structure over what as many independent pixels would leave: noise has up to 1.34, the least coherent
# real photo (a contrast-boosted weave from near) 1.96.
MIN_COHERENCE = 1.6
# The strongest edges (99.9 % quantile of the Laplacian of Gaussian, sigma 1 px) in standard
# deviations of the photo: the softest real photo has 0.245; blurred by 1 % of the side, under 0.12.
# Plain variance of the Laplacian follows texture and noise instead of focus (domain: quality gate).
MIN_SHARPNESS = 0.15


def faults_of(bgr: NDArray[np.uint8]) -> tuple[Fault, ...]:
    """Why a photo (height × width × 3) should be taken again; empty when it is good enough.

    Size and light are told first: of a photo that is too dark, too bright or empty, sharpness says
    nothing.
    """
    small = (Fault.TOO_SMALL,) if min(bgr.shape[:2]) < MIN_SIDE_PX else ()
    grey = _measured(bgr)
    light = _light_fault(grey)
    if light:
        return (*small, light)
    if structure(grey) < MIN_STRUCTURE or (not small and coherence(grey) < MIN_COHERENCE):
        return (*small, Fault.EMPTY)
    return (*small, Fault.BLURRED) if sharpness(grey) < MIN_SHARPNESS else small


def _measured(bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(reduced(bgr, MEASURED_SIDE_PX), cv2.COLOR_BGR2GRAY), np.uint8)


def _light_fault(grey: NDArray[np.uint8]) -> Fault | None:
    if np.mean(grey <= BLACK) > MAX_BLACK_SHARE or np.percentile(grey, 99) < MIN_HIGHLIGHT:
        return Fault.TOO_DARK
    return Fault.TOO_BRIGHT if np.mean(grey >= WHITE) > MAX_WHITE_SHARE else None


def structure(grey: NDArray[np.uint8]) -> float:
    """How much there is to see, in grey levels; noise and fine texture are averaged out."""
    height, width = grey.shape
    scale = min(1.0, _STRUCTURE_SIDE_PX / max(height, width))
    tiny = cv2.resize(
        grey,
        (max(1, round(width * scale)), max(1, round(height * scale))),
        interpolation=cv2.INTER_AREA,
    )
    return float(np.std(tiny))


def coherence(grey: NDArray[np.uint8]) -> float:
    """How much more than noise there is to see: 1 where each pixel is by itself.

    Averaging k × k independent pixels divides their deviation by k; what belongs together stays.
    """
    averaged = max(1.0, max(grey.shape) / _STRUCTURE_SIDE_PX)
    return float(structure(grey) * averaged / max(1.0, float(np.std(grey))))


def sharpness(grey: NDArray[np.uint8]) -> float:
    """The strongest edges, in standard deviations of the photo."""
    smooth = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1.0)
    edges = np.abs(cv2.Laplacian(smooth, cv2.CV_32F))
    return float(np.percentile(edges, 99.9) / max(1.0, float(np.std(grey))))
