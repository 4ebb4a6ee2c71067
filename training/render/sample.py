"""The sample returns: what the demo's bench is shown, and what is truly wrong with it.

Nothing in them is a photo; a figure that rests on them says nothing of real goods.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import yaml

from models.record import XyXy
from models.vocabulary import Category, Defect, Shot
from training.render import bench, cartons, garments, phones, stains
from training.render.noise import Picture, grain, to_picture

JPEG_QUALITY = 86
NEW_SHOTS = (Shot.FRONT, Shot.BACK)
"""Views that the new item is shown in."""
NEW_ITEMS = frozenset(f"RT-{n:04d}" for n in (2, 5, 6, 8, 9, 10, 12, 14, 16, 18))
"""Whose new item is shown; of the others the first that a person grades A is proposed."""
# A detail shows a quarter of the view: twice as large.
ENLARGED = 2
# The benches that these pictures pretend to: width of the view in millimetres, after the standards.
FIELD_MM: Mapping[Category, float] = {
    Category.APPAREL: 800,
    Category.ELECTRONICS: 200,
    Category.PARCEL: 600,
}
CLOSEUP_MM: Mapping[Shot, float] = {
    Shot.DETAIL: 800 / ENLARGED,
    Shot.SERIAL: 90,
    Shot.SHIPPING_LABEL: 420,
}
SIZES: Mapping[Category, tuple[int, int]] = {
    Category.APPAREL: (720, 800), Category.ELECTRONICS: (640, 720), Category.PARCEL: (800, 640),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Flaw:
    """One defect to draw."""

    shot: Shot
    """On which view."""
    kind: str = "liquid"
    """A key of stains.KINDS, for stains."""
    at: tuple[float, float] = (0.5, 0.5)
    """Centre, in parts of width and height."""
    size: float = 0.1
    """In parts of the picture's width."""
    colour: stains.Bgr | None = None
    """What multiplies the cloth, BGR 0 to 1; one of the kind's where none is given."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleReturn:
    """One returned item."""

    code: str
    """What its label scans as."""
    category: Category
    """Which standard applies."""
    item: garments.Garment | phones.Phone | cartons.Carton
    """What it is."""
    note_en: str
    """What it shows, in English."""
    note_zh: str
    """The same in Chinese."""
    shots: tuple[Shot, ...]
    """The photos taken; a missing required one is on purpose."""
    flaws: tuple[Flaw, ...] = ()
    """What is wrong with it, beyond what the item itself says."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """What the operator answers: question → choice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """One true defect on one photo."""

    defect: Defect
    """What it is."""
    xyxy: XyXy
    """Pixel edges in the photo."""


def photograph(item: SampleReturn, shot: Shot) -> tuple[Picture, tuple[Truth, ...]]:
    """The photo of one view, BGR, and what is truly on it. The same item gives the same bytes."""
    if isinstance(item.item, garments.Garment):
        bgr, truths = _garment(item, item.item, shot)
    elif isinstance(item.item, phones.Phone):
        bgr, truths = _phone(_rng(item, shot), item, item.item, shot)
    else:
        bgr, truths = _carton(item, item.item, shot)
    return bench.photographed(_rng(item, shot), bgr), truths


def _rng(item: SampleReturn, shot: Shot) -> np.random.Generator:
    return np.random.default_rng([int(item.code.rsplit("-", 1)[1]), list(Shot).index(shot)])


def _drawn_size(category: Category) -> tuple[int, int]:
    width, height = SIZES[category]
    return height * bench.OVERSAMPLE, width * bench.OVERSAMPLE


def _garment(
    item: SampleReturn, garment: garments.Garment, shot: Shot
) -> tuple[Picture, tuple[Truth, ...]]:
    if shot is Shot.DETAIL:
        return _closer(*_garment(item, garment, Shot.FRONT))
    rng = _rng(item, shot)
    height, width = _drawn_size(item.category)
    ground = (bench.mat, bench.wood)[garment.seed % 2](
        np.random.default_rng(garment.seed), height, width
    )
    layer = garments.lay(garment, back=shot is Shot.BACK, height=height, width=width)
    shown = bench.place(rng, ground, layer, lift_px=9, turn=rng.uniform(-3.5, 3.5))
    bgr, truths = shown.bgr, []
    for flaw in (f for f in item.flaws if f.shot is shot):
        stained = _stain(rng, bgr, shown, flaw)
        bgr = stained.bgr
        truths.append(Truth(defect=Defect.STAIN, xyxy=stained.xyxy))
    return bgr, tuple(truths)


def _closer(bgr: Picture, truths: tuple[Truth, ...]) -> tuple[Picture, tuple[Truth, ...]]:
    """The surroundings of the first flaw, enlarged to the whole picture; its middle without one."""
    height, width = bgr.shape[:2]
    x1, y1, x2, y2 = truths[0].xyxy if truths else (0.0, 0.0, float(width), float(height))
    w, h = width // ENLARGED, height // ENLARGED
    x = int(np.clip((x1 + x2 - w) / 2, 0, width - w))
    y = int(np.clip((y1 + y2 - h) / 2, 0, height - h))
    part = cv2.resize(bgr[y : y + h, x : x + w], (width, height), interpolation=cv2.INTER_CUBIC)
    threads = 1 + 0.035 * grain(np.random.default_rng(1), height, width, 2.5)
    by = ENLARGED
    xyxy = ((x1 - x) * by, (y1 - y) * by, (x2 - x) * by, (y2 - y) * by)
    seen = tuple(Truth(defect=truth.defect, xyxy=xyxy) for truth in truths[:1])
    return to_picture(part * threads[..., None]), seen


def _stain(
    rng: np.random.Generator, bgr: Picture, shown: bench.Shown, flaw: Flaw
) -> stains.Stained:
    height, width = bgr.shape[:2]
    stained = stains.paint(
        rng, bgr, kind=stains.KINDS[flaw.kind], centre=(flaw.at[0] * width, flaw.at[1] * height),
        side_px=flaw.size * width, allowed=shown.item, strength=0.9, colour=flaw.colour,
    )  # fmt: skip
    if stained is None:
        raise ValueError(f"{flaw} should be visible: move it onto the garment or change it")
    return stained


def _phone(
    rng: np.random.Generator, item: SampleReturn, phone: phones.Phone, shot: Shot
) -> tuple[Picture, tuple[Truth, ...]]:
    height, width = _drawn_size(item.category)
    labelled = not any(f.shot is shot and f.kind == "missing" for f in item.flaws)
    if shot is Shot.SERIAL:
        layer = phones.lay_serial(phone, labelled=labelled, height=height, width=width)
    else:
        draw = phones.lay_back if shot is Shot.BACK else phones.lay_front
        layer = draw(phone, height=height, width=width)
    ground = bench.mat(np.random.default_rng(phone.seed), height, width)
    bgr = bench.place(rng, ground, layer, lift_px=7, turn=rng.uniform(-3, 3)).bgr
    truths = [] if labelled else [_whole(bgr)]
    for flaw in (f for f in item.flaws if f.shot is shot and f.kind == "scratch"):
        centre = flaw.at[0] * bgr.shape[1], flaw.at[1] * bgr.shape[0]
        bgr, xyxy = phones.scratch(rng, bgr, centre=centre, length_px=flaw.size * bgr.shape[1])
        truths.append(Truth(defect=Defect.SCRATCH, xyxy=xyxy))
    return bgr, tuple(truths)


def _whole(bgr: Picture) -> Truth:
    return Truth(
        defect=Defect.MISSING_LABEL, xyxy=(0.0, 0.0, float(bgr.shape[1]), float(bgr.shape[0]))
    )


def _carton(
    item: SampleReturn, carton: cartons.Carton, shot: Shot
) -> tuple[Picture, tuple[Truth, ...]]:
    height, width = _drawn_size(item.category)
    closeup = shot is Shot.SHIPPING_LABEL
    drawn = (cartons.lid_closeup if closeup else cartons.stand)(carton, height=height, width=width)
    ground = bench.wood(np.random.default_rng(carton.seed), height, width)
    both = bench.shadowed(ground, drawn.layer.alpha, 26) * (1 - drawn.layer.alpha[..., None])
    shown = bench.reduced(both + drawn.layer.bgr * drawn.layer.alpha[..., None], drawn.layer.alpha)
    truths = []
    if drawn.torn:
        x1, y1, x2, y2 = (v / bench.OVERSAMPLE for v in drawn.torn)
        truths.append(Truth(defect=Defect.TORN_PACKAGING, xyxy=(x1, y1, x2, y2)))
    if closeup and not carton.labelled:
        truths.append(_whole(shown.bgr))
    return shown.bgr, tuple(truths)


def size_mm(item: SampleReturn, shot: Shot, xyxy: XyXy) -> float:
    """The box's longer side, by the field of view that the picture pretends to."""
    width = SIZES[item.category][0]
    field_mm = CLOSEUP_MM.get(shot, FIELD_MM[item.category])
    return round(max(xyxy[2] - xyxy[0], xyxy[3] - xyxy[1]) / width * field_mm, 1)


def write(returns: Sequence[SampleReturn], folder: Path) -> int:
    """Write images/ and returns.yaml; returns the number of photos."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    entries = [dict(_entry(item, folder)) for item in returns]
    text = yaml.safe_dump(entries, allow_unicode=True, sort_keys=False, width=110)
    (folder / "returns.yaml").write_text(text, encoding="utf-8")
    return sum(len(item.shots) for item in returns)


def write_references(returns: Sequence[SampleReturn], folder: Path) -> int:
    """Write references/: the same items when they were new; returns the number of photos."""
    (folder / "references").mkdir(parents=True, exist_ok=True)
    wanted = [(item, shot) for item in returns if item.code in NEW_ITEMS for shot in NEW_SHOTS]
    for item, shot in wanted:
        # Another code: the item lies a little differently, as on another day.
        new = replace(item, code=f"NEW-{int(item.code.rsplit('-', 1)[1]) + 1000}", flaws=())
        name = f"references/{item.code.lower()}-{shot.value}.jpg"
        bgr, _ = photograph(new, shot)
        cv2.imwrite(str(folder / name), bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return len(wanted)


def _entry(item: SampleReturn, folder: Path) -> Iterator[tuple[str, object]]:
    photos: list[dict[str, object]] = []
    truth: list[dict[str, object]] = []
    for shot in item.shots:
        name = f"images/{item.code.lower()}-{shot.value.replace('_', '-')}.jpg"
        bgr, truths = photograph(item, shot)
        cv2.imwrite(str(folder / name), bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        photos.append({"file": name, "shot": shot.value})
        truth += [_told(item, shot, name, t) for t in truths]
    yield "code", item.code
    yield "category", item.category.value
    yield "note_en", item.note_en
    yield "note_zh", item.note_zh
    yield "photos", photos
    yield "answers", dict(item.answers)
    yield "truth", truth


def _told(item: SampleReturn, shot: Shot, name: str, truth: Truth) -> dict[str, object]:
    box = [round(v, 1) for v in truth.xyxy]
    told: dict[str, object] = {"photo": name, "defect": truth.defect.value, "xyxy": box}
    told["size_mm"] = (
        None if truth.defect is Defect.MISSING_LABEL else size_mm(item, shot, truth.xyxy)
    )
    return told
