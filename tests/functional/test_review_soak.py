"""The soak of the review, small: reviewers and servers are killed, and every case ends decided once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import postgresql
from tests.soak.review import double_services

ROOT = Path(__file__).parents[2]
SMALL = ("--reviewers", "10", "--cases", "150", "--kill-every-s", "1.5", "--server-kill-every-s", "5")  # fmt: skip


def soak(*more: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.soak.review", *SMALL, *more]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)  # fmt: skip
    assert told.returncode == 0, told.stdout[-2000:] + told.stderr[-2000:]
    count: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return count


def keeps_its_promises(count: dict[str, float]) -> bool:
    broken = [count[name] for name in ("double_services", "lost", "doubled", "left_open")]
    return count["decided"] == count["cases"] == 150 and not any(broken)


def test_on_sqlite() -> None:
    count = soak()
    assert keeps_its_promises(count)
    assert count["kills"] > 0


def test_on_postgresql_with_two_servers() -> None:
    programs = postgresql.binaries()
    if programs is None:
        pytest.skip("no PostgreSQL for this platform")
    with postgresql.running(programs) as cluster:
        count = soak("--database", cluster.create())
    assert keeps_its_promises(count)
    assert 0 < count["claims_share"] < 1


def served(who: str, sent: float, got: float) -> dict[str, object]:
    return {"event": "served", "case": "c", "who": who, "sent": sent, "got": got}


@pytest.mark.parametrize(
    ("seen", "double"),
    [
        # bob is served while ann still holds it
        ([served("ann", 0.0, 0.1), served("bob", 1.0, 1.1)], 1),
        # both at the same moment, whoever came first
        ([served("ann", 0.0, 0.5), served("bob", 0.1, 0.4)], 1),
        # her lease had ended
        ([served("ann", 0.0, 0.1), served("bob", 5.0, 5.1)], 0),
        # she had sent her answer
        ([served("ann", 0.0, 0.1), {"event": "answers", "case": "c", "who": "ann", "at": 0.5}, served("bob", 1.0, 1.1)], 0),
        # the same person asked again
        ([served("ann", 0.0, 0.1), served("ann", 1.0, 1.1)], 0),
    ],
)  # fmt: skip
def test_what_counts_as_a_double_service(seen, double) -> None:
    assert double_services(seen, 5.0) == double
