"""Fifty reviewers on a full queue, killed at random while they hold cases, and the server too: is anything served
twice, lost, or left over?

    python -m tests.soak.review --reviewers 50 --cases 100000 [--database postgresql://…] [--seed 7]

The witness is what the reviewers were told over HTTP. A double service is a case that somebody was
served while another, by what both saw, surely still held it. The last line is one JSON object.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
from sqlalchemy import func, insert, select
from sqlalchemy.engine import make_url

from models.vocabulary import Role
from server.accounts import queries as accounts
from server.accounts.queries import Account
from server.app import build
from server.cases import DUE_AFTER, rank_of
from server.intake.service import keep_inspection
from server.pages import SESSION_COOKIE
from server.parts import Parts
from server.security import form_token, new_token, token_sha256
from server.settings import Settings
from server.tables import cases, decisions, inspections, opinions, routings, standings
from tests.factories import inspection
from tests.house import free_port

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[2]
CREWS = 5
"""Processes that the reviewers work in; a kill takes all of one at once, in the middle of whatever."""
LEASE_S = 5
START_S = 60.0
IDLE_END_S = 300.0
BARE_S = 4.0
BARE_ROWS = 20_000


@dataclass
class Count:
    """What the last line says."""

    database: str = "sqlite"
    cases: int = 0
    """What waited at the beginning."""
    decided: int = 0
    left_open: int = 0
    opinions: int = 0
    double_services: int = 0
    lost: int = 0
    """Answers that a reviewer saw kept and that are not there."""
    doubled: int = 0
    """Items that were decided more than once, and cases that were answered more than once."""
    served: int = 0
    kills: int = 0
    server_kills: int = 0
    claims_per_s: float = 0.0
    decided_per_s: float = 0.0
    bare_claims_per_s: float | None = None
    claims_share: float | None = None
    """Our claims a second, over HTTP with decision and record, over those of a bare loop."""
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        return self.decided == self.cases > 0 and not (
            self.left_open or self.double_services or self.lost or self.doubled
        )


@dataclass
class Soak:
    """Servers, crews of reviewers, and what they saw."""

    home: Path
    reviewers: int
    database: str | None
    dice: random.Random
    parts: Parts = field(init=False)
    ports: list[int] = field(default_factory=list)
    servers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    crews: list[subprocess.Popen[bytes]] = field(default_factory=list)
    people: list[list[dict[str, Any]]] = field(default_factory=list)

    @property
    def witness(self) -> Path:
        return self.home / "witness.jsonl"

    def prepare(self, number: int) -> None:
        url: dict[str, Any] = {"database_url": self.database} if self.database else {}
        settings = Settings(home=self.home, disk_reserve_mb=0, **url)
        self.parts = build(settings)
        self.ports = [free_port() for _ in range(2 if self.database else 1)]
        fill(self.parts, number)
        # Three sets of people a crew: who comes after a kill is somebody else, and the lease has to end.
        each = max(1, self.reviewers // CREWS)
        self.people = [
            [self._person(f"r{crew}-{turn}-{n}") for n in range(each)]
            for crew in range(CREWS)
            for turn in range(3)
        ]

    def _person(self, name: str) -> dict[str, Any]:
        now, token = self.parts.clock(), new_token()
        role = Role.QA_LEAD if name.endswith("-0") else Role.REVIEWER
        with self.parts.database.writing() as connection:
            account = Account(name=name, password_hash="none", role=role, demo=False)
            accounts.put_account(connection, account, now)
            until = now + timedelta(hours=12)
            accounts.open_session(connection, token_sha256(token), name, now=now, until=until)
        headers = {
            "cookie": f"{SESSION_COOKIE}={token}",
            "x-form-token": form_token(self.parts.settings.secret(), token),
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
        }
        return {"name": name, "headers": headers}

    def start_server(self, place: int) -> None:
        env = {k: v for k, v in os.environ.items() if not k.startswith("SECONDLOOK_")} | {
            "SECONDLOOK_HOME": str(self.home),
            "SECONDLOOK_SERVER_PORT": str(self.ports[place]),
            "SECONDLOOK_SERVER_LEASE_S": str(LEASE_S),
            "SECONDLOOK_SERVER_DISK_RESERVE_MB": "0",
        }
        if self.database:
            env["SECONDLOOK_SERVER_DATABASE_URL"] = self.database
        with (self.home / f"server-{place}.log").open("ab") as log:
            command = [BIN / "secondlook-server", "run"]
            started = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=ROOT)
        self.servers[place : place + 1] = [started]

    def start_servers(self) -> None:
        self.servers = []
        for place in range(len(self.ports)):
            self.start_server(place)
        for port in self.ports:
            wait_for(port)

    def start_crew(self, crew: int, turn: int) -> None:
        told = {
            "ports": self.ports,
            "people": self.people[3 * crew + turn % 3],
            "witness": str(self.witness),
            "lease_s": LEASE_S,
            "parent": os.getpid(),
        }
        command = [sys.executable, "-m", "tests.soak.reviewers"]
        made = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT)
        assert made.stdin
        made.stdin.write(json.dumps(told).encode())
        made.stdin.close()
        self.crews[crew : crew + 1] = [made]

    def end(self) -> None:
        for process in self.crews:
            process.kill()
            process.wait()
        for process in self.servers:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        self.parts.database.close()


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def wait_for(port: int) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise RuntimeError(f"no server on port {port} within {START_S} s; see its log")


def fill(parts: Parts, number: int) -> None:
    """One item through the real intake, then copies of its rows: what the review reads of an item."""
    first = inspection(photos=())
    keep_inspection(parts, first.station, first.inspection_id, first.to_json().encode())
    dice = random.Random(1)
    with parts.database.writing() as connection:
        model = {
            table: dict(connection.execute(select(table)).mappings().one())
            for table in (inspections, routings, standings)
        }
        connection.execute(cases.delete())
        for start in range(0, number, 2000):
            some = range(start, min(start + 2000, number))
            _copy(connection, model, some, parts, dice)


def _copy(connection: Any, model: Any, some: range, parts: Parts, dice: random.Random) -> None:
    names = [f"{n:08d}-3333-4333-8333-333333333333" for n in some]
    was = model[inspections]["inspection_id"]
    for table, row in model.items():
        rows = [dict(row, inspection_id=name) for name in names]
        for place, each in enumerate(rows):
            if table is inspections:
                each["record"] = each["record"].replace(was, each["inspection_id"])
            elif table is standings:
                each["arrival"] += some.start + place + 1
            else:
                each.pop("routing")
        connection.execute(insert(table), rows)
    now = parts.clock()
    opened = [now - timedelta(minutes=dice.uniform(0, 3000)) for _ in names]
    rows = [
        {"case_id": name, "inspection_id": name, "kind": "review", "stake": (stake := dice.uniform(0, 80)),
         "opened_at": at, "deadline": at + DUE_AFTER, "rank": rank_of(stake, at, at + DUE_AFTER)}
        for name, at in zip(names, opened, strict=True)
    ]  # fmt: skip
    connection.execute(insert(cases), rows)


def events(path: Path) -> Iterator[dict[str, Any]]:
    """Whole lines; a kill may cut the last of one writer, and the next begins after it."""
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            yield json.loads(line)
        except ValueError:
            continue


def double_services(seen: list[dict[str, Any]], lease_s: float) -> int:
    """Cases that two people surely held at once, by what each of them saw."""
    served, answered = defaultdict(list), defaultdict(list)
    for event in seen:
        if event["event"] == "served":
            served[event["case"]].append(event)
        elif event["event"] == "answers":
            answered[event["case"], event["who"]].append(event["at"])
    return sum(_overlaps(several, answered, lease_s) for several in served.values())


def _overlaps(several: list[dict[str, Any]], answered: Any, lease_s: float) -> int:
    several.sort(key=lambda event: event["sent"])
    found = 0
    for place, one in enumerate(several):
        for other in several[place + 1 :]:
            over = any(
                one["sent"] <= at <= other["got"] for at in answered[one["case"], one["who"]]
            )
            if one["who"] != other["who"] and other["got"] < one["sent"] + lease_s and not over:
                found += 1
    return found


def verify(soak: Soak, count: Count) -> None:
    seen = list(events(soak.witness))
    kept = {event["opinion"] for event in seen if event["event"] == "kept"}
    count.served = sum(event["event"] == "served" for event in seen)
    count.double_services = double_services(seen, LEASE_S)
    with soak.parts.database.reading() as connection:
        there = set(connection.execute(select(opinions.c.opinion_id)).scalars())
        made = connection.execute(
            select(decisions.c.inspection_id, func.count()).group_by(decisions.c.inspection_id)
        ).all()
        cases_open = select(func.count()).select_from(cases).where(cases.c.closed_at.is_(None))
        count.left_open = connection.execute(cases_open).scalar_one()
        closed = connection.execute(select(func.count()).select_from(cases)).scalar_one()
    count.opinions, count.lost = len(there), len(kept - there)
    count.decided = len(made)
    count.doubled = sum(n - 1 for _, n in made) + max(0, len(there) - closed)


def bare_claims_per_s(database: str, loops: int) -> float:
    """What PostgreSQL gives when nothing else is done: claim a row, commit, mark it done, commit."""
    url = make_url(database).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bare")
        connection.execute("CREATE TABLE bare (id int PRIMARY KEY, rank float, holder text, done bool DEFAULT false)")  # fmt: skip
        connection.execute(f"INSERT INTO bare SELECT n, random(), NULL, false FROM generate_series(1, {BARE_ROWS}) n")  # fmt: skip
        connection.execute("CREATE INDEX bare_queue ON bare (rank) WHERE NOT done")
    done = [0] * loops
    began = time.monotonic()
    threads = [threading.Thread(target=_bare, args=(url, n, done, began)) for n in range(loops)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - began
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE bare")
    return sum(done) / seconds


def _bare(url: str, n: int, done: list[int], began: float) -> None:
    claim = (
        "UPDATE bare SET holder = %s WHERE id = (SELECT id FROM bare WHERE NOT done AND holder IS NULL "
        "ORDER BY rank DESC LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id"
    )
    with psycopg.connect(url) as connection:
        while time.monotonic() < began + BARE_S:
            row = connection.execute(claim, (str(n),)).fetchone()
            connection.commit()
            if row is None:
                return
            connection.execute("UPDATE bare SET done = true WHERE id = %s", row)
            connection.commit()
            done[n] += 1


def run(soak: Soak, number: int, count: Count, *, every_s: float, server_every_s: float) -> None:
    soak.start_servers()
    soak.crews = []
    for crew in range(CREWS):
        soak.start_crew(crew, 0)
    began = last = time.monotonic()
    kill_at, server_at, told = began + every_s, began + server_every_s, -1
    turn = 0
    while True:
        time.sleep(0.2)
        now = time.monotonic()
        if now >= kill_at:
            turn += 1
            crew = soak.dice.randrange(CREWS)
            soak.crews[crew].kill()
            soak.crews[crew].wait()
            soak.start_crew(crew, turn)
            count.kills += 1
            kill_at = now + soak.dice.uniform(0.5, 1.5) * every_s
        if now >= server_at:
            place = soak.dice.randrange(len(soak.ports))
            soak.servers[place].kill()
            soak.servers[place].wait()
            soak.start_server(place)
            count.server_kills += 1
            server_at = now + soak.dice.uniform(0.5, 1.5) * server_every_s
        if now - last >= 5 or told == -1:
            left = _left(soak)
            if left != told:
                told, last = left, now
                rate = (number - left) / max(now - began, 0.1)
                tell(f"{now - began:6.0f} s  {left:7} open  {rate:6.0f} decided/s  {count.kills} kills, {count.server_kills} of a server")  # fmt: skip
            if left == 0:
                break
            if now - last > IDLE_END_S:
                break
    count.seconds = round(time.monotonic() - began, 1)


def _left(soak: Soak) -> int:
    with soak.parts.database.reading() as connection:
        found = select(func.count()).select_from(cases).where(cases.c.closed_at.is_(None))
        return connection.execute(found).scalar_one()


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--reviewers", type=int, default=50)
    asked.add_argument("--cases", type=int, default=100_000)
    asked.add_argument("--database", default="")
    asked.add_argument("--seed", type=int, default=7)
    asked.add_argument("--kill-every-s", type=float, default=3.0)
    asked.add_argument("--server-kill-every-s", type=float, default=30.0)
    said = asked.parse_args()
    count = Count(
        cases=said.cases, database=make_url(said.database or "sqlite://").get_backend_name()
    )
    with tempfile.TemporaryDirectory() as home:
        soak = Soak(
            home=Path(home),
            reviewers=said.reviewers,
            database=said.database or None,
            dice=random.Random(said.seed),
        )
        tell(f"{said.cases} cases are made …")
        soak.prepare(said.cases)
        try:
            run(soak, said.cases, count, every_s=said.kill_every_s, server_every_s=said.server_kill_every_s)  # fmt: skip
            verify(soak, count)
        finally:
            soak.end()
        count.claims_per_s = round(count.served / max(count.seconds, 0.1), 1)
        count.decided_per_s = round(count.decided / max(count.seconds, 0.1), 1)
        if said.database:
            bare = bare_claims_per_s(said.database, min(said.reviewers, 16))
            count.bare_claims_per_s = round(bare, 1)
            count.claims_share = round(count.claims_per_s / bare, 4) if bare else None
    tell(json.dumps(asdict(count)))
    return 0 if count.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
