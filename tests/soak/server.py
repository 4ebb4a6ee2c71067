"""kill -9 of the server at random moments, under load from stations and reviewers: is what it acknowledged there, once?

    python -m tests.soak.server --kills 500 [--seed 7] [--database postgresql://…]

Every acknowledgement that a client received is the witness. The database must be empty. The last line
is one JSON object.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from models.records import Acknowledgement
from models.vocabulary import Role
from server import tables
from server.accounts import service as accounts
from server.app import open_archive, open_database
from server.enrolment import service as enrolment
from server.parts import utc_now
from server.settings import Settings
from tests.factories import photo, sha256
from tests.house import free_port
from tests.unit.server.running import JPEG, an_inspection, put_inspection, put_photo

COMMAND = Path(sys.executable).with_name("secondlook-server")
PASSWORD = "correct horse battery"
START_S = 60.0
WORKING_S = (0.0, 1.2)
EARLY_SHARE = 0.1
"""So many of the kills come while it starts."""
STATIONS, REVIEWERS = 3, 2
CHECK_EVERY = 10


@dataclass
class Count:
    """What the last line says."""

    kills: int = 0
    acknowledged: int = 0
    inspections: int = 0
    decisions: int = 0
    sign_ins: int = 0
    lost: int = 0
    doubled: int = 0
    start_s: float = 0.0
    """Median time from the command to the first answer."""
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        return self.inspections > 0 and not (self.lost or self.doubled)


@dataclass
class Witness:
    """What clients were told is safe; each list grows only."""

    inspections: dict[str, str] = field(default_factory=dict)
    """Id → the record's hash."""
    photos: list[str] = field(default_factory=list)
    opinions: dict[str, str] = field(default_factory=dict)
    """Id → the inspection's."""
    sessions: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class World:
    """One home, one server that is killed again and again, and those who work with it."""

    def __init__(self, root: Path, seed: int, database: str | None) -> None:
        self.root, self.dice = root, random.Random(seed)
        self.settings = Settings(home=root, database_url=database, disk_reserve_mb=0)
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        clean = {k: v for k, v in os.environ.items() if not k.startswith("SECONDLOOK_")}
        self.env = clean | {
            "SECONDLOOK_HOME": str(root),
            "SECONDLOOK_SERVER_PORT": str(port),
            "SECONDLOOK_SERVER_DISK_RESERVE_MB": "0",
        }
        if database:
            self.env["SECONDLOOK_SERVER_DATABASE_URL"] = database
        self.witness, self.ending = Witness(), threading.Event()
        self.starts_s: list[float] = []
        self.tokens = self._people_and_stations()

    def _people_and_stations(self) -> list[str]:
        database = open_database(self.settings)
        for number in range(REVIEWERS):
            accounts.put_account(database, f"r{number}", Role.REVIEWER, PASSWORD, utc_now())
        tokens = [enrolment.enrol(database, f"bench-{n}", utc_now())[0] for n in range(STATIONS)]
        database.close()
        return tokens

    @contextmanager
    def server(self) -> Iterator[subprocess.Popen[bytes]]:
        """A running server, killed with the block."""
        with (self.root / "log.txt").open("ab") as log:
            process = subprocess.Popen([COMMAND, "run"], env=self.env, stderr=log)
            try:
                yield process
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait()

    def wait_for(self, process: subprocess.Popen[bytes]) -> None:
        began_s = time.monotonic()
        while not self.answers():
            if process.poll() is not None or time.monotonic() - began_s > START_S:
                raise SystemExit(f"the server does not start; see {self.root / 'log.txt'}")
            time.sleep(0.01)
        self.starts_s.append(time.monotonic() - began_s)

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def insist(self, act: Callable[[], httpx.Response]) -> httpx.Response | None:
        """Repeat until there is an answer that is one, as stations do; none when all ends."""
        while not self.ending.is_set():
            try:
                answer = act()
            except httpx.TransportError:
                time.sleep(0.02)
                continue
            if answer.status_code < 400:
                return answer
            if answer.status_code not in {401, 403, 409, 503}:
                what = f"{answer.request.method} {answer.request.url}: {answer.status_code}"
                self.witness.faults.append(f"{what} {answer.text[:300]}")
            if answer.status_code < 500:
                return answer
            time.sleep(0.02)
        return None

    def station(self, number: int) -> None:
        headers = {"authorization": f"Bearer {self.tokens[number]}"}
        name, made = f"bench-{number}", 0
        with httpx.Client(base_url=self.url, headers=headers, timeout=30) as client:
            while not self.ending.is_set():
                made += 1
                content = JPEG + random.Random(f"{number} {made}").randbytes(60_000)
                pictures = (photo(sha256=sha256(content), size_bytes=len(content)),)
                one = an_inspection(made * 10 + number, station=name, photos=pictures)
                told = self.insist(lambda c=content: put_photo(client, c))
                if told is None or told.status_code not in {200, 201}:
                    continue
                self.witness.photos.append(sha256(content))
                told = self.insist(lambda i=one: put_inspection(client, i))
                if told is not None and told.status_code in {200, 201}:
                    kept = Acknowledgement.from_json(told.content)
                    self.witness.inspections[kept.inspection_id] = kept.sha256

    def reviewer(self, number: int) -> None:
        with httpx.Client(base_url=self.url, timeout=30) as client:
            while not self.ending.is_set():
                if not client.cookies.get("secondlook_session"):
                    self.sign_in(client, f"r{number}")
                self.decide_one(client)

    def sign_in(self, client: httpx.Client, name: str) -> None:
        page = self.insist(lambda: client.get("/sign-in"))
        if page is None:
            return
        data = {"form_token": hidden(page, "form_token"), "name": name, "password": PASSWORD}
        if self.insist(lambda: client.post("/sign-in", data=data)) is not None:
            self.witness.sessions.append(client.cookies.get("secondlook_session") or "")

    def decide_one(self, client: httpx.Client) -> None:
        page = self.insist(lambda: client.get("/review"))
        if page is None or page.status_code != 200:
            client.cookies.clear()
            return
        token = {"form_token": hidden(page, "form_token")}
        went = self.insist(lambda: client.post("/queue/next", data=token))
        place = went.headers.get("location", "") if went is not None else ""
        if not re.fullmatch(r"/review/[^?]+", place):
            self.ending.wait(0.1)
            return
        case = self.insist(lambda: client.get(place))
        if case is None or 'name="opinion_id"' not in case.text:
            return
        said = {
            "opinion_id": hidden(case, "opinion_id"),
            "grade": "B",
            "disposition": "resell",
            "note": "",
        }
        told = self.insist(lambda: client.post(place, data=token | said))
        if told is not None and told.status_code == 303 and "done=" in told.headers["location"]:
            self.witness.opinions[said["opinion_id"]] = place.removeprefix("/review/")

    def check(self, count: Count) -> None:
        """With the server dead: what was told is there, once."""
        seen = Witness(
            inspections=dict(self.witness.inspections), photos=list(self.witness.photos),
            opinions=dict(self.witness.opinions), sessions=list(self.witness.sessions),
        )  # fmt: skip
        archive, database = open_archive(self.settings), open_database(self.settings)
        t = tables
        with database.reading() as connection:
            kept = {
                r.inspection_id: r.content_sha256 for r in connection.execute(select(t.inspections))
            }
            said = set(connection.execute(select(t.opinions.c.opinion_id)).scalars())
            decided = set(connection.execute(select(t.decisions.c.inspection_id)).scalars())
            twice = [
                *connection.execute(more_than_once(t.routings.c.inspection_id)).scalars(),
                *connection.execute(more_than_once(t.standings.c.inspection_id)).scalars(),
                *connection.execute(more_than_once(t.opinions.c.inspection_id)).scalars(),
                *connection.execute(more_than_once(t.decisions.c.inspection_id)).scalars(),
            ]
            sessions = connection.execute(select(func.count()).select_from(t.sessions)).scalar_one()
        database.close()
        lost = [i for i, content in seen.inspections.items() if kept.get(i) != content]
        lost += [f"photo {name}" for name in seen.photos if not archive.intact(name)]
        lost += [
            f"opinion {o}"
            for o, i in seen.opinions.items()
            if o not in said or not (decided & {i} or i not in kept)
        ]
        lost += ["sessions"] if sessions < len(set(seen.sessions)) else []
        self.witness.faults += [f"lost: {one}" for one in lost] + [f"twice: {one}" for one in twice]
        count.lost, count.doubled = count.lost + len(lost), count.doubled + len(twice)


def more_than_once(column: Any) -> Any:
    return select(column).group_by(column).having(func.count() > 1)


def hidden(page: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page.text)
    if found is None:
        raise AssertionError(f"no {name} on {page.request.url}: {page.status_code}")
    return found[1]


def soak(kills: int, seed: int, database: str | None) -> int:
    began_s, root = time.monotonic(), Path(tempfile.mkdtemp(prefix="secondlook-soak-"))
    tell(f"{kills} kills, seed {seed}, in {root}")
    world, count = World(root, seed, database), Count()
    workers = [
        *(threading.Thread(target=world.station, args=(n,), daemon=True) for n in range(STATIONS)),
        *(
            threading.Thread(target=world.reviewer, args=(n,), daemon=True)
            for n in range(REVIEWERS)
        ),
    ]
    for worker in workers:
        worker.start()
    while count.kills < kills and not world.witness.faults:
        turn(world, count)
    with world.server() as last:
        world.wait_for(last)
        time.sleep(0.5)
        world.ending.set()
        for worker in workers:
            worker.join(60)
    world.check(count)
    return told(world, count, began_s)


def turn(world: World, count: Count) -> None:
    """One life of the server."""
    with world.server() as process:
        if world.dice.random() < EARLY_SHARE:
            time.sleep(world.dice.uniform(0, 1))
        else:
            world.wait_for(process)
            time.sleep(world.dice.uniform(*WORKING_S))
    count.kills += 1
    if count.kills % CHECK_EVERY == 0:
        world.check(count)
        tell(
            f"{count.kills} kills, {len(world.witness.inspections)} inspections, {len(world.witness.opinions)} decisions"
        )


def told(world: World, count: Count, began_s: float) -> int:
    seen = world.witness
    count.inspections, count.decisions, count.sign_ins = map(
        len, (seen.inspections, seen.opinions, set(seen.sessions))
    )
    count.acknowledged = count.inspections + count.decisions + count.sign_ins + len(seen.photos)
    count.start_s = round(statistics.median(world.starts_s), 2)
    count.seconds = round(time.monotonic() - began_s, 1)
    for fault in seen.faults[:50]:
        tell(fault)
    if seen.faults:
        tell(f"everything is kept in {world.root}")
    else:
        shutil.rmtree(world.root)
    tell(json.dumps(asdict(count)))
    return 0 if count.is_clean and not seen.faults else 1


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--database", default=None)
    given = parser.parse_args()
    sys.exit(soak(given.kills, given.seed, given.database or None))
