"""kill -9 of a real station at random moments, the real server up and down in turn: is anything lost?

    python -m tests.soak.station --kills 200 [--seed 7]

Every acceptance that a station announced is the witness. Afterwards each accepted inspection must be
on the server exactly once and each photo there bit-identical. The last line is one JSON object.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx

from models.records import Inspection
from tests.fakes import sample_returns
from tests.house import free_port

BIN = Path(sys.executable).parent
START_S = 60.0
DRAIN_S = 300.0
# A fifth of the kills come while the program starts, the others while it works.
EARLY_SHARE = 0.2
EARLY_S = (0.05, 1.2)
WORKING_S = (0.0, 1.5)


class Broken(Exception):
    """A process did what it never should."""


@dataclass
class Count:
    """What the last line says."""

    kills: int = 0
    accepted: int = 0
    lost: int = 0
    doubled: int = 0
    corrupt: int = 0
    server_restarts: int = 0
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        return self.accepted > 0 and not (self.lost or self.doubled or self.corrupt)


@dataclass
class House:
    """One server and one station on this machine."""

    root: Path
    dice: random.Random
    server: subprocess.Popen[bytes] | None = None
    station: subprocess.Popen[bytes] | None = None
    ports: tuple[int, int] = (0, 0)
    env: dict[str, str] = field(default_factory=dict)
    starts: int = 0

    def prepare(self) -> None:
        self.ports = (free_port(), free_port())
        sample_returns(self.root / "sample", count=5, photos=3, width=400)
        (self.root / "releases").mkdir()
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("SECONDLOOK_")} | {
            "SECONDLOOK_HOME": str(self.root / "home"),
            "SECONDLOOK_SERVER_PORT": str(self.ports[0]),
            "SECONDLOOK_STATION_PORT": str(self.ports[1]),
            "SECONDLOOK_STATION_SERVER_URL": f"http://127.0.0.1:{self.ports[0]}",
            "SECONDLOOK_STATION_REPLAY": str(self.root / "sample"),
            "SECONDLOOK_STATION_RELEASES": str(self.root / "releases"),
            # Without end, so that no kill finds an idle station; a pause, so that the server can follow.
            "SECONDLOOK_STATION_ROUNDS": "0",
            "SECONDLOOK_STATION_REPLAY_PAUSE_S": "0.1",
            # Photos go as soon as they may, and the next round needs them again.
            "SECONDLOOK_STATION_KEEP_RECENT": "0",
            "SECONDLOOK_STATION_RETRY_CAP_S": "0.5",
            "SECONDLOOK_STATION_MIN_FREE_MB": "10",
            "SECONDLOOK_STATION_LOG_JSON": "1",
        }
        told = subprocess.run(
            [BIN / "secondlook-server", "enrol", "bench-1"],
            env=self.env,
            check=True,
            capture_output=True,
            text=True,
        )
        self.env["SECONDLOOK_STATION_TOKEN"] = told.stdout.split()[-1]

    @property
    def log(self) -> Path:
        """What the newest station says."""
        return self.root / f"station-{self.starts}.log"

    def start_station(self, **settings: str) -> None:
        self.starts += 1
        with self.log.open("wb") as log:
            self.station = subprocess.Popen(
                [BIN / "secondlook-station", "run"],
                env=self.env | {f"SECONDLOOK_STATION_{k}": v for k, v in settings.items()},
                stdout=log,
                stderr=log,
            )

    def start_server(self) -> None:
        with (self.root / "server.log").open("ab") as log:
            self.server = subprocess.Popen(
                [BIN / "secondlook-server", "run"], env=self.env, stdout=log, stderr=log
            )

    def turn_server(self) -> bool:
        """Up or down, politely or not; whether it was started."""
        if self.server is None:
            self.start_server()
            return True
        self.server.send_signal(self.dice.choice([signal.SIGKILL, signal.SIGTERM]))
        self.server.wait(30)
        self.server = None
        return False

    def kill_station(self) -> None:
        """After a while that no part of the program can foresee."""
        if self.dice.random() < EARLY_SHARE:
            time.sleep(self.dice.uniform(*EARLY_S))
        else:
            self.wait_until_ready()
            time.sleep(self.dice.uniform(*WORKING_S))
        assert self.station
        if self.station.poll() is not None:
            raise Broken(f"the station ended by itself: {self.log.read_text()[-2000:]}")
        self.station.kill()
        self.station.wait()

    def wait_until_ready(self) -> None:
        end_s = time.monotonic() + START_S
        while not any(event["event"] == "ready" for event in events(self.log)):
            assert self.station
            if self.station.poll() is not None or time.monotonic() > end_s:
                raise Broken(f"the station did not start: {self.log.read_text()[-2000:]}")
            time.sleep(0.02)

    def drain(self) -> None:
        """Finish the round under way and wait until the server has everything."""
        if self.server is None:
            self.start_server()
        self.start_station(ROUNDS=str(self.newest_round()))
        self.wait_until_ready()
        end_s = time.monotonic() + DRAIN_S
        while (state := self.state())["pending"] or state["phase"] != "all_done":
            if time.monotonic() > end_s:
                raise Broken(f"the outbox does not empty: {state}")
            time.sleep(0.2)
        for process in (self.station, self.server):
            assert process
            process.terminate()
            process.wait(30)

    def newest_round(self) -> int:
        path = self.root / "home/station/outbox.sqlite3"
        rows = list(_rows(path, "SELECT max(round) FROM inspection")) if path.exists() else []
        return max(1, *(row[0] or 1 for row in rows)) if rows else 1

    def state(self) -> dict[str, object]:
        told = httpx.get(f"http://127.0.0.1:{self.ports[1]}/state", timeout=20)
        return dict(told.json())

    def end(self) -> None:
        for process in (self.station, self.server):
            if process and process.poll() is None:
                process.kill()
                process.wait()


def events(log: Path) -> Iterator[dict[str, str]]:
    """What the station logged. A kill may cut a line short, or part it from its line end."""
    decoder = json.JSONDecoder()
    for line in log.read_text().splitlines() if log.exists() else ():
        while line.startswith("{"):
            try:
                event, end = decoder.raw_decode(line)
            except json.JSONDecodeError:
                break
            yield event
            line = line[end:]  # noqa: PLW2901 - the rest of it


def _rows(path: Path, sql: str) -> Iterator[tuple[object, ...]]:
    db = sqlite3.connect(path)
    try:
        yield from db.execute(sql)
    finally:
        db.close()


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def compare(root: Path, count: Count) -> list[str]:
    """Fill in the count and say what is wrong."""
    home = root / "home"
    here = dict(
        _rows(home / "station/outbox.sqlite3", "SELECT inspection_id, record FROM inspection")
    )
    there = dict(
        _rows(home / "server/secondlook.db", "SELECT inspection_id, record FROM inspections")
    )
    announced = {
        event["inspection"]: event["sha256"]
        for log in root.glob("station-*.log")
        for event in events(log)
        if event["event"] == "accepted"
    }
    records = {name: Inspection.from_json(record) for name, record in here.items()}
    forgotten = [
        n for n, sha in announced.items() if n not in records or records[n].content_sha256() != sha
    ]
    missing = [n for n in records if n not in there or Inspection.from_json(there[n]) != records[n]]
    strangers = [name for name in there if name not in records]
    rounds = _rows(home / "station/outbox.sqlite3", "SELECT round, return_code FROM inspection")
    twice = [turn for turn, times in Counter(rounds).items() if times > 1]
    spoiled = sorted(_spoiled(root, records.values()))
    count.accepted = len(records)
    count.lost = len({*forgotten, *missing})
    count.doubled = len(strangers) + len(twice)
    count.corrupt = len(spoiled)
    return [
        *(f"announced as accepted and not in the outbox: {name}" for name in forgotten),
        *(f"accepted and not on the server as it was: {name}" for name in missing),
        *(f"on the server and never accepted: {name}" for name in strangers),
        *(f"accepted twice: {turn}" for turn in twice),
        *(f"not bit-identical on the server: {name}" for name in spoiled),
    ]


def _spoiled(root: Path, records: object) -> set[str]:
    wanted, originals = set(), {}
    for path in (root / "sample/images").iterdir():
        originals[hashlib.sha256(path.read_bytes()).hexdigest()] = path
    for record in records:
        wanted |= {h for p in record.photos for h in (p.sha256, p.thumbnail_sha256) if h}
        if {photo.sha256 for photo in record.photos} - originals.keys() or len(record.photos) != 3:
            return {record.inspection_id}
    kept = {
        path.name: path for path in (root / "home/server/photos").rglob("*") if len(path.name) == 64
    }
    return {
        name
        for name in wanted
        if name not in kept or hashlib.sha256(kept[name].read_bytes()).hexdigest() != name
    }


def soak(kills: int, seed: int) -> int:
    started_s = time.monotonic()
    root = Path(tempfile.mkdtemp(prefix="secondlook-soak-"))
    house, count = House(root=root, dice=random.Random(seed)), Count()
    _tell(f"{kills} kills, seed {seed}, in {root}")
    house.prepare()
    faults = []
    try:
        while count.kills < kills:
            if house.dice.random() < 0.4 or not count.kills:
                count.server_restarts += house.turn_server()
            house.start_station()
            house.kill_station()
            count.kills += 1
            if count.kills % 10 == 0:
                _tell(f"{count.kills} kills, server {'up' if house.server else 'down'}")
        house.drain()
    except Broken as error:
        faults.append(str(error))
    finally:
        house.end()
    faults += compare(root, count)
    count.seconds = round(time.monotonic() - started_s, 1)
    for fault in faults[:50]:
        _tell(fault)
    if faults:
        _tell(f"everything is kept in {root}")
    else:
        shutil.rmtree(root)
    _tell(json.dumps(asdict(count)))
    return 0 if count.is_clean and not faults else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    said = parser.parse_args()
    sys.exit(soak(said.kills, said.seed))
