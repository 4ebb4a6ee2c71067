"""Small real implementations that stand in for what a test cannot have: a server, a power cut."""

import asyncio
import hashlib
import json
import os
import threading
from collections import deque
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import httpx
import numpy as np

from models.records import Acknowledgement, Inspection
from tests.factories import inspection, photo, sha256

TOKEN = "a-token-for-tests"


def item(number: int, *, photos: int = 2, size: int = 300) -> tuple[Inspection, dict[str, bytes]]:
    """An inspection and the files it names; each number gives other bytes."""
    files: dict[str, bytes] = {}
    records = []
    for place in range(photos):
        whole, small = (f"{what} {number}.{place} ".encode() * size for what in ("photo", "small"))
        files |= {sha256(whole): whole, sha256(small): small}
        records.append(
            photo(sha256=sha256(whole), thumbnail_sha256=sha256(small), size_bytes=len(whole))
        )
    made = inspection(
        inspection_id=f"00000000-0000-4000-8000-{number:012}",
        return_code=f"RT-{number:04}",
        photos=tuple(records),
    )
    return made, files


def jpeg(*, width: int = 480, height: int = 360, seed: int = 0, spot: bool = False) -> bytes:
    """A real JPEG of something textured enough to be worth a look."""
    rng = np.random.default_rng(seed)
    bgr = np.full((height, width, 3), 205, np.uint8)
    cv2.rectangle(
        bgr, (width // 8, height // 8), (width * 7 // 8, height * 7 // 8), (140, 110, 70), -1
    )
    noise = rng.integers(-25, 25, bgr.shape, dtype=np.int16)
    bgr = np.clip(bgr.astype(np.int16) + noise, 0, 255).astype(np.uint8)
    if spot:
        cv2.circle(bgr, (width // 2, height // 2), width // 16, (30, 50, 80), -1)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def sample_returns(folder: Path, *, count: int = 3, photos: int = 2, width: int = 480) -> Path:
    """A folder of sample returns as the replay reads it."""
    (folder / "images").mkdir(parents=True)
    shots = ("front", "back", "label", "detail")
    returns = []
    for number in range(1, count + 1):
        names = [f"images/{number}-{shots[place]}.jpg" for place in range(photos)]
        for place, name in enumerate(names):
            data = jpeg(
                width=width, height=width * 3 // 4, seed=10 * number + place, spot=number % 2 == 0
            )
            (folder / name).write_bytes(data)
        returns.append(
            {
                "code": f"RT-{number:04}",
                "category": "apparel",
                "note_en": f"Shirt {number}",
                "note_zh": f"衬衫 {number}",
                "photos": [{"file": name, "shot": shots[i]} for i, name in enumerate(names)],
                "answers": {
                    "tag": "attached",
                    "worn": "unworn",
                    "complete": "complete",
                    "function": "works",
                },
                "truth": [],
            }
        )
    # JSON is YAML.
    (folder / "returns.yaml").write_text(json.dumps(returns))
    return folder


class Visitor:
    """Asks an ASGI application without a socket; follows no redirect."""

    def __init__(self, app: object, base_url: str) -> None:
        self._app = app
        self._base_url = base_url

    def get(self, path: str, **said: object) -> httpx.Response:
        return self._run(self._ask("GET", path, **said))

    def post(self, path: str, **said: object) -> httpx.Response:
        return self._run(self._ask("POST", path, **said))

    def _run(self, asking: Coroutine[object, object, httpx.Response]) -> httpx.Response:
        # In a thread of its own: a browser that other tests keep open has this thread's event loop.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, asking).result()

    async def _ask(self, method: str, path: str, **said: object) -> httpx.Response:
        network = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=network, base_url=self._base_url) as client:
            return await client.request(method, path, **said)


class PowerCut(BaseException):
    """The machine is off: nothing of ours may catch this."""


@dataclass
class Medium:
    """What of a disk survives a power cut: files as last synced, under names as last synced.

    Give `flush` to whatever writes; after `cut_after` calls the power goes.
    """

    cut_after: int | None = None
    calls: int = 0
    contents: dict[int, bytes] = field(default_factory=dict)
    names: dict[int, dict[str, int]] = field(default_factory=dict)

    def flush(self, descriptor: int) -> None:
        if self.calls == self.cut_after:
            raise PowerCut
        self.calls += 1
        inode = os.fstat(descriptor).st_ino
        if os.path.isdir(f"/dev/fd/{descriptor}"):  # noqa: PTH112 - a descriptor, no path of anybody's
            with os.scandir(descriptor) as entries:
                self.names[inode] = {entry.name: entry.inode() for entry in entries}
        else:
            self.contents[inode] = Path(f"/dev/fd/{descriptor}").read_bytes()

    def survivors(self, folder: Path) -> dict[str, bytes]:
        """The folder's files after the power came back; a file that was never synced is empty."""
        names = self.names.get(folder.stat().st_ino, {})
        return {name: self.contents.get(inode, b"") for name, inode in names.items()}


@dataclass
class FakeServer:
    """Keeps what it is sent, in memory, over real HTTP; `moods` are taken one a request.

    Moods: an int answers that status and keeps nothing; "drop" keeps and closes the connection
    without a word; "garbage" answers 200 with something else; "huge" answers 200 without an end;
    "hang" answers nothing for a while; "other" acknowledges other content; "forget" loses all
    photos first.
    """

    token: str = TOKEN
    photos: dict[str, bytes] = field(default_factory=dict)
    inspections: dict[str, Inspection] = field(default_factory=dict)
    moods: deque[int | str] = field(default_factory=deque)
    requests: list[tuple[str, str]] = field(default_factory=list)
    stored_twice: int = 0
    url: str = ""
    hang_s: float = 1.0
    stop: threading.Event = field(default_factory=threading.Event)

    def keep(self, path: str, authorization: str, body: bytes) -> tuple[int, dict[str, object]]:
        """Do what the request asks: status and JSON."""
        if authorization != f"Bearer {self.token}":
            return 401, {"detail": "wrong token"}
        *_, kind, name = path.split("/")
        return self._photo(name, body) if kind == "photos" else self._inspection(name, body)

    def _photo(self, name: str, body: bytes) -> tuple[int, dict[str, object]]:
        if hashlib.sha256(body).hexdigest() != name:
            return 422, {"detail": "the hash of the body differs"}
        status = 200 if name in self.photos else 201
        self.photos[name] = body
        return status, {"sha256": name, "size_bytes": len(body)}

    def _inspection(self, name: str, body: bytes) -> tuple[int, dict[str, object]]:
        told = Inspection.from_json(body)
        wanted = {h for p in told.photos for h in (p.sha256, p.thumbnail_sha256) if h}
        if missing := sorted(wanted - self.photos.keys()):
            return 424, {"missing": missing}
        kept = self.inspections.setdefault(name, told)
        if kept != told:
            self.stored_twice += 1
            return 409, {"detail": "another content is kept under this id"}
        ack = Acknowledgement(
            inspection_id=name, sha256=told.content_sha256(), routing=told.routing
        )
        return 200, json.loads(ack.to_json())


class Handler(BaseHTTPRequestHandler):
    """Speaks for a FakeServer."""

    protocol_version = "HTTP/1.1"
    # Head and body in one packet: in two, each answer waits 40 ms for the other side to confirm.
    wbufsize = -1
    house: FakeServer

    def log_message(self, *_: object) -> None:
        return

    def do_GET(self) -> None:
        self.answer(200, {"status": "ok", "version": "0"})

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        house = self.house
        house.requests.append((self.command, self.path))
        mood = house.moods.popleft() if house.moods else ""
        if isinstance(mood, int):
            return self.answer(mood, {"detail": f"mood {mood}"})
        if mood == "forget":
            house.photos.clear()
        if mood == "hang":
            house.stop.wait(house.hang_s)
        return self.say(mood, *house.keep(self.path, self.headers["Authorization"], body))

    def say(self, mood: str, status: int, told: dict[str, object]) -> None:
        match mood:
            case "drop":
                self.close_connection = True
            case "garbage":
                self.raw(200, b"<html>Welcome to the hotel's network \xff\x00</html>")
            case "huge":
                self.huge()
            case "other":
                self.answer(status, told | {"sha256": sha256("other")})
            case _:
                self.answer(status, told)

    def answer(self, status: int, told: dict[str, object]) -> None:
        self.raw(status, json.dumps(told).encode())

    def raw(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def huge(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(10**12))
        self.end_headers()
        try:
            while not self.house.stop.is_set():
                self.wfile.write(b"x" * 100_000)
        except OSError:
            self.close_connection = True


@contextmanager
def serving(server: FakeServer, port: int = 0) -> Iterator[FakeServer]:
    """Listen on a free port, or on `port`, until the block ends."""
    listener = ThreadingHTTPServer(
        ("127.0.0.1", port), type("Handler", (Handler,), {"house": server})
    )
    listener.daemon_threads = True
    server.url = f"http://127.0.0.1:{listener.server_address[1]}"
    server.stop.clear()
    thread = threading.Thread(target=listener.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.stop.set()
        listener.shutdown()
        listener.server_close()
        thread.join()
