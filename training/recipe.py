"""Recipes: what a data set version is made of, and how a model is trained on it. YAML files."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.records import Tiling
from models.vocabulary import Category, Defect, Part
from training.errors import RecipeInvalid
from training.render.painters import PAINTERS
from training.render.scenes import KINDS

RECIPES = Path(__file__).parent / "recipes"
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Strict):
    """A set of photos, and what may be said about it."""

    folder: str
    """Its folder below the photos' root; train/ and test/ lie in it."""
    source: str
    """Where it comes from."""
    licence: str
    """Under which licence."""
    labelled: bool = True
    """Its labels tell where the classes are; otherwise it holds none of them."""
    hold_out: int = Field(default=0, ge=0)
    """Photos taken out of train/ for validation."""


class Cut(StrEnum):
    """Which part of a photo becomes a picture."""

    WHOLE = "whole"
    """All of it, reduced."""
    AROUND = "around"
    """A window somewhere around each box."""
    ANYWHERE = "anywhere"
    """A window anywhere."""


class Step(_Strict):
    """How pictures for training are made from one source."""

    source: str
    """A source's folder, `rendered`, `textures`, or a kind of `scenes`."""
    cut: Cut = Cut.WHOLE
    """Which part."""
    times: float = Field(gt=0)
    """Pictures a photo (a box, for `around`); below one, that share of the photos."""
    window_px: tuple[int, int] = (320, 320)
    """Side of the window in the photo's pixels, least and most."""
    paint: Share = 0.0
    """Share of the pictures that get something painted in."""
    size: tuple[float, float] = (0.02, 0.25)
    """Of what is painted, in parts of the longer side, least and most."""
    kinds: tuple[str, ...] = ()
    """Which painters paint (training/render/painters.py); at least one where `paint` is above 0."""
    grey: Share = 0.0
    """Share made grey with its contrast boosted, as the close-ups are."""


class DataRecipe(_Strict):
    """A data set version."""

    name: str
    """The data set's folder below datasets/."""
    version: int = Field(ge=1)
    """Rises whenever anything below changes."""
    classes: tuple[Defect | Part, ...] = Field(min_length=1)
    """What is labelled."""
    side_px: int = Field(gt=0)
    """Pictures are at most this wide and high."""
    seed: int
    """Of everything random."""
    near_bits: int = Field(ge=0, le=64)
    """Photos whose perceptual hashes differ in at most so many bits are look-alikes."""
    sources: tuple[Source, ...]
    """Where photos come from."""
    overlays: str | None = None
    """Glob of RGBA stains below the photos' root."""
    courses: str | None = None
    """Glob of masks of real scratches below the photos' root."""
    textures: tuple[str, ...] = ()
    """Globs of textures below the photos' root."""
    rendered: int = 0
    """How many of the sample's kind of garment are photos too."""
    scenes: dict[str, int] = Field(default_factory=dict)
    """How many clean scenes of a kind (training/render/scenes.py, or `pane`) are photos too."""
    train: tuple[Step, ...]
    """Pictures to learn from."""
    val: tuple[Step, ...]
    """Pictures to choose by."""


class TrainRecipe(_Strict):
    """A training run and the release that it is for."""

    name: str
    """The release's family."""
    model: str
    """An Ultralytics architecture (.yaml: from scratch) or weights (.pt)."""
    sees: dict[Category, tuple[Defect, ...]]
    """For which categories, which defects the release may be trusted to look for."""
    side_px: int = Field(gt=0)
    """The model's input."""
    tiling: Tiling
    """How the release cuts photos."""
    seed: int
    """Of the weights and of augmentation."""
    bfloat16: bool = False
    """Run the network in bfloat16 while training, the loss in float32."""
    arguments: dict[str, float | int | str | bool]
    """Passed to Ultralytics as they are."""


_R = TypeVar("_R", bound=_Strict)


def _read(path: Path, kind: type[_R]) -> _R:
    """Raises RecipeInvalid, naming the file, the key, and what was expected."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return kind.model_validate_json(json.dumps(content))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError) as error:
        raise RecipeInvalid(f"{path}: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the recipe"
        raise RecipeInvalid(f"{path}: {where}: {first['msg']}") from error


def read_data_recipe(path: Path) -> DataRecipe:
    """The recipe of a data set version. Raises RecipeInvalid."""
    recipe = _read(path, DataRecipe)
    known = (
        {source.folder for source in recipe.sources} | {"rendered", "textures"} | set(recipe.scenes)
    )
    if strange := set(recipe.scenes) - {*KINDS, "pane"}:
        raise RecipeInvalid(f"{path}: scenes should be among {[*KINDS, 'pane']}, got {strange}")
    for step in (*recipe.train, *recipe.val):
        if step.source not in known:
            raise RecipeInvalid(
                f"{path}: source should be among {sorted(known)}, got {step.source}"
            )
        if strange := set(step.kinds) - set(PAINTERS):
            raise RecipeInvalid(f"{path}: kinds should be among {sorted(PAINTERS)}, got {strange}")
        if step.paint and not step.kinds:
            raise RecipeInvalid(f"{path}: a step on {step.source} that paints should name kinds")
    return recipe


def read_train_recipe(path: Path) -> TrainRecipe:
    """The recipe of a training run. Raises RecipeInvalid."""
    return _read(path, TrainRecipe)
