"""Ratios of a real tiny release, and what is made of times."""

from pathlib import Path

import numpy as np
import pytest

from models.vision.backends import AUTO, Backend, installed
from models.vision.bundle import open_release
from models.vision.detector import Detector
from models.vision.picture import Picture
from models.vision.session import usable_cores
from tests.tiny_model import write_release
from tests.unit.training.photosets import pale, with_dark, write_set
from training.bench import PHOTOS_AN_ITEM, Timed, bench, items, prepare, report, table


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return write_release(tmp_path / "releases")


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    wide = {f"p{i}": (with_dark(pale(i, 150, 200), (40, 30, 70, 60)), []) for i in range(6)}
    return sorted((write_set(tmp_path / "set", wide) / "images").iterdir())


def timed(release: Path, *rows: dict[str, float], backend: Backend = Backend.ONNXRUNTIME) -> Timed:
    bundle = open_release(release, backend=backend, threads=1)
    return Timed(bundle=bundle, rows=rows, photos=2, tiles=10)


def test_photos_are_looked_at_item_by_item(photos: list[Path]) -> None:
    assert [len(item) for item in items(photos)] == [PHOTOS_AN_ITEM, 2]


def test_the_bare_session_gets_what_the_pipeline_gives_it(
    release: Path, photos: list[Path]
) -> None:
    bundle = open_release(release, threads=1)
    given: list[np.ndarray] = []

    class Listening:
        def run(self, batch: np.ndarray) -> np.ndarray:
            given.append(batch.copy())
            return bundle.session.run(batch)

    (item, *_) = items(photos)
    work = prepare(item, bundle)
    detector = Detector(bundle)
    detector._session = Listening()
    detector.detect_all([Picture.of(bgr, (256,)) for bgr in item])
    assert len(work.tiles) == len(work.inputs) == len(given) > 4 * len(item)
    assert all(np.array_equal(a, b) for a, b in zip(work.inputs, given, strict=True))


def test_everyone_is_timed_on_the_same_work(release: Path, photos: list[Path]) -> None:
    seen: list[tuple[int, ...]] = []
    told = report(
        [
            bench(
                release,
                items(photos),
                rounds=2,
                peer=lambda bgr: seen.append(bgr.shape),
                backend=AUTO,
            )
        ]
    )
    assert told["pipeline_over_session"] > 0
    assert told["ultralytics_over_pipeline"] > 0
    assert set(told["backends"]) <= {backend.value for backend in installed()}
    assert "onnxruntime" in told["backends"]
    assert (told["photos"], told["rounds"], told["threads"]) == (6, 2, usable_cores())
    assert told["release"] == "stain@1"
    assert "releases" not in told
    # A warming round and two, on each of the tiles and on each of the photos.
    assert len(seen) == 3 * (told["tiles"] + told["photos"])


def test_a_named_backend_is_what_the_pipeline_is_timed_with(
    release: Path, photos: list[Path]
) -> None:
    told = report([bench(release, items(photos), rounds=1, peer=None, backend=Backend.ONNXRUNTIME)])
    assert told["backend"] == "onnxruntime"
    assert told["ultralytics_over_pipeline"] is None
    assert told["backends"]["onnxruntime"] == told["per_tile_ms"]["session"]


def test_a_ratio_is_the_median_over_the_rounds(release: Path) -> None:
    rows = [
        {"session": 10.0, "pipeline": 11.0, "ultralytics": 22.0, "openvino": 8.0},
        {"session": 10.0, "pipeline": 90.0, "ultralytics": 90.0, "openvino": 9.0},  # a slow minute
        {"session": 20.0, "pipeline": 21.0, "ultralytics": 63.0, "openvino": 9.0},
    ]
    told = report([timed(release, *rows)])
    assert told["pipeline_over_session"] == 1.1
    assert told["ultralytics_over_pipeline"] == 2.0
    assert told["backends"] == {"onnxruntime": 1.0, "openvino": 0.9}
    assert told["photos_per_s"]["pipeline"] == pytest.approx(2 / 0.021, abs=0.01)


def test_several_releases_are_told_together_and_each(release: Path, tmp_path: Path) -> None:
    other = write_release(tmp_path / "others", name="label")
    told = report(
        [
            timed(release, {"session": 10.0, "pipeline": 12.0, "openvino": 5.0}),
            timed(other, {"session": 30.0, "pipeline": 32.0}),
        ]
    )
    assert told["release"] == "stain@1, label@1"
    assert told["pipeline_over_session"] == 1.1
    assert told["backends"] == {"onnxruntime": 2.0}  # only what both were timed with
    assert (told["photos"], told["tiles"]) == (4, 20)
    assert {name: one["pipeline_over_session"] for name, one in told["releases"].items()} == {
        "stain@1": 1.2,
        "label@1": pytest.approx(1.067),
    }
    words = table(told)
    assert words.index("stain@1: 2 photos") < words.index("stain@1, label@1: 4 photos")
    assert "Ultralytics on the same tiles" in words
