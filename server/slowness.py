"""Clients that take their time on purpose: how long a head, a pause and a body may take."""

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from starlette.types import Message, Receive
from uvicorn.protocols.http.h11_impl import H11Protocol

from server.errors import HeadTooLarge, TooSlow

HEAD_S = 20.0
"""From the first byte of a request to the end of its headers, and from connecting to the first byte."""
PAUSE_S = 30.0
"""Between two pieces of a body."""
GRACE_S = 60.0
"""After this a body must have come at MIN_BYTES_PER_S on average: a photo over a bad line does."""
MIN_BYTES_PER_S = 2_000
MAX_HEAD_BYTES = 32 * 1024


class Patience(H11Protocol):
    """HTTP whose heads have to arrive in time; uvicorn itself waits for them for ever."""

    _giving_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head."""
        super().connection_made(transport)
        self._giving_up = self.loop.call_later(HEAD_S, self._give_up)

    def data_received(self, data: bytes) -> None:
        """A piece of a head, or of anything else."""
        super().data_received(data)
        if self._is_answering():
            self._be_calm()
        elif self._giving_up is None:
            self._giving_up = self.loop.call_later(HEAD_S, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing to wait for any more."""
        self._be_calm()
        super().connection_lost(exc)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _be_calm(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None

    def _give_up(self) -> None:
        if not self._is_answering() and not self.transport.is_closing():
            self.transport.close()


class Body:
    """A body on its way in: counted, and given up when it comes too slowly."""

    def __init__(self, receive: Receive) -> None:
        """Nothing has come yet."""
        self._receive = receive
        self._began_s = time.monotonic()
        self._complete = False
        self.size_bytes = 0

    async def receive(self) -> Message:
        """The next piece. Raises TooSlow; once all has come, waiting may take as long as it likes."""
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout(PAUSE_S):
                message = await self._receive()
        except TimeoutError:
            raise TooSlow from None
        self.size_bytes += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        taken_s = time.monotonic() - self._began_s
        if not self._complete and taken_s > max(GRACE_S, self.size_bytes / MIN_BYTES_PER_S):
            raise TooSlow
        return message


def limits() -> dict[str, Any]:
    """What uvicorn is told besides; with more connections than that it answers 503."""
    return {
        "http": Patience,
        "h11_max_incomplete_event_size": MAX_HEAD_BYTES,
        "limit_concurrency": 2000,
    }


def check_head(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """A head that came in one piece passes uvicorn's limit at any size. Raises HeadTooLarge."""
    if sum(len(name) + len(value) for name, value in headers) > MAX_HEAD_BYTES:
        raise HeadTooLarge
