"""What is to be rendered: which kinds and defects, on what ground, from which seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.vocabulary import Defect, Part
from training.errors import DatasetInvalid, RecipeInvalid
from training.render.brushes import NO_SHAPES, Shapes
from training.render.faults import LABEL, SORTS, sorts_of
from training.render.scenes import KINDS

# Rises whenever the same seed would give other pictures.
VERSION = 1
DEFECTS = (Defect.STAIN.value, Defect.SCRATCH.value, Defect.TORN_PACKAGING.value, LABEL)
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """A data set to be rendered; the same order gives the same bytes."""

    seed: int = 0
    """With a picture's number it is all that the picture depends on, besides what follows."""
    kinds: tuple[str, ...] = tuple(KINDS)
    """Of scenes."""
    sorts: tuple[str, ...] = tuple(SORTS)
    """Of defects."""
    labels: bool = True
    """Whether labels may be half torn off or missing."""
    side_px: int = 640
    """Scenes are squares of this side; photos are reduced to it."""
    backgrounds: tuple[Path, ...] = ()
    """Clean photos to paint on; own scenes without them."""
    shapes: Shapes = NO_SHAPES
    """Shapes of defects from files."""
    textures: tuple[Path, ...] = ()
    """Pictures of surfaces, for some of the benches."""
    angles: int = 1
    """How many lamps each scene is photographed under, one after the other, around the bench."""

    @property
    def classes(self) -> tuple[str, ...]:
        """What labels name, in their order: the defects asked for, then what should be there."""
        defects = dict.fromkeys(SORTS[name].defect.value for name in self.sorts)
        return (*defects, *(part.value for part in Part))


def names(text: str) -> list[str]:
    """Names with commas between them."""
    return [name.strip() for name in text.split(",") if name.strip()]


def order(
    *,
    seed: int,
    kinds: Sequence[str],
    defects: Sequence[str],
    side_px: int,
    backgrounds: Path | None = None,
    materials: Path | None = None,
    angles: int = 1,
) -> Order:
    """The order with every name checked. Raises RecipeInvalid, or DatasetInvalid for folders."""
    if strange := set(kinds) - set(KINDS):
        raise RecipeInvalid(f"kind should be one of {', '.join(KINDS)}, got {sorted(strange)}")
    if backgrounds and angles > 1:
        raise RecipeInvalid("a photo has one light: --angles goes with drawn scenes only")
    return Order(
        seed=seed,
        kinds=tuple(kinds) or tuple(KINDS),
        sorts=sorts_of(defects or DEFECTS),
        labels=LABEL in (defects or DEFECTS),
        side_px=side_px,
        backgrounds=images_in(backgrounds) if backgrounds else (),
        shapes=shapes_in(materials) if materials else NO_SHAPES,
        textures=textures_in(materials) if materials else (),
        angles=angles,
    )


def images_in(folder: Path) -> tuple[Path, ...]:
    """The pictures in a folder, or in its images/, by name. Raises DatasetInvalid without any."""
    inner = folder / "images"
    where = inner if inner.is_dir() else folder
    found = sorted(p for p in where.glob("*") if p.suffix.lower() in _SUFFIXES)
    if not found:
        raise DatasetInvalid(f"{folder}: should hold photos, there is none")
    return tuple(found)


def textures_in(folder: Path) -> tuple[Path, ...]:
    """Pictures of surfaces in a folder's textures and textures-*: large enough ones are JPEG files."""
    return tuple(sorted(folder.glob("textures*/*.jpg")))


def shapes_in(folder: Path) -> Shapes:
    """Shapes of stains (overlays/stain, overlays/smut) and scratches (scratch-courses) in a folder.

    Raises DatasetInvalid without any.
    """
    overlays = sorted(
        p for sort in ("stain", "smut") for p in folder.glob(f"overlays/{sort}/*.png")
    )
    courses = sorted(folder.glob("scratch-courses/*.png"))
    if not overlays and not courses:
        raise DatasetInvalid(
            f"{folder}: should hold overlays/stain, overlays/smut or scratch-courses with PNG files"
        )
    return Shapes(overlays=tuple(overlays), courses=tuple(courses))
