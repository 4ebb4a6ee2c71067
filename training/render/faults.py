"""Defects on scenes and photos: which there are, where they fit, and their exact truth.

Every defect is drawn by its painter; what really changed on the picture is its truth, so that boxes
and masks hold to the pixel, before the camera blurs anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from models.record import XyXy
from models.vocabulary import Defect
from training.errors import RecipeInvalid
from training.render import brushes, damage, scratches, stains, tears
from training.render.brushes import NO_SHAPES, Bool, Painter, Shapes
from training.render.canvas import copied
from training.render.labels import State
from training.render.lamps import Light
from training.render.noise import Picture
from training.render.scenes import Drawn
from training.render.shading import developed, radiance

# A change below these many grey levels is undone: nobody sees it, and the truth ends where it ends.
_FAINT = (3, 6)
_TRIES = 6
PHOTO = "photo"
"""The kind of what is no drawn scene: a photo that was given."""
# Of a label or code, torn away: less is still read, more is not.
_TAKEN_SHARE = 0.4
Parts = tuple[tuple[str, XyXy], ...]
"""What should be there: name and pixel edges."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sort:
    """One sort of defect."""

    defect: Defect
    """What it is called in labels."""
    on: frozenset[str]
    """Kinds of scenes where it happens."""
    size_mm: tuple[float, float]
    """Least and most; of what the painter is asked for."""
    paint: Painter | None = None
    """Draws on a picture."""
    deform: damage.Deform | None = None
    """Changes the thing before it is lit."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Fault:
    """One defect with its truth."""

    defect: Defect
    """What it is called in labels."""
    sort: str
    """A key of SORTS."""
    xyxy: XyXy
    """Pixel edges: it encloses the mask exactly."""
    mask: Bool
    """[height, width]: every pixel that differs from the clean picture."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Faulty:
    """A scene with its defects, before the camera."""

    pictures: tuple[Picture, ...]
    """One for each light, BGR."""
    faults: tuple[Fault, ...]
    """The same on all of them."""
    parts: Parts
    """Labels, codes and packages that are (still) there."""


_CLOTH = frozenset({"garment", PHOTO})
_SHINY = frozenset({"phone", "laptop", "housing", PHOTO})
_BOARD = frozenset({"carton", PHOTO})
_PACKED = frozenset({"carton", "mailer", PHOTO})

SORTS: Mapping[str, Sort] = {
    **{name: Sort(defect=Defect.STAIN, on=_CLOTH, size_mm=(3, 110), paint=brushes.stain(kind)) for name, kind in stains.KINDS.items()},
    "overlay": Sort(defect=Defect.STAIN, on=_CLOTH, size_mm=(6, 110), paint=brushes.overlay),
    **{name: Sort(defect=Defect.SCRATCH, on=_SHINY, size_mm=(4, 110), paint=brushes.scratch(name)) for name in scratches.KINDS},
    **{name: Sort(defect=Defect.TORN_PACKAGING, on=_PACKED if name == "rip" else _BOARD, size_mm=(18, 220), paint=brushes.tear(name)) for name in tears.KINDS},
    "dented": Sort(defect=Defect.TORN_PACKAGING, on=frozenset({"carton"}), size_mm=(0, 0), deform=damage.dented),
    "crushed": Sort(defect=Defect.TORN_PACKAGING, on=frozenset({"carton"}), size_mm=(0, 0), deform=damage.crushed),
    "opened": Sort(defect=Defect.TORN_PACKAGING, on=frozenset({"carton"}), size_mm=(0, 0), deform=damage.opened),
    "burst": Sort(defect=Defect.TORN_PACKAGING, on=frozenset({"mailer"}), size_mm=(0, 0), deform=damage.burst),
}  # fmt: skip
LABEL = "label"
"""Asked for as a defect: labels half torn off or missing."""


def sorts_of(names: Sequence[str]) -> tuple[str, ...]:
    """Defects and sorts → sorts, labels left out. Raises RecipeInvalid for a name that is neither."""
    chosen: list[str] = []
    for name in names:
        of = [sort for sort, one in SORTS.items() if name in (sort, one.defect)]
        if not of and name != LABEL:
            known = [*dict.fromkeys(one.defect.value for one in SORTS.values()), LABEL, *SORTS]
            raise RecipeInvalid(f"defect should be one of {', '.join(known)}, got {name!r}")
        chosen += of
    return tuple(dict.fromkeys(chosen))


def add(
    rng: np.random.Generator,
    drawn: Sequence[Drawn],
    sorts: Sequence[str],
    *,
    shapes: Shapes = NO_SHAPES,
) -> Faulty:
    """Add one to three defects to a scene (given once for each light) of those sorts that suit it."""
    fitting = [name for name in sorts if drawn[0].kind in SORTS[name].on]
    scene = Faulty(pictures=tuple(d.bgr for d in drawn), faults=(), parts=drawn[0].parts)
    if not fitting:
        return scene
    wanted = int(rng.choice([1, 1, 1, 2, 3]))
    for _ in range(wanted + _TRIES):
        name = _one_of(rng, fitting)
        scene = _with(rng, drawn, scene, name, shapes)
        if len(scene.faults) >= wanted:
            break
    return scene


def _one_of(rng: np.random.Generator, names: Sequence[str]) -> str:
    """First a defect, then a sort of it, so that each defect is as frequent however many sorts it has."""
    defects = sorted({SORTS[name].defect for name in names})
    defect = defects[int(rng.integers(len(defects)))]
    of = [name for name in names if SORTS[name].defect == defect]
    return of[int(rng.integers(len(of)))]


def _with(
    rng: np.random.Generator, drawn: Sequence[Drawn], scene: Faulty, name: str, shapes: Shapes
) -> Faulty:
    sort, seed = SORTS[name], int(rng.integers(2**62))
    if sort.deform:
        return _deformed(seed, drawn, scene, name) if not scene.faults else scene
    assert sort.paint  # noqa: S101 - a sort has one of the two
    centre, side = _place(rng, drawn[0], sort)
    if any(_inside(centre, fault.xyxy) for fault in scene.faults):
        return scene
    window = _window(drawn[0].bgr, centre, side)
    after = [
        _painted(sort.paint, seed, bgr, one.item, centre, side, window, shapes)
        for bgr, one in zip(scene.pictures, drawn, strict=True)
    ]
    return _noted(scene, name, after, [one.light for one in drawn])


def _window(bgr: Picture, centre: tuple[float, float], side: float) -> tuple[slice, slice]:
    """Rows and columns that painting may reach: painters cost by the pixel."""
    reach = side * 1.3 + 12
    (top, bottom), (left, right) = (
        (max(0, int(at - reach)), min(length, int(at + reach)))
        for at, length in zip(centre[::-1], bgr.shape[:2], strict=True)
    )
    return slice(top, bottom), slice(left, right)


def _painted(
    paint: Painter, seed: int, bgr: Picture, item: Bool, centre: tuple[float, float], side: float,
    window: tuple[slice, slice], shapes: Shapes,
) -> Picture:  # fmt: skip
    """The picture after painting in the window; the same one where nothing would be seen."""
    rows, columns = window
    at = centre[0] - columns.start, centre[1] - rows.start
    done = paint(np.random.default_rng(seed), bgr[window].copy(), at, side, item[window], shapes)
    if done is None:
        return bgr
    after = bgr.copy()
    after[window] = done
    return after


def _inside(point: tuple[float, float], box: XyXy) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


def _deformed(seed: int, drawn: Sequence[Drawn], scene: Faulty, name: str) -> Faulty:
    """The thing itself changed and lit again; only where it was changed."""
    sort, first = SORTS[name], drawn[0]
    assert sort.deform  # noqa: S101 - as above
    if first.canvas is None:
        return scene
    canvas = copied(first.canvas)
    where = sort.deform(np.random.default_rng(seed), canvas)
    if where is None:
        return scene
    after = [
        np.where(where[..., None], developed(radiance(canvas, one.light), one.gain), bgr)
        for bgr, one in zip(scene.pictures, drawn, strict=True) if one.light
    ]  # fmt: skip
    noted = _noted(replace(scene, parts=tuple(canvas.parts)), name, after, [None] * len(after))
    return noted if noted.faults else scene


def _place(rng: np.random.Generator, drawn: Drawn, sort: Sort) -> tuple[tuple[float, float], float]:
    """A centre on the item and a size in pixels."""
    height, width = drawn.bgr.shape[:2]
    limits = np.array([9.0, 0.45 * max(height, width)])
    if drawn.mm_per_px is None:
        low, high = 0.02 * max(height, width), 0.4 * max(height, width)
    else:
        low, high = np.array(sort.size_mm) / drawn.mm_per_px
    low, high = np.clip([low, high], *limits)
    side = float(np.exp(rng.uniform(np.log(low), np.log(max(high, low * 1.01)))))
    if drawn.kind == PHOTO:  # people put the item into the middle
        x, y = rng.normal(0.5, 0.13, 2).clip(0.12, 0.88) * [width, height]
        return (float(x), float(y)), side
    inner = cv2.erode(drawn.item[::4, ::4].astype(np.uint8), np.ones((3, 3), np.uint8))
    rows, columns = np.nonzero(inner)
    if not rows.size:
        return (width / 2, height / 2), side
    chosen = int(rng.integers(rows.size))
    return (float(columns[chosen] * 4 + 2), float(rows[chosen] * 4 + 2)), side


def _noted(
    scene: Faulty, name: str, after: Sequence[Picture], lamps: Sequence[Light | None]
) -> Faulty:
    """The scene with the change cut to what is seen of it, and its truth; as it was where that is nothing."""
    changes = [_cut(b, a) for b, a in zip(scene.pictures, after, strict=True)]
    mask = np.logical_or.reduce([there for _, there in changes])
    if mask.sum() < 12:
        return scene
    pictures = [bgr for bgr, _ in changes]
    if SORTS[name].defect is Defect.SCRATCH and len(lamps) > 1:
        pictures = [
            caught(b, a, mask, lamp)
            for b, a, lamp in zip(scene.pictures, pictures, lamps, strict=True)
        ]
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    box = float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
    fault = Fault(defect=SORTS[name].defect, sort=name, xyxy=box, mask=mask)
    faults, parts = (*scene.faults, fault), _left(scene.parts, fault)
    return replace(scene, pictures=tuple(pictures), faults=faults, parts=parts)


def _left(parts: Parts, fault: Fault) -> Parts:
    """Labels and codes that a tear has not taken away."""
    if fault.defect is not Defect.TORN_PACKAGING:
        return parts
    return tuple(
        (name, box)
        for name, box in parts
        if name == "package" or _share(fault.mask, box) < _TAKEN_SHARE
    )


def _share(mask: Bool, box: XyXy) -> float:
    x1, y1, x2, y2 = (round(v) for v in box)
    return float(mask[y1:y2, x1:x2].mean())


def _cut(before: Picture, after: Picture) -> tuple[Picture, Bool]:
    """The picture with its faintest changes undone, and where it changed."""
    apart = cv2.absdiff(before, after)
    change = np.max(cv2.split(apart), axis=0)
    there = change >= np.clip(0.15 * float(change.max()), *_FAINT)
    kept = before.copy()
    cv2.copyTo(after, there.astype(np.uint8), kept)
    return kept, there


def caught(before: Picture, after: Picture, mask: Bool, lamp: Light | None) -> Picture:
    """A scratch under a lamp: bright across the light, nearly gone along it."""
    if lamp is None:
        return after
    rows, columns = np.nonzero(mask)
    spread = np.cov(np.stack([columns, rows])) if rows.size > 2 else np.eye(2)
    along = np.linalg.eigh(spread)[1][:, -1]
    across = abs(float(along[0] * lamp.towards[1] - along[1] * lamp.towards[0]))
    across /= max(1e-6, float(np.hypot(*lamp.towards[:2])))
    shown = np.float32(0.12 + 0.88 * across)
    mixed = before + (after.astype(np.float32) - before) * shown
    return np.where(mask[..., None], np.rint(mixed), before).astype(np.uint8)


def label_state(rng: np.random.Generator) -> State:
    """Half torn off or missing."""
    return State.HALF_TORN if rng.random() < 0.4 else State.MISSING
