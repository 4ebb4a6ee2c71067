"""The keys that open sealed originals: made here, readable by their owner only, the newest handed out."""

import base64
import re
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from models.errors import SealInvalid
from models.sealing import KEY_BYTES, Original, key_id, open_sealed, sealed_for
from server.errors import SettingsInvalid
from server.settings import keep_private

FOLDER = "sealing"
_NAME = re.compile(r"(\d{4})-([0-9a-f]{16})\.key")


class Sealer:
    """Opens what stations sealed, with whichever of the server's keys it was sealed for."""

    def __init__(self, folder: Path) -> None:
        """Read the keys that lie in the folder, oldest first. Raises SettingsInvalid."""
        self._folder = folder
        self._keys = _read(folder)

    @property
    def newest(self) -> str:
        """The id of the key that stations seal for from now on."""
        return list(self._keys)[-1]

    @property
    def public_key(self) -> str:
        """Its public half, base64; handed out when a station enrols and whenever it asks."""
        return base64.b64encode(_public(self._keys[self.newest])).decode()

    def knows(self, wanted: str) -> bool:
        """The server holds that key, made by this process or by another."""
        if wanted not in self._keys:
            self._keys = _read(self._folder)
        return wanted in self._keys

    def open(self, sealed: bytes) -> Original:
        """What was sealed. Raises SealInvalid."""
        wanted = sealed_for(sealed)
        if not self.knows(wanted):
            raise SealInvalid(f"It is sealed for key {wanted}, which this server does not have.")
        return open_sealed(sealed, self._keys[wanted])

    def rotate(self) -> str:
        """Make a new key for what comes from now on; the old ones still open what they sealed."""
        _make(self._folder)
        self._keys = _read(self._folder)
        return self.newest


def load_sealer(folder: Path) -> Sealer:
    """The keys below the server's folder; the first is made on first use. Raises SettingsInvalid."""
    keys = folder / FOLDER
    if not any(keys.glob("*.key")):
        _make(keys)
    return Sealer(keys)


def _read(folder: Path) -> Mapping[str, bytes]:
    found: dict[str, bytes] = {}
    for path in sorted(folder.glob("*.key")):
        name = _NAME.fullmatch(path.name)
        try:
            private = path.read_bytes()
        except OSError as error:
            raise SettingsInvalid(f"{path} cannot be read: {error.strerror}") from error
        if not name or len(private) != KEY_BYTES or key_id(_public(private)) != name[2]:
            raise SettingsInvalid(
                f"{path} should hold the key that it is named after; restore it from a backup"
            )
        found[name[2]] = private
    return found


def _make(folder: Path) -> None:
    private = X25519PrivateKey.generate().private_bytes_raw()
    number = sum(1 for _ in folder.glob("*.key")) + 1
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        keep_private(folder / f"{number:04d}-{key_id(_public(private))}.key", private)
    except OSError as error:
        raise SettingsInvalid(f"{folder} cannot be written: {error.strerror}") from error


def _public(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
