"""Sealed originals: what a station locks away so that only the server's key opens it. Pure: bytes in, bytes out.

A photo of a shipping label is kept twice: redacted, for everybody who works with the return, and as it
was, sealed at the station for the server's public X25519 key. Version 1 of the format:

    bytes    what
    8        SLSEAL1 and a zero byte
    16       the key's id: the first 16 hex digits of SHA-256 of the 32 bytes of the public key
    32       the sender's public key, made for this one file and forgotten
    the rest ChaCha20-Poly1305 (RFC 8439) of the media type, a line feed, and the photo's bytes

The cipher's key is HKDF-SHA256 (RFC 5869) of the X25519 (RFC 7748) secret of both keys, with both public
keys as salt and `secondlook sealed original 1` as info; it is used once, so the nonce is zero. The first
56 bytes are authenticated with it. This is libsodium's sealed box with the parts of RFC 9180's base mode.
"""

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from models.errors import SealInvalid

MAGIC = b"SLSEAL1\0"
MEDIA_TYPE = "application/vnd.secondlook.seal"
"""How sealed originals travel over HTTP."""
KEY_BYTES = 32
ID_LETTERS = 16
HEAD_BYTES = len(MAGIC) + ID_LETTERS + KEY_BYTES
_INFO = b"secondlook sealed original 1"
_NONCE = bytes(12)


@dataclass(frozen=True, kw_only=True)
class Original:
    """What was sealed."""

    media_type: str
    """image/jpeg, image/png or image/webp."""
    content: bytes
    """The photo as the camera gave it."""


def key_id(public_key: bytes) -> str:
    """Names a public key: 16 hex digits."""
    return hashlib.sha256(public_key).hexdigest()[:ID_LETTERS]


def seal(original: Original, public_key: bytes) -> bytes:
    """Lock it for the holder of the private key; nobody else can open it, the sender included.

    Raises SealInvalid when public_key is not 32 bytes of X25519.
    """
    once = X25519PrivateKey.generate()
    sender = once.public_key().public_bytes_raw()
    head = MAGIC + key_id(public_key).encode() + sender
    cipher = _cipher(_shared(once, public_key), sender, public_key)
    plain = original.media_type.encode() + b"\n" + original.content
    return head + cipher.encrypt(_NONCE, plain, head)


def sealed_for(sealed: bytes) -> str:
    """The id of the key that opens it; the first 56 bytes are enough. Raises SealInvalid."""
    if len(sealed) < HEAD_BYTES or not sealed.startswith(MAGIC):
        raise SealInvalid("The bytes are no sealed original: they should begin with SLSEAL1.")
    return sealed[len(MAGIC) :][:ID_LETTERS].decode("ascii", "replace")


def open_sealed(sealed: bytes, private_key: bytes) -> Original:
    """What was sealed. Raises SealInvalid when it was for another key, or is not as it was."""
    mine = X25519PrivateKey.from_private_bytes(private_key)
    public = mine.public_key().public_bytes_raw()
    if sealed_for(sealed) != key_id(public):
        raise SealInvalid(f"It is sealed for key {sealed_for(sealed)}, not for {key_id(public)}.")
    head, locked = sealed[:HEAD_BYTES], sealed[HEAD_BYTES:]
    sender = head[-KEY_BYTES:]
    cipher = _cipher(_shared(mine, sender), sender, public)
    try:
        plain = cipher.decrypt(_NONCE, locked, head)
    except InvalidTag:
        raise SealInvalid("The sealed original is not as it was sealed.") from None
    media_type, _, content = plain.partition(b"\n")
    return Original(media_type=media_type.decode("ascii", "replace"), content=content)


def _shared(mine: X25519PrivateKey, theirs: bytes) -> bytes:
    try:
        return mine.exchange(X25519PublicKey.from_public_bytes(theirs))
    except ValueError as error:
        raise SealInvalid(f"A public key should be 32 bytes of X25519: {error}") from error


def _cipher(shared: bytes, sender: bytes, receiver: bytes) -> ChaCha20Poly1305:
    salt = sender + receiver
    key = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=_INFO).derive(shared)
    return ChaCha20Poly1305(key)
