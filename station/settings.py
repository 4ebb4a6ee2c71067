"""Everything that can be set at a bench: environment first, then the TOML file, read once."""

import os
import re
import stat
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, HttpUrl, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from models.record import Identifier
from models.vocabulary import Language
from station.cameras.spec import CameraSpec, check_together
from station.errors import SettingsInvalid

PREFIX = "SECONDLOOK_STATION_"
CONFIG = PREFIX + "CONFIG"
KEYS = "keys.json"
"""The server's public keys that `secondlook-station enrol` wrote, in the station's folder."""
ENROLLED = "enrolled.toml"
"""The name and the server's address that `secondlook-station enrol` wrote, in the station's folder."""
_SAMPLE = Path(__file__).parent.parent / "datasets" / "sample"
_RELEASES = Path(__file__).parent.parent / "models" / "releases"


class Settings(BaseSettings):
    """The station's settings; each is an environment variable SECONDLOOK_STATION_NAME or a TOML key."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        # `SECONDLOOK_HOME= …` means "as if unset", not the folder one happens to stand in.
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    name: Identifier = "bench-1"
    """The station's name, as it is enrolled at the server."""
    server_url: HttpUrl = HttpUrl("http://127.0.0.1:8000")
    """Where the server listens."""
    token: SecretStr | None = None
    """What `secondlook-server enrol` printed; a token file is better, as others cannot list it."""
    token_file: Path | None = None
    """A file with the token, readable by its owner only; else the one that `enrol` wrote in the home."""
    supply_every_s: float = Field(default=60.0, ge=1, le=86400)
    """Seconds between two questions for what changed: expected returns, standards, costs, releases."""
    home: Path = Field(default=Path("var"), validation_alias="SECONDLOOK_HOME")
    """Where state lives; this station's is in `station` below it."""
    host: str = "127.0.0.1"
    """The address that the page listens on; whoever reaches it needs no password."""
    port: int = Field(default=8001, ge=0, le=65535)
    """The page's port."""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """More names that the page answers to, separated by commas; 127.0.0.1 and localhost always work."""
    replay: Path = _SAMPLE
    """Folder of sample returns that the folder camera replays."""
    replay_pause_s: float = Field(default=6.0, ge=0, le=3600)
    """Seconds that a replayed item stays on the screen before the next one."""
    rounds: int = Field(default=1, ge=0)
    """How often the samples are replayed from the first to the last; 0 means without end."""
    language: Language = Language.EN
    """The page's language until somebody chooses the other."""
    releases: Path = _RELEASES
    """Folder of released models; an empty folder means that every look is left to people."""
    backend: Literal["auto", "onnxruntime", "openvino", "openvino-bf16"] = "auto"
    """What runs the models: onnxruntime, openvino, openvino-bf16, or auto for the quickest that is allowed."""
    min_free_mb: int = Field(default=500, ge=1)
    """Free disk in megabytes below which no further item is accepted."""
    keep_recent: int = Field(default=50, ge=0)
    """How many acknowledged items keep their photos on this disk, for the screen."""
    timeout_s: float = Field(default=20.0, gt=0, le=600)
    """Seconds to wait for the server to answer before trying again."""
    retry_cap_s: float = Field(default=30.0, gt=0, le=3600)
    """The longest pause between two tries to reach the server, in seconds."""
    log_json: bool = False
    """Log one JSON object a line instead of lines for people."""
    cameras: tuple[CameraSpec, ...] = ()
    """The station's cameras, a `[[cameras]]` table each; in the environment a JSON list."""

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            [v.strip() for v in value.split(",") if v.strip()] if isinstance(value, str) else value
        )

    @field_validator("allowed_hosts")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if wild := [name for name in value if "*" in name]:
            raise ValueError(f"the page has no password, so name each host; got {wild[0]}")
        return value

    @field_validator("cameras")
    @classmethod
    def _cameras_go_together(cls, value: tuple[CameraSpec, ...]) -> tuple[CameraSpec, ...]:
        check_together(value)
        return value

    @property
    def folder(self) -> Path:
        """Where the station keeps its state."""
        return self.home / "station"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - named so by pydantic
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before file before what `secondlook-station enrol` wrote."""
        file = os.environ.get(CONFIG)
        named = [TomlConfigSettingsSource(settings_cls, file)] if file else []
        home = os.environ.get("SECONDLOOK_HOME") or (named[0].toml_data if named else {}).get(
            "home"
        )
        enrolled = Path(home or "var") / "station" / ENROLLED
        return (env_settings, *named, TomlConfigSettingsSource(settings_cls, enrolled))

    @property
    def token_place(self) -> Path:
        """Where the token lies, or will lie after `enrol`."""
        return self.token_file or self.folder / "token"

    @property
    def hosts(self) -> list[str]:
        """Every name that a request to the page may ask for."""
        return ["127.0.0.1", "localhost", *self.allowed_hosts]

    def secret(self) -> str:
        """The token itself. Raises SettingsInvalid, saying how to get one."""
        if self.token is not None:
            return checked_token(self.token.get_secret_value().strip(), f"{PREFIX}TOKEN")
        if self.token_file is None and not self.token_place.exists():
            raise SettingsInvalid(
                "No token: ask an administrator for an enrolment code and run `secondlook-station enrol CODE "
                f"--server URL`, or run `secondlook-server enrol {self.name}` there and give its last line to "
                f"{PREFIX}TOKEN_FILE."
            )
        return _read_token(self.token_place)


def _read_token(path: Path) -> str:
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SettingsInvalid(f"{path} can be read by others: chmod 600 {path}")
        token = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{PREFIX}TOKEN_FILE: {path} cannot be read: {error}") from error
    return checked_token(token, str(path))


def checked_token(token: str, where: str) -> str:
    """The token, as it can be sent. Raises SettingsInvalid."""
    # What HTTP cannot carry would fail with every request and look like a server that is down.
    if not re.fullmatch("[!-~]+", token):
        raise SettingsInvalid(
            f"{where} should hold one token on one line; enrol the station again."
        )
    return token


def load() -> Settings:
    """Read environment and file once. Raises SettingsInvalid with one line that names each fault."""
    file = os.environ.get(CONFIG)
    if file and not Path(file).is_file():
        raise SettingsInvalid(f"{CONFIG}: there is no file {file}")
    try:
        return Settings()
    except ValidationError as error:
        told = "; ".join(_told(fault) for fault in error.errors(include_url=False))
        raise SettingsInvalid(told) from error
    except (OSError, ValueError) as error:
        # A file that this user may not read, a TOML file with a fault in it, or a list in the environment that is no JSON.
        raise SettingsInvalid(f"{file or 'environment'}: {error}") from error


def _told(fault: Any) -> str:  # noqa: ANN401 - pydantic's own dictionary
    name = ".".join(map(str, fault["loc"])).upper()
    known = name if name.startswith("SECONDLOOK_") else PREFIX + name
    # A camera's table holds its address, and that its password.
    is_secret = isinstance(fault["input"], dict | list | tuple) or name.endswith("ADDRESS")
    got = "" if is_secret else f", got {str(fault['input'])[:80]!r}"
    return f"{known}: {fault['msg']}{got}"
