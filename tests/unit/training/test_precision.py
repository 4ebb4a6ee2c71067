import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.records import LowerPrecision
from models.vision.backends import AUTO, Backend
from models.vision.bundle import open_release, read_card
from tests.tiny_model import write_release
from tests.unit.models.vision.openvinos import needs_openvino, processor
from tests.unit.training.photosets import pale, with_dark, write_set
from training.cli import app
from training.errors import PrecisionRefused
from training.precision import measure, with_precision, without_precision

BOX = (40, 30, 70, 60)


def found(**changes: float) -> LowerPrecision:
    said = {"ap50": 0.6, "ap50_fp32": 0.6, "ap50_95": 0.3, "ap50_95_fp32": 0.3}
    return LowerPrecision(**(said | {"photos": 9, "time_share": 0.5} | changes))


@pytest.fixture
def release(tmp_path: Path) -> Path:
    tiling = {"overlap_px": 16, "max_side_px": 64, "whole_photo": True}
    return write_release(tmp_path / "candidates", tiling=tiling)


@pytest.fixture
def bf16() -> None:
    if "BF16" not in processor():
        pytest.skip("this processor has no bf16")


def test_what_costs_next_to_nothing_is_noted_on_the_card(release: Path) -> None:
    card = with_precision(read_card(release), found(ap50=0.596))
    assert card.precisions["bf16"].loss == pytest.approx(0.004)
    assert without_precision(card).precisions == {}


@pytest.mark.parametrize("lost", [{"ap50": 0.59}, {"ap50_95": 0.294}])
def test_what_costs_more_than_half_a_point_is_refused(
    release: Path, lost: dict[str, float]
) -> None:
    with pytest.raises(PrecisionRefused, match=r"should cost at most 0\.5 points .* got (1|0\.6)"):
        with_precision(read_card(release), found(**lost))


@needs_openvino
@pytest.mark.usefixtures("bf16")
def test_both_look_at_the_same_photos(release: Path, tmp_path: Path) -> None:
    marked = {f"m{i}": (with_dark(pale(i), BOX), [(0, BOX)]) for i in range(3)}
    missed = {"faint": (with_dark(pale(9), BOX, level=120), [(0, BOX)])}
    folder = write_set(tmp_path / "set", marked | missed | {"plain": (pale(7), [])})
    told = measure(release, [folder], [], lambda _: None)
    assert told.photos == 5
    assert told.ap50 == told.ap50_fp32 == pytest.approx(76 / 101, abs=1e-4)  # three of four
    assert told.loss == 0
    assert told.time_share > 0


@needs_openvino
@pytest.mark.usefixtures("bf16")
def test_nothing_to_find_measures_nothing(release: Path, tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", {"plain": (pale(7), [])})
    with pytest.raises(PrecisionRefused, match="should show something"):
        measure(release, [folder], [], lambda _: None)


@needs_openvino
@pytest.mark.usefixtures("bf16")
def test_the_command_measures_on_validation_photos_and_a_station_may_use_it(
    release: Path, tmp_path: Path
) -> None:
    marked = {f"m{i}": (with_dark(pale(i), BOX), [(0, BOX)]) for i in range(3)}
    data = write_set(tmp_path / "marked", marked)
    clean = write_set(tmp_path / "clean", {"plain": (pale(7), [])})
    asked = ["precision", "--release", release, "--data", data, "--clean", clean]
    done = CliRunner().invoke(app, [str(word) for word in asked])

    assert (done.exit_code, done.stdout) == (0, "")
    assert "bf16 costs 0.00 points on 4 photos" in done.stderr
    assert json.loads(read_card(release).to_json())["precisions"]["bf16"]["photos"] == 4
    assert Backend.OPENVINO_BF16 in open_release(release, backend=AUTO, threads=1).per_tile_ms
