"""Everything that can be set at the server: environment first, then the TOML file, read once."""

import os
import secrets
import tempfile
from contextlib import suppress
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from sqlalchemy import URL

from models.vocabulary import Role
from server.errors import SettingsInvalid

PREFIX = "SECONDLOOK_SERVER_"
CONFIG = PREFIX + "CONFIG"
SECRET = ("database_url", "secret_key", "oidc_client_secret", "storage_secret_key")
MIN_SECRET_BYTES = 32
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")


class Settings(BaseSettings):
    """The server's settings; each is an environment variable SECONDLOOK_SERVER_NAME or a TOML key."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        # `SECONDLOOK_HOME= …` means "as if unset", not the folder one happens to stand in.
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    home: Path = Field(default=Path("var"), validation_alias="SECONDLOOK_HOME")
    """Where state lives; the server's is in `server` below it."""
    host: str = "127.0.0.1"
    """The address to listen on; put a reverse proxy with HTTPS before anything but loopback."""
    port: int = Field(default=8000, ge=0, le=65535)
    """The port to listen on."""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Names that the server answers to, separated by commas; loopback is always among them."""
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses or networks of the proxies whose X-Forwarded-For and -Proto are believed."""
    database_url: SecretStr | None = None
    """SQLAlchemy URL of the database; without one, SQLite in the home."""
    secret_key: SecretStr | None = Field(default=None, min_length=MIN_SECRET_BYTES)
    """Signs the forms; without one, a key is made and kept in the home."""
    session_hours: float = Field(default=12, gt=0, le=720)
    """How long one sign-in lasts at most."""
    session_idle_min: float = Field(default=60, gt=0, le=43200)
    """Minutes without any request after which a sign-in ends."""
    oidc_issuer: str = ""
    """The company's OpenID Connect provider; its address, exactly as its tokens name it."""
    oidc_client_id: str = ""
    """How this server is registered there."""
    oidc_client_secret: SecretStr | None = None
    """What proves it there."""
    oidc_name: str = Field(default="", max_length=60)
    """What the button on the sign-in page calls the provider."""
    oidc_role_claim: str = ""
    """The claim that says the role; without one, an administrator gives it."""
    oidc_roles: Annotated[tuple[str, ...], NoDecode] = ()
    """Which value of the claim gives which role: `returns-qa=qa_lead,it=administrator`; the first that fits counts."""
    oidc_allowed: Annotated[tuple[str, ...], NoDecode] = ()
    """Domains of verified e-mail addresses that may come in, with commas between; empty: whoever the provider lets in."""
    lease_s: int = Field(default=300, ge=1, le=86400)
    """Seconds that a case stays with a reviewer who gives no sign of life."""
    max_photo_mb: int = Field(default=40, ge=1, le=1000)
    """Largest photo that is accepted, in megabytes of 10^6 bytes."""
    disk_reserve_mb: int = Field(default=512, ge=0)
    """Free space in megabytes below which nothing more is accepted."""
    storage_url: str | None = Field(default=None, pattern=r"^s3://[^/]+(/.*)?$")
    """Where photos lie: `s3://bucket/prefix`; without one, in the home."""
    storage_endpoint: str | None = Field(default=None, pattern=r"^https?://")
    """Address of an S3-compatible store; without one, Amazon's own."""
    storage_region: str = "us-east-1"
    """The bucket's region."""
    storage_access_key: str | None = None
    """The key's name; without one, what the machine itself has."""
    storage_secret_key: SecretStr | None = None
    """The key."""
    storage_timeout_s: float = Field(default=20, gt=0, le=600)
    """Seconds after which one request to the store counts as lost."""
    scrub_mb_per_s: float = Field(default=20, gt=0)
    """How fast the scrub reads in the background, in megabytes a second."""
    scrub_days: float = Field(default=7, ge=0)
    """A scrub begins when the last one is so many days old; 0: only by hand."""
    log_json: bool = False
    """Log one JSON object a line instead of lines for people."""
    log_file: Path | None = None
    """Log to this file too; it turns over when it is full."""
    log_file_mb: int = Field(default=50, ge=1, le=10_000)
    """Megabytes after which the log file begins anew."""
    log_files_kept: int = Field(default=5, ge=1, le=1000)
    """How many older log files stay beside it."""
    metrics_port: int = Field(default=0, ge=0, le=65535)
    """Serve the metrics without a token on this port of this machine's loopback; 0 does not."""

    @property
    def folder(self) -> Path:
        """The server's part of home."""
        return self.home / "server"

    @property
    def half_restored(self) -> Path:
        """There while a restore has not ended: what is in the home then is not whole."""
        return self.folder / "restoring"

    @property
    def database_file(self) -> Path | None:
        """SQLite's file in the home; none where another database is set."""
        return self.folder / "secondlook.db" if self.database_url is None else None

    @property
    def url(self) -> str | URL:
        """The database's URL, with its password where it has one."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        # Not as text: a folder's name may hold ? and #, which mean something in a URL.
        return URL.create("sqlite", database=str((self.folder / "secondlook.db").resolve()))

    @property
    def photos(self) -> Path:
        """Where photos lie that lie on disk."""
        return self.folder / "photos"

    @property
    def spool(self) -> Path:
        """Where photos arrive: beside those on disk, so that keeping one is a change of its name."""
        return self.photos / ".incoming" if self.storage_url is None else self.folder / "spool"

    @property
    def on_loopback(self) -> bool:
        """Only this machine can reach the server."""
        try:
            return ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def hosts(self) -> list[str]:
        """Every name that a request may ask for."""
        return [*LOOPBACK_NAMES, "[::1]", *self.allowed_hosts]

    @field_validator(
        "allowed_hosts", "trusted_proxies", "oidc_roles", "oidc_allowed", mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            [v.strip() for v in value.split(",") if v.strip()] if isinstance(value, str) else value
        )

    @field_validator("allowed_hosts")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        wild = [v for v in value if "*" in v.removeprefix("*.") and v != "*"]
        if wild:
            raise ValueError(f"a name may only begin with *., got {wild[0]}")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            ip_network(one)  # its own words say what is wrong
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _is_encrypted(cls, value: str) -> str:
        # Whoever can change what is sent on the way could sign in as anybody.
        at = urlsplit(value)
        if value and at.scheme != "https" and at.hostname not in LOOPBACK_NAMES:
            raise ValueError("it should begin with https://")
        return value

    @field_validator("oidc_roles")
    @classmethod
    def _roles(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            claim, _, role = one.rpartition("=")
            if not claim or role not in set(Role) - {Role.STATION}:
                raise ValueError(
                    f"it should be CLAIM=ROLE, with a role that people have, got {one}"
                )
        return value

    @model_validator(mode="after")
    def _provider_is_whole(self) -> Self:
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_client_secret):
            raise ValueError(
                f"{PREFIX}OIDC_CLIENT_ID and {PREFIX}OIDC_CLIENT_SECRET should be set with the issuer"
            )
        if bool(self.oidc_role_claim) != bool(self.oidc_roles):
            raise ValueError(
                f"{PREFIX}OIDC_ROLE_CLAIM and {PREFIX}OIDC_ROLES should be set together"
            )
        return self

    @model_validator(mode="after")
    def _names_are_known_beyond_loopback(self) -> Self:
        if not self.on_loopback and not self.allowed_hosts:
            raise ValueError(
                f"{PREFIX}ALLOWED_HOSTS should name the hosts that people and stations use, "
                f"as {PREFIX}HOST={self.host} is not loopback"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments before environment before file."""
        del dotenv_settings, file_secret_settings
        file = os.environ.get(CONFIG)
        toml = [TomlConfigSettingsSource(settings_cls, file)] if file else []
        return (init_settings, env_settings, *toml)

    def secret(self) -> bytes:
        """The key that signs forms, made on first use. Raises SettingsInvalid."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value().encode()
        path = self.folder / "secret"
        try:
            return _kept_secret(path)
        except OSError as error:
            raise SettingsInvalid(f"{path} cannot be read or written: {error.strerror}") from error


def _kept_secret(path: Path) -> bytes:
    if not path.exists():
        keep_private(path, secrets.token_urlsafe(48).encode())
    kept = path.read_bytes().strip()
    if len(kept) < MIN_SECRET_BYTES:
        raise SettingsInvalid(f"{path} should hold a key; delete it to get a new one")
    return kept


def keep_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all; one that is there stays. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Mode 0600 by design.
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    # Of two processes that start at once, the link of one fails and both use the other's key.
    with suppress(FileExistsError):
        path.hardlink_to(draft)
    Path(draft).unlink()


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
    except ValueError as error:
        raise SettingsInvalid(f"{file or 'environment'}: {error}") from error


def _told(fault: Any) -> str:  # noqa: ANN401 - pydantic's own dictionary
    if not fault["loc"]:
        return str(fault["msg"]).removeprefix("Value error, ")
    name = ".".join(map(str, fault["loc"])).upper()
    known = name if name.startswith("SECONDLOOK_") else PREFIX + name
    got = "" if fault["loc"][0] in SECRET else f", got {str(fault['input'])[:80]!r}"
    return f"{known}: {fault['msg']}{got}"
