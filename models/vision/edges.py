"""How wide the edges on a photo are: focus, whatever the picture shows."""

import cv2
import numpy as np
from numpy.typing import NDArray

# Where marks are looked for, photos have about this longer side; twelve megapixels are reduced to it.
MEASURED_SIDE_PX = 1024
# An edge blurred by s has a gradient of 1/sqrt(sigma² + s²) after smoothing with sigma: two smoothings
# give s, whatever the edge's contrast.
_FINE_PX, _COARSE_PX = 1.0, 2.0
# Grey levels a pixel, after coarse smoothing: what is fainter is texture or noise.
_MIN_GRADIENT = 6.0
_MIN_EDGES = 50
# Folds and shadows are wide in focus too: the narrowest fifth of the stronger half tells.
_NARROWEST, _STRONGER = 0.2, 50
_SOBEL_SCALE = 1 / 8


def edge_width_px(grey: NDArray[np.uint8], mask: NDArray[np.bool_] | None = None) -> float | None:
    """The blur (sigma, pixels of `grey`) of the sharpest edges, inside `mask` where one is given.

    None where there are too few edges to tell. Sharp photos have 0 to 0.9 at MEASURED_SIDE_PX; those
    blurred by 0.4 % of their side 1.3 to 3.6 (docs/cameras.md).
    """
    values = grey.astype(np.float32)
    fine, coarse = _gradient(values, _FINE_PX), _gradient(values, _COARSE_PX)
    crests = (cv2.dilate(fine, np.ones((5, 5), np.uint8)) == fine) & (coarse > _MIN_GRADIENT)
    if mask is not None:
        crests &= mask
    if np.count_nonzero(crests) < _MIN_EDGES:
        return None
    strong = crests & (coarse >= np.percentile(coarse[crests], _STRONGER))
    ratios = np.clip(fine[strong] / coarse[strong], 1.0001, _COARSE_PX / _FINE_PX - 1e-4)
    squares = (_COARSE_PX**2 - (ratios * _FINE_PX) ** 2) / (ratios**2 - 1)
    return float(np.sqrt(max(0.0, np.quantile(squares, _NARROWEST))))


def _gradient(values: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    smooth = cv2.GaussianBlur(values, (0, 0), sigma_px)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=_SOBEL_SCALE)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=_SOBEL_SCALE)
    return np.asarray(cv2.magnitude(across, down), np.float32)
