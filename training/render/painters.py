"""Everything that can be painted into a picture, by the name that recipes use."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models.record import XyXy
from training.render import pasting, scratches, stains, tears, transplant
from training.render.noise import Picture

Parts = tuple[tuple[str, XyXy], ...]
"""Class → pixel edges of each thing that was painted."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Materials:
    """Shapes taken from files and photos; painters that lack theirs are passed over."""

    overlays: Sequence[Path] = ()
    """RGBA pictures whose transparency is a stain's shape."""
    courses: Sequence[Path] = ()
    """Masks of real scratches and hairs: their course is used, not their width."""
    donors: Mapping[str, Sequence[transplant.Donor]] = field(default_factory=dict)
    """Class → real defects of training photos, to be set into other surfaces."""

    def allow(self, name: str) -> bool:
        """Whether the painter of this name has what it needs."""
        needs = {
            "overlay": self.overlays,
            "course": self.courses,
            "real_stain": self.donors.get("stain", ()),
            "real_tear": self.donors.get("torn_packaging", ()),
        }
        return bool(needs.get(name, True))


Painter = Callable[
    [np.random.Generator, Picture, tuple[float, float], float, Materials],
    tuple[Picture, Parts] | None,
]


def _stain(kind: stains.Kind) -> Painter:
    def paint(
        rng: np.random.Generator,
        bgr: Picture,
        centre: tuple[float, float],
        side_px: float,
        _materials: Materials,
    ) -> tuple[Picture, Parts] | None:
        # A blob fills about 0.7 of the square that it is drawn in.
        done = stains.paint(rng, bgr, kind=kind, centre=centre, side_px=side_px / 0.7)
        return None if done is None else (done.bgr, (("stain", done.xyxy),))

    return paint


def _overlay(
    rng: np.random.Generator,
    bgr: Picture,
    centre: tuple[float, float],
    side_px: float,
    materials: Materials,
) -> tuple[Picture, Parts] | None:
    path = materials.overlays[int(rng.integers(len(materials.overlays)))]
    return _stain(stains.overlay_kind(path))(rng, bgr, centre, side_px, materials)


def _scratch(kind: str) -> Painter:
    def paint(
        rng: np.random.Generator,
        bgr: Picture,
        centre: tuple[float, float],
        side_px: float,
        materials: Materials,
    ) -> tuple[Picture, Parts] | None:
        done = scratches.paint(
            rng, bgr, kind=kind, centre=centre, side_px=side_px, courses=materials.courses
        )
        return None if done is None else (done.bgr, (("scratch", done.xyxy),))

    return paint


def _tear(kind: str) -> Painter:
    def paint(
        rng: np.random.Generator,
        bgr: Picture,
        centre: tuple[float, float],
        side_px: float,
        _materials: Materials,
    ) -> tuple[Picture, Parts] | None:
        done = tears.paint(rng, bgr, kind=kind, centre=centre, side_px=side_px)
        return None if done is None else (done.bgr, (("torn_packaging", done.xyxy),))

    return paint


def _sticker(kind: str) -> Painter:
    def paint(
        rng: np.random.Generator,
        bgr: Picture,
        centre: tuple[float, float],
        side_px: float,
        _materials: Materials,
    ) -> tuple[Picture, Parts] | None:
        done = pasting.paste(rng, bgr, kind=kind, centre=centre, side_px=side_px)
        return None if done is None else (done.bgr, done.parts)

    return paint


def _transplant(defect: str, how: transplant.How) -> Painter:
    def paint(
        rng: np.random.Generator,
        bgr: Picture,
        centre: tuple[float, float],
        side_px: float,
        materials: Materials,
    ) -> tuple[Picture, Parts] | None:
        donors = materials.donors[defect]
        donor = donors[int(rng.integers(len(donors)))]
        done = transplant.paint(rng, bgr, donor=donor, centre=centre, side_px=side_px, how=how)
        return None if done is None else (done.bgr, ((defect, done.xyxy),))

    return paint


PAINTERS: Mapping[str, Painter] = {
    **{name: _stain(kind) for name, kind in stains.KINDS.items()},
    "overlay": _overlay,
    "real_stain": _transplant("stain", transplant.How.RATIO),
    **{name: _scratch(name) for name in scratches.KINDS},
    **{name: _tear(name) for name in tears.KINDS},
    "real_tear": _transplant("torn_packaging", transplant.How.SEAMLESS),
    **{name: _sticker(name) for name in pasting.STICKERS},
}
"""Name in a recipe → painter."""
