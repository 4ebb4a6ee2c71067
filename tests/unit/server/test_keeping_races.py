"""Bringing and removing the same photos at once, in several threads of two servers: nothing acknowledged is lost."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from server.keeping import retention, service
from server.progress import JobKind
from tests.factories import sha256
from tests.unit.server.running import JPEG, Running, put_photo, serving
from tests.unit.server.stores import STORAGES, a_place, settings_of

SECONDS = 2.5
CONTENTS = [JPEG + bytes([number]) * 100 for number in range(3)]


def removing(server: Running, kind: JobKind, **arguments: object) -> None:
    server.parts.jobs.trades[kind].make(arguments)(_Quiet())  # type: ignore[arg-type]


class _Quiet:
    """A job's progress without its bookkeeping: several may run at once here."""

    def __init__(self) -> None:
        self.facts: dict[str, object] = {}

    def plan(self, *_: object, **__: object) -> None: ...
    def advance(self, *_: object, **__: object) -> None: ...
    def pause(self, *_: object) -> None: ...


@pytest.mark.parametrize("storage", STORAGES)
def test_what_was_acknowledged_last_is_there(
    storage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every photo is due at once and every orphan old enough: the removals take all that they may."""
    monkeypatch.setattr("server.keeping.orphans.GRACE", timedelta(days=-36500))
    settings = settings_of(a_place()) if storage == "bucket" else {}
    with serving(tmp_path, **settings) as one, serving(tmp_path, **settings) as two, capture_logs():
        service.edit_rules(one.parts, {"unclaimed": "0"}, daily=False, reason="at once", by="root")
        token = one.station().headers["authorization"]
        ended = threading.Event()
        counts = {"acknowledged": 0, "again": 0}

        def bring(server: Running, seed: int) -> None:
            station, dice = server.client(headers={"authorization": token}), random.Random(seed)
            while not ended.is_set():
                answer = put_photo(station, dice.choice(CONTENTS)).status_code
                assert answer in {200, 201, 503}
                counts["again" if answer == 503 else "acknowledged"] += 1

        def remove(server: Running, seed: int) -> None:
            dice = random.Random(seed)
            while not ended.is_set():
                dice.choice(
                    [
                        lambda: removing(server, JobKind.RETENTION, delete=True),
                        lambda: removing(server, JobKind.ORPHANS, remove=True),
                        lambda: removing(server, JobKind.SCRUB, fresh=True),
                    ]
                )()

        with ThreadPoolExecutor(5) as pool:
            bringing = [pool.submit(bring, server, n) for n, server in enumerate((one, two, one))]
            going = [pool.submit(remove, server, n) for n, server in enumerate((one, two))]
            time.sleep(SECONDS)
            ended.set()
            for thread in (*bringing, *going):
                thread.result()
        assert counts["acknowledged"] > 0
        # Whatever the rows say is there is there, whole; nothing else is.
        retention.remove_files(one.parts)
        for content in CONTENTS:
            row, _ = one.parts.inventory.look(sha256(content))
            if row is not None:
                assert one.parts.archive.read(sha256(content)) == content
        for content in CONTENTS:
            assert put_photo(one.client(headers={"authorization": token}), content).status_code in {
                200,
                201,
            }
            assert two.parts.archive.read(sha256(content)) == content
