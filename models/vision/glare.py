"""Reflections of a lamp: white spots that fade into something darker, for which paper ends at once."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.vision.picture import Bgr

_WHITE = 250
# At 512 px: smaller spots hide nothing, and a halo needs room to fade in.
_MIN_SPOT_PX = 60
_NEAR_PX, _FAR_PX = (1, 3), (7, 10)
# What is bright all around is white itself; a halo keeps this share of the step three pixels out.
_MAX_SURROUNDINGS = 215
_MIN_HALO = 0.3
# Lamps are few and their images compact; checks, codes and print are many spots or full of holes.
_MAX_SPOTS = 8
_MIN_SOLIDITY = 0.7
_MARGIN = _FAR_PX[1] + 2


def glare_pixels(bgr: Bgr) -> int:
    """How many pixels of a photo, reduced to 512 px, are reflections."""
    white = (bgr.min(axis=2) >= _WHITE).astype(np.uint8)
    white = cv2.morphologyEx(white, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, spots, _ = cv2.connectedComponentsWithStats(white, connectivity=8)
    grey = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8)
    found = [a for n in range(1, count) if (a := _glare_area(grey, labels == n, spots[n]))]
    return sum(found) if len(found) <= _MAX_SPOTS else 0


def _glare_area(grey: NDArray[np.uint8], own: NDArray[np.bool_], spot: Any) -> int:  # noqa: ANN401 - OpenCV's row
    """A white spot's area where it is a reflection, else 0."""
    left, top, width, height, area = (int(value) for value in spot)
    right, bottom = left + width, top + height
    touches = not left or not top or bottom == grey.shape[0] or right == grey.shape[1]
    if area < _MIN_SPOT_PX or touches:
        return 0
    rows = slice(max(0, top - _MARGIN), bottom + _MARGIN)
    columns = slice(max(0, left - _MARGIN), right + _MARGIN)
    shape = own[rows, columns].astype(np.uint8)
    if area < _MIN_SOLIDITY * _hull_area(shape):
        return 0
    near, far = (_ring(grey[rows, columns], shape, *ring) for ring in (_NEAR_PX, _FAR_PX))
    return area if far < _MAX_SURROUNDINGS and near - far > _MIN_HALO * (_WHITE - far) else 0


def _hull_area(shape: NDArray[np.uint8]) -> float:
    points = cv2.findNonZero(shape)
    return float(cv2.contourArea(cv2.convexHull(points))) if points is not None else 0.0


def _ring(grey: NDArray[np.uint8], own: NDArray[np.uint8], inner: int, outer: int) -> float:
    """The median around a spot, between two distances from it; white where nothing is there."""
    ring = _widened(own, outer) > _widened(own, inner)
    return float(np.median(grey[ring])) if ring.any() else float(_WHITE)


def _widened(own: NDArray[np.uint8], by_px: int) -> NDArray[np.uint8]:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by_px + 1, 2 * by_px + 1))
    return np.asarray(cv2.dilate(own, disc), np.uint8)
