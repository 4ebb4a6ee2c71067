"""So many at once, and so many for one: whoever is slow or many keeps nobody else waiting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """Turns for coroutines of one event loop."""

    def __init__(self, *, at_once: int, each: int) -> None:
        """At most `at_once` in all, at most `each` under one name."""
        self._all = asyncio.Semaphore(at_once)
        self._each = each
        self._of: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Wait until it is their turn. First among their own: only those wait for all who may go."""
        async with self._of.setdefault(name, asyncio.Semaphore(self._each)), self._all:
            yield
