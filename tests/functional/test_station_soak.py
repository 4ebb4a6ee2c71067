"""The promise of the outbox with real processes, a few kills long; `make soak-station` does the many."""

import json
import subprocess
import sys
from pathlib import Path

from tests.soak.station import events

ROOT = Path(__file__).parent.parent.parent


def test_nothing_accepted_is_lost_doubled_or_changed():
    told = subprocess.run(
        [sys.executable, "-m", "tests.soak.station", "--kills", "6", "--seed", "11"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    count = json.loads(told.stdout.splitlines()[-1])
    assert told.returncode == 0, told.stdout + told.stderr
    assert count["kills"] == 6
    assert count["accepted"] > 5
    assert (count["lost"], count["doubled"], count["corrupt"]) == (0, 0, 0)
    assert count["server_restarts"] >= 1


def test_lines_that_a_kill_cut_or_joined_are_read_as_far_as_they_go(tmp_path):
    log = tmp_path / "station-1.log"
    log.write_text('{"event": "a"}{"event": "b"}\n\nno event\n{"event": "c"}\n{"event": "d')
    assert [event["event"] for event in events(log)] == ["a", "b", "c"]
