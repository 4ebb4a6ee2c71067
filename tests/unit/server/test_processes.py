"""Several processes behind one door are one memory, and none of them is missed when it dies."""

import os
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from models.vocabulary import Role
from server.accounts import service
from server.app import open_database
from server.enrolment import service as enrolment
from server.parts import utc_now
from server.settings import Settings
from tests.databases import databases
from tests.factories import sha256
from tests.house import free_port, wait_until
from tests.unit.server.running import (
    COMMAND,
    JPEG,
    PASSWORD,
    Person,
    an_inspection,
    process,
    put_inspection,
    put_photo,
)


@pytest.fixture
def only_postgresql(kind: str) -> None:
    if kind != "postgresql":
        pytest.skip("several processes need PostgreSQL")


def children_of(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)  # fmt: skip
    return [int(word) for word in found.stdout.split()]


def parent_of_all() -> int:
    """The process that was started."""
    mine = children_of(os.getpid())
    return next(
        pid for pid in mine if str(COMMAND).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    )


@pytest.mark.usefixtures("only_postgresql")
def test_three_processes_are_one_server_and_survive_each_others_death(tmp_path: Path) -> None:
    database = open_database(Settings(home=tmp_path, database_url=databases.url(tmp_path)))
    token, _ = enrolment.enrol(database, "bench-1", utc_now())
    service.put_account(database, "ann", Role.REVIEWER, PASSWORD, utc_now())
    database.close()
    metrics_port = str(free_port())
    env = {"SECONDLOOK_SERVER_METRICS_PORT": metrics_port, "SECONDLOOK_SERVER_DISK_RESERVE_MB": "0"}
    with process(tmp_path, "--processes", "3", **env) as url:
        parent = parent_of_all()
        before = children_of(parent)
        assert len(before) == 3

        def station() -> httpx.Client:
            return httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=30)  # fmt: skip

        # Each client has a connection of its own, so that the door gives them to all processes.
        def work(number: int) -> tuple[int, int]:
            with station() as one:
                return put_photo(one).status_code, put_inspection(one, an_inspection(number % 6)).status_code  # fmt: skip

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(work, range(24)))
        assert sorted(status for _, status in answers) == [200] * 18 + [201] * 6

        os.kill(before[1], signal.SIGKILL)
        wait_until(lambda: len(children_of(parent)) == 3 and before[1] not in children_of(parent), "a new one")  # fmt: skip

        with httpx.Client(base_url=url, timeout=30) as client:
            ann = Person(client)
            token_of_form = ann.form_token("/sign-in")
            client.post("/sign-in", data={"form_token": token_of_form, "name": "ann", "password": PASSWORD})  # fmt: skip
            for _ in range(6):  # one session in all of them, whichever answers
                with httpx.Client(base_url=url, cookies=client.cookies, timeout=30) as another:
                    assert another.get(f"/photos/{sha256(JPEG)}").content == JPEG
        text = httpx.get(f"http://127.0.0.1:{metrics_port}/metrics").text
        put = re.findall(r'requests_total\{route="PUT /api/v1/inspections[^"]*",status="20[01]"\} (\S+)', text)  # fmt: skip
        assert sum(map(float, put)) == 24
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in before), "all have ended")


@pytest.mark.usefixtures("only_postgresql")
def test_children_do_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    with process(tmp_path, "--processes", "2"):
        parent = parent_of_all()
        children = children_of(parent)
        assert len(children) == 2
        os.kill(parent, signal.SIGKILL)
        wait_until(lambda: not any(alive(pid) for pid in children), "the children follow")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_on_sqlite_several_are_refused(tmp_path: Path, kind: str) -> None:
    if kind != "sqlite":
        pytest.skip("PostgreSQL takes several")
    port = str(free_port())
    env = {k: v for k, v in os.environ.items() if not k.startswith("SECONDLOOK_")}
    env |= {"SECONDLOOK_HOME": str(tmp_path), "SECONDLOOK_SERVER_PORT": port}
    told = subprocess.run(
        [COMMAND, "run", "--processes", "2"], env=env, capture_output=True, text=True, check=False
    )
    assert told.returncode == 2
    assert told.stderr.startswith("secondlook-server: Several processes gain nothing on SQLite")
    assert told.stderr.count("\n") == 1


@pytest.mark.usefixtures("only_postgresql")
def test_processes_that_die_as_they_begin_are_not_begun_for_ever(tmp_path: Path) -> None:
    """The metrics' port is taken, which only the first child finds out."""
    with process(tmp_path, SECONDLOOK_SERVER_METRICS_PORT=(taken := str(free_port()))):
        env = os.environ | databases.environment(tmp_path)
        env |= {"SECONDLOOK_HOME": str(tmp_path), "SECONDLOOK_SERVER_PORT": str(free_port())}
        env |= {"SECONDLOOK_SERVER_METRICS_PORT": taken}
        began_s = time.monotonic()
        told = subprocess.run(
            [COMMAND, "run", "--processes", "2"], env=env, capture_output=True, text=True, timeout=60, check=False
        )  # fmt: skip
    assert told.returncode == 2
    assert "die as they begin" in told.stderr
    assert "SECONDLOOK_SERVER_METRICS_PORT" in told.stderr
    assert time.monotonic() - began_s < 50
