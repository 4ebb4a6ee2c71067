"""Freeze a data set version: which photos, from where, in which split; then make its pictures."""

import csv
import functools
import hashlib
import io
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import yaml

from training import pictures, split
from training.errors import DatasetInvalid
from training.pictures import Scene
from training.read import Box, Labelled, line_of, pixels, read_set
from training.recipe import Cut, DataRecipe, Source, Step
from training.render import bench, garments, panes, scenes, transplant
from training.render.painters import Materials
from training.split import Split

JPEG_QUALITY = 93
# Where write_pictures leaves the validation photos.
HELD_OUT = "held-out"
_TEXTURE_SIDE_PX = 480
_SCENE_SIDE_PX = 640


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One photo of the manifest."""

    sha256: str
    """Hash of its file."""
    folder: str
    """The set that it is from."""
    source: str
    """Where the set is from."""
    licence: str
    """Under which licence."""
    split: Split
    """What it is for."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""
    boxes: int
    """How many labelled things are on it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A frozen data set version."""

    recipe: DataRecipe
    """What it was made by."""
    rows: tuple[Row, ...]
    """Its photos, by set and hash."""
    photos: dict[str, Labelled]
    """The photos on this machine, by hash."""
    complaints: tuple[str, ...]
    """What could not be used."""

    @property
    def digest(self) -> str:
        """Changes when a photo, its split or the recipe does."""
        content = self.recipe.model_dump_json() + manifest_text(self.rows)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def identifier(self) -> str:
        """name@version, as cards name it."""
        return f"{self.recipe.name}@{self.recipe.version}"

    def of(self, folder: str, which: Split) -> list[Labelled]:
        """The photos of one set in one split."""
        return [self.photos[r.sha256] for r in self.rows if (r.folder, r.split) == (folder, which)]


def freeze(recipe: DataRecipe, root: Path) -> Version:
    """Read every source below root, keep look-alikes together, take validation out of train/.

    The test/ folders are only looked at to drop their look-alikes. Raises DatasetInvalid.
    """
    found: list[tuple[Source, Labelled]] = []
    complaints: list[str] = []
    tested = []
    for source in recipe.sources:
        reading = read_set(
            root / source.folder / "train", recipe.classes, clean=not source.labelled
        )
        found += [(source, photo) for photo in reading.photos]
        complaints += [f"{source.folder}: {line}" for line in reading.complaints]
        if (root / source.folder / "test").is_dir():
            tested += [
                split.look_of(pixels(photo))
                for photo in read_set(root / source.folder / "test", (), clean=True).photos
            ]
    rows = _rows(recipe, found, tested)
    return Version(
        recipe=recipe,
        rows=tuple(sorted(rows, key=lambda row: (row.folder, row.sha256))),
        photos={photo.sha256: photo for _, photo in found},
        complaints=tuple(complaints),
    )


def _rows(
    recipe: DataRecipe, found: Sequence[tuple[Source, Labelled]], tested: Sequence[split.Bits]
) -> list[Row]:
    known = [
        split.Known(sha256=photo.sha256, source=source.folder, look=split.look_of(pixels(photo)))
        for source, photo in found
    ]
    hold_out = {source.folder: source.hold_out for source in recipe.sources}
    splits = split.split(
        known, hold_out=hold_out, tested=tested, max_distance=recipe.near_bits, seed=recipe.seed
    )
    once: dict[str, Row] = {}
    for (source, photo), which in zip(found, splits, strict=True):
        once.setdefault(photo.sha256, _row(source, photo, which))
    return list(once.values())


def _row(source: Source, photo: Labelled, which: Split) -> Row:
    return Row(
        sha256=photo.sha256, folder=source.folder, source=source.source, licence=source.licence,
        split=which, width=photo.width, height=photo.height, boxes=len(photo.boxes),
    )  # fmt: skip


def manifest_text(rows: Sequence[Row]) -> str:
    """The manifest as CSV: no path of any machine, no photo."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row.__slots__)
    writer.writerows([str(getattr(row, name)) for name in Row.__slots__] for row in rows)
    return text.getvalue()


def write_pictures(
    version: Version, root: Path, out: Path, told: Callable[[str], None]
) -> Counter[str]:
    """Make the pictures below out: images/, labels/ and data.yaml for Ultralytics; counts by split.

    Raises DatasetInvalid where out holds pictures already: old ones would be learnt from as well.
    """
    if (out / "images").exists():
        raise DatasetInvalid(f"{out}: should be a new folder, but holds pictures already")
    counts = Counter(
        {
            which.value: _write_steps(version, root, out, which, told)
            for which in (Split.TRAIN, Split.VAL)
        }
    )
    _write_held_out(version, out / HELD_OUT)
    _write_facts(version, counts, out)
    return counts


def _write_held_out(version: Version, out: Path) -> None:
    """The validation photos as they are, a set a folder: to calibrate on, or to paint on first."""
    classes = version.recipe.classes
    for source in version.recipe.sources:
        for photo in version.of(source.folder, Split.VAL):
            at = out / source.folder
            for part in ("images", "labels"):
                (at / part).mkdir(parents=True, exist_ok=True)
            (at / "classes.txt").write_text("".join(f"{name}\n" for name in classes))
            name = photo.sha256[:16]
            shutil.copyfile(photo.path, at / "images" / f"{name}{photo.path.suffix.lower()}")
            lines = [line_of(box, classes, photo.width, photo.height) for box in photo.boxes]
            (at / "labels" / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))


def _write_steps(
    version: Version, root: Path, out: Path, which: Split, told: Callable[[str], None]
) -> int:
    steps = version.recipe.train if which is Split.TRAIN else version.recipe.val
    for folder in ("images", "labels"):
        (out / folder / which).mkdir(parents=True)
    materials = materials_of(version, root)
    total = 0
    for number, step in enumerate(steps):
        made = 0
        scenes = _scenes(version, root, step, number, materials, which)
        for made, scene in enumerate(scenes, start=1):
            _write(scene, out, which, f"{number:02}-{made:05}", version.recipe)
        told(f"{which}: {step.source}, {step.cut}: {made} pictures")
        total += made
    return total


def _write_facts(version: Version, counts: Counter[str], out: Path) -> None:
    names = dict(enumerate(map(str, version.recipe.classes)))
    data = {
        "path": str(out.resolve()),
        "train": "images/train",
        "val": "images/val",
        "names": names,
    }
    (out / "data.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
    frozen = {
        "version": version.identifier,
        "digest": version.digest,
        "pictures": dict(counts),
    }
    (out / "version.json").write_text(json.dumps(frozen, indent=1))


def _write(scene: Scene, out: Path, which: Split, name: str, recipe: DataRecipe) -> None:
    height, width = scene.bgr.shape[:2]
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    cv2.imwrite(str(out / "images" / which / f"{name}.jpg"), scene.bgr, quality)
    lines = [line_of(box, recipe.classes, width, height) for box in scene.boxes]
    (out / "labels" / which / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))


def _scenes(
    version: Version, root: Path, step: Step, number: int, materials: Materials, which: Split
) -> Iterator[Scene]:
    recipe = version.recipe
    for index, whole in enumerate(_wholes(version, root, step, which)):
        rng = np.random.default_rng([recipe.seed, number, list(Split).index(which), index])
        targets = whole.boxes if step.cut is Cut.AROUND else (None,)
        for target in targets:
            for _ in range(int(step.times + rng.random())):
                yield pictures.make(
                    rng, whole, step, side_px=recipe.side_px, classes=recipe.classes,
                    around=target, materials=materials,
                )  # fmt: skip


def materials_of(version: Version, root: Path) -> Materials:
    """Shapes from files, and the real defects of the training photos that may be set in elsewhere."""
    recipe = version.recipe
    donors: dict[str, list[transplant.Donor]] = {}
    for source in recipe.sources:
        for photo in version.of(source.folder, Split.TRAIN):
            if photo.boxes:
                bgr = pixels(photo)
                for box in photo.boxes:
                    if donor := transplant.donor_of(bgr, box.xyxy):
                        donors.setdefault(box.kind, []).append(donor)
    return Materials(
        overlays=sorted(root.glob(recipe.overlays)) if recipe.overlays else (),
        courses=sorted(root.glob(recipe.courses)) if recipe.courses else (),
        donors=donors,
    )


def _wholes(version: Version, root: Path, step: Step, which: Split) -> Iterator[Scene]:
    recipe = version.recipe
    if step.source == "rendered":
        yield from (_garment(index) for index in range(recipe.rendered))
    elif step.source == "textures":
        yield from _textures(recipe, root)
    elif step.source in recipe.scenes:
        for number in range(recipe.scenes[step.source]):
            scene = _scene(step.source, number)
            known = tuple(box for box in scene.boxes if box.kind in recipe.classes)
            yield Scene(bgr=scene.bgr, boxes=known)
    else:
        for photo in version.of(step.source, which):
            yield Scene(bgr=pixels(photo), boxes=photo.boxes)


@functools.lru_cache(1000)  # several steps cut from the same scene
def _scene(kind: str, number: int) -> Scene:
    """A clean scene with its parts labelled; other ones than the render command's."""
    rng = np.random.default_rng([4711, number])
    if kind == "pane":
        return Scene(bgr=panes.pane(rng, _SCENE_SIDE_PX))
    drawn = scenes.draw(rng, kind, _SCENE_SIDE_PX)
    boxes = tuple(Box(kind=name, xyxy=xyxy) for name, xyxy in drawn.parts)
    return Scene(bgr=bench.photographed(rng, drawn.bgr), boxes=boxes)


def _textures(recipe: DataRecipe, root: Path) -> Iterator[Scene]:
    paths = sorted(path for pattern in recipe.textures for path in root.glob(pattern))
    if not paths:
        raise DatasetInvalid(f"{root}: should hold textures {recipe.textures}")
    for index, path in enumerate(paths):
        rng = np.random.default_rng([recipe.seed, index])
        swatch = np.asarray(cv2.imread(str(path)), np.uint8)
        yield Scene(bgr=pictures.cloth(rng, swatch, _TEXTURE_SIDE_PX))


@functools.cache  # several steps cut from the same garment, and drawing one takes a second
def _garment(index: int) -> Scene:
    """A rendered garment on a bench, other ones than the sample's."""
    rng = np.random.default_rng([991, index])
    patterns = list(garments.PATTERNS)
    height, width = 800 * bench.OVERSAMPLE, 720 * bench.OVERSAMPLE
    garment = garments.Garment(
        cut=list(garments.OUTLINES)[index % len(garments.OUTLINES)],
        bgr=(int(rng.integers(45, 225)), int(rng.integers(45, 225)), int(rng.integers(45, 225))),
        pattern=patterns[rng.integers(len(patterns))],
        print_bgr=(int(rng.integers(30, 230)), 90, 60) if rng.random() < 0.4 else None,
        seed=10_000 + index,
    )
    ground = (bench.mat, bench.wood)[index % 2](rng, height, width)
    layer = garments.lay(garment, back=bool(rng.random() < 0.5), height=height, width=width)
    shown = bench.place(rng, ground, layer, lift_px=9, turn=float(rng.uniform(-5, 5)))
    return Scene(bgr=bench.photographed(rng, shown.bgr))


def write_card(version: Version, counts: Counter[str], folder: Path) -> None:
    """Write what git keeps: manifest.csv and data.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.csv").write_text(manifest_text(version.rows))
    photos = Counter((row.folder, str(row.split)) for row in version.rows)
    told = {
        "name": version.recipe.name,
        "version": version.recipe.version,
        "digest": version.digest,
        "classes": [str(name) for name in version.recipe.classes],
        "pictures": dict(counts),
        "sources": [
            {
                "folder": source.folder, "source": source.source, "licence": source.licence,
                "photos": {split: n for (name, split), n in sorted(photos.items()) if name == source.folder},
            }
            for source in version.recipe.sources
        ],
    }  # fmt: skip
    (folder / "data.yaml").write_text(yaml.safe_dump(told, sort_keys=False, width=110))
