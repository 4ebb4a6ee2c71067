"""The commands as people type them: real processes, one line for every mistake."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from server.cli import main
from tests.databases import databases
from tests.house import free_port
from tests.unit.server.running import PASSWORD, Running, put_photo, serving

COMMAND = Path(sys.executable).with_name("secondlook-server")


def run(
    home: Path, *arguments: str, says: str | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SECONDLOOK_")}
    return subprocess.run(
        [COMMAND, *arguments],
        env=clean | {"SECONDLOOK_HOME": str(home), **databases.environment(home), **env},
        input=says,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_enrolling_prints_the_token_as_the_last_line(tmp_path: Path) -> None:
    first, again = run(tmp_path, "enrol", "bench-1"), run(tmp_path, "enrol", "bench-1")
    tokens = [told.stdout.splitlines()[-1] for told in (first, again)]
    assert len(set(tokens)) == 2
    assert all(len(token) == 43 for token in tokens)
    assert "the old one has ended" in again.stdout
    assert not any(
        token.encode() in path.read_bytes()
        for token in tokens
        for path in (tmp_path / "server").iterdir()
    )


def test_accounts_are_made_changed_and_closed(tmp_path: Path) -> None:
    made = run(
        tmp_path, "account", "ann", "--role", "reviewer", "--password-stdin", says=PASSWORD + "\n"
    )
    changed = run(
        tmp_path, "account", "ann", "--role", "qa_lead", "--password-stdin", says=PASSWORD
    )
    closed = run(tmp_path, "account", "ann", "--close")
    assert [told.returncode for told in (made, changed, closed)] == [0, 0, 0]
    assert made.stdout == "Account ann is ready, role reviewer.\n"
    assert closed.stdout == "Account ann is closed.\n"


MISTAKES = [
    (["account", "ann"], None, {}, "Say what it may do: --role operator"),
    (["account", "ann", "--role", "reviewer"], "", {}, "use --password-stdin"),
    (["account", "ann", "--role", "reviewer", "--password-stdin"], "short", {}, "10 to 1024 characters"),
    (["account", "a b", "--role", "reviewer", "--password-stdin"], PASSWORD, {}, "A name should be"),
    (["account", "x", "--role", "station", "--password-stdin"], PASSWORD, {}, "enrol"),
    (["account", "nobody", "--close"], None, {}, "no open account"),
    (["enrol", "a b"], None, {}, "A name should be"),
    (["expected", "/nowhere/x.csv"], None, {}, "cannot be read"),
    (["references", "/nowhere", "--list", "/nowhere/x.csv"], None, {}, "cannot be read"),
    (["demo"], None, {"SECONDLOOK_SERVER_HOST": "0.0.0.0", "SECONDLOOK_SERVER_ALLOWED_HOSTS": "x"}, "loopback only"),
    (["run"], None, {"SECONDLOOK_SERVER_PORT": "x"}, "SECONDLOOK_SERVER_PORT"),
    (["run"], None, {"SECONDLOOK_SERVER_DATABASE_URL": "sqlite:////nowhere/x.db"}, "cannot be opened"),
    (["run"], None, {"SECONDLOOK_HOME": "/proc/nothing"}, "cannot be"),
    (["check"], None, {"SECONDLOOK_HOME": "/proc/nothing"}, "cannot be"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "says", "env", "complaint"), MISTAKES, ids=lambda value: str(value)[:50]
)
def test_a_mistake_is_one_line_and_exit_2(
    tmp_path: Path, arguments: list[str], says: str | None, env: dict[str, str], complaint: str
) -> None:
    clean = {"SECONDLOOK_HOME": str(tmp_path), **env}
    told = run(tmp_path, *arguments, says=says or "", **clean)
    assert told.returncode == 2
    assert complaint in told.stderr
    assert told.stderr.count("\n") == 1
    assert "Traceback" not in told.stderr + told.stdout


def test_the_demo_shows_its_accounts_and_may_be_repeated(tmp_path: Path) -> None:
    for _ in range(2):
        told = run(tmp_path, "demo")
        assert told.returncode == 0
        for word in (
            "reviewer",
            "lead",
            "admin",
            "demo-reviewer",
            "operator",
            "manager",
            "auditor",
            "engineer",
        ):
            assert word in told.stdout


def test_demo_accounts_keep_the_server_on_loopback(tmp_path: Path) -> None:
    run(tmp_path, "demo")
    told = run(
        tmp_path, "run", SECONDLOOK_SERVER_HOST="0.0.0.0", SECONDLOOK_SERVER_ALLOWED_HOSTS="x"
    )
    assert told.returncode == 2
    assert "--close" in told.stderr


def test_checking_the_archive(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        put_photo(server.station())
        (name,) = server.parts.archive
        assert run(tmp_path, "check").stdout == "1 photos, all as they came.\n"
        server.parts.archive.storage.path(name).write_bytes(b"rot")
    told = run(tmp_path, "check")
    assert told.returncode == 2
    assert "1 of 1 photos are damaged" in told.stderr
    assert name in told.stderr


def test_a_first_start_prints_the_link_that_makes_an_administrator_and_a_taken_port_is_told(
    tmp_path: Path,
) -> None:
    port = str(free_port())
    env = os.environ | databases.environment(tmp_path)
    env |= {"SECONDLOOK_HOME": str(tmp_path), "SECONDLOOK_SERVER_PORT": port}
    with subprocess.Popen([COMMAND, "run"], env=env, stderr=subprocess.PIPE, text=True) as server:
        try:
            wait_for(f"http://127.0.0.1:{port}/healthz")
            taken = run(tmp_path, "run", SECONDLOOK_SERVER_PORT=port)
            assert taken.returncode == 2
            assert taken.stderr.startswith("secondlook-server: Nothing can listen on")
            assert taken.stderr.count("\n") == 1
        finally:
            server.send_signal(signal.SIGTERM)
            told = server.communicate(timeout=20)[1]
    assert f"  http://127.0.0.1:{port}/link?key=" in told
    assert "secondlook-server account NAME --role administrator" in told
    assert "Traceback" not in told
    assert server.returncode in {0, -signal.SIGTERM}


@pytest.mark.parametrize("left", ["nothing", "an empty file"])
def test_photos_without_their_database_are_no_new_beginning(
    tmp_path: Path, left: str, kind: str
) -> None:
    with serving(tmp_path) as server:
        put_photo(server.station())
    if kind == "postgresql":
        empty = databases.empty(tmp_path)
        told = run(tmp_path, "run", SECONDLOOK_SERVER_DATABASE_URL=empty)
        assert told.returncode == 2
        assert "The database is empty, but" in told.stderr
        return
    database = tmp_path / "server/secondlook.db"
    lost = database.read_bytes()
    database.write_bytes(b"") if left == "an empty file" else database.unlink()
    for arguments in (["run"], ["enrol", "bench-1"]):
        told = run(tmp_path, *arguments)
        assert told.returncode == 2
        assert "restore the database from a backup" in told.stderr
        assert told.stderr.count("\n") == 1
    assert not database.exists() or database.read_bytes() == b""

    database.write_bytes(lost)
    assert run(tmp_path, "enrol", "bench-1").returncode == 0


def test_a_killed_server_has_lost_nothing(tmp_path: Path) -> None:
    """What is new in the journal only is no lost database."""
    port = str(free_port())
    env = os.environ | databases.environment(tmp_path)
    env |= {"SECONDLOOK_HOME": str(tmp_path), "SECONDLOOK_SERVER_PORT": port}
    with subprocess.Popen([COMMAND, "run"], env=env, stderr=subprocess.PIPE) as server:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        server.kill()
    photo = tmp_path / "server/photos/00/00" / ("0" * 64)
    photo.parent.mkdir(parents=True)
    photo.touch()
    assert run(tmp_path, "enrol", "bench-1").returncode == 0


def wait_for(url: str) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            assert httpx.get(url).status_code == 200
        except httpx.TransportError:
            assert time.monotonic() < end
            time.sleep(0.1)
        else:
            return


def test_without_a_command_there_is_help(tmp_path: Path) -> None:
    told = run(tmp_path, "--help")
    for command in ("run", "enrol", "account", "demo", "check"):
        assert command in told.stdout


def test_main_ends_with_a_code(monkeypatch: pytest.MonkeyPatch, server: Running) -> None:
    monkeypatch.setenv("SECONDLOOK_HOME", str(server.parts.settings.home))
    monkeypatch.setattr(sys, "argv", ["secondlook-server", "account", "nobody", "--close"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2


def test_the_samples_expected_returns_and_references_are_kept(tmp_path: Path) -> None:
    sample = Path(__file__).parents[3] / "datasets/sample"
    for told in (
        "24 new, 0 changed, 0 known already, 0 bad.",
        "0 new, 0 changed, 24 known already, 0 bad.",
    ):
        assert run(tmp_path, "expected", str(sample / "expected.csv")).stdout.strip() == told
    listed = ("references", str(sample / "references"), "--list", str(sample / "references.csv"))
    assert run(tmp_path, *listed).stdout.strip() == "20 new, 0 known already, 0 bad."
    bad = tmp_path / "bad.csv"
    bad.write_text("code,category\nR1,apparel\nR2,shoes\n")
    told = run(tmp_path, "expected", str(bad))
    assert told.returncode == 2
    assert f"{bad}:3: category should be one of" in told.stderr
    assert "1 of 2 rows cannot be used" in told.stderr
