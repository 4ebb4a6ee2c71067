"""Settings come from the environment or a file, and a wrong one is one line that names it."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from server.app import open_database
from server.errors import SettingsInvalid
from server.settings import Settings, load


def test_defaults_are_safe() -> None:
    settings = load()
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.on_loopback
    assert settings.folder == Path("var/server")
    assert str(settings.url).startswith("sqlite:////")
    assert settings.hosts == ["127.0.0.1", "localhost", "::1", "[::1]"]


def test_the_environment_counts_more_than_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "server.toml"
    file.write_text('port = 1\nlease_s = 7\nallowed_hosts = ["a.example", "b.example"]\n')
    monkeypatch.setenv("SECONDLOOK_SERVER_CONFIG", str(file))
    monkeypatch.setenv("SECONDLOOK_SERVER_PORT", "2")
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path))
    settings = load()
    assert (settings.port, settings.lease_s, settings.home) == (2, 7, tmp_path)
    assert settings.allowed_hosts == ("a.example", "b.example")


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("[::1]", True), ("localhost", True), ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("example.org", False)],
)  # fmt: skip
def test_what_is_loopback(host: str, is_loopback: bool) -> None:
    assert Settings(host=host, allowed_hosts=("x",)).on_loopback is is_loopback


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("PORT", "99999", "SECONDLOOK_SERVER_PORT: .*, got '99999'"),
        ("PORT", "x", "SECONDLOOK_SERVER_PORT"),
        ("LEASE_S", "0", "SECONDLOOK_SERVER_LEASE_S"),
        ("HOST", "0.0.0.0", "SECONDLOOK_SERVER_ALLOWED_HOSTS should name the hosts"),
        ("ALLOWED_HOSTS", "a.*.example", "may only begin with"),
        ("TRUSTED_PROXIES", "10.0.0.1,proxy", "SECONDLOOK_SERVER_TRUSTED_PROXIES: .*'proxy'"),
        ("TRUSTED_PROXIES", "*", "does not appear to be"),
        ("CONFIG", "/nowhere.toml", "there is no file /nowhere.toml"),
        ("SECRET_KEY", "hunter2", "SECONDLOOK_SERVER_SECRET_KEY: .*32"),
    ],
)
def test_what_is_wrong_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, complaint: str
) -> None:
    monkeypatch.setenv(f"SECONDLOOK_SERVER_{name}", value)
    with pytest.raises(SettingsInvalid, match=complaint) as told:
        load()
    assert "\n" not in str(told.value)
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize("text", ["port = ", "unknown = 1", "port = 'x'"])
def test_a_file_with_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    file = tmp_path / "server.toml"
    file.write_text(text)
    monkeypatch.setenv("SECONDLOOK_SERVER_CONFIG", str(file))
    with pytest.raises(SettingsInvalid):
        load()


def test_names_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECONDLOOK_SERVER_ALLOWED_HOSTS", "a.example, *.b.example,")
    assert load().allowed_hosts == ("a.example", "*.b.example")


def test_empty_is_as_if_it_were_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    unset = load()
    for name in ("HOME", "SERVER_PORT", "SERVER_SECRET_KEY", "SERVER_CONFIG", "SERVER_LOG_JSON"):
        monkeypatch.setenv(f"SECONDLOOK_{name}", "")
    assert load() == unset


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(20) as pool:
        told = set(pool.map(lambda _: Settings(home=tmp_path).secret(), range(20)))
    assert len(told) == 1
    (secret,) = told
    assert len(secret) >= 32
    (kept,) = (tmp_path / "server").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_secret_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    (tmp_path / "server/secret").write_text("short")
    with pytest.raises(SettingsInvalid, match="delete it"):
        Settings(home=tmp_path).secret()
    (tmp_path / "file").touch()
    with pytest.raises(SettingsInvalid, match="cannot be read or written"):
        Settings(home=tmp_path / "file").secret()


def test_secrets_can_be_given_and_are_not_shown() -> None:
    settings = Settings(secret_key="s" * 32, database_url="sqlite:///x")  # type: ignore[arg-type]
    assert settings.secret() == b"s" * 32
    assert settings.url == "sqlite:///x"
    assert "ssss" not in repr(settings)


def test_a_folder_may_be_called_anything(tmp_path: Path) -> None:
    """What means something in a URL or to Alembic is a letter here."""
    home = tmp_path / "a?b#c%20d 退货"
    database = open_database(Settings(home=home))
    with database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA database_list").all()[0][2] == str(
            home / "server/secondlook.db"
        )
    database.close()
