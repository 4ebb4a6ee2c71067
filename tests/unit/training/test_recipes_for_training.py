from pathlib import Path

import pytest
import yaml

from models.vision.bundle import RELEASES
from training.errors import RecipeInvalid
from training.recipe import RECIPES, read_data_recipe, read_train_recipe


def test_the_shipped_recipes_are_valid() -> None:
    data = [read_data_recipe(path) for path in RECIPES.glob("*.data.yaml")]
    runs = [read_train_recipe(path) for path in RECIPES.glob("*.train.yaml")]

    names = {"stain", "scratch", "torn", "label"}
    assert {recipe.name for recipe in data} == {recipe.name for recipe in runs} == names
    assert RELEASES.name == "releases"


def changed(path: Path, **changes: object) -> Path:
    content = yaml.safe_load((RECIPES / "stain.data.yaml").read_text()) | changes
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"classes": ["spot"]}, r"classes\.0.*Input should be"),
        ({"near_bits": 99}, "near_bits: Input should be less than or equal to 64"),
        ({"seeds": 4}, "seeds: Extra inputs"),
        ({"train": [{"source": "stain-shoes", "times": 1}]}, "source should be among"),
        ({"train": [{"source": "textures", "times": 1, "paint": 2}]}, "train.0.paint"),
        ({"train": [{"source": "textures", "times": 1, "cut": "half"}]}, "train.0.cut"),
        (
            {"train": [{"source": "textures", "times": 1, "kinds": ["gold"]}]},
            "kinds should be among",
        ),
        ({"train": [{"source": "textures", "times": 1, "paint": 1}]}, "should name kinds"),
        ({"scenes": {"boat": 3}}, "scenes should be among"),
    ],
)
def test_a_wrong_recipe_says_where(tmp_path: Path, changes: dict[str, object], told: str) -> None:
    with pytest.raises(RecipeInvalid, match=told):
        read_data_recipe(changed(tmp_path / "wrong.yaml", **changes))


@pytest.mark.parametrize("text", ["", "[1, 2]", "a: [", "just words"])
def test_a_file_that_is_no_recipe_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "wrong.yaml").write_text(text)
    for read in (read_data_recipe, read_train_recipe):
        with pytest.raises(RecipeInvalid, match=r"wrong\.yaml"):
            read(tmp_path / "wrong.yaml")


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeInvalid, match=r"nowhere\.yaml"):
        read_train_recipe(tmp_path / "nowhere.yaml")
