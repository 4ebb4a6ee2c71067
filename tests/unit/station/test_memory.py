"""What `inspect` takes at most: four 12-megapixel photos through four real releases, in a process of its own."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from models.vision.bundle import CARD, RELEASES, read_cards
from tests.unit.models.vision import pictures

MOST_MB = 700
PROGRAM = """
import sys
from pathlib import Path
from station.cli import main
try:
    main()
finally:
    # Not ru_maxrss: that one remembers the process that started this one.
    print(Path("/proc/self/status").read_text(), file=sys.stderr)
"""


linux = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="only Linux tells the peak"
)


@pytest.fixture(scope="module")
def four_releases(tmp_path_factory) -> tuple[Path, str]:
    """The shipped release with the largest input, four times, and a category that it looks at."""
    root = tmp_path_factory.mktemp("releases")
    shipped = zip(read_cards(RELEASES), sorted(RELEASES.glob(f"*/{CARD}")), strict=True)
    card, path = max(shipped, key=lambda one: one[0].input_side_px)
    for name in ("stain", "scratch", "torn", "label"):
        shutil.copytree(path.parent, root / name)
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
        (root / name / CARD).write_text(yaml.safe_dump(said | {"name": name}), encoding="utf-8")
    return root, next(iter(card.sees))


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> list[Path]:
    """Four 12-megapixel photos of a spotted cloth, with enough grain to be as large as a camera's."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(1)
    for number in range(4):
        bgr = np.full((3000, 4000, 3), 215, np.uint8)
        cv2.rectangle(bgr, (400, 300), (3600, 2700), (150, 130, 110), -1)
        grain = rng.normal(0, 9, (750, 1000, 3)).astype(np.float32)
        bgr = np.clip(bgr + cv2.resize(grain, (4000, 3000)), 0, 255).astype(np.uint8)
        cv2.circle(bgr, (1500 + 100 * number, 1200), 60, (40, 40, 60), -1)
        cv2.imwrite(str(folder / f"{number}.jpg"), bgr)
    return sorted(folder.iterdir())


def inspected(*arguments: object) -> tuple[dict[str, Any], float]:
    """What it told, and its peak in MB."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "inspect", "--json", *map(str, arguments)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    peak_kb = re.search(r"VmHWM:\s+(\d+) kB", done.stderr)
    return json.loads(done.stdout), int(peak_kb[1]) / 1000


@linux
@pytest.mark.parametrize("draw", [False, True])
def test_four_large_photos_and_four_releases_stay_below_the_limit(
    four_releases, photos, tmp_path, draw
):
    root, category = four_releases
    drawing = ["--draw", tmp_path / "drawn"] if draw else []
    told, peak_mb = inspected("--category", category, "--releases", root, *drawing, *photos)
    assert len(told["releases"]) == 4
    assert [photo["faults"] for photo in told["photos"]] == [[]] * 4
    assert peak_mb < MOST_MB
    assert len(list(tmp_path.glob("drawn/*.jpg"))) == (4 if draw else 0)


@linux
@pytest.mark.parametrize("kind", ["jpg", "png"])
def test_the_largest_photo_that_is_taken_costs_its_pixels_and_little_more(
    four_releases, tmp_path, kind
):
    root, category = four_releases
    channels = 4 if kind == "png" else 3  # the blend of transparent pixels needs room as well
    pixels = cv2.resize(pictures.garment(1200, 800), (12_000, 8_000))
    if channels == 4:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2BGRA)
    cv2.imwrite(str(tmp_path / f"huge.{kind}"), pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    del pixels
    told, peak_mb = inspected("--category", category, "--releases", root, tmp_path / f"huge.{kind}")
    assert told["photos"][0]["width"] == 12_000
    assert peak_mb < MOST_MB + 12_000 * 8_000 * channels / 1e6
