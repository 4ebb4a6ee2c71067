"""The protocol alone: what a provider says is believed only when every word of it is right."""

import hmac
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from server import oidc
from server.errors import IdentityRefused, ProviderSilent
from server.oidc import Attempt, Identity, new_attempt
from server.settings import Settings
from tests.unit.server.provider import CLIENT, KEYS, SECRET, Claims, Provider, providing, rsa


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providing() as running:
        yield running


@pytest.fixture
def ours(provider: Provider) -> oidc.Provider:
    settings = Settings(oidc_issuer=provider.url, oidc_client_id=CLIENT, oidc_client_secret=SECRET)
    return oidc.Provider(settings, lambda: datetime.now(UTC))


def come(ours: oidc.Provider, attempt: Attempt | None = None) -> Identity:
    """Through the provider and back, as a browser goes."""
    attempt = attempt or new_attempt("http://127.0.0.1/back")
    back = httpx.get(ours.address(attempt)).headers["location"]
    answer = dict(parse_qsl(urlsplit(back).query))
    assert answer["state"] == attempt.state
    return ours.identity(attempt, answer["code"])


def check_refused(ours: oidc.Provider) -> None:
    with pytest.raises(IdentityRefused):
        come(ours)


@pytest.mark.parametrize("alg", sorted(KEYS))
def test_who_is_vouched_for_is_believed(ours: oidc.Provider, provider: Provider, alg: str) -> None:
    provider.alg = alg
    identity = come(ours)
    assert (identity.issuer, identity.subject) == (provider.url, "1001")
    assert identity.claims["preferred_username"] == "ann"


def test_two_attempts_have_nothing_in_common() -> None:
    one, two = (new_attempt("x") for _ in range(2))
    assert len({one.state, one.nonce, one.verifier, two.state, two.nonce, two.verifier}) == 6
    assert all(len(value) >= 43 for value in (one.state, one.nonce, one.verifier))


def test_an_audience_of_several_names_us_as_the_one_it_is_for(
    ours: oidc.Provider, provider: Provider
) -> None:
    provider.change_claims = lambda claims: claims | {"aud": [CLIENT, "other"], "azp": CLIENT}
    assert come(ours).subject == "1001"


def test_clocks_may_differ_by_a_minute(ours: oidc.Provider, provider: Provider) -> None:
    now = int(time.time())
    provider.change_claims = lambda claims: claims | {"exp": now - 30, "iat": now + 30}
    assert come(ours).subject == "1001"


def test_a_provider_that_wants_the_secret_in_the_form_gets_it_there(
    ours: oidc.Provider, provider: Provider
) -> None:
    provider.change_metadata = lambda metadata: (
        metadata | {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    )
    assert come(ours).subject == "1001"


def test_an_answer_without_end_is_not_read_to_its_end(
    ours: oidc.Provider, provider: Provider
) -> None:
    provider.change_metadata = lambda metadata: metadata | {"x": "x" * oidc.MAX_BYTES}
    check_refused(ours)


def test_a_provider_that_fails_is_silent(ours: oidc.Provider, provider: Provider) -> None:
    provider.status = 500
    with pytest.raises(ProviderSilent):
        come(ours)


# What must not be believed


def unsigned(token: str) -> str:
    header = in_base64(b'{"alg":"none"}')
    return f"{header}.{token.split('.')[1]}."


def by_client_secret(token: str) -> str:
    """HS256 with what the client knows too."""
    return jwt.encode({"alg": "HS256"}, claims_in(token), OctKey.import_key(SECRET), ["HS256"])


def by_public_key(token: str) -> str:
    """HS256 with the provider's public key as if it were a secret, which everybody has."""
    payload = token.split(".")[1]
    header = in_base64(b'{"alg": "HS256", "kid": "rsa-1"}')
    signed = f"{header}.{payload}"
    public = KEYS["RS256"].as_pem(private=False)
    return f"{signed}.{in_base64(hmac.digest(public, signed.encode(), 'sha256'))}"


def in_base64(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def claims_in(token: str) -> Claims:
    payload = token.split(".")[1]
    return json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def by_stranger(kid: str) -> Any:
    def signed(token: str) -> str:
        return jwt.encode({"alg": "RS256", "kid": kid}, claims_in(token), rsa(kid), ["RS256"])

    return signed


def changed(token: str) -> str:
    head, payload, signature = token.split(".")
    other = urlsafe_b64encode(urlsafe_b64decode(payload + "==").replace(b"1001", b"1000"))
    return f"{head}.{other.decode().rstrip('=')}.{signature}"


WRONG_TOKENS = {
    "alg none": unsigned,
    "signed with the client secret": by_client_secret,
    "signed with the public key": by_public_key,
    "another key of the same name": by_stranger("rsa-1"),
    "a key that nobody knows": by_stranger("rsa-9"),
    "changed on the way": changed,
    "no signature": lambda token: token.rpartition(".")[0] + ".",
    "no token": lambda _: "x",
    "empty": lambda _: "",
    "not ASCII": lambda token: "ü" + token,
}
NOW = int(time.time())
WRONG_CLAIMS: dict[str, Claims] = {
    "another nonce": {"nonce": "x"},
    "no nonce": {"nonce": None},
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "somebody-else"},
    "others beside us, and not for us": {"aud": ["somebody-else", CLIENT], "azp": "somebody-else"},
    "others beside us, and for nobody": {"aud": ["somebody-else", CLIENT]},
    "over": {"exp": NOW - 3600},
    "no end": {"exp": None},
    "not begun": {"nbf": NOW + 3600},
    "made in the future": {"iat": NOW + 7200, "exp": NOW + 9000},
    "an end that is no number": {"exp": "tomorrow"},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is a number": {"sub": 1001},
    "a long subject": {"sub": "x" * 256},
    "a subject with a NUL": {"sub": "1\x00"},
}


@pytest.mark.parametrize("wrong", WRONG_TOKENS)
def test_a_token_that_cannot_be_believed(
    ours: oidc.Provider, provider: Provider, wrong: str
) -> None:
    provider.change_token = WRONG_TOKENS[wrong]
    check_refused(ours)


@pytest.mark.parametrize("wrong", WRONG_CLAIMS)
def test_claims_that_cannot_be_believed(
    ours: oidc.Provider, provider: Provider, wrong: str
) -> None:
    said = WRONG_CLAIMS[wrong]
    provider.change_claims = lambda claims: {
        name: value for name, value in (claims | said).items() if value is not None
    }
    check_refused(ours)


WRONG_ANSWERS: dict[str, Any] = {
    "no ID token": lambda _: {"access_token": "x"},
    "an ID token that is a number": lambda _: {"id_token": 1},
}


@pytest.mark.parametrize("wrong", WRONG_ANSWERS)
def test_answers_that_hold_no_token(ours: oidc.Provider, provider: Provider, wrong: str) -> None:
    provider.change_answer = WRONG_ANSWERS[wrong]
    check_refused(ours)


WRONG_METADATA: dict[str, Claims] = {
    "another issuer": {"issuer": "https://evil.example"},
    "no issuer": {"issuer": None},
    "no way in": {"authorization_endpoint": None},
    "an unencrypted way": {"token_endpoint": "http://evil.example/token"},
    "keys from nowhere": {"jwks_uri": 7},
}


@pytest.mark.parametrize("wrong", WRONG_METADATA)
def test_a_provider_that_is_another(ours: oidc.Provider, provider: Provider, wrong: str) -> None:
    provider.change_metadata = lambda metadata: metadata | WRONG_METADATA[wrong]
    check_refused(ours)
