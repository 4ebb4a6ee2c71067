"""Pieces of work side by side, each on its own core."""

import contextlib
import queue
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import TypeVar

# A tile takes a tenth of this on a slow core.
_PATIENCE_S = 2.0
_In = TypeVar("_In")
_Out = TypeVar("_Out")
_Todo = queue.SimpleQueue[Callable[[], None] | None]

# Each lane holds a model's tensors, 65 MB at 640 px. With more cores than this, lanes share them out.
MAX_LANES = 4


def lanes_of(cores: int) -> tuple[int, int]:
    """How many lanes so many cores make, and how many cores each has.

    Two threads on one small tile wait for each other: side by side, a tile costs a fifth less of the
    processor's time (10.2 ms instead of 12.4 at 320 px), and its numbers are the same.
    """
    lanes = max(1, min(cores, MAX_LANES))
    return lanes, max(1, cores // lanes)


class Lanes:
    """Threads that wait for work; they end with their owner, and hold up no process that ends."""

    def __init__(self, count: int) -> None:
        """With one lane the caller's own thread does the work."""
        self._todo: _Todo = queue.SimpleQueue()
        self._count = count if count > 1 else 0
        # Not concurrent.futures' pool: at the process's end that one works off all that is left.
        lanes = [
            threading.Thread(target=_work_off, args=(self._todo,), name=f"lane-{n}", daemon=True)
            for n in range(self._count)
        ]
        for lane in lanes:
            lane.start()
        weakref.finalize(self, _dismiss, self._todo, lanes)

    def map(self, work: Callable[[_In], _Out], items: Iterable[_In]) -> Iterator[_Out]:
        """As the built-in one, in order; items are made while the first are being worked on."""
        if not self._count:
            yield from map(work, items)
            return
        coming = [self._begun(work, item) for item in items]
        try:
            for one in coming:
                yield one.result()
        finally:
            for one in coming:  # after a failure the rest is not worth its time
                one.cancel()

    def _begun(self, work: Callable[[_In], _Out], item: _In) -> "Future[_Out]":
        coming: Future[_Out] = Future()

        def job() -> None:
            if coming.set_running_or_notify_cancel():
                try:
                    coming.set_result(work(item))
                except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
                    coming.set_exception(error)

        self._todo.put(job)
        return coming


def _work_off(todo: "_Todo") -> None:
    while (job := todo.get()) is not None:
        job()
        del job  # or it would keep its tile until the next one comes


def _dismiss(todo: "_Todo", lanes: Sequence[threading.Thread]) -> None:
    """At the owner's end, or the process's: what has not begun is dropped, what has is waited for.

    A thread that is inside a model when the interpreter ends takes the process down with it.
    """
    with contextlib.suppress(queue.Empty):
        while True:
            todo.get_nowait()
    for _ in lanes:
        todo.put(None)
    end_s = time.monotonic() + _PATIENCE_S
    for lane in lanes:
        if lane is not threading.current_thread():
            lane.join(max(0.0, end_s - time.monotonic()))
