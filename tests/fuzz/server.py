"""Everything that can be asked of a real server, by everybody, in every wrong way: what breaks, what gets in, what is lost?

    python -m tests.fuzz.server [--examples 20] [--uploads 10000] [--seed 7]

Schemathesis makes the requests from the server's own OpenAPI document, right ones and wrong ones, as
every role, as a station and as a program; then come hostile uploads. The last line is one JSON object.
"""

import argparse
import asyncio
import itertools
import json
import logging
import random
import socket
import struct
import sys
import tempfile
import time
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx
import schemathesis
import structlog
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode

from models.vocabulary import Role, Scope
from server import slowness
from server.permissions import PUBLIC, read_permissions
from server.watch.contract import document
from tests.factories import sha256
from tests.unit.server.running import (  # fmt: skip
    JPEG,
    Running,
    an_inspection,
    put_inspection,
    put_photo,
    send,
    serving,
)

PROGRAM = "program"
WHO = [PUBLIC, *Role, PROGRAM]
PROGRAMS = itertools.count()
ENDLESS = {"GET /queue/events"}
"""Streams that end when the reader leaves."""


@dataclass
class Count:
    """What the last line says."""

    requests: int = 0
    server_errors: int = 0
    let_in: int = 0
    lost: int = 0
    refused: int = 0
    kept: int = 0
    operations: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def saw(self, what: str, status: int) -> int:
        self.requests += 1
        self.refused += 400 <= status < 500
        if status >= 500:
            self.server_errors += 1
            self.faults.append(f"{status}: {what}")
        return status


def headers_of(server: Running, who: str) -> dict[str, str]:
    """What this one sends along; a session's comes with the token for its forms."""
    if who == PUBLIC:
        return {}
    if who == Role.STATION:
        return dict(server.station("fuzz-bench").headers)
    if who == PROGRAM:
        # A new account for each forty: nobody may hold more than fifty tokens.
        name = f"fuzzer-{next(PROGRAMS) // 40}"
        return dict(server.program(name, Role.ADMINISTRATOR, list(Scope)).headers)
    person = server.person(f"f-{who}", Role(who))
    cookies = "; ".join(f"{name}={value}" for name, value in person.client.cookies.items())
    return {"cookie": cookies, "x-form-token": person.form_token()}


def fuzz_operations(server: Running, count: Count, examples: int, dice: random.Random) -> None:
    """Each operation, as each of them, with right and with wrong requests."""
    said = document(server.app, read_permissions())
    schema = schemathesis.openapi.from_dict(said)
    operations = [found.ok() for found in schema.get_all_operations()]
    count.operations = len(operations)
    for operation in operations:
        key = f"{operation.method.upper()} {operation.path}"
        if key in ENDLESS:
            continue
        for who in WHO if examples > 3 else dice.sample(WHO, 2):
            for mode in GenerationMode:
                try_operation(server, count, operation, key, who, mode, examples, dice)


def try_operation(server, count, operation, key, who, mode, examples, dice):
    headers = headers_of(server, who)
    allowed = operation.definition.raw["x-roles"]

    @seed(dice.randrange(2**32))
    @settings(
        max_examples=examples, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck), print_blob=False,
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case) -> None:
        try:
            answer = case.call(
                base_url=server.url, headers=headers, timeout=30, allow_redirects=False
            )
        except (ValueError, OSError):
            return  # the client itself cannot send this
        status = count.saw(
            f"{who} {mode.value} {key} {case.as_curl_command()[:600]}", answer.status_code
        )
        stranger = who not in allowed and PUBLIC not in allowed and who != PROGRAM
        inside = status < 300 or (
            status == 303 and not answer.headers["location"][0].startswith("/sign-in")
        )
        if stranger and inside:
            count.let_in += 1
            count.faults.append(f"{who} got into {key}: {status}")

    try:
        ask()
    except schemathesis.errors.InvalidSchema:
        raise
    except Exception as error:
        if "Unsatisfiable" not in type(error).__name__ and "SkipTest" not in type(error).__name__:
            raise


def png(width: int, height: int) -> bytes:
    """A picture's head that promises more than any memory holds."""
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 4096)), (b"IEND", b""))
    )


def hostile(station: httpx.Client) -> Iterator[tuple[str, httpx.Response]]:
    """Uploads that must not get in."""
    name = sha256(b"hostile")
    types = {"content-type": "image/jpeg"}
    yield "wrong hash", put_photo(station, JPEG + b"x", name=name)
    yield "empty", put_photo(station, b"")
    yield "no picture", put_photo(station, b"<script>alert(1)</script>")
    yield "a page", put_photo(station, JPEG + b"p", headers={"content-type": "text/html"})
    yield "svg", put_photo(station, b"<svg/>", headers={"content-type": "image/svg+xml"})
    yield (
        "zip",
        put_photo(station, b"PK\x03\x04" + b"\0" * 99, headers={"content-type": "application/zip"}),
    )
    yield "too long", put_photo(station, JPEG + b"\0" * 1_100_000)
    for path in ("..%2f..%2f..%2fetc%2fpasswd", "../../../../tmp/x", "%00", "A" * 64, "a" * 63, "a" * 65, ".", "%2e%2e", name + "%0a", name.upper()):  # fmt: skip
        yield (
            f"name {path[:20]}",
            station.put(f"/api/v1/photos/{path}", content=JPEG, headers=types),
        )
    for body in (b"{", b"[]", b"null", b"\xff\xfe", b'{"a":' * 50_000, b"[" * 100_000, b"1" * 5_000_000, b'{"inspection_id": NaN}'):  # fmt: skip
        yield (
            "record",
            station.put(f"/api/v1/inspections/{an_inspection(77).inspection_id}", content=body),
        )
    other = an_inspection(78, station="another-bench")
    yield "another's name", put_inspection(station, other)


def raw(server: Running, token: str, said: bytes, wait_s: float = 10) -> int:
    """Bytes as no library sends them; gives the status, 0 when the line was cut without a word."""
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=wait_s) as door:
        try:
            door.sendall(said.replace(b"TOKEN", token.encode()))
            door.shutdown(socket.SHUT_WR) if said.endswith(b"CUT") else None
            answer = door.recv(4096)
        except OSError:
            return 0
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


def head(name: str, *lines: str) -> bytes:
    fields = ["host: localhost", "authorization: TOKEN", "content-type: image/jpeg", *lines]
    return "\r\n".join([f"PUT /api/v1/photos/{name} HTTP/1.1", *fields, "", ""]).encode()


def wire() -> Iterator[tuple[str, bytes]]:
    """Bodies that end too early, too late or never, and heads that are too much."""
    content = JPEG + b"wire"
    name = sha256(content)
    yield "shorter than said", head(name, "content-length: 5000") + content + b"CUT"
    yield "longer than said", head(name, "content-length: 5") + content
    yield "length that is none", head(name, "content-length: many") + content
    yield "negative length", head(name, "content-length: -1") + content
    yield "two lengths", head(name, "content-length: 5", "content-length: 28") + content
    yield (
        "length and chunks",
        head(name, "content-length: 5", "transfer-encoding: chunked") + content,
    )
    yield "chunk cut off", head(name, "transfer-encoding: chunked") + b"fff\r\n" + content + b"CUT"
    yield "chunk size that is none", head(name, "transfer-encoding: chunked") + b"zz\r\n" + content
    yield "huge header", head(name, "x: " + "y" * 200_000, "content-length: 5") + content
    yield "many headers", head(name, *[f"x{n}: y" for n in range(20_000)], "content-length: 5")
    yield "a body that stops", head(name, "content-length: 5000") + content
    yield "a head that stops", head(name)[:60]
    yield "nonsense", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 50


def hostile_uploads(server: Running, count: Count) -> None:
    station = server.station("hostile-bench")
    for what, answer in hostile(station):
        if count.saw(what, answer.status_code) < 400:
            count.let_in += 1
            count.faults.append(f"let in: {what} {answer.status_code}")
    for what, said in wire():
        status = count.saw(what, raw(server, station.headers["authorization"], said))
        if 200 <= status < 300:
            count.let_in += 1
            count.faults.append(f"let in: {what} {status}")


def polyglots(server: Running, count: Count) -> None:
    """A photo that is a page as well is a photo, and whoever opens it gets nothing to run."""
    station, reader = server.station("poly-bench"), server.person("poly-reader")
    for content in (JPEG + b"<script>alert(1)</script>", JPEG + b"PK\x03\x04 zip", JPEG + b"%PDF-1.7", png(40_000, 40_000)):  # fmt: skip
        kind = "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
        told = put_photo(station, content, headers={"content-type": kind})
        if count.saw("polyglot", told.status_code) >= 400:
            continue
        count.kept += 1
        seen = reader.get(f"/photos/{sha256(content)}")
        safe = (
            seen.headers.get("content-type") == kind
            and seen.headers.get("x-content-type-options") == "nosniff"
            and "sandbox" in seen.headers.get("content-security-policy", "")
        )
        if count.saw("polyglot read", seen.status_code) != 200 or not safe:
            count.let_in += 1
            count.faults.append(f"a polyglot is served as something else: {dict(seen.headers)}")


def parallel_uploads(server: Running, count: Count, number: int) -> None:
    """Many small ones at once, some of them broken: what was acknowledged is there, nothing else."""
    token = server.station("many-bench").headers["authorization"]
    kept = asyncio.run(_upload(server.url, token, number, count))
    archive = server.parts.archive
    lost = [name for name in kept if not archive.intact(name)]
    count.kept += len(kept)
    count.lost += len(lost)
    count.faults += [f"lost: {name}" for name in lost]


async def _upload(url: str, token: str, number: int, count: Count) -> list[str]:
    kept: list[str] = []
    limits = httpx.Limits(max_connections=500, max_keepalive_connections=500)
    headers = {"authorization": token, "content-type": "image/jpeg"}
    async with httpx.AsyncClient(
        base_url=url, headers=headers, timeout=300, limits=limits
    ) as client:

        async def one(n: int) -> None:
            content = JPEG + struct.pack(">I", n)
            name = sha256(content)
            sent = content[:-1] if n % 10 == 0 else content
            while True:
                answer = await client.put(f"/api/v1/photos/{name}", content=sent)
                if answer.status_code not in {429, 503}:
                    break
                await asyncio.sleep(0.05)
            status = count.saw("one of many", answer.status_code)
            if status in {200, 201}:
                kept.append(name)
                if n % 10 == 0:
                    count.let_in += 1
                    count.faults.append("a broken one of many got in")

        await asyncio.gather(*(one(n) for n in range(number)))
    return kept


def nothing_else_is_there(server: Running, count: Count) -> None:
    """What lies in the archive has its hash; nothing half lies beside it; nothing lies outside."""
    archive = server.parts.archive
    wrong = [name for name in archive if not archive.intact(name)]
    end = time.monotonic() + 10
    while (left := list(server.parts.settings.spool.iterdir())) and time.monotonic() < end:
        time.sleep(0.1)
    count.let_in += len(wrong) + len(left)
    count.faults += [f"not what its name says: {name}" for name in wrong] + [
        f"left over: {path}" for path in left
    ]


def slow_ones(server: Running, count: Count) -> None:
    """Three hundred who say nothing; others are served meanwhile."""
    port = int(server.url.rpartition(":")[2])
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(300)]
    for door in idle:
        door.sendall(b"GET / HTTP/1.1\r\nhost: l")
    if count.saw("beside slow ones", server.client().get("/healthz").status_code) != 200:
        count.lost += 1
    for door in idle:
        door.close()


def fuzz(examples: int, uploads: int, number: int) -> int:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    slowness.PAUSE_S = slowness.HEAD_S = 2.0
    began_s, count, dice = time.monotonic(), Count(), random.Random(number)
    tell(f"seed {number}")
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), max_photo_mb=1) as server:
        send(server.station("bench-1"), an_inspection(1), an_inspection(2))
        for what, step in (
            ("hostile uploads", lambda: hostile_uploads(server, count)),
            ("polyglots", lambda: polyglots(server, count)),
            ("slow ones", lambda: slow_ones(server, count)),
            (f"{uploads} uploads at once", lambda: parallel_uploads(server, count, uploads)),
            ("every operation", lambda: fuzz_operations(server, count, examples, dice)),
            ("what is there afterwards", lambda: nothing_else_is_there(server, count)),
        ):
            step()
            tell(f"{what}: {count.requests} requests so far, {count.server_errors} server errors")
    count.seconds = round(time.monotonic() - began_s, 1)
    for fault in count.faults[:50]:
        tell(fault)
    clean = not (count.server_errors or count.let_in or count.lost)
    tell(json.dumps({k: v for k, v in asdict(count).items() if k != "faults"}))
    return 0 if clean else 1


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=20)
    parser.add_argument("--uploads", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    given_ = parser.parse_args()
    sys.exit(fuzz(given_.examples, given_.uploads, given_.seed))
