"""A full disk in one word, whichever call meets it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from server.errors import DiskFull

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""No space, no quota, and a limit on the length of files: each needs somebody to make room."""


@contextmanager
def disk_full_told() -> Iterator[None]:
    """Raises DiskFull for what the system says of it."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise DiskFull from error
        raise
