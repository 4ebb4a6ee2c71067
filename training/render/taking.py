"""Pictures one by one: the scene or photo, what is done to it, the camera, and the truth."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from models.errors import SecondlookError
from models.vision import decode
from models.vision.geometry import resize
from training.errors import DatasetInvalid
from training.render import faults, lamps, scenes
from training.render.camera import photographed
from training.render.labels import State
from training.render.noise import Picture
from training.render.order import Order
from training.render.scenes import Drawn

# Half of the pictures show nothing wrong: what a station sees most of, and what must not alarm it.
_FAULTY_SHARE = 0.5
# Of the benches, where pictures of surfaces are given.
_TEXTURED_SHARE = 0.4
_LABELLED = frozenset({"carton", "mailer"})
Told = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Taken:
    """One picture with its truth."""

    pictures: tuple[Picture, ...]
    """What the camera kept, BGR; one for each lamp."""
    drawn: Drawn
    """The clean scene under the first lamp, before the camera."""
    faulty: faults.Faulty
    """The same scene with its defects, before the camera."""
    label: State | None
    """What became of a package's label; None where there should be none."""
    background: str | None = None
    """The photo that was painted on."""


def take(order: Order, index: int, told: Told = lambda _: None) -> Taken:
    """Picture `index` of an order; nothing depends on how many there are.

    Raises DatasetInvalid where no background can be read.
    """
    rng = np.random.default_rng([order.seed, index])
    faulty = rng.random() < _FAULTY_SHARE
    if order.backgrounds:
        drawn, name = _photo(rng, order, told)
        return _taken(rng, order, [drawn], order.sorts if faulty else (), None, name)
    kind = order.kinds[int(rng.integers(len(order.kinds)))]
    state, sorts = _wrong(rng, order, kind, faulty=faulty)
    return _taken(rng, order, _scenes(rng, order, kind, state), sorts, state, None)


def _wrong(
    rng: np.random.Generator, order: Order, kind: str, *, faulty: bool
) -> tuple[State | None, tuple[str, ...]]:
    """What is wrong with the label, and of which sorts the other defects are."""
    state = State.PRESENT if kind in _LABELLED else None
    if not faulty:
        return state, ()
    sorts = tuple(name for name in order.sorts if kind in faults.SORTS[name].on)
    if state and order.labels and (rng.random() < 0.4 or not sorts):
        return faults.label_state(rng), sorts if rng.random() < 0.3 else ()
    return state, sorts


def _scenes(rng: np.random.Generator, order: Order, kind: str, state: State | None) -> list[Drawn]:
    """The clean scene, once for each lamp; the others stand evenly around the bench."""
    ground = _ground(rng, order)
    canvas, bench = scenes.lay(rng, kind, order.side_px, state or State.PRESENT, ground)
    lamp = lamps.any_light(rng, canvas.view)
    around = [
        lamps.turned(lamp, 360 / order.angles * n) if n else lamp for n in range(order.angles)
    ]
    return [scenes.lit(canvas, kind, bench, one) for one in around]


def _ground(rng: np.random.Generator, order: Order) -> Picture | None:
    """The picture of a surface that is the bench; None for a drawn one. Raises PhotoUnreadable."""
    if not order.textures or rng.random() >= _TEXTURED_SHARE:
        return None
    return _surface(order.textures[int(rng.integers(len(order.textures)))])


@lru_cache(maxsize=64)
def _surface(path: Path) -> Picture:
    return decode.decode(decode.read(path)).bgr


def _photo(rng: np.random.Generator, order: Order, told: Told) -> tuple[Drawn, str]:
    """A photo at its size or reduced; the next one where one cannot be read."""
    first = int(rng.integers(len(order.backgrounds)))
    for path in (*order.backgrounds[first:], *order.backgrounds[:first]):
        try:
            bgr = decode.decode(decode.read(path)).bgr
        except SecondlookError as error:
            told(f"passed over: {path.name}: {error}")
            continue
        height, width = bgr.shape[:2]
        scale = min(1.0, order.side_px / max(height, width))
        small = resize(bgr, max(1, round(width * scale)), max(1, round(height * scale)))
        item = np.ones(small.shape[:2], np.bool_)
        return Drawn(kind=faults.PHOTO, bgr=small, item=item, parts=(), mm_per_px=None), path.name
    raise DatasetInvalid("no photo among the backgrounds could be read")


def _taken(
    rng: np.random.Generator,
    order: Order,
    drawn: list[Drawn],
    sorts: tuple[str, ...],
    state: State | None,
    background: str | None,
) -> Taken:
    done = faults.add(rng, drawn, sorts, shapes=order.shapes)
    if background:  # a photo has been through a camera already
        pictures = done.pictures
    else:
        seed = int(rng.integers(2**62))
        pictures = tuple(
            photographed(np.random.default_rng(seed), bgr, np.random.default_rng([seed, lamp]))
            for lamp, bgr in enumerate(done.pictures)
        )
    return Taken(pictures=pictures, drawn=drawn[0], faulty=done, label=state, background=background)
