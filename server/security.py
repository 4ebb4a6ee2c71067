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
# Those of the passwords that leaks hold most often (SecLists, 10-million-password-list-top) which are
# long enough; NIST SP 800-63B 3.1.1.2 asks to refuse what is commonly used or is the name itself.
COMMON = frozenset(
    [
        "1234567890",
        "0123456789",
        "12345678910",
        "123456789a",
        "1q2w3e4r5t",
        "1qaz2wsx3edc",
        "password12",
        "password123",
        "passw0rd123",
        "qwertyuiop",
        "qwerty12345",
        "q1w2e3r4t5",
        "asdfghjkl1",
        "abcdefghij",
        "aaaaaaaaaa",
        "1111111111",
        "0987654321",
        "9876543210",
        "adminadmin",
        "administrator",
        "letmein123",
        "iloveyou12",
        "welcome123",
        "changeme123",
        "secondlook",
        "passwordpassword",
    ]
)
CODE_LETTERS = "234679ACDEFGHJKMNPQRTUVWXY"
"""Without 0 and O, 1, I and L, 5 and S, 8 and B, and Z beside 2."""
CODE_LENGTH = 8
API_TOKEN_PREFIX = "sl_"  # noqa: S105 - tells a kind, opens nothing
"""What tells an API token from a station's, and lets scanners of leaked secrets find it."""
_HASHER = PasswordHasher()
# Each verification takes 64 MiB: a flood of sign-ins must not take all of the memory.
_TURN = threading.BoundedSemaphore(2)
_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2E$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)


def is_common(name: str, password: str) -> bool:
    """Whoever guesses passwords tries it among the first."""
    plain = password.lower()
    return plain in COMMON or len(set(plain)) < 4 or plain in {name.lower(), name.lower() * 2}


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


def new_code() -> str:
    """Eight letters and digits, none of which looks or sounds like another; 26⁸ are 37 bits."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def plain_code(typed: str) -> str:
    """As it was made, however it was typed."""
    return "".join(letter for letter in typed.upper() if letter.isalnum())


def code_hmac(secret: bytes, code: str) -> str:
    """What is kept of a code: a plain hash of so few bits would be found out by trying."""
    return hmac.new(secret, b"code:" + code.encode(), hashlib.sha256).hexdigest()


def token_sha256(token: str) -> str:
    """What is kept of a token: whoever reads the database cannot use it."""
    return hashlib.sha256(token.encode()).hexdigest()


def form_token(secret: bytes, seed: str) -> str:
    """The proof that a form came from a page given to the holder of the seed (a cookie)."""
    return hmac.new(secret, b"form:" + seed.encode(), hashlib.sha256).hexdigest()


def form_token_matches(secret: bytes, seed: str, token: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(form_token(secret, seed).encode(), token.encode())
