"""Passwords, tokens and the signatures of forms: bytes in, bytes out, nothing kept."""

import hashlib
import hmac
import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_PASSWORD = 10
"""NIST SP 800-63B asks for at least 8; length is what counts, so no further rules."""
MAX_PASSWORD = 1024
"""More would only cost time."""
API_TOKEN_PREFIX = "sl_"  # noqa: S105 - tells a kind, opens nothing
"""What tells an API token from a station's, and lets scanners of leaked secrets find it."""
_HASHER = PasswordHasher()
# Each verification takes 64 MiB: a flood of sign-ins must not take all of the memory.
_TURN = threading.BoundedSemaphore(2)
_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2E$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)


def hash_password(password: str) -> str:
    """Argon2id with the library's current parameters."""
    with _TURN:
        return _HASHER.hash(password)


def password_matches(password: str, password_hash: str | None) -> bool:
    """Compare; takes as long when there is no such account, so that names cannot be found out."""
    if len(password) > MAX_PASSWORD:
        return False
    with _TURN:
        try:
            return _HASHER.verify(password_hash or _NOBODY, password)
        except (VerificationError, InvalidHashError):
            return False


def new_token() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def new_api_token() -> str:
    """256 random bits as text, with the house's prefix."""
    return API_TOKEN_PREFIX + secrets.token_urlsafe(32)


def token_sha256(token: str) -> str:
    """What is kept of a token: whoever reads the database cannot use it."""
    return hashlib.sha256(token.encode()).hexdigest()


def form_token(secret: bytes, seed: str) -> str:
    """The proof that a form came from a page given to the holder of the seed (a cookie)."""
    return hmac.new(secret, b"form:" + seed.encode(), hashlib.sha256).hexdigest()


def form_token_matches(secret: bytes, seed: str, token: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(form_token(secret, seed).encode(), token.encode())
