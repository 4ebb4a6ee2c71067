"""HTTP with the server: one request in, one reply or silence out."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

# An acknowledgement has a few hundred bytes; whoever sends more than this is not our server.
MAX_REPLY_BYTES = 1_000_000

_LOOPBACK = ("all://127.0.0.1", "all://localhost")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """What was fetched."""

    status: int
    """HTTP's status code."""
    headers: Mapping[str, str]
    """Case does not matter in names."""
    body: bytes
    """At most MAX_REPLY_BYTES of it."""


class Silence(Exception):
    """No answer that HTTP knows came back in time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What the server answered."""

    status: int
    """HTTP's status code."""
    body: bytes = b""
    """At most MAX_REPLY_BYTES of it."""
    retry_after_s: float = 0.0
    """How long the server asks to be left alone."""


Send = Callable[[str, str, bytes, str], Reply]
"""method, path, body, media type → reply; raises Silence."""


class HttpSend:
    """Sends with the station's token, where it has one yet; `transport` takes the network's place in tests."""

    def __init__(
        self,
        server_url: str,
        token: str | None,
        *,
        timeout_s: float,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Talk to the server below `server_url`."""
        self._timeout_s = timeout_s
        self._client = httpx.Client(
            base_url=server_url,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=timeout_s,
            transport=transport,
            # A proxy that the environment names cannot reach this machine's own server.
            mounts=dict.fromkeys(_LOOPBACK),
        )

    def __call__(self, method: str, path: str, body: bytes, media_type: str) -> Reply:
        """Send one request. Raises Silence where no whole reply comes in time."""
        headers = {"Content-Type": media_type} if media_type else {}
        try:
            with self._client.stream(method, path, content=body, headers=headers) as response:
                return Reply(
                    status=response.status_code,
                    body=self._read(response),
                    retry_after_s=_seconds(response.headers.get("Retry-After", "")),
                )
        except httpx.HTTPError as error:
            raise Silence(str(error) or type(error).__name__) from error

    def get(self, path: str, headers: Mapping[str, str]) -> Fetched:
        """Fetch with headers of one's own. Raises Silence where no whole reply comes in time."""
        try:
            with self._client.stream("GET", path, headers=dict(headers)) as response:
                body = self._read(response)
                return Fetched(status=response.status_code, headers=response.headers, body=body)
        except httpx.HTTPError as error:
            raise Silence(str(error) or type(error).__name__) from error

    def _read(self, response: httpx.Response) -> bytes:
        # httpx's timeout starts anew with every piece, so a dripping reply needs an end of its own.
        end_s = time.monotonic() + self._timeout_s
        body = b""
        for piece in response.iter_bytes():
            body += piece
            if len(body) > MAX_REPLY_BYTES or time.monotonic() > end_s:
                break
        return body[:MAX_REPLY_BYTES]

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _seconds(told: str) -> float:
    return float(told) if told.isascii() and told.isdigit() and len(told) < 7 else 0.0
