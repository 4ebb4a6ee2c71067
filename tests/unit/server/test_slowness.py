"""Who takes their time on purpose gets none of the others': heads, pauses and bodies have limits."""

import asyncio
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest

from server import slowness
from server.errors import TooSlow
from tests.factories import sha256
from tests.unit.server.running import JPEG, Running, put_photo, serving


def connected(server: Running) -> socket.socket:
    port = int(server.url.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def seconds_until_closed(door: socket.socket) -> float:
    began_s = time.monotonic()
    try:
        while door.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return time.monotonic() - began_s


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slowness, "HEAD_S", 0.5)
    monkeypatch.setattr(slowness, "PAUSE_S", 0.5)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("said", [b"", b"GET /healthz HTTP/1.1\r\nhost: loc"])
def test_a_head_that_never_ends_is_not_waited_for(server: Running, said: bytes) -> None:
    with connected(server) as door:
        door.sendall(said)
        assert 0.3 < seconds_until_closed(door) < 5


@pytest.mark.usefixtures("hurried")
def test_a_head_that_trickles_is_not_waited_for_either(server: Running) -> None:
    """Each byte in time, the whole never: also behind a request that was answered."""
    with connected(server) as door:
        door.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert b"200 OK" in door.recv(4096)
        began_s = time.monotonic()
        with suppress(OSError):
            while time.monotonic() < began_s + 8:
                door.sendall(b"G")
                time.sleep(0.1)
        assert time.monotonic() - began_s < 5


@pytest.mark.usefixtures("hurried")
def test_a_body_that_stops_is_told_and_leaves_nothing(server: Running) -> None:
    token = server.station().headers["authorization"]
    with connected(server) as door:
        door.sendall(
            f"PUT /api/v1/photos/{sha256(JPEG)} HTTP/1.1\r\nhost: localhost\r\n"
            f"authorization: {token}\r\ncontent-type: image/jpeg\r\ncontent-length: 5000\r\n\r\n".encode()
            + JPEG
        )
        assert b"408" in door.recv(4096)
        seconds_until_closed(door)
    assert list(server.parts.archive) == []
    assert put_photo(server.station("bench-2")).status_code == 201


@pytest.mark.usefixtures("hurried")
def test_a_slow_answer_is_not_a_slow_request(tmp_path: Path) -> None:
    """Whoever waits for the server, as for live counts, may wait for as long as it takes."""
    with serving(tmp_path) as server, connected(server) as door:
        door.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        time.sleep(1)
        assert b"200 OK" in door.recv(4096)


def test_a_thousand_who_say_nothing_keep_nobody_out(server: Running) -> None:
    idle = [connected(server) for _ in range(300)]
    assert server.client().get("/healthz").status_code == 200
    for door in idle:
        door.close()


def pieces(*sizes_and_pauses: tuple[int, float]) -> slowness.Body:
    coming = iter(sizes_and_pauses)

    async def receive() -> dict[str, object]:
        size, pause_s = next(coming, (0, 0.0))
        await asyncio.sleep(pause_s)
        return {"type": "http.request", "body": b"x" * size, "more_body": size > 0}

    return slowness.Body(receive)


async def read(body: slowness.Body) -> int:
    while (await body.receive())["more_body"]:
        pass
    await body.receive()  # the rest of the connection's life
    return body.size_bytes


@pytest.mark.parametrize(
    ("sizes_and_pauses", "is_too_slow"),
    [
        ([(10, 0.0), (10, 0.0)], False),
        ([(10, 0.15)] * 3, True),  # in time each, 67 bytes/s on the whole, after the grace
        ([(4000, 0.15)] * 3, False),
        ([(10, 0.0), (10, 0.6)], True),  # one pause
    ],
)
def test_what_a_body_may_take(
    monkeypatch: pytest.MonkeyPatch, sizes_and_pauses: list[tuple[int, float]], is_too_slow: bool
) -> None:
    monkeypatch.setattr(slowness, "PAUSE_S", 0.4)
    monkeypatch.setattr(slowness, "GRACE_S", 0.2)
    reading = read(pieces(*sizes_and_pauses))
    if is_too_slow:
        with pytest.raises(TooSlow):
            asyncio.run(reading)
    else:
        assert asyncio.run(reading) == sum(size for size, _ in sizes_and_pauses)


def test_heads_have_a_size(server: Running) -> None:
    """In one piece and in many; whoever still sends when we hang up finds a broken line."""
    head = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n"
    with connected(server) as door:
        door.sendall(head + b"x: " + b"y" * 50_000 + b"\r\n\r\n")
        assert b" 431 " in door.recv(4096)
    with connected(server) as door, suppress(OSError):
        door.sendall(head)
        for number in range(40):
            door.sendall(b"x%d: " % number + b"y" * 5_000 + b"\r\n")
            time.sleep(0.01)
        door.sendall(b"\r\n")
        assert b" 200 " not in door.recv(4096)
