"""Cartons on a bench: two sides and the lid, tape, marks, a label, torn corners."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.record import XyXy
from training.render.bench import Layer
from training.render.noise import Field, Picture, blur, fractal, grain, grid, smooth, to_picture
from training.render.print import fragile, shipping_label, this_way_up

Quad = NDArray[np.float32]
"""[4, 2]: upper left, upper right, lower right, lower left."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Carton:
    """What is put on the bench."""

    bgr: tuple[int, int, int] = (120, 158, 190)
    """The board's colour."""
    torn: bool = False
    """A hole is torn into its front."""
    labelled: bool = True
    """A shipping label is on the lid."""
    seed: int = 0
    """Board, marks and how it stands."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Drawn:
    """A carton as a layer, with what is wrong with it."""

    layer: Layer
    """In drawn pixels."""
    torn: XyXy | None = None
    """Where the hole is, in drawn pixels."""


def board(rng: np.random.Generator, carton: Carton, height: int, width: int) -> Picture:
    """Kraft board: fibres, flutes, a little dirt."""
    _, y = grid(height, width)
    flutes = 0.008 * np.sin(y / 5.0)
    fibre = 0.018 * grain(rng, height, width, 2.0) + 0.03 * fractal(rng, height, width, height / 3)
    return to_picture(np.array(carton.bgr) * (1 + flutes + fibre)[..., None])


def _taped(rng: np.random.Generator, bgr: Picture) -> Picture:
    """The lid's slit under a strip of brown tape."""
    height, width = bgr.shape[:2]
    drawn = bgr.astype(np.float32)
    middle, half = height // 2, height // 13
    drawn[middle - 2 : middle + 2] *= 0.6
    strip = np.zeros((height, width), np.float32)
    strip[middle - half : middle + half] = 1
    shine = 0.1 * grain(rng, height, width, 60) + 0.05
    taped = drawn * 0.72 + np.array([70, 105, 140]) * 0.34 + 60 * shine[..., None]
    share = blur(strip, 1.0)[..., None] * 0.85
    return to_picture(drawn * (1 - share) + taped * share)


def _pasted(bgr: Picture, label: Picture, at: tuple[int, int]) -> Picture:
    pasted = bgr.copy()
    x, y = at
    edge = pasted[y + 4 : y + label.shape[0] + 6, x + 4 : x + label.shape[1] + 6]
    edge[:] = edge // 10 * 8
    pasted[y : y + label.shape[0], x : x + label.shape[1]] = label
    return pasted


def _lid(rng: np.random.Generator, carton: Carton, height: int, width: int) -> Picture:
    lid = _taped(rng, board(rng, carton, height, width))
    if not carton.labelled:
        return lid
    side = min(height * 0.62, width * 0.42)
    label = shipping_label(rng, int(side), int(side * 1.07))
    return _pasted(lid, label, (int(width * 0.52), int(height * 0.16)))


def _tear(rng: np.random.Generator, bgr: Picture) -> tuple[Picture, Field]:
    """A ragged hole from the upper edge: dark inside, pale torn paper around."""
    height, width = bgr.shape[:2]
    x, y = grid(height, width)
    centre = (width * rng.uniform(0.25, 0.75), height * rng.uniform(0.05, 0.35))
    reach = np.hypot(
        (x - centre[0]) / (width * rng.uniform(0.12, 0.2)),
        (y - centre[1]) / (height * rng.uniform(0.24, 0.36)),
    )
    field = np.asarray(1 - reach + 0.5 * fractal(rng, height, width, height / 5), np.float32)
    paper, hole = smooth(field, 0.0, 0.04), smooth(field, 0.2, 0.26)
    pale = np.array([165, 196, 218]) * (1 + 0.09 * grain(rng, height, width, 3))[..., None]
    drawn = bgr * (1 - paper[..., None]) + pale * paper[..., None]
    dark = np.array([34, 44, 54]) * (1 + 0.3 * fractal(rng, height, width, height / 6))[..., None]
    drawn = drawn * (1 - hole[..., None]) + dark * hole[..., None]
    return to_picture(drawn), paper


def _front(rng: np.random.Generator, carton: Carton, height: int, width: int) -> Picture:
    drawn = board(rng, carton, height, width)
    drawn = this_way_up(drawn, (int(width * 0.84), int(height * 0.62)), int(height * 0.24))
    return fragile(drawn, (int(width * 0.68), int(height * 0.62)), int(height * 0.26))


def _warped(bgr: Picture, quad: Quad, height: int, width: int) -> tuple[NDArray[np.float32], Field]:
    """A face in perspective on height × width, and where it is."""
    corners = np.array([[0, 0], [bgr.shape[1], 0], bgr.shape[1::-1], [0, bgr.shape[0]]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, quad)
    there = np.zeros((height, width), np.uint8)
    cv2.fillPoly(there, [np.asarray(quad, np.int32)], 255, cv2.LINE_AA)
    flat = cv2.warpPerspective(bgr, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return flat.astype(np.float32), np.asarray(there / 255, np.float32)


def stand(carton: Carton, *, height: int, width: int) -> Drawn:
    """The carton seen from above at an angle: lid and front."""
    rng = np.random.default_rng([carton.seed, 0])
    sway = rng.uniform(-0.02, 0.02) * width
    at = [(0.2, 0.2), (0.8, 0.2), (0.9, 0.58), (0.1, 0.58), (0.86, 0.87), (0.14, 0.87)]
    p = np.array(at, np.float32) * [width, height] + [sway, 0]
    lid_quad, front_quad = p[[0, 1, 2, 3]].astype(np.float32), p[[3, 2, 4, 5]].astype(np.float32)
    lid, lid_mask = _warped(_lid(rng, carton, 560, 1100), lid_quad, height, width)
    face, paper = _front(rng, carton, 420, 1100), np.zeros((420, 1100), np.float32)
    if carton.torn:
        face, paper = _tear(rng, face)
    front, front_mask = _warped(face, front_quad, height, width)
    bgr = lid * 1.04 * (1 - front_mask[..., None]) + front * 0.8 * front_mask[..., None]
    layer = Layer(bgr=_creased(bgr, p[[3, 2]]), alpha=np.maximum(lid_mask, front_mask))
    return Drawn(layer=layer, torn=_seen(paper, front_quad, height, width) if carton.torn else None)


def _creased(bgr: NDArray[np.float32], edge: NDArray[np.float64]) -> NDArray[np.float32]:
    """The worn, lighter edge between the lid and the front."""
    line = np.zeros(bgr.shape[:2], np.uint8)
    ends = np.asarray(edge, np.int32)
    cv2.line(
        line,
        (int(ends[0, 0]), int(ends[0, 1])),
        (int(ends[1, 0]), int(ends[1, 1])),
        255,
        5,
        cv2.LINE_AA,
    )
    return np.asarray(bgr + 22 * blur(line.astype(np.float32) / 255, 1.2)[..., None], np.float32)


def _seen(paper: Field, quad: Quad, height: int, width: int) -> XyXy:
    """Edges of the torn paper after the perspective."""
    grey = np.repeat(to_picture(paper * 255)[..., None], 3, axis=2)
    flat, there = _warped(grey, quad, height, width)
    torn = (flat[..., 0] > 127) & (there > 0.5)
    columns, rows = np.flatnonzero(torn.any(axis=0)), np.flatnonzero(torn.any(axis=1))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def lid_closeup(carton: Carton, *, height: int, width: int) -> Drawn:
    """The lid from straight above, its label readable."""
    rng = np.random.default_rng([carton.seed, 1])
    lid = _lid(rng, replace(carton, torn=False), int(height * 0.86), int(width * 0.9))
    quad = np.array([(0.05, 0.07), (0.95, 0.07), (0.95, 0.93), (0.05, 0.93)], np.float32) * [
        width,
        height,
    ]
    flat, mask = _warped(lid, quad.astype(np.float32), height, width)
    return Drawn(layer=Layer(bgr=flat, alpha=mask))
