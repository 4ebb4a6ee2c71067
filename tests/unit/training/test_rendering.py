from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from models.grading import standard
from models.vision.quality import faults_of
from models.vocabulary import Category, Defect, Shot
from tests.unit.training.photosets import pale
from training.render.garments import OUTLINES, PATTERNS, Garment, lay
from training.render.returns import RETURNS
from training.render.sample import SampleReturn, photograph, write
from training.render.stains import KINDS, overlay_kind, paint

SAMPLE = Path(__file__).parents[3] / "datasets/sample"
ENTRIES = {entry["code"]: entry for entry in yaml.safe_load((SAMPLE / "returns.yaml").read_text())}


def one_of(code: str) -> SampleReturn:
    return next(item for item in RETURNS if item.code == code)


@pytest.mark.parametrize(
    ("code", "shot"),
    [
        ("RT-0002", Shot.FRONT),  # a stain
        ("RT-0008", Shot.FRONT),  # two scratches
        ("RT-0012", Shot.SERIAL),  # a label that came off
        ("RT-0007", Shot.OUTSIDE),  # a torn carton
        ("RT-0011", Shot.SHIPPING_LABEL),  # a carton without its label
    ],
)
def test_the_sample_on_disk_is_what_the_renderer_draws(code: str, shot: Shot) -> None:
    bgr, truths = photograph(one_of(code), shot)
    entry = ENTRIES[code]
    (file,) = (photo["file"] for photo in entry["photos"] if photo["shot"] == shot)
    told = [(t["defect"], t["xyxy"]) for t in entry["truth"] if t["photo"] == file]

    assert truths
    assert told == [(t.defect, [pytest.approx(v, abs=0.06) for v in t.xyxy]) for t in truths]
    kept = cv2.imread(str(SAMPLE / file)).astype(int)
    # JPEG's own loss; another machine's arithmetic may round otherwise.
    assert np.abs(kept - bgr).mean() < 4


def test_rendering_twice_gives_the_same_files(tmp_path: Path) -> None:
    some = (one_of("RT-0018"),)
    write(some, tmp_path / "a")
    write(some, tmp_path / "b")

    files = [sorted(path for path in (tmp_path / x).rglob("*") if path.is_file()) for x in "ab"]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]
    assert len(files[0]) == 3


def test_the_sample_is_complete_and_small() -> None:
    files = {path.relative_to(SAMPLE).as_posix() for path in (SAMPLE / "images").iterdir()}
    named = {photo["file"] for entry in ENTRIES.values() for photo in entry["photos"]}

    assert list(ENTRIES) == [item.code for item in RETURNS]
    assert files == named
    assert sum((SAMPLE / name).stat().st_size for name in files) < 5_000_000
    assert {entry["category"] for entry in ENTRIES.values()} == set(Category)
    assert {t["defect"] for entry in ENTRIES.values() for t in entry["truth"]} == set(Defect)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES.keys())
def test_a_sample_return_speaks_its_standard(entry: dict) -> None:  # type: ignore[type-arg]
    rules = standard.load(entry["category"])
    choices = {
        question.id: {choice.id for choice in question.choices} for question in rules.questions
    }

    assert {photo["shot"] for photo in entry["photos"]} <= {shot.id for shot in rules.shots}
    for question, choice in entry["answers"].items():
        assert choice in choices[question]
    for truth in entry["truth"]:
        height, width = cv2.imread(str(SAMPLE / truth["photo"])).shape[:2]
        x1, y1, x2, y2 = truth["xyxy"]
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height


def test_some_returns_lack_a_required_shot_or_an_answer_on_purpose() -> None:
    lacking_shot = [
        code for code, entry in ENTRIES.items()
        if {*standard.load(entry["category"]).required_shots} - {photo["shot"] for photo in entry["photos"]}
    ]  # fmt: skip
    lacking_answer = [
        code for code, entry in ENTRIES.items()
        if len(entry["answers"]) < len(standard.load(entry["category"]).questions)
    ]  # fmt: skip

    assert lacking_shot == ["RT-0013", "RT-0022"]
    assert lacking_answer == ["RT-0023"]


def test_the_gate_lets_every_sample_photo_pass() -> None:
    refused = {
        path.name: faults for path in sorted((SAMPLE / "images").iterdir())[::5]
        if (faults := faults_of(np.asarray(cv2.imread(str(path)), np.uint8)))
    }  # fmt: skip
    assert refused == {}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_stain_shows_on_light_and_on_dark_cloth(kind: str) -> None:
    for level in (215, 30):
        cloth = (pale(1, 200, 200) // 12 + level - 10).astype(np.uint8)
        tries = (
            paint(
                np.random.default_rng(seed), cloth, kind=KINDS[kind], centre=(100, 100), side_px=90
            )
            for seed in range(12)
        )
        assert sum(done is not None for done in tries) >= 8


def test_paint_stays_on_what_is_allowed() -> None:
    cloth, left = pale(2, 200, 200), np.zeros((200, 200), np.bool_)
    left[:, :100] = True
    done = paint(
        np.random.default_rng(1),
        cloth,
        kind=KINDS["ink"],
        centre=(100, 100),
        side_px=120,
        allowed=left,
    )

    assert done is not None
    assert (done.bgr[:, 100:] == cloth[:, 100:]).all()
    assert done.xyxy[2] <= 100


def test_a_stain_that_nobody_would_see_is_not_painted() -> None:
    done = paint(
        np.random.default_rng(1),
        pale(2, 200, 200),
        kind=KINDS["grease"],
        centre=(100, 100),
        side_px=80,
        strength=0.01,
    )
    assert done is None


def test_a_stain_s_shape_may_come_from_a_file(tmp_path: Path) -> None:
    rgba = np.zeros((60, 60, 4), np.uint8)
    cv2.circle(rgba, (30, 30), 15, (255, 255, 255, 255), -1)
    cv2.imwrite(str(tmp_path / "round.png"), rgba)
    cv2.imwrite(str(tmp_path / "opaque.png"), rgba[..., :3])

    done = paint(
        np.random.default_rng(3),
        pale(4, 160, 160),
        kind=overlay_kind(tmp_path / "round.png"),
        centre=(80, 80),
        side_px=60,
    )
    assert done is not None
    assert 40 <= done.xyxy[0] <= 80 <= done.xyxy[2] <= 120
    with pytest.raises(ValueError, match="transparency"):
        overlay_kind(tmp_path / "opaque.png")


@pytest.mark.parametrize("cut", OUTLINES)
def test_a_garment_covers_its_outline_and_no_more(cut: str) -> None:
    layer = lay(
        Garment(cut=cut, bgr=(120, 140, 160), pattern="check", seed=3),
        back=False,
        height=320,
        width=288,
    )

    assert layer.bgr.shape == (320, 288, 3)
    assert 0.15 < layer.alpha.mean() < 0.7
    assert layer.alpha[:4].max() == layer.alpha[-4:].max() == 0


def test_every_pattern_is_cloth_of_about_the_same_brightness() -> None:
    for pattern in PATTERNS.values():
        field = pattern(np.random.default_rng(0), 300, 280)
        assert field.shape == (300, 280)
        assert 0.6 < field.mean() < 1.2
