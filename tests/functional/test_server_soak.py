"""The server's promises with real processes, a few kills long; `make soak-server` and `make fuzz` do the many."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.databases import databases

ROOT = Path(__file__).parent.parent.parent


def last_line(*arguments: str) -> dict[str, Any]:
    told = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    return json.loads(told.stdout.splitlines()[-1])


def test_a_server_killed_under_load_keeps_what_it_acknowledged_once(
    kind: str, tmp_path: Path
) -> None:
    empty = ["--database", databases.empty(tmp_path)] if kind == "postgresql" else []
    count = last_line("tests.soak.server", "--kills", "4", "--seed", "11", *empty)
    assert count["kills"] == 4
    assert count["inspections"] > 0
    assert (count["lost"], count["doubled"]) == (0, 0)


def test_nothing_breaks_gets_in_or_is_lost() -> None:
    count = last_line("tests.fuzz.server", "--examples", "1", "--uploads", "200", "--seed", "11")
    assert count["requests"] > 500
    assert (count["server_errors"], count["let_in"], count["lost"]) == (0, 0, 0)
