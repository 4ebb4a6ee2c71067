"""Photos in an S3-compatible bucket: `prefix/ab/cd/abcd…`, safe as soon as the store has answered."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import obstore
import structlog
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    NotSupportedError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import S3Store

from server.errors import DiskFull, NothingThere, StorageUnavailable
from server.storage.base import BLOCK_BYTES, NAME, Kept

QUARANTINE = "quarantine"
PAGE = 1000
"""Names a page of a listing: the most that S3 gives."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Which bucket, and how to get in."""

    bucket: str
    prefix: str = ""
    """What all names begin with; none for the whole bucket."""
    endpoint: str | None = None
    """The store's address; none for Amazon's own."""
    region: str = "us-east-1"
    access_key: str | None = None
    """None: what the machine itself has (environment, instance role)."""
    secret_key: str | None = None
    timeout_s: float = 20.0
    """How long one request may take before it counts as lost."""

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Place({self.endpoint or 'amazon'}, {self.bucket}/{self.prefix})"


def open_store(place: Place) -> S3Store:
    """Speak to nobody yet. Raises StorageUnavailable when it cannot be addressed like that."""
    keys = {
        name: value
        for name, value in {
            "endpoint": place.endpoint,
            "access_key_id": place.access_key,
            "secret_access_key": place.secret_key,
        }.items()
        if value
    }
    whole = timedelta(seconds=place.timeout_s)
    plain = (place.endpoint or "").startswith("http://")
    with _told():
        return S3Store(
            place.bucket,
            prefix=place.prefix or None,
            region=place.region,
            # The store compares what arrived with this hash before it says yes.
            checksum_algorithm="SHA256",
            client_options={"allow_http": plain, "timeout": whole, "connect_timeout": whole / 4},
            retry_config={"max_retries": 2, "retry_timeout": whole},
            **keys,  # type: ignore[arg-type]
        )


class Bucket:
    """A bucket, seen through the few things that every S3-compatible store can do."""

    def __init__(self, place: Place) -> None:
        """Open nothing yet."""
        self._place = place
        self._store = open_store(place)
        self._can_refuse_second = True

    def key(self, name: str) -> str:
        """What the object is called below the prefix."""
        return f"{name[:2]}/{name[2:4]}/{name}"

    def where(self, name: str) -> str:
        """Its address as people write it."""
        path = "/".join(filter(None, (self._place.prefix.strip("/"), self.key(name))))
        return f"s3://{self._place.bucket}/{path}"

    def put(self, name: str, draft: Path) -> None:
        """Send it whole, once; what is there already is compared, and replaced only when damaged."""
        content = draft.read_bytes()
        try:
            self._send(name, content, first=self._can_refuse_second)
        except AlreadyExistsError:
            if not self._holds(name):
                log.warning("damaged object is replaced", sha256=name)
                self._send(name, content, first=False)

    def _send(self, name: str, content: bytes, *, first: bool) -> None:
        try:
            with _told():
                obstore.put(
                    self._store,
                    self.key(name),
                    content,
                    mode="create" if first else "overwrite",
                    use_multipart=False,
                )
        except NotSupportedError:
            # An older store: then a second writer sends the same bytes once more, no harm done.
            self._can_refuse_second = False
            self._send(name, content, first=False)

    def _holds(self, name: str) -> bool:
        seen = hashlib.sha256()
        try:
            for block in self.blocks(name):
                seen.update(block)
        except NothingThere:
            return False
        return seen.hexdigest() == name

    def size_bytes(self, name: str) -> int | None:
        """Length of the object."""
        try:
            with _told():
                return int(obstore.head(self._store, self.key(name))["size"])
        except FileNotFoundError:
            return None

    def blocks(self, name: str) -> Iterator[bytes]:
        """The content in pieces. Raises NothingThere."""
        try:
            with _told():
                found = obstore.get(self._store, self.key(name)).stream(BLOCK_BYTES)
                for block in found:
                    yield bytes(block)
        except FileNotFoundError:
            raise NothingThere("There is no such photo.") from None

    def set_aside(self, name: str) -> None:
        """Copy it into the quarantine, then remove it."""
        try:
            with _told():
                obstore.copy(self._store, self.key(name), f"{QUARANTINE}/{name}")
        except FileNotFoundError:
            return
        self.remove(name)

    def remove(self, name: str) -> None:
        """Delete the object; the store says the same where there is none."""
        with _told():
            obstore.delete(self._store, self.key(name))

    def listed(self, after: str = "") -> Iterator[Kept]:
        """A page at a time, in the order of names."""
        behind = self.key(after) if after else None
        with _told():
            for page in obstore.list(self._store, offset=behind, chunk_size=PAGE):
                for one in page:
                    name = one["path"].rpartition("/")[2]
                    if NAME.fullmatch(name) and one["path"] == self.key(name):
                        yield Kept(
                            name=name, size_bytes=one["size"], modified_at=one["last_modified"]
                        )


@contextmanager
def _told() -> Iterator[None]:
    """The store's refusals in our words; what is part of the conversation passes."""
    try:
        yield
    except (AlreadyExistsError, NotSupportedError, FileNotFoundError) as error:
        if "NoSuchBucket" in str(error):
            raise StorageUnavailable(
                "The bucket does not exist; make it, or correct the setting STORAGE_URL."
            ) from error
        raise
    except (UnauthenticatedError, PermissionDeniedError) as error:
        _log(error)
        raise StorageUnavailable(
            "The photo storage does not accept the server's credentials; nothing was kept."
        ) from error
    except BaseError as error:
        if "501 Not Implemented" in str(error):
            raise NotSupportedError(str(error)) from error
        _log(error)
        if "StorageFull" in str(error) or "507" in str(error).partition("<")[0]:
            raise DiskFull("The photo storage is full; nothing was kept.") from error
        raise StorageUnavailable from error


def _log(error: Exception) -> None:
    log.error("photo storage failed", error=str(error).partition("Debug source")[0][:500])
