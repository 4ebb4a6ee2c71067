"""A server that is killed at any moment keeps what it acknowledged, and a repeat completes the rest."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from models.records import Acknowledgement
from server import tables
from server.app import open_archive, open_database
from server.settings import Settings
from tests.databases import databases
from tests.factories import photo, sha256
from tests.house import free_port
from tests.unit.server.running import JPEG, an_inspection, put_inspection, put_photo

COMMAND = Path(sys.executable).with_name("secondlook-server")
KILLS = 6
ITEMS = 12


@contextmanager
def process(home: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server of its own, until the block ends or somebody kills it."""
    env = os.environ | databases.environment(home)
    env |= {
        "SECONDLOOK_HOME": str(home),
        "SECONDLOOK_SERVER_PORT": str(port),
        "SECONDLOOK_SERVER_DISK_RESERVE_MB": "0",
    }
    with (
        (home / "log.txt").open("ab") as log,
        subprocess.Popen([COMMAND, "run"], env=env, stderr=log) as running,
    ):
        try:
            end = time.monotonic() + 30
            while not answers(port):
                assert running.poll() is None, (home / "log.txt").read_text()
                assert time.monotonic() < end
                time.sleep(0.05)
            yield running
        finally:
            running.kill()


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def content(number: int) -> bytes:
    """A photo's bytes, large enough to be under way when the server dies."""
    return JPEG + random.Random(number).randbytes(300_000)


def one(number: int):
    return an_inspection(number, photos=(photo(sha256=sha256(content(number))),))


def send_all(station: httpx.Client, acknowledged: dict[int, str]) -> None:
    for number in range(ITEMS):
        if number not in acknowledged:
            put_photo(station, content(number)).raise_for_status()
            told = put_inspection(station, one(number)).raise_for_status()
            acknowledged[number] = Acknowledgement.from_json(told.content).sha256


@pytest.fixture
def token(tmp_path: Path) -> str:
    env = os.environ | {"SECONDLOOK_HOME": str(tmp_path), **databases.environment(tmp_path)}
    told = subprocess.run(
        [COMMAND, "enrol", "bench-1"], env=env, capture_output=True, text=True, check=True
    )
    return told.stdout.splitlines()[-1]


def test_a_killed_server_forgets_nothing_and_doubles_nothing(tmp_path: Path, token: str) -> None:
    port, moments = free_port(), random.Random(7)
    acknowledged: dict[int, str] = {}
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as station:
        for _ in range(KILLS):
            with process(tmp_path, port) as server:
                killer = subprocess.Popen(
                    ["sh", "-c", f"sleep {moments.uniform(0, 0.15)}; kill -9 {server.pid}"]
                )
                with suppress(httpx.TransportError):  # it dies while being spoken to
                    send_all(station, acknowledged)
                killer.wait()
                assert server.wait() == -signal.SIGKILL
        with process(tmp_path, port):
            send_all(station, acknowledged)

    assert acknowledged == {number: one(number).content_sha256() for number in range(ITEMS)}
    settings = Settings(home=tmp_path, database_url=databases.url(tmp_path))
    archive, database = open_archive(settings), open_database(settings)
    assert {archive.read(sha256(content(n))) == content(n) for n in range(ITEMS)} == {True}
    assert len(list(archive)) == ITEMS
    with database.reading() as connection:
        for table in ("inspections", "standings", "routings", "photos", "inspection_photos"):
            rows = select(func.count()).select_from(getattr(tables, table))
            assert connection.execute(rows).scalar_one() == ITEMS
    archive.sweep()
    database.close()
