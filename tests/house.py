"""A whole house on this machine: a real server and a real station, on free ports, in an empty home."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
PATIENCE_S = 60.0


@dataclass(frozen=True, kw_only=True)
class House:
    """Where its doors are."""

    server_url: str
    station_url: str
    home: Path


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def wait_until(true: object, what: str, seconds: float = PATIENCE_S) -> None:
    assert callable(true)
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited {seconds} s in vain: {what}"
        time.sleep(0.1)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


@contextmanager
def running(home: Path, **settings: str) -> Iterator[House]:
    """`make run` without the installation; everything ends with the block."""
    server, station = free_port(), free_port()
    env = os.environ | {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "SECONDLOOK_HOME": str(home),
        "SECONDLOOK_SERVER_PORT": str(server),
        "SECONDLOOK_STATION_PORT": str(station),
        **settings,
    }
    with (home / "log.txt").open("wb") as log:
        demo = subprocess.Popen(
            [ROOT / "bin/demo"], cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True
        )
        house = House(
            server_url=f"http://127.0.0.1:{server}",
            station_url=f"http://127.0.0.1:{station}",
            home=home,
        )
        try:
            wait_until(
                lambda: demo.poll() is not None or answers(f"{house.station_url}/healthz"),
                "station",
            )
            assert demo.poll() is None, (home / "log.txt").read_text()
            yield house
        finally:
            os.killpg(demo.pid, signal.SIGTERM)
            demo.wait(20)
