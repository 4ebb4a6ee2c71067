"""What search, one return's file, the queue and intake cost with 10,000 inspections and with many more.

    python -m tests.soak.scale --inspections 1000000 [--small 10000] [--database postgresql://…] [--keep]

Two real servers run side by side, one over each database, and are asked the same over HTTP in turn, so
that what else the machine does falls on both. `ratios` are medians over medians. `intake_share` is the
rate at which photos come in, in bytes/s, over that of a bare write + fsync + SHA-256 loop on the same
disk, by as many at once. The last line is one JSON object; over 1.5 or under 0.5 the run fails.
"""

# ruff: noqa: ARG005 - a table of questions; not each needs the side and the dice

import argparse
import hashlib
import json
import os
import random
import secrets
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import psycopg
from sqlalchemy import func, make_url, select

from models.vocabulary import Role
from server.database import Database
from server.standing import arrival_of
from server.tables import inspections, jobs, photos
from tests.house import answers, free_port, wait_until
from tests.soak import scale_fill
from tests.soak.scale_fill import EVERY, STATION, Filler, originals, templates
from tests.unit.server.running import Person, Running

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parent.parent.parent
SAMPLES = sorted((ROOT / "datasets/sample/images").glob("*.jpg"))
MOST_RATIO, LEAST_SHARE = 1.5, 0.5
ORIGINALS = 60
AT_ONCE = 4
"""Stations that send at the same time, and threads of the bare loop."""
MEGABYTE = 10**6


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def jpeg(of: int, size_bytes: int = 0) -> bytes:
    """A sample photo with a comment of its own: another file with the same picture, as long as asked."""
    content = SAMPLES[of % len(SAMPLES)].read_bytes()
    comments = [b"\xff\xfe\x00\x22" + secrets.token_bytes(32)]
    room = size_bytes - len(content)
    while room > 0:
        length = min(room, 65_000)
        comments.append(b"\xff\xfe" + (length + 2).to_bytes(2, "big") + secrets.token_bytes(length))
        room -= length
    return content[:2] + b"".join(comments) + content[2:]


@dataclass
class Side:
    """One server over one database."""

    name: str
    count: int
    running: Running
    reader: Person
    station: httpx.Client
    newest: int
    """Arrival of the newest clone."""


@contextmanager
def server(root: Path, name: str, url: str | None) -> Any:
    home = root / name
    home.mkdir(parents=True)
    port = free_port()
    env = {k: v for k, v in os.environ.items() if not k.startswith("SECONDLOOK_")}
    env |= {
        "SECONDLOOK_HOME": str(home),
        "SECONDLOOK_SERVER_PORT": str(port),
        "SECONDLOOK_SERVER_DISK_RESERVE_MB": "0",
        # The clones' photos are no files: a scrub would do nothing but write down that they are missing.
        "SECONDLOOK_SERVER_SCRUB_DAYS": "0",
    }
    env |= {"SECONDLOOK_SERVER_DATABASE_URL": url} if url else {}
    with (root / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [BIN / "secondlook-server", "run"], env=env, stdout=log, stderr=log
        )
        try:
            wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), f"server {name}", 60)
            database = Database(url or f"sqlite:///{home}/server/secondlook.db")
            parts: Any = SimpleNamespace(database=database)
            here: Any = None
            yield Running(
                url=f"http://127.0.0.1:{port}", parts=parts, app=here, clock=lambda: datetime.now(UTC)  # type: ignore[arg-type]
            )  # fmt: skip
            database.close()
        finally:
            process.terminate()
            process.wait(30)


def fill(running: Running, count: int, name: str) -> Side:
    """The originals over HTTP, the clones straight into the tables."""
    now = datetime.now(UTC)
    _retention_was_done(running.parts.database, now)
    station, reader = running.station(STATION), running.person("lead", Role.QA_LEAD)
    running.person("rita", Role.REVIEWER)
    kept = []
    contents = lambda number: [jpeg(4 * number + i) for i in range(4)]  # noqa: E731
    for number, (one, files) in enumerate(originals(contents, ORIGINALS, now)):
        for content in files:
            put_photo(station, content)
        answer = station.put(f"/api/v1/inspections/{one.inspection_id}", content=one.to_json())
        assert answer.status_code == 201, answer.text
        scale_fill.decided(running.parts.database, one, number, datetime.now(UTC))
        kept.append(one)
    started = time.monotonic()

    def progress(done: int) -> None:
        if done == count or done % 20_000 == 0:
            rate = done / (time.monotonic() - started)
            tell(f"{name}: {done:,} of {count:,} inspections, {rate:,.0f}/s")

    first = now - EVERY * count - timedelta(minutes=5)
    filler = Filler(running.parts.database, templates(running.parts.database, kept), first)
    filler.fill(count, progress)
    return Side(
        name=name,
        count=count,
        running=running,
        reader=reader,
        station=station,
        newest=arrival_of(first + EVERY * (count - 1)),
    )


def _retention_was_done(database: Database, now: datetime) -> None:
    """Once a day the rules of retention go through everything; today they have."""
    facts = {"started_by": "server", "state": "done", "arguments": '{"delete": true}', "done": 0}
    times = {"started_at": now, "beat_at": now, "finished_at": now}
    row = {"kind": "retention", "unit": "photos", "rate_per_s": 0.0, "result": "{}"}
    with database.writing() as connection:
        connection.execute(jobs.insert().values(**row, **facts, **times))


def put_photo(station: httpx.Client, content: bytes) -> str:
    name = hashlib.sha256(content).hexdigest()
    answer = station.put(
        f"/api/v1/photos/{name}", content=content, headers={"content-type": "image/jpeg"}
    )
    assert answer.status_code == 201, answer.text
    return name


def place(side: Side, share: float) -> int:
    """The arrival that far back in the list."""
    return side.newest - int((side.count - 1) * share) * int(EVERY.total_seconds() * 10**6)


UNBOUND = {"search: words never together"}
"""Told, and no fault: SQLite compares the lists of two common words as far as they go, 25 ms a million."""
Ask = Callable[[Side, random.Random], str]
SEARCHES: dict[str, Ask] = {
    "newest": lambda s, d: "/returns",
    "code": lambda s, d: f"/returns?q=RT-{d.randrange(s.count):07d}",
    "code by its digits": lambda s, d: f"/returns?q={d.randrange(s.count):07d}",
    "code as a filter": lambda s, d: f"/returns?code=rt-{d.randrange(s.count):07d}",
    "one filter": lambda s, d: "/returns?grade=E",
    "two filters": lambda s, d: "/returns?category=apparel&grade=C",
    "station and state": lambda s, d: f"/returns?station=bench-{d.randrange(scale_fill.STATIONS)}&routing=decided",
    "operator and grade": lambda s, d: f"/returns?operator=op.{d.randrange(scale_fill.OPERATORS)}&grade=A",
    "defect and state": lambda s, d: "/returns?defect=stain&routing=decided",
    "defect and reason": lambda s, d: "/returns?defect=torn_packaging&reason=no_certificate",
    "text": lambda s, d: "/returns?q=scratch",
    "text in Chinese": lambda s, d: "/returns?q=袖口",
    "text and filter": lambda s, d: "/returns?q=stain&disposition=donate",
    "words never together": lambda s, d: "/returns?q=apparel+parcel",
    "two words": lambda s, d: f"/returns?q=bench-{d.randrange(scale_fill.STATIONS)}+污渍",
    "what is not there": lambda s, d: "/returns?q=unicorn",
    "deep page": lambda s, d: f"/returns?before={place(s, 0.9)}",
    "deep page of a filter": lambda s, d: f"/returns?category=parcel&before={place(s, 0.9)}",
    "deep page of a text": lambda s, d: f"/returns?q=scratch&before={place(s, 0.9)}",
    "a day": lambda s, d: f"/returns?from={day(s)}&to={day(s)}",
    "a day, as inspected": lambda s, d: f"/returns?by=finished&from={day(s)}&to={day(s)}",
}  # fmt: skip


def day(side: Side) -> str:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=place(side, 0.5))
    return at.date().isoformat()


def one_file(side: Side, dice: random.Random) -> str:
    number = dice.randrange(side.count)
    return f"/returns/{scale_fill.uuid(number, 0)}"


READS: dict[str, Ask] = {
    **{f"search: {name}": ask for name, ask in SEARCHES.items()},
    "file": one_file,
    "queue": lambda s, d: "/review",
}


def timed(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def read(side: Side, path: str) -> None:
    answer = side.reader.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"


def take_in(side: Side, number: int) -> None:
    """One inspection with four photos, as a station sends it."""
    now = datetime.now(UTC)
    contents = [jpeg(4 * number + i) for i in range(4)]
    ((one, _),) = originals(lambda _: contents, 1, now)
    for content in contents:
        put_photo(side.station, content)
    fresh = scale_fill.uuid("taken in", side.name, number)
    one = one.model_copy(update={"inspection_id": fresh, "return_code": f"rt-new-{number}"})
    answer = side.station.put(f"/api/v1/inspections/{fresh}", content=one.to_json())
    assert answer.status_code == 201, answer.text


def measure(sides: tuple[Side, Side], rounds: int) -> dict[str, tuple[float, float]]:
    """Median seconds on each side, asked in turn."""
    times: dict[str, tuple[list[float], list[float]]] = {}
    dice = random.Random(3)
    for turn in range(rounds):
        for name, ask in READS.items():
            for at, side in enumerate(sides):
                path = ask(side, dice)
                spent = timed(lambda side=side, path=path: read(side, path))  # type: ignore[misc]
                if turn:  # the first warms up
                    times.setdefault(name, ([], []))[at].append(spent)
        for at, side in enumerate(sides):
            spent = timed(lambda side=side, turn=turn: take_in(side, turn))  # type: ignore[misc]
            if turn:
                times.setdefault("intake", ([], []))[at].append(spent)
        if turn % 5 == 0:
            tell(f"round {turn + 1} of {rounds}")
    return {n: (statistics.median(a), statistics.median(b)) for n, (a, b) in times.items()}


def intake_share(side: Side, root: Path, photo_mb: float, rounds: int) -> tuple[float, float]:
    """Photos over HTTP against the bare loop, in turn; and the bare loop's bytes/s."""
    shares, rates = [], []
    folder = root / "bare"
    folder.mkdir()
    clients = [side.running.client(headers=side.station.headers) for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for turn in range(rounds):
            size = int(photo_mb * MEGABYTE)
            batches = [[jpeg(turn + n + k, size) for k in range(3)] for n in range(AT_ONCE)]
            sent = timed(lambda b=batches: list(pool.map(_send, clients, b)))  # type: ignore[misc]
            bare = timed(lambda b=batches: list(pool.map(_keep, [folder] * AT_ONCE, b)))  # type: ignore[misc]
            if turn:
                shares.append(bare / sent)
                rates.append(sum(len(c) for b in batches for c in b) / bare)
    return statistics.median(shares), statistics.median(rates)


def _send(client: httpx.Client, contents: list[bytes]) -> None:
    for content in contents:
        put_photo(client, content)


def _keep(folder: Path, contents: list[bytes]) -> None:
    for content in contents:
        name = hashlib.sha256(content).hexdigest()
        with (folder / name).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def kept(side: Side) -> tuple[int, int]:
    with side.running.parts.database.reading() as connection:
        counts = (select(func.count()).select_from(table) for table in (inspections, photos))
        there, files = (connection.execute(found).scalar_one() for found in counts)
    return there, files


@contextmanager
def made(database: str | None) -> Any:
    """Two new databases on that server, gone afterwards; none where SQLite's files in the homes do."""
    if database is None:
        yield None, None
        return
    url = make_url(database)
    names = [f"secondlook_scale_{secrets.token_hex(4)}" for _ in range(2)]
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name}")
    try:
        yield tuple(url.set(database=n).render_as_string(hide_password=False) for n in names)
    finally:
        with psycopg.connect(plain, autocommit=True) as connection:
            for name in names:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def run(said: argparse.Namespace) -> int:
    root = Path(tempfile.mkdtemp(prefix="secondlook-scale-", dir=said.folder))
    tell(f"{said.small:,} and {said.inspections:,} inspections in {root}")
    with ExitStack() as stack:
        urls = stack.enter_context(made(said.database))
        small, large = (
            fill(stack.enter_context(server(root, name, url)), count, name)
            for name, url, count in zip(("small", "large"), urls, (said.small, said.inspections), strict=True)
        )  # fmt: skip
        medians = measure((small, large), said.rounds)
        share, bare = intake_share(large, root, said.photo_mb, max(said.rounds // 3, 4))
        there = kept(large)
    ratios = {name: round(b / a, 2) for name, (a, b) in medians.items()}
    for name, (a, b) in sorted(medians.items(), key=lambda item: -item[1][1] / item[1][0]):
        tell(f"{name:<26} {a * 1000:7.1f} ms  {b * 1000:7.1f} ms  ×{b / a:.2f}")
    if not said.keep:
        shutil.rmtree(root)
    faults = [f"{n} costs ×{r}, should be at most {said.most_ratio}" for n, r in ratios.items() if r > said.most_ratio and n not in UNBOUND]  # fmt: skip
    if share < said.least_share:
        faults.append(f"intake_share is {share:.2f}, should be at least {said.least_share}")
    for fault in faults:
        tell(fault)
    count = {
        "database": "postgresql" if said.database else "sqlite",
        "inspections": there[0],
        "photo_records": there[1],
        "compared_with": small.count,
        "ratios": ratios,
        "medians_ms": {n: [round(a * 1000, 1), round(b * 1000, 1)] for n, (a, b) in medians.items()},
        "intake_share": round(share, 2),
        "bare_mb_per_s": round(bare / MEGABYTE, 1),
    }  # fmt: skip
    tell(json.dumps(count, ensure_ascii=False))
    return 1 if faults else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inspections", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument(
        "--database", help="postgresql://…: two databases are made there, and dropped"
    )
    parser.add_argument(
        "--folder", type=Path, help="where the homes are made; needs 12 GB a million"
    )
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--photo-mb", type=float, default=2.5)
    parser.add_argument("--most-ratio", type=float, default=MOST_RATIO)
    parser.add_argument("--least-share", type=float, default=LEAST_SHARE)
    parser.add_argument("--keep", action="store_true", help="leave the homes for a look")
    # So that the servers end with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(run(parser.parse_args()))
