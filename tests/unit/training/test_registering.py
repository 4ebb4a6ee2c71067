import json
from pathlib import Path

import pytest

from models.errors import ReleaseRefused
from models.vision.bundle import open_release, read_card
from models.vocabulary import Category, Defect, Language
from tests.tiny_model import SIDE_PX, dark_finder, write_release
from training.errors import RunInvalid, TrainingError
from training.recipe import RECIPES, read_train_recipe
from training.register import candidate_card, figures_of, register, write_card

REPORT = {
    "release": "stain@1",
    "photos": 4,
    "clean_photos": 2,
    "classes": {"stain": {"ap50": 0.5, "photo_auroc": None, "threshold": 0.5, "boxes": 3.0}},
    "folders": {"stain-shirts/test": {"stain": {"ap50": 0.25, "recall": 0.5, "photo_auroc": None}}},
}


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    return write_release(tmp_path / "candidates")


def said(
    tmp_path: Path, report: object = REPORT, notes: str = "en: Finds.\nzh: 能找到。\n"
) -> tuple[Path, Path]:
    (tmp_path / "report.json").write_text(json.dumps(report))
    (tmp_path / "notes.yaml").write_text(notes, encoding="utf-8")
    return tmp_path / "report.json", tmp_path / "notes.yaml"


def test_a_release_carries_its_figures_and_notes_and_opens(candidate: Path, tmp_path: Path) -> None:
    folder = register(candidate, *said(tmp_path), tmp_path / "releases")

    card = open_release(folder).card
    assert folder == tmp_path / "releases/stain"
    assert card.notes == {Language.EN: "Finds.", Language.ZH: "能找到。"}
    assert card.metrics == {
        "photos": 4, "clean_photos": 2, "stain/ap50": 0.5,
        "stain/ap50/stain-shirts/test": 0.25, "stain/recall/stain-shirts/test": 0.5,
    }  # fmt: skip
    assert "能找到" in (folder / "card.yaml").read_text(encoding="utf-8")


FULL = {
    "photos": 4,
    "clean_photos": 2,
    "classes": {
        "stain": {
            "ap50": 0.5, "recall": 0.25, "precision": 0.9, "d_ece_after": 0.04,
            "intervals": {"ap50": [0.4, 0.6], "recall": [0.1, None], "precision": [0.8, 1.0]},
            "sizes": {"small": {"recall": 0.1, "intervals": {"recall": [0.0, 0.2]}}},
        }
    },
    "folders": {
        "shirts/test": {
            "stain": {
                "ap50": 0.3, "intervals": {"ap50": [0.2, 0.4]},
                "against": {
                    "all": {"photo_auroc": 0.8}, "shirts/test": {"photo_auroc": 0.7},
                    "clothes/test": {"photo_auroc": 0.9, "ap50": 0.3, "false_boxes_at_recall_85": None},
                },
            }
        }
    },
}  # fmt: skip
OVERALL = {
    "stain/ap50": 0.5, "stain/ap50/low": 0.4, "stain/ap50/high": 0.6, "stain/recall": 0.25,
    "stain/recall/low": 0.1, "stain/d_ece_after": 0.04, "stain/recall/small": 0.1,
}  # fmt: skip
OF_FOLDERS = {
    "stain/ap50/shirts/test": 0.3, "stain/ap50/shirts/test/low": 0.2,
    "stain/ap50/shirts/test/high": 0.4, "stain/photo_auroc/shirts/test vs clothes/test": 0.9,
}  # fmt: skip


def test_a_card_repeats_the_figures_that_help_and_their_intervals() -> None:
    counts = {"photos": 4.0, "clean_photos": 2.0}
    assert figures_of(FULL) == counts | OVERALL | OF_FOLDERS


def test_figures_over_rendered_pictures_stand_under_their_folders_only() -> None:
    told = figures_of(FULL | {"rendered": True})
    assert {name for name in told if name.startswith("stain/")} == set(OF_FOLDERS)


def test_what_calibrate_said_of_itself_stays_on_the_card(tmp_path: Path) -> None:
    said_before = {"stain/d_ece_after/validation": 0.03, "stain/ap50": 0.99}
    candidate = write_release(tmp_path / "candidates", metrics=said_before)

    card = read_card(register(candidate, *said(tmp_path), tmp_path / "releases"))

    assert card.metrics["stain/d_ece_after/validation"] == 0.03
    assert card.metrics["stain/ap50"] == 0.5


def test_figures_that_could_not_be_had_are_left_out() -> None:
    assert not [name for name in figures_of(REPORT) if "auroc" in name]


@pytest.mark.parametrize(
    ("report", "notes", "error", "told"),
    [
        (REPORT | {"release": "stain@2"}, "en: a\nzh: b\n", RunInvalid, "should be of stain@1"),
        (REPORT, "en: a\nfr: b\n", TrainingError, "'fr'"),
        (REPORT, "only words", TrainingError, "notes.yaml"),
        (REPORT, "en: [1]\n", TrainingError, "notes.en"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    candidate: Path, tmp_path: Path, report: object, notes: str, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        register(candidate, *said(tmp_path, report, notes), tmp_path / "releases")
    assert not (tmp_path / "releases").exists()


def test_a_report_that_is_not_there_is_named(candidate: Path, tmp_path: Path) -> None:
    _, notes = said(tmp_path)
    with pytest.raises(RunInvalid, match=r"nowhere\.json"):
        register(candidate, tmp_path / "nowhere.json", notes, tmp_path / "releases")


def test_a_candidate_whose_model_was_changed_is_refused(candidate: Path, tmp_path: Path) -> None:
    (candidate / "model.onnx").write_bytes(b"another")
    with pytest.raises(ReleaseRefused, match="SHA-256"):
        register(candidate, *said(tmp_path), tmp_path / "releases")


def test_the_first_card_says_what_the_run_s_record_says(tmp_path: Path) -> None:
    recipe = read_train_recipe(RECIPES / "stain.train.yaml").model_copy(update={"side_px": SIDE_PX})
    record = {
        "recipe": recipe.model_dump(mode="json")
        | {"tiling": {"overlap_px": 16, "max_side_px": 256}},
        "data": {"version": "stain@1", "digest": "abc"},
        "code": "0123abc",
    }
    model = tmp_path / "stain/model.onnx"
    model.parent.mkdir()
    model.write_bytes(dark_finder().SerializeToString())

    write_card(candidate_card(record, ("stain",), model, "7"), model.parent)

    card = read_card(model.parent)
    assert open_release(model.parent).card == card
    assert card.identifier == "stain@7"
    assert card.sees == {Category.APPAREL: (Defect.STAIN,)}
    assert card.trained_on == ("stain@1",)
    assert "AGPL-3.0" in card.licence
    assert "0123abc" in card.recipe
