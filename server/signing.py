"""The server's own Ed25519 key: what stations fetch is signed with it, so that nobody else can supply them."""

import base64
import hashlib
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from server.errors import SettingsInvalid
from server.settings import keep_private

FILE = "signing.pem"


class Signer:
    """Signs bytes; what it gives is text, base64 without line breaks."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Hold the key."""
        self._key = key
        public = key.public_key().public_bytes_raw()
        self.public_key = base64.b64encode(public).decode()
        """The 32 bytes that stations check signatures with; handed out when they enrol."""
        self.key_id = hashlib.sha256(public).hexdigest()[:16]
        """Names the key, so that a station can say that it knows another."""

    def sign(self, content: bytes) -> str:
        """The signature of exactly these bytes."""
        return base64.b64encode(self._key.sign(content)).decode()


def load_signer(folder: Path) -> Signer:
    """The key kept in `folder`, made on first use, readable by its owner only. Raises SettingsInvalid."""
    path = folder / FILE
    try:
        if not path.exists():
            keep_private(path, _new_key())
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise SettingsInvalid(f"{path} cannot be read or written: {error.strerror}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SettingsInvalid(f"{path} should hold a private key; {_WHAT_TO_DO}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsInvalid(f"{path} should hold an Ed25519 key; {_WHAT_TO_DO}")
    return Signer(key)


_WHAT_TO_DO = "restore it from a backup, or delete it and enrol every station again"


def _new_key() -> bytes:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
