"""Pictures to learn from, cut out of photos, some with defects painted in or made to look like others."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import cv2
import numpy as np

from models.record import XyXy
from models.vision.geometry import resize
from training.read import Box
from training.recipe import Cut, Step
from training.render.noise import Picture, fractal, grey_of
from training.render.painters import PAINTERS, Materials, Painter, Parts

# A box of which less than this is inside a window is too little to be called by its name...
KEPT_SHARE = 0.4
# ... and more than this is too much to be passed over in silence: another window is drawn.
IGNORED_SHARE = 0.05
_DRAWS = 12
# A labelled thing smaller than this, in pixels of the picture, is not to be learnt.
_MIN_SIDE_PX = 3.0
_NOTHING = Materials()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Scene:
    """A photo with its truth, or a part of one."""

    bgr: Picture
    """[height, width, 3]."""
    boxes: tuple[Box, ...] = ()
    """In its pixels."""


def make(
    rng: np.random.Generator,
    scene: Scene,
    step: Step,
    *,
    side_px: int,
    classes: Collection[str],
    around: Box | None = None,
    materials: Materials = _NOTHING,
) -> Scene:
    """One picture by the recipe's step, at most side_px wide and high; only `classes` are labelled."""
    painted = rng.random() < step.paint
    if step.cut is not Cut.WHOLE:
        side = float(rng.uniform(*step.window_px))
        scene = cut(rng, scene, side, around=around, apart=step.cut is Cut.ANYWHERE)
    if painted:
        scene = damaged(rng, scene, step, classes, materials)
    if rng.random() < step.grey:
        scene = replace(scene, bgr=grey_look(rng, scene.bgr))
    return shrunk(scene, side_px)


def cut(
    rng: np.random.Generator, scene: Scene, side: float, *, around: Box | None, apart: bool
) -> Scene:
    """A square window (as far as the photo reaches), around a box or anywhere.

    Windows that cut a box to a sliver are drawn again; what stays cut off too far is left out.
    """
    best: tuple[int, XyXy] | None = None
    for _ in range(_DRAWS):
        window = _window(rng, scene.bgr, side, around)
        shares = [_share_inside(box.xyxy, window) for box in scene.boxes]
        slivers = sum(IGNORED_SHARE < share < KEPT_SHARE for share in shares)
        if around is not None and _share_inside(around.xyxy, window) < KEPT_SHARE:
            slivers += 1
        if apart and rng.random() < 0.5:  # beside the marks as often as on them
            slivers += sum(share >= KEPT_SHARE for share in shares)
        if best is None or slivers < best[0]:
            best = slivers, window
        if not slivers:
            break
    assert best is not None  # noqa: S101 - the loop runs at least once
    return _cropped(scene, best[1])


def _window(
    rng: np.random.Generator, bgr: Picture, side: float, around: Box | None
) -> tuple[int, int, int, int]:
    height, width = bgr.shape[:2]
    w, h = int(min(side, width)), int(min(side, height))
    if around is None:
        x, y = rng.integers(0, width - w + 1), rng.integers(0, height - h + 1)
    else:
        x1, y1, x2, y2 = around.xyxy
        x = int(np.clip((x1 + x2) / 2 - w * rng.uniform(0.1, 0.9), 0, width - w))
        y = int(np.clip((y1 + y2) / 2 - h * rng.uniform(0.1, 0.9), 0, height - h))
    return int(x), int(y), int(x) + w, int(y) + h


def _inside(xyxy: XyXy, window: XyXy) -> XyXy:
    return (
        max(xyxy[0], window[0]),
        max(xyxy[1], window[1]),
        min(xyxy[2], window[2]),
        min(xyxy[3], window[3]),
    )


def _area(xyxy: XyXy) -> float:
    return max(0.0, xyxy[2] - xyxy[0]) * max(0.0, xyxy[3] - xyxy[1])


def _share_inside(xyxy: XyXy, window: XyXy) -> float:
    return _area(_inside(xyxy, window)) / max(_area(xyxy), 1e-9)


def _cropped(scene: Scene, window: XyXy) -> Scene:
    x1, y1, x2, y2 = (int(v) for v in window)
    kept = []
    for box in scene.boxes:
        if _share_inside(box.xyxy, window) >= KEPT_SHARE:
            a = _inside(box.xyxy, window)
            kept.append(replace(box, xyxy=(a[0] - x1, a[1] - y1, a[2] - x1, a[3] - y1)))
    return Scene(bgr=scene.bgr[y1:y2, x1:x2].copy(), boxes=tuple(kept))


def shrunk(scene: Scene, side_px: int) -> Scene:
    """Scaled so that the longer side is side_px; boxes too small to be seen then are left out."""
    height, width = scene.bgr.shape[:2]
    scale = side_px / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    by = (size[0] / width, size[1] / height) * 2
    boxes = [
        replace(box, xyxy=tuple(v * s for v, s in zip(box.xyxy, by, strict=True)))
        for box in scene.boxes
    ]
    return Scene(bgr=resize(scene.bgr, *size), boxes=tuple(filter(_large_enough, boxes)))


def _large_enough(box: Box) -> bool:
    x1, y1, x2, y2 = box.xyxy
    return min(x2 - x1, y2 - y1) >= _MIN_SIDE_PX


def damaged(
    rng: np.random.Generator,
    scene: Scene,
    step: Step,
    classes: Collection[str],
    materials: Materials,
) -> Scene:
    """One to three things painted on the middle, where the item is; never over what is labelled."""
    bgr, boxes = scene.bgr, list(scene.boxes)
    was_grey = _is_grey(bgr)
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        low, high = np.log(step.size)
        side = float(np.exp(rng.uniform(low, high))) * max(bgr.shape[:2])
        painter = _painter(rng, step, materials)
        done = painter(rng, bgr, _place(rng, bgr, side), side, materials)
        if done is None or _covers(done[1], boxes):
            continue
        bgr = _greyed(done[0]) if was_grey else done[0]
        boxes += [Box(kind=kind, xyxy=xyxy) for kind, xyxy in done[1] if kind in classes]
    return Scene(bgr=bgr, boxes=tuple(boxes))


def _painter(rng: np.random.Generator, step: Step, materials: Materials) -> Painter:
    names = [name for name in step.kinds if materials.allow(name)]
    return PAINTERS[names[rng.integers(len(names))]]


def _covers(parts: Parts, boxes: Collection[Box]) -> bool:
    return any(_share_inside(xyxy, box.xyxy) > 0 for _, xyxy in parts for box in boxes)


def _is_grey(bgr: Picture) -> bool:
    return int(np.ptp(bgr[::4, ::4], axis=2).max(initial=0)) <= 12


def _greyed(bgr: Picture) -> Picture:
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


def _place(rng: np.random.Generator, bgr: Picture, side: float) -> tuple[float, float]:
    """A centre near the middle; of four, the one on the smoothest and best lit ground."""
    height, width = bgr.shape[:2]
    drawn = rng.normal(0.5, 0.13, (4, 2)).clip(0.12, 0.88) * [width, height]
    grey = grey_of(bgr)
    half = max(4, int(side / 2))

    def unevenness(centre: tuple[float, float]) -> float:
        x, y = int(centre[0]), int(centre[1])
        around = grey[max(0, y - half) : y + half, max(0, x - half) : x + half]
        return float(around.std() - 0.08 * around.mean())

    return min(((float(x), float(y)) for x, y in drawn), key=unevenness)


def grey_look(rng: np.random.Generator, bgr: Picture) -> Picture:
    """Grey, contrast boosted, now and then turned with black corners."""
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    if rng.random() < 0.5:
        grey = cv2.equalizeHist(grey)
    else:
        tiles = int(rng.integers(2, 7))
        grey = cv2.createCLAHE(float(rng.uniform(2, 6)), (tiles, tiles)).apply(grey)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


def cloth(rng: np.random.Generator, swatch: Picture, side: int) -> Picture:
    """A swatch laid out over side × side, mirrored at its edges, unevenly lit."""
    # A swatch that is smaller than others is enlarged more: six of it have to cover the sheet.
    scale = max(rng.uniform(1.2, 3.2), (side + 6) / 6 / min(swatch.shape[:2]))
    large = cv2.resize(swatch, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    row = np.hstack([large, large[:, ::-1]] * 3)
    sheet = np.vstack([row, row[::-1]] * 3)
    x, y = (int(rng.integers(0, length - side + 1)) for length in (sheet.shape[1], sheet.shape[0]))
    light = 1 + rng.uniform(0.05, 0.3) * fractal(rng, side, side, side / 2, 3)
    return np.asarray(
        np.clip(sheet[y : y + side, x : x + side] * light[..., None], 0, 255), np.uint8
    )
