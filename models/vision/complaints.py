"""What the picture decoders say on standard error instead of to their caller.

libjpeg and libpng write their complaints straight to file descriptor 2 and report success: a photo
whose second half is grey comes back as a good one. Here the complaint becomes a value, and nobody
else's line on standard error is lost.
"""

import contextlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import BinaryIO, TypeVar, cast

T = TypeVar("T")

# Two threads that both swap descriptor 2 would each put the other's file back.
_swapping = threading.Lock()
_DECODERS = ("Corrupt JPEG", "Premature end of JPEG", "libpng ", "Invalid SOS", "Unsupported JPEG")
_OPENCV = ("[ WARN:", "[ERROR:", "[ INFO:", "imread_", "imdecode_")


def listen(work: Callable[[], T]) -> tuple[T, str]:
    """Run `work`; return its result and what the decoders complained of meanwhile.

    Lines of anybody else are passed on to standard error afterwards, if there is one.
    """
    with _swapping, _ear() as ear:
        with _in_place_of_standard_error(ear):
            result = work()
        ear.seek(0)
        heard = ear.read().decode(errors="replace")
    return result, _sorted_out(heard)


def _ear() -> BinaryIO:
    """A file in memory where the system has such: a full disk must not stop a photo."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("complaints"), "w+b")
    return cast("BinaryIO", tempfile.TemporaryFile())


@contextlib.contextmanager
def _in_place_of_standard_error(ear: BinaryIO) -> Iterator[None]:
    try:
        kept = os.dup(2)
    except OSError:  # a daemon that closed it
        kept = -1
    os.dup2(ear.fileno(), 2)
    try:
        yield
    finally:
        if kept < 0:
            os.close(2)
        else:
            os.dup2(kept, 2)
            os.close(kept)


def _sorted_out(text: str) -> str:
    complaints: list[str] = []
    others: list[str] = []
    for line in text.splitlines(keepends=True):
        (complaints if line.startswith(_DECODERS + _OPENCV) else others).append(line)
    if others:
        with contextlib.suppress(OSError):
            os.write(2, "".join(others).encode())
    return "".join(complaints)
