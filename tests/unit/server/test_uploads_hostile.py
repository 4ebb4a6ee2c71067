"""Whoever sends badly gets nothing in, loses nothing of others, and keeps nobody else waiting."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.intake import photos
from server.turns import Turns
from tests.factories import sha256
from tests.unit.server.running import JPEG, Running, put_photo

NAME = sha256(JPEG)
PNG, WEBP = b"\x89PNG\r\n\x1a\n" + b"x" * 50, b"RIFF\x10\0\0\0WEBPVP8 " + b"x" * 50


def spool(server: Running) -> list[Path]:
    return list(server.parts.archive._spool.iterdir())


def nothing_came(server: Running) -> bool:
    end = time.monotonic() + 5
    while spool(server) and time.monotonic() < end:
        time.sleep(0.01)
    return list(server.parts.archive) == spool(server) == []


@contextmanager
def wire(server: Running) -> Iterator[socket.socket]:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        yield line


def head(
    server: Running, length: int | str, *more: str, name: str = NAME, station: str = "bench-1"
) -> bytes:
    token = server.station(station).headers["authorization"]
    lines = [
        f"PUT /api/v1/photos/{name} HTTP/1.1",
        "host: 127.0.0.1",
        f"authorization: {token}",
        "content-type: image/jpeg",
        f"content-length: {length}",
        *more,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def answer(line: socket.socket) -> int:
    said = b""
    while b"\r\n" not in said:
        piece = line.recv(65536)
        if not piece:
            return 0
        said += piece
    return int(said.split(b" ")[1])


def test_who_announces_more_than_comes_leaves_nothing(server: Running) -> None:
    with wire(server) as line:
        line.sendall(head(server, len(JPEG) + 5) + JPEG)
    assert nothing_came(server)


def test_who_announces_less_than_comes_is_refused(server: Running) -> None:
    with wire(server) as line:
        line.sendall(head(server, len(JPEG) - 5) + JPEG)
        assert answer(line) == 422
    assert nothing_came(server)


@pytest.mark.parametrize("length", ["-1", "x", "99999999999999999999", "1, 2"])
def test_a_length_that_is_none(server: Running, length: str) -> None:
    with wire(server) as line:
        line.sendall(head(server, length) + JPEG)
        assert 400 <= answer(line) < 500
    assert nothing_came(server)
    assert put_photo(server.station()).status_code == 201


def test_headers_without_end_are_cut_off(server: Running) -> None:
    with wire(server) as line:
        line.sendall(head(server, len(JPEG))[:-2])
        try:
            for _ in range(400):
                line.sendall(b"x-more: " + b"a" * 4000 + b"\r\n")
            status = answer(line)
        except OSError:
            status = 0  # it hung up
    assert status in {0, 400, 431}
    assert put_photo(server.station()).status_code == 201


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("../../../etc/passwd", {404}),
        ("..%2f..%2f..%2fetc%2fpasswd", {404, 422}),
        (NAME.upper(), {422}),
        (NAME[:-1], {422}),
        (NAME + "%00", {404, 422}),
        (".incoming", {422}),
    ],
)
def test_a_name_is_a_hash_or_nothing(server: Running, name: str, status: set[int]) -> None:
    with wire(server) as line:
        line.sendall(head(server, len(JPEG), name=name) + JPEG)
        assert answer(line) in status
    assert nothing_came(server)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"<!doctype html><script>alert(1)</script>", "image/jpeg"),
        (b"PK\x03\x04 a zip", "image/png"),
        (b"%PDF-1.7", "image/webp"),
        (b"MZ\x90\0", "image/jpeg"),
        (PNG, "image/jpeg"),
        (JPEG, "image/png"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "image/webp"),
        (b"\xff\xd8", "image/jpeg"),
        (b"", "image/jpeg"),
    ],
)
def test_what_does_not_begin_like_a_photo_is_none(
    server: Running, content: bytes, media_type: str
) -> None:
    refused = put_photo(server.station(), content, headers={"content-type": media_type})
    assert refused.status_code == 415
    assert nothing_came(server)


@pytest.mark.parametrize(
    ("content", "media_type"), [(JPEG, "image/jpeg"), (PNG, "image/png"), (WEBP, "image/webp")]
)
def test_a_polyglot_is_a_photo_and_nothing_else(
    server: Running, content: bytes, media_type: str
) -> None:
    """A photo that is a page and an archive too: given out as a photo, in a sandbox, never sniffed."""
    both = content + b"<script>alert(1)</script>PK\x05\x06" + bytes(18)
    assert (
        put_photo(server.station(), both, headers={"content-type": media_type}).status_code == 201
    )
    told = server.person().get(f"/photos/{sha256(both)}")
    assert told.headers["content-type"] == media_type
    assert told.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in told.headers["content-security-policy"]


@pytest.mark.parametrize("piece", [1, 7, 65536])
def test_a_photo_in_pieces_of_any_size_is_one(server: Running, piece: int) -> None:
    content = JPEG + b"x" * (200 if piece == 1 else 3_000_000)
    pieces = (content[at : at + piece] for at in range(0, len(content), piece))
    sent = put_photo(server.station(), pieces, name=sha256(content))  # type: ignore[arg-type]
    assert sent.status_code == 201
    assert server.parts.archive.read(sha256(content)) == content
    letters = (bytes([one]) for one in WEBP)
    webp = {"content-type": "image/webp"}
    again = put_photo(server.station(), letters, name=sha256(WEBP), headers=webp)  # type: ignore[arg-type]
    assert again.status_code == 201


@pytest.mark.parametrize("sends", [0, 40])
def test_who_falls_silent_is_told_and_leaves_nothing(
    server: Running, monkeypatch: pytest.MonkeyPatch, sends: int
) -> None:
    monkeypatch.setattr(photos, "PATIENCE_S", 0.3)
    with wire(server) as line:
        line.sendall(head(server, 10_000) + JPEG[:sends])
        assert answer(line) == 408
    assert nothing_came(server)


def test_who_trickles_is_told(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "PATIENCE_S", 0.5)
    began = time.monotonic()
    with wire(server) as line:
        line.sendall(head(server, 10_000) + JPEG)
        line.settimeout(0.05)
        while time.monotonic() - began < 8:
            try:
                line.sendall(b"x")
                if line.recv(100).startswith(b"HTTP/1.1 408"):
                    break
            except TimeoutError:
                continue
    assert time.monotonic() - began < 3
    assert nothing_came(server)


def test_twenty_that_are_slow_keep_no_other_station_waiting(server: Running) -> None:
    lines = [
        socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1])))
        for _ in range(20)
    ]
    slow = head(server, 10_000, station="slow")
    try:
        for line in lines:
            line.sendall(slow + JPEG)
        began = time.monotonic()
        assert put_photo(server.station("quick")).status_code == 201
        assert time.monotonic() - began < 5
    finally:
        for line in lines:
            line.close()


def test_many_small_ones_at_once_are_all_there_once(server: Running) -> None:
    contents = [JPEG + str(number % 150).encode() for number in range(300)]
    token = server.station().headers["authorization"]
    here = threading.local()

    def send(content: bytes) -> int:
        if not hasattr(here, "client"):
            here.client = server.client(headers={"authorization": token})
        return put_photo(here.client, content).status_code

    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(send, contents))
    assert set(answers) == {200, 201}
    assert sorted(server.parts.archive) == sorted(set(map(sha256, contents)))
    assert all(server.parts.inventory.look(sha256(content))[0] for content in contents)
    assert spool(server) == []


def test_turns_are_so_many_at_once_and_so_many_each() -> None:
    most = {"all": 0, "a": 0}
    inside: list[str] = []

    async def one(turns: Turns, name: str) -> None:
        async with turns.turn(name):
            inside.append(name)
            most["all"] = max(most["all"], len(inside))
            most["a"] = max(most["a"], inside.count("a"))
            await asyncio.sleep(0.001)
            inside.remove(name)

    async def every() -> None:
        turns = Turns(at_once=5, each=3)
        await asyncio.gather(*(one(turns, "ab"[number % 2]) for number in range(40)))

    asyncio.run(every())
    assert most == {"all": 5, "a": 3}
