"""The scrub: every kept photo is read again and compared with its hash."""

from collections.abc import Mapping
from typing import Any

from server.parts import Parts
from server.progress import Progress, Unit, Work


def scrub(here: Parts, _: Mapping[str, Any]) -> Work:
    """Read everything once."""

    def work(progress: Progress) -> Mapping[str, Any]:
        names = list(here.archive)
        progress.plan(len(names), Unit.PHOTOS)
        damaged: list[str] = []
        for sha256 in names:
            if not here.archive.intact(sha256):
                damaged.append(sha256)
            progress.advance(damaged=len(damaged))
        return {"photos": len(names), "damaged": len(damaged), "names": damaged}

    return work
