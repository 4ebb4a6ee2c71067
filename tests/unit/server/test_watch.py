"""What watches the server sees whether it can work, and what each request came to."""

import json
import logging
import re
import shutil
from pathlib import Path

import httpx
import pytest
import structlog
from fastapi import FastAPI
from sqlalchemy import text
from structlog.testing import capture_logs

from models.vocabulary import Role
from server import logs
from server.errors import SettingsInvalid
from server.serve import configure_logs
from server.settings import Settings
from server.watch import numbers, readiness
from tests.databases import databases
from tests.house import free_port
from tests.unit.server.running import JPEG, Running, an_inspection, process, send, serving


@pytest.fixture(autouse=True)
def looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "KEPT_S", 0)
    monkeypatch.setattr(numbers, "KEPT_S", 0)


def checks(server: Running) -> tuple[int, dict[str, str]]:
    answer = server.client().get("/readyz")
    return answer.status_code, answer.json()["checks"]


def test_a_server_that_can_work_says_so_and_leaves_no_trace(server: Running) -> None:
    assert checks(server) == (200, dict.fromkeys(["database", "schema", "disk", "archive"], "ok"))
    assert list(server.parts.archive) == []


def test_a_nearly_full_disk_is_not_ready(tmp_path: Path) -> None:
    with serving(tmp_path, disk_reserve_mb=10**9) as server:
        assert checks(server)[0] == 503
        assert checks(server)[1]["disk"] == "nearly full"
        assert server.client().get("/healthz").status_code == 200


def test_an_archive_that_cannot_be_written_is_not_ready(server: Running) -> None:
    shutil.rmtree(server.parts.settings.folder / "photos")
    status, seen = checks(server)
    assert status == 503
    assert seen["archive"].startswith("fails")
    assert seen["database"] == "ok"
    assert str(server.parts.settings.home) not in json.dumps(seen)


def test_another_schema_is_not_ready(server: Running) -> None:
    with server.parts.database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert checks(server) == (
        503,
        {"database": "ok", "schema": "not this version's", "disk": "ok", "archive": "ok"},
    )


def test_a_database_that_is_gone_is_told_and_comes_back(
    server: Running, tmp_path: Path, kind: str
) -> None:
    """Down and up again, as a database's host does; the server need not be restarted."""
    if kind == "sqlite":
        folder = tmp_path / "server"
        server.parts.database.close()
        folder.rename(tmp_path / "away")
        status, seen = checks(server)
        (tmp_path / "away").rename(folder)
    else:
        name = server.parts.database.engine.url.database
        databases.tell(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        databases.tell(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        status, seen = checks(server)
        visitor = server.client()
        visitor.cookies.set("secondlook_session", "x")
        page = visitor.get("/returns")
        assert page.status_code == 503
        assert int(page.headers["retry-after"]) > 0
        databases.tell(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert status == 503
    assert seen["database"].startswith("fails")
    assert seen["schema"] == "unknown"
    assert checks(server)[0] == 200


def test_many_who_ask_at_once_cost_one_look(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "KEPT_S", 60)
    first = checks(server)
    shutil.rmtree(server.parts.settings.folder / "photos")
    assert checks(server) == first


def told(server: Running) -> dict[str, float]:
    """Name with labels → value."""
    text = server.person("auditor", Role.AUDITOR).get("/metrics").text
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_what_came_in_and_what_waits_is_counted(server: Running) -> None:
    send(server.station(), an_inspection(1), an_inspection(2))
    ann = server.person("ann")
    ann.post("/queue/next")
    server.clock.pass_by(seconds=90)
    seen = told(server)
    put = "PUT /api/v1/photos/{sha256}"
    assert seen[f'secondlook_requests_total{{route="{put}",status="201"}}'] == 1
    assert seen[f'secondlook_received_bytes_total{{route="{put}"}}'] == len(JPEG)
    assert seen[f'secondlook_request_seconds_count{{route="{put}"}}'] == 1
    assert seen['secondlook_cases_open{kind="review"}'] == 2
    assert seen['secondlook_oldest_case_age_seconds{kind="review"}'] == 90
    assert seen["secondlook_leases_held"] == 1
    arrived = server.clock().timestamp() - 90
    assert seen["secondlook_newest_inspection_timestamp_seconds"] == arrived
    assert seen["secondlook_database_up"] == 1
    assert seen["secondlook_database_bytes"] > 10_000
    assert seen["secondlook_disk_free_bytes"] > 0
    assert seen['secondlook_station_seen_timestamp_seconds{station="bench-1"}'] > 0
    assert seen[f'secondlook_info{{version="{server.app.version}"}}'] == 1


def test_addresses_make_no_series(server: Running) -> None:
    """A stranger who asks for a thousand addresses must not fill the watcher's memory."""
    for number in range(20):
        server.client().get(f"/nothing/{number}")
        server.client().get(f"/returns/{number}")
    seen = [name for name in told(server) if name.startswith("secondlook_requests_total")]
    assert {'secondlook_requests_total{route="unknown",status="404"}',
            'secondlook_requests_total{route="GET /returns/{inspection_id}",status="303"}'} <= set(seen)  # fmt: skip
    assert len(seen) < 6


def test_numbers_of_a_database_that_is_gone(server: Running, kind: str) -> None:
    if kind == "sqlite":
        server.parts.database.close()
        (server.parts.settings.folder / "secondlook.db").unlink()
        (server.parts.settings.folder / "secondlook.db").mkdir()
    else:
        databases.drop(server.parts.settings.home)
    text = server.app.state.metrics.text().decode()
    assert "secondlook_database_up 0.0" in text
    assert "secondlook_disk_free_bytes" in text


def test_metrics_without_a_token_are_for_this_machine_only(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        port = free_port()
        server.app.state.metrics.listen(port)
        answer = server.client().get(f"http://127.0.0.1:{port}/metrics")
        assert "secondlook_database_up 1.0" in answer.text
        assert server.visitor().get("/metrics").headers["location"].startswith("/sign-in")


def failing(app: FastAPI) -> None:
    def fails() -> None:
        structlog.get_logger("x").warning("about to fail")
        raise RuntimeError("a mistake")

    app.router.routes.insert(0, type(app.routes[0])("/healthz", fails, methods=["GET"]))


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("abcdef-12345.67_8", True),  # a proxy's
        ("short", False),
        ("x" * 65, False),
        ("with space in it", False),
        ('"><script>alert(1)', False),
        ("", False),
    ],
)
def test_a_request_has_one_name_everywhere(tmp_path: Path, said: str, kept: bool) -> None:
    with serving(tmp_path) as server:
        answer = server.client().get("/healthz", headers={"x-request-id": said})
        name = answer.headers["x-request-id"]
        assert (name == said) is kept
        assert kept or len(name) == 16
        assert server.client().get("/healthz").headers["x-request-id"] != name


def test_a_mistake_can_be_quoted_and_found_in_the_log(tmp_path: Path) -> None:
    merged = [structlog.contextvars.merge_contextvars]
    with serving(tmp_path, change=failing) as server, capture_logs(processors=merged) as lines:
        page = server.client().get("/healthz", headers={"accept": "text/html"})
        data = server.client().get("/healthz", headers={"accept": "application/json"})
    name = page.headers["x-request-id"]
    assert f"<code>{name}</code>" in page.text
    assert data.json()["request_id"] == data.headers["x-request-id"]
    events = [line["event"] for line in lines if line.get("request_id") == name]
    assert events == ["about to fail", "request failed"]


def test_the_log_file_of_a_real_server(tmp_path: Path) -> None:
    path = tmp_path / "log/server.log"
    env = {"SECONDLOOK_SERVER_LOG_FILE": str(path), "SECONDLOOK_SERVER_LOG_JSON": "1"}
    with process(tmp_path, **env) as url:
        name = httpx.get(f"{url}/healthz").headers["x-request-id"]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    (line,) = [line for line in lines if line.get("request_id") == name]
    assert (line["event"], line["path"], line["status"]) == ("request", "/healthz", 200)


def test_a_log_file_turns_over(tmp_path: Path) -> None:
    path = tmp_path / "deep/server.log"
    handler = logs._rotating(logs.LogFile(path=path, limit_bytes=1000, kept=2))
    for number in range(100):
        handler.emit(
            logging.LogRecord("x", logging.INFO, "x", 1, f"line {number} " + "x" * 50, (), None)
        )
    handler.close()
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "server.log",
        "server.log.1",
        "server.log.2",
    ]
    assert all(p.stat().st_size <= 1000 for p in path.parent.iterdir())


def test_a_log_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = Settings(home=tmp_path, log_file=tmp_path / "file/server.log")
    with pytest.raises(SettingsInvalid, match="cannot be written"):
        configure_logs(settings)


def test_the_contract_names_every_route_its_roles_and_its_body(server: Running) -> None:
    said = server.person("auditor", Role.AUDITOR).get("/api/v1/openapi.json").json()
    told = {
        f"{method.upper()} {path}": operation
        for path, operations in said["paths"].items()
        for method, operation in operations.items()
    }
    table = server.app.state.permissions.allowed
    assert set(told) == {re.sub(r":\w+}", "}", route) for route in table if route != "GET /static"}
    put = told["PUT /api/v1/photos/{sha256}"]
    assert put["x-roles"] == ["station"]
    assert set(put["requestBody"]["content"]) == {"image/jpeg", "image/png", "image/webp"}
    assert all(operation["responses"]["default"] for operation in told.values())
    assert "judgement" in said["components"]["schemas"]["Inspection"]["properties"]
    assert "$defs" not in json.dumps(said)
