"""A network camera that misbehaves: a real HTTP server that sends real JPEGs, or whatever a test says."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

EVERY_S = 0.03
# A prime number: however many are passed over, no frame follows itself.
FRAMES = 31


@cache
def scene(width: int, height: int) -> np.ndarray:
    """A bench with something on it."""
    rng = np.random.default_rng(3)
    bgr = np.full((height, width, 3), 150, np.uint8)
    bgr[height // 4 : -height // 4, width // 4 : -width // 4] = (90, 60, 40)
    for _ in range(12):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        cv2.circle(bgr, (x, y), max(3, width // 30), tuple(map(int, rng.integers(40, 220, 3))), -1)
    return bgr


def noisy(bgr: np.ndarray, seed: int, sigma: float = 3.0) -> np.ndarray:
    """As a living sensor sees it."""
    noise = np.random.default_rng(seed).normal(0, sigma, bgr.shape)
    return np.clip(bgr + noise, 0, 255).astype(np.uint8)


def jpeg(bgr: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


@cache
def living(width: int, height: int) -> tuple[bytes, ...]:
    return tuple(jpeg(noisy(scene(width, height), seed)) for seed in range(FRAMES))


@cache
def black(width: int, height: int) -> tuple[bytes, ...]:
    dark = np.zeros((height, width, 3), np.uint8)
    return tuple(jpeg(noisy(dark, seed)) for seed in range(4))


def promising(width: int, height: int) -> bytes:
    """A JPEG whose header says another size than its picture has."""
    data = bytearray(living(320, 240)[0])
    at = data.find(b"\xff\xc0")
    data[at + 5 : at + 9] = height.to_bytes(2) + width.to_bytes(2)
    return bytes(data)


@dataclass
class Webcam:
    """What the camera does, changed while it runs.

    Moods: "live"; "hang" (no more bytes in the middle of a frame); "silent" (accepts and says nothing);
    "rubbish" (bytes without parts); "noise" (parts that are no pictures); "truncated"; "huge" (a header
    of 40,000 × 40,000); "resized"; "frozen"; "black"; "trickle" (a byte now and then); "html"; "404";
    "closing" (ends after each frame).
    """

    mood: str = "live"
    size: tuple[int, int] = (320, 240)
    other: tuple[int, int] = (160, 120)
    url: str = ""
    connections: int = 0
    open_now: int = 0
    sent: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def pictures(self) -> Iterator[bytes]:
        while True:
            self.sent += 1
            number = self.sent
            match self.mood:
                case "truncated":
                    whole = living(*self.size)[number % FRAMES]
                    yield whole[: len(whole) // 2]
                case "huge":
                    yield promising(40_000, 40_000)
                case "noise":
                    yield np.random.default_rng(number).bytes(2000)
                case "resized":
                    yield living(*self.other)[number % FRAMES]
                case "frozen":
                    yield living(*self.size)[0]
                case "black":
                    yield black(*self.size)[number % 4]
                case _:
                    yield living(*self.size)[number % FRAMES]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cam: Webcam

    def log_message(self, *_: object) -> None:
        return

    def do_GET(self) -> None:
        self.close_connection = True
        self.cam.connections += 1
        self.cam.open_now += 1
        try:
            self.answer()
        except OSError:
            pass
        finally:
            self.cam.open_now -= 1

    def answer(self) -> None:
        cam = self.cam
        if cam.mood == "silent":
            while cam.mood == "silent" and not cam.stop.wait(EVERY_S):
                pass
            return
        if cam.mood in {"404", "html"}:
            self.send_response(404 if cam.mood == "404" else 200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<html>a router</html>")
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=--cam")
        self.end_headers()
        self.stream()

    def stream(self) -> None:
        cam = self.cam
        for picture in cam.pictures():
            if cam.stop.wait(EVERY_S):
                return
            if cam.mood == "rubbish":
                self.wfile.write(np.random.default_rng(1).bytes(20_000))
                continue
            head = f"--cam\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            part = head.encode() + picture + b"\r\n"
            if cam.mood in {"hang", "trickle"}:
                self.slowly(part)
            else:
                self.wfile.write(part)
            if cam.mood in {"closing", "silent", "404", "html"}:
                return

    def slowly(self, part: bytes) -> None:
        """Half a frame, then nothing, or a byte a tenth of a second; the rest once all is well again."""
        half = len(part) // 2
        self.wfile.write(part[:half])
        sent = half
        while self.cam.mood in {"hang", "trickle"} and not self.cam.stop.wait(0.1):
            if self.cam.mood == "trickle":
                self.wfile.write(part[sent : sent + 1])
                sent += 1
        self.wfile.write(part[sent:])


class Listener(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: type[Handler]) -> None:
        super().__init__(address, handler)
        self.live: set[socket.socket] = set()

    def process_request(self, request: socket.socket, client_address: object) -> None:
        self.live.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:
        self.live.discard(request)
        super().shutdown_request(request)

    def handle_error(self, *_: object) -> None:
        return


@contextmanager
def serving(cam: Webcam, port: int = 0) -> Iterator[Webcam]:
    """Listen until the block ends, which is as if somebody pulled the cable."""
    listener = Listener(("127.0.0.1", port), type("CamHandler", (Handler,), {"cam": cam}))
    cam.url = f"http://127.0.0.1:{listener.server_address[1]}/video"
    cam.stop.clear()
    thread = threading.Thread(target=listener.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield cam
    finally:
        cam.stop.set()
        listener.shutdown()
        listener.server_close()
        for door in list(listener.live):
            with_shut(door)
        thread.join()


def with_shut(door: socket.socket) -> None:
    try:
        door.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def wait_until(true, seconds: float, what: object = "") -> float:
    """Seconds that it took; fails with what `what` says then."""
    begun_s = time.monotonic()
    while not true():
        told = what() if callable(what) else what
        assert time.monotonic() - begun_s < seconds, f"waited {seconds} s in vain: {told}"
        time.sleep(0.01)
    return time.monotonic() - begun_s
