import os
from pathlib import Path

import pytest

from models.vision.backends import AUTO, Backend
from models.vocabulary import Language
from station.errors import SettingsInvalid
from station.settings import CONFIG, PREFIX, load


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in list(os.environ):
        if name.startswith(PREFIX) or name == "SECONDLOOK_HOME":
            monkeypatch.delenv(name)


def test_nothing_set_means_the_demo_on_this_machine():
    settings = load()
    assert (settings.host, settings.port, settings.name) == ("127.0.0.1", 8001, "bench-1")
    assert settings.folder.as_posix() == "var/station"
    assert settings.hosts == ["127.0.0.1", "localhost"]


def test_the_environment_comes_before_the_file(monkeypatch, tmp_path):
    file = tmp_path / "station.toml"
    file.write_text(
        'port = 9001\nlanguage = "zh"\nhome = "/srv/secondlook"\nallowed_hosts = ["bench.local"]\n'
    )
    monkeypatch.setenv(CONFIG, str(file))
    monkeypatch.setenv(f"{PREFIX}PORT", "9002")
    settings = load()
    assert (settings.port, settings.language) == (9002, Language.ZH)
    assert settings.folder.as_posix() == "/srv/secondlook/station"
    assert settings.hosts[-1] == "bench.local"
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path))
    assert load().home == tmp_path


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PORT", "eighty", "SECONDLOOK_STATION_PORT: Input should be a valid integer"),
        ("PORT", "70000", "less than or equal to 65535"),
        ("SERVER_URL", "server", "SECONDLOOK_STATION_SERVER_URL"),
        ("NAME", "bench one", "SECONDLOOK_STATION_NAME"),
        ("LANGUAGE", "fr", "'en' or 'zh'"),
        ("BACKEND", "cuda", "'onnxruntime', 'openvino' or 'openvino-bf16', got 'cuda'"),
        ("REPLAY_PAUSE_S", "-1", "SECONDLOOK_STATION_REPLAY_PAUSE_S"),
        ("REPLAY_PAUSE_S", "nan", "SECONDLOOK_STATION_REPLAY_PAUSE_S"),
        ("ALLOWED_HOSTS", "*", "name each host"),
    ],
)
def test_a_bad_value_is_one_line_that_names_the_setting(monkeypatch, name, value, told):
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(SettingsInvalid) as error:
        load()
    assert told in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("port = 1\nprot = 2", "SECONDLOOK_STATION_PROT: Extra inputs"),
        ("port = = 1", "station.toml"),
        ("port = 'x'", "SECONDLOOK_STATION_PORT"),
    ],
)
def test_a_bad_file_is_one_line_that_names_the_fault(monkeypatch, tmp_path, content, told):
    (tmp_path / "station.toml").write_text(content)
    monkeypatch.setenv(CONFIG, str(tmp_path / "station.toml"))
    with pytest.raises(SettingsInvalid, match=told):
        load()


def test_a_missing_file_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv(CONFIG, str(tmp_path / "none.toml"))
    with pytest.raises(SettingsInvalid, match="there is no file"):
        load()


def token_file(tmp_path, content, mode=0o600):
    path = tmp_path / "token"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_the_token_is_read_from_its_file(monkeypatch, tmp_path):
    monkeypatch.setenv(f"{PREFIX}TOKEN_FILE", str(token_file(tmp_path, b"secret-1\n")))
    assert load().secret() == "secret-1"


def test_a_token_in_the_environment_is_never_shown(monkeypatch):
    monkeypatch.setenv(f"{PREFIX}TOKEN", "secret-2")
    assert load().secret() == "secret-2"
    assert "secret-2" not in repr(load())


@pytest.mark.parametrize(
    ("content", "mode", "told"),
    [
        (b"secret", 0o640, "chmod 600"),
        (b"secret", 0o604, "chmod 600"),
        (b"", 0o600, "one token on one line"),
        (b"two words", 0o600, "one token on one line"),
        (b"Done.\nsecret", 0o600, "one token on one line"),
        (b"\xff\xfe", 0o600, "cannot be read"),
        ("schlüssel".encode(), 0o600, "one token on one line"),
    ],
)
def test_a_token_file_that_will_not_do_is_told(monkeypatch, tmp_path, content, mode, told):
    monkeypatch.setenv(f"{PREFIX}TOKEN_FILE", str(token_file(tmp_path, content, mode)))
    with pytest.raises(SettingsInvalid, match=told):
        load().secret()


@pytest.mark.parametrize("token", ["two words", "one\nanother", "schlüssel", " "])
def test_a_token_that_http_cannot_carry_is_told(monkeypatch, token):
    monkeypatch.setenv(f"{PREFIX}TOKEN", token)
    with pytest.raises(SettingsInvalid, match=r"TOKEN should hold one token") as told:
        load().secret()
    assert token.strip() not in str(told.value) or not token.strip()


@pytest.mark.parametrize("backend", [AUTO, *Backend])
def test_every_backend_can_be_named(monkeypatch, backend):
    monkeypatch.setenv(f"{PREFIX}BACKEND", backend)
    assert load().backend == backend


def test_what_is_set_to_nothing_is_not_set(monkeypatch):
    for name in ("SECONDLOOK_HOME", f"{PREFIX}PORT", f"{PREFIX}TOKEN"):
        monkeypatch.setenv(name, "")
    assert load().folder.as_posix() == "var/station"
    with pytest.raises(SettingsInvalid, match="No token"):
        load().secret()


@pytest.mark.skipif(not Path("/proc/self/mem").is_file(), reason="needs Linux's /proc")
def test_a_settings_file_that_cannot_be_read_is_told(monkeypatch):
    monkeypatch.setenv(CONFIG, "/proc/self/mem")
    with pytest.raises(SettingsInvalid, match="/proc/self/mem"):
        load()


def test_no_token_says_how_to_get_one(monkeypatch, tmp_path):
    with pytest.raises(SettingsInvalid, match="secondlook-server enrol bench-1"):
        load().secret()
    monkeypatch.setenv(f"{PREFIX}TOKEN_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        load().secret()
