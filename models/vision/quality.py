"""The gate: is the photo good enough to be looked at? Conservative, for a refusal costs a retake.

Every limit was set on real photos (docs/vision.md says which and how many each refuses): plain
garments, dark screens and product shots on white must pass; lens caps, blown highlights and photos
out of focus must not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.vision.edges import MEASURED_SIDE_PX as EDGES_SIDE_PX
from models.vision.edges import edge_width_px
from models.vision.geometry import resize
from models.vision.glare import glare_pixels
from models.vision.picture import Bgr, Picture
from models.vision.reference import (
    Mask,
    Reference,
    grown,
    item_mask,
    moved_share,
    shift_share,
    shows_bench,
    shrunk,
)
from models.vocabulary import Fault

# Below it a mark of 1 % of the photo's width is two pixels.
MIN_SIDE_PX = 200
# Most measures are taken at this longer side: independent of the camera, quick at any size.
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


# From here on what only a bench's own cameras make possible (docs/cameras.md).
# Of the whole photo, or of the item where the bench is known: a spot of 8 % of the side has 1.5 to 3 %.
MAX_GLARE_SHARE = 0.012
MAX_ITEM_GLARE_SHARE = 0.02
# A white shirt in good light has none; a device's screen may reflect white paper.
MAX_ITEM_WHITE_SHARE = 0.5
# Two frames of a still scene have up to 0.005 with the noise of a dark hall, moved by half a pixel of
# a glimpse, 0.2 % of the side, nearly all have more.
MAX_MOVED_SHARE = 0.006
# Two views of an item differ; what was not turned in between differs by its noise only.
MIN_TURNED_SHARE = 0.001
# Smaller things than a sixteenth of the side are no item; a camera is pushed by more than its mount gives.
MIN_ITEM_SHARE = 0.003
MAX_SHIFT_SHARE = 0.015
# Edges of the item may be so much wider than those of the station's own reference, in pixels at
# 1,024: depth of field takes some, a blur of 0.4 % of the side, 4 px, is seen by everybody.
MAX_WIDER_PX, MAX_WIDER_TIMES = 1.0, 2.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Circumstances:
    """What is known of a photo beside its pixels; nothing, of a file."""

    reference: Reference | None = None
    """Its camera's view of the empty bench."""
    moved_share: float | None = None
    """Share of the picture that changed since the frame before."""
    others: Sequence[Bgr] = ()
    """The item's photos for other shots, small, by the same camera."""


NOTHING_KNOWN = Circumstances()


def faults_of(bgr: Bgr, known: Circumstances = NOTHING_KNOWN) -> tuple[Fault, ...]:
    """Why a photo (height × width × 3) should be taken again; empty when it is good enough.

    What spoils every other measure is told first and alone: of a photo that is too dark, too bright,
    empty or moved, sharpness says nothing.
    """
    sizes = Picture.of(bgr, (EDGES_SIDE_PX, MEASURED_SIDE_PX)).sizes
    small = (Fault.TOO_SMALL,) if min(bgr.shape[:2]) < MIN_SIDE_PX else ()
    grey = _grey(sizes[MEASURED_SIDE_PX])
    if light := _light_fault(grey):
        return (*small, light)
    if structure(grey) < MIN_STRUCTURE or (not small and coherence(grey) < MIN_COHERENCE):
        return (*small, Fault.EMPTY)
    if view := _view_fault(sizes, known):
        return (*small, view)
    return (*small, *_item_faults(sizes, grey, known))


def _view_fault(sizes: Mapping[int, Bgr], known: Circumstances) -> Fault | None:
    """Whether it shows the item at rest, and the view that it was taken for."""
    if known.moved_share is not None and known.moved_share > MAX_MOVED_SHARE:
        return Fault.MOVED
    if any(_is_repeated(sizes[MEASURED_SIDE_PX], other) for other in known.others):
        return Fault.WRONG_VIEW
    reference = _comparable(sizes, known)
    if reference is None:
        return None
    shift = shift_share(reference, sizes[EDGES_SIDE_PX])
    if shift is not None and shift > MAX_SHIFT_SHARE:
        return Fault.WRONG_VIEW
    mask = item_mask(reference, sizes[EDGES_SIDE_PX])
    is_empty = np.mean(mask) < MIN_ITEM_SHARE
    return Fault.EMPTY if is_empty and shows_bench(reference, sizes[EDGES_SIDE_PX], mask) else None


def _is_repeated(bgr: Bgr, other: Bgr) -> bool:
    height, width = other.shape[:2]
    return moved_share(other, resize(bgr, width, height)) < MIN_TURNED_SHARE


def _comparable(sizes: Mapping[int, Bgr], known: Circumstances) -> Reference | None:
    """The reference, where the photo has its format."""
    reference = known.reference
    return reference if reference and reference.matches(sizes[EDGES_SIDE_PX]) else None


def _item_faults(
    sizes: Mapping[int, Bgr], grey: NDArray[np.uint8], known: Circumstances
) -> tuple[Fault, ...]:
    """Light and focus on the item; on the whole photo where the bench is not known."""
    reference = _comparable(sizes, known)
    if reference is None:
        glare = glare_pixels(sizes[MEASURED_SIDE_PX]) / grey.size > MAX_GLARE_SHARE
        blur = sharpness(grey) < MIN_SHARPNESS
    else:
        mask = item_mask(reference, sizes[EDGES_SIDE_PX])
        if _white_share(grey, mask) > MAX_ITEM_WHITE_SHARE:
            return (Fault.TOO_BRIGHT,)
        glare = _glare_share(sizes[MEASURED_SIDE_PX], mask) > MAX_ITEM_GLARE_SHARE
        blur = sharpness(grey) < MIN_SHARPNESS or _is_wider(sizes[EDGES_SIDE_PX], mask, reference)
    return ((Fault.GLARE,) if glare else ()) + ((Fault.BLURRED,) if blur else ())


def _white_share(grey: NDArray[np.uint8], mask: Mask) -> float:
    return float(np.mean(grey[grown(mask, grey.shape)] >= WHITE))


def _glare_share(bgr: Bgr, mask: Mask) -> float:
    """Of the item; what shines beside it is nobody's business."""
    item = grown(mask, bgr.shape[:2])
    alone = np.where(item[..., None], bgr, np.uint8(0))
    return glare_pixels(alone) / max(1, int(np.count_nonzero(item)))


def _is_wider(bgr: Bgr, mask: Mask, reference: Reference) -> bool:
    """Whether the item's edges are much wider than this station's are when it is in focus."""
    grey = _grey(bgr)
    width_px = edge_width_px(grey, shrunk(mask, grey.shape))
    if width_px is None:
        width_px = edge_width_px(grey, grown(mask, grey.shape))
    if width_px is None or reference.edge_px is None:
        return False
    limit_px = max(reference.edge_px + MAX_WIDER_PX, reference.edge_px * MAX_WIDER_TIMES)
    return width_px > limit_px


def _grey(bgr: Bgr) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8)


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
