"""What the picture decoders say on standard error instead of to their caller.

libjpeg and libpng write their complaints straight to file descriptor 2 and report success: a photo
whose second half is grey comes back as a good one. Here the complaint becomes a value, and nobody
else's line on standard error is lost.
"""

import os
import tempfile
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Two threads that both swap descriptor 2 would each put the other's file back.
_swapping = threading.Lock()
_DECODERS = ("Corrupt JPEG", "Premature end of JPEG", "libpng ", "Invalid SOS", "Unsupported JPEG")
_OPENCV = ("[ WARN:", "[ERROR:", "[ INFO:", "imread_", "imdecode_")


def listen(work: Callable[[], T]) -> tuple[T, str]:
    """Run `work`; return its result and what the decoders complained of meanwhile.

    Lines of anybody else are passed on to standard error afterwards. Where there is no standard
    error (a daemon), nothing is heard and the text is empty.
    """
    with _swapping:
        try:
            kept = os.dup(2)
        except OSError:
            return work(), ""
        with tempfile.TemporaryFile() as heard:
            try:
                os.dup2(heard.fileno(), 2)
                result = work()
            finally:
                os.dup2(kept, 2)
                os.close(kept)
            heard.seek(0)
            return result, _sorted_out(heard.read().decode(errors="replace"))


def _sorted_out(text: str) -> str:
    complaints: list[str] = []
    others: list[str] = []
    for line in text.splitlines(keepends=True):
        (complaints if line.startswith(_DECODERS + _OPENCV) else others).append(line)
    if others:
        os.write(2, "".join(others).encode())
    return "".join(complaints)
