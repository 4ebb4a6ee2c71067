"""The load of `make scale` with small numbers: it fills, asks, compares and tells; the bounds are for large ones."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_it_fills_two_databases_and_tells_the_ratios(tmp_path):
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.soak.scale", "--inspections", "1500", "--small", "500",
         "--rounds", "3", "--photo-mb", "0.3", "--folder", tmp_path, "--most-ratio", "20", "--least-share", "0.01"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr
    count = json.loads(told.stdout.splitlines()[-1])
    assert count["inspections"] > 1500
    assert count["photo_records"] > 4 * 1500
    assert {"search: text", "search: deep page", "file", "queue", "intake"} <= set(count["ratios"])
    assert all(ratio > 0 for ratio in count["ratios"].values())
    assert count["intake_share"] > 0
    assert list(tmp_path.iterdir()) == []  # nothing is left behind
