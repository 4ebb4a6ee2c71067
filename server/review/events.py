"""Live counts as server-sent events: a coroutine a reader, no thread kept, over at shutdown at once."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime

from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import OperationalError

from server.identity import Principal
from server.parts import Parts
from server.review import service
from server.review.queries import COUNTED, Counts

LOOKS_EVERY_S = 2.0
"""How old a count on a page may be."""
SPEAKS_EVERY_S = 15.0
"""Proxies close what is silent for long; 30 s is the shortest in common use (nginx has 60, HAProxy 50)."""
LASTS_S = 300.0
"""Then the browser comes again by itself, and whether its session is still open is asked anew."""
COMES_AGAIN_MS = 3000

HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    # nginx would collect the events, and others would compress them, until there are many.
    "x-accel-buffering": "no",
    "cache-control": "no-store, no-transform",
}


async def stream(
    here: Parts, who: Principal, since: datetime | None, closing: asyncio.Event
) -> AsyncIterator[str]:
    """Say what the counts are whenever they change, and now and then that somebody is still here."""
    yield f"retry: {COMES_AGAIN_MS}\n\n"
    told: Counts | None = None
    silent_s, lasted_s = 0.0, 0.0
    while lasted_s < LASTS_S and not closing.is_set():
        try:
            found = await run_in_threadpool(service.counts, here, who, since)
        except OperationalError:
            return  # the database restarts; the browser comes again
        if found != told:
            told, silent_s = found, 0.0
            yield f"event: counts\ndata: {json.dumps(as_json(found))}\n\n"
        elif silent_s >= SPEAKS_EVERY_S:
            silent_s = 0.0
            yield ": still here\n\n"
        with suppress(TimeoutError):
            await asyncio.wait_for(closing.wait(), LOOKS_EVERY_S)
        silent_s, lasted_s = silent_s + LOOKS_EVERY_S, lasted_s + LOOKS_EVERY_S


def as_json(found: Counts) -> dict[str, str]:
    """As people read them."""
    return {name: as_text(count) for name, count in asdict(found).items()}


def as_text(count: int) -> str:
    """Exact up to where counting stops."""
    return f"{COUNTED:,}+" if count > COUNTED else f"{count:,}"
