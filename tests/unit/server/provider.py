"""A small OpenID Connect provider: real HTTP, real signatures, and a hand on everything that may be wrong."""

import json
import secrets
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

CLIENT, SECRET = "secondlook", "a secret/with & signs"
Claims = dict[str, Any]


@dataclass
class Provider:
    """Signs in whoever comes, as the person that stands in `claims`."""

    url: str = ""
    claims: Claims = field(default_factory=lambda: {"sub": "1001", "preferred_username": "ann"})
    keys: dict[str, RSAKey | ECKey] = field(default_factory=dict)
    alg: str = "RS256"
    change_claims: Callable[[Claims], Claims] = lambda claims: claims
    change_token: Callable[[str], str] = lambda token: token
    change_metadata: Callable[[Claims], Claims] = lambda metadata: metadata
    change_answer: Callable[[Claims], Claims] = lambda answer: answer
    status: int = 200
    """Of the token endpoint, where it is to fail."""
    asked: list[str] = field(default_factory=list)
    codes: dict[str, Claims] = field(default_factory=dict)
    """What each code that was not redeemed yet was given for."""

    def metadata(self) -> Claims:
        return self.change_metadata(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
            }
        )

    def jwks(self) -> Claims:
        return KeySet(list(self.keys.values())).as_dict(private=False)

    def authorize(self, asked: dict[str, str]) -> str:
        """The browser's way back."""
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.url})}"

    def redeem(self, form: dict[str, str], authorization: str) -> tuple[int, Claims]:
        pair = b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        name, secret = unquote_plus(pair[0]), unquote_plus(pair[2])
        if not authorization:
            name, secret = form["client_id"], form["client_secret"]
        asked = self.codes.pop(form.get("code", ""), None)
        proof = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).decode()
        good = (
            asked is not None
            and (name, secret) == (CLIENT, SECRET)
            and form["grant_type"] == "authorization_code"
            and form["redirect_uri"] == asked["redirect_uri"]
            and proof.rstrip("=") == asked["code_challenge"]
        )
        if not good or asked is None:
            return 400, {"error": "invalid_grant"}
        return self.status, self.change_answer(
            {"id_token": self.token(asked["nonce"]), "access_token": "x", "token_type": "Bearer"}
        )

    def token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": nonce}
        key = self.keys[self.alg]
        header = {"alg": self.alg, "kid": key.kid}
        return self.change_token(
            jwt.encode(header, self.change_claims(claims | self.claims), key, [self.alg])
        )


def rsa(kid: str = "rsa-1") -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


def ec(kid: str = "ec-1") -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


KEYS: dict[str, RSAKey | ECKey] = {"RS256": rsa(), "ES256": ec()}


@contextmanager
def providing() -> Iterator[Provider]:
    provider = Provider(keys=dict(KEYS))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            at = urlsplit(self.path)
            provider.asked.append(at.path)
            if at.path == "/authorize":
                self.send_response(302)
                self.send_header("location", provider.authorize(dict(parse_qsl(at.query))))
                self.send_header("content-length", "0")
                return self.end_headers()
            told = {"/keys": provider.jwks}.get(at.path, provider.metadata)()
            return self._tell(200, told)

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._tell(*provider.redeem(form, self.headers.get("authorization", "")))

        def _tell(self, status: int, said: Claims) -> None:
            answer = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
