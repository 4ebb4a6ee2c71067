"""Long work shows how far it is: a bar on a terminal, a line now and then otherwise."""

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track as bar

_T = TypeVar("_T")
# Often enough to see that it moves, seldom enough for a log.
LINES_EVERY = 100


def track(items: Sequence[_T], what: str, told: Callable[[str], None]) -> Iterator[_T]:
    """The items, one by one; progress goes to stderr when that is a terminal, else to `told`."""
    if sys.stderr.isatty():
        yield from bar(items, description=what, console=Console(stderr=True), transient=True)
        return
    for number, item in enumerate(items, start=1):
        yield item
        if number % LINES_EVERY == 0:
            told(f"{number} of {len(items)} {what}")
