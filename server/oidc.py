"""OpenID Connect: the authorization code flow with PKCE, as far as signing in needs it.

Pure protocol: who the provider says that somebody is. What that opens here is decided elsewhere.
"""

import threading
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx
import structlog
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from server.errors import IdentityRefused, ProviderSilent
from server.security import new_token
from server.settings import LOOPBACK_NAMES, Settings

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "ES512")
"""Asymmetric ones only: with HS256 whoever knows the client secret could sign, with none anybody."""
CLOCKS_DIFFER_S = 60
TIMEOUT_S = 10.0
MAX_BYTES = 1_000_000
"""Discovery documents have a few kilobytes; more than this is not one."""
KNOWN_FOR = timedelta(hours=1)
"""How long discovery and keys are believed without asking again."""
ASK_AGAIN = timedelta(minutes=1)
"""How often an unknown key is reason to ask: a stranger's tokens must not make us hammer the provider."""
SCOPE = "openid profile email"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One way there and back; the browser keeps it, sealed."""

    state: str
    """What the provider sends back unchanged: the answer belongs to this browser."""
    nonce: str
    """What the ID token must hold: it was made for this attempt."""
    verifier: str
    """What proves that the code is redeemed by who asked for it (PKCE)."""
    redirect: str
    """Where the provider sends the browser back to."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who the provider says that it is."""

    issuer: str
    subject: str
    """Never changes and is never given to another person, unlike names and e-mail addresses."""
    claims: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What the provider told of itself."""

    metadata: Mapping[str, Any]
    keys: KeySet
    since: datetime


def new_attempt(redirect: str) -> Attempt:
    """256 random bits each; 43 characters are also what PKCE asks for at least."""
    return Attempt(state=new_token(), nonce=new_token(), verifier=new_token(), redirect=redirect)


class Provider:
    """The company's provider; one object a process, used by many threads."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        """Ask nothing yet: a provider that is away must not keep the server from starting."""
        secret = settings.oidc_client_secret
        self._issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        self._secret = secret.get_secret_value() if secret else ""
        self._clock = clock
        self._known: _Known | None = None
        self._lock = threading.Lock()
        self._http = httpx.Client(
            timeout=TIMEOUT_S,
            # A proxy that the environment names cannot reach this machine's own provider.
            mounts={f"all://{name}": None for name in ("127.0.0.1", "localhost")},
        )

    def address(self, attempt: Attempt) -> str:
        """Where the browser goes to sign in. Raises ProviderSilent, IdentityRefused."""
        question = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": attempt.redirect,
            "scope": SCOPE,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": create_s256_code_challenge(attempt.verifier),
            "code_challenge_method": "S256",
        }
        there = str(self._told().metadata["authorization_endpoint"])
        return f"{there}{'&' if '?' in there else '?'}{urlencode(question)}"

    def identity(self, attempt: Attempt, code: str) -> Identity:
        """Redeem the code and check every word of what comes back.

        Raises ProviderSilent, IdentityRefused.
        """
        answer = self._redeem(attempt, code)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise _refused("the answer holds no ID token")
        return self._checked(token, attempt.nonce, answer.get("access_token"))

    def _redeem(self, attempt: Attempt, code: str) -> Mapping[str, Any]:
        known = self._told()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": attempt.redirect,
            "code_verifier": attempt.verifier,
        }
        headers = {}
        ways = known.metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if "client_secret_basic" in ways:
            headers["authorization"] = self._basic()
        else:
            form |= {"client_id": self._client_id, "client_secret": self._secret}
        return self._json("POST", known.metadata["token_endpoint"], data=form, headers=headers)

    def _basic(self) -> str:
        # RFC 6749, 2.3.1: both are form-encoded first.
        pair = f"{quote_plus(self._client_id)}:{quote_plus(self._secret)}"
        return "Basic " + b64encode(pair.encode()).decode()

    def _checked(self, token: str, nonce: str, access_token: object) -> Identity:
        try:
            decoded = self._decode(token)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": self._issuer},
                    "aud": {"essential": True, "value": self._client_id},
                },
                {"nonce": nonce, "client_id": self._client_id, "access_token": access_token},
            )
            claims.validate(int(self._clock().timestamp()), CLOCKS_DIFFER_S)
        except (JoseError, ValueError, TypeError) as error:
            raise _refused(f"the ID token: {error}") from error
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or "\0" in subject:
            raise _refused("the ID token names no usable subject")
        return Identity(issuer=self._issuer, subject=subject, claims=dict(claims))

    def _decode(self, token: str) -> jwt.Token:
        known = self._told()
        try:
            return jwt.decode(token, known.keys, list(ALGORITHMS))
        except InvalidKeyIdError:
            # Keys are changed now and then; the new one is asked for once.
            if self._clock() - known.since < ASK_AGAIN:
                raise
            return jwt.decode(token, self._told(after=known.since).keys, list(ALGORITHMS))

    def _told(self, after: datetime | None = None) -> _Known:
        """Discovery and keys, asked for when there are none, they are old, or not newer than `after`."""
        with self._lock:
            known, now = self._known, self._clock()
            stale = known is None or abs(now - known.since) >= KNOWN_FOR
            if known is None or stale or (after is not None and known.since <= after):
                known = self._known = self._ask(now)
            return known

    def _ask(self, now: datetime) -> _Known:
        place = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
        metadata = self._json("GET", place)
        # Else another provider's tokens would do (OpenID Connect Discovery 1.0, 4.3).
        if metadata.get("issuer") != self._issuer:
            raise _refused(f"discovery names another issuer: {str(metadata.get('issuer'))[:200]}")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            _check_address(name, metadata.get(name))
        try:
            keys = KeySet.import_key_set(self._json("GET", metadata["jwks_uri"]))  # type: ignore[arg-type]
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise _refused(f"its keys cannot be read: {error}") from error
        return _Known(metadata=metadata, keys=keys, since=now)

    def _json(self, method: str, address: str, **said: Any) -> dict[str, Any]:  # noqa: ANN401 - httpx's
        try:
            with self._http.stream(method, address, **said) as response:
                body = _read(response)
                status = response.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning("the provider does not answer", address=address, error=str(error)[:200])
            raise ProviderSilent from error
        if status >= 500:
            log.warning("the provider fails", address=address, status=status)
            raise ProviderSilent
        if status != 200:
            raise _refused(f"{address} answers {status}: {body[:200]!r}")
        return _object(address, body)


def _read(response: httpx.Response) -> bytes:
    body = b""
    for piece in response.iter_bytes():
        body += piece
        if len(body) > MAX_BYTES:
            raise _refused(f"{response.url.host} answers with more than {MAX_BYTES} bytes")
    return body


def _object(address: str, body: bytes) -> dict[str, Any]:
    try:
        told = httpx.Response(200, content=body).json()
    except ValueError as error:
        raise _refused(f"{address} answers with something else than JSON") from error
    if not isinstance(told, dict):
        raise _refused(f"{address} answers with something else than an object")
    return told


def _check_address(name: str, value: object) -> None:
    at = urlsplit(value) if isinstance(value, str) else None
    if at is None or not (at.scheme == "https" or at.hostname in LOOPBACK_NAMES):
        raise _refused(f"its {name} should begin with https://, got {str(value)[:200]}")


def _refused(why: str) -> IdentityRefused:
    """The log says why; the page does not, as whoever tries it may be a stranger."""
    log.warning("company sign-in refused", why=why)
    return IdentityRefused()
