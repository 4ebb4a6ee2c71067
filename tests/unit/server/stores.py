"""A real S3 protocol server on this machine, and stores that misbehave on purpose."""

import atexit
import logging
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import httpx
import obstore
from moto.server import ThreadedMotoServer

from server.archive import Archive
from server.storage.base import Storage
from server.storage.bucket import Bucket, Place
from server.storage.folder import Folder

STORAGES = ("folder", "bucket")


@cache
def address() -> str:
    """One for the whole run: starting takes a second."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    atexit.register(server.stop)
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


def a_place(prefix: str = "photos", **said: object) -> Place:
    """A new bucket in it."""
    bucket = f"b-{uuid.uuid4()}"
    httpx.put(f"{address()}/{bucket}").raise_for_status()
    facts = {"endpoint": address(), "access_key": "a", "secret_key": "s", "timeout_s": 5.0}
    return Place(bucket=bucket, prefix=prefix, **{**facts, **said})  # type: ignore[arg-type]


def a_storage(kind: str, folder: Path) -> Storage:
    return Folder(folder / "photos") if kind == "folder" else Bucket(a_place())


def an_archive(kind: str, folder: Path, *, reserve_bytes: int = 0) -> Archive:
    spool = folder / "photos" / ".incoming" if kind == "folder" else folder / "spool"
    storage = a_storage(kind, folder)
    return Archive(storage, spool, reserve_bytes=reserve_bytes, limit_bytes=10**6)


def settings_of(place: Place) -> dict[str, object]:
    """The same as the server's settings say it."""
    return {
        "storage_url": f"s3://{place.bucket}/{place.prefix}",
        "storage_endpoint": place.endpoint,
        "storage_access_key": place.access_key,
        "storage_secret_key": place.secret_key,
        "storage_timeout_s": place.timeout_s,
    }


def write_raw(archive: Archive, name: str, content: bytes) -> None:
    """Put other bytes under a name, past everything that would refuse them."""
    if isinstance(archive.storage, Folder):
        path = archive.storage.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    else:
        assert isinstance(archive.storage, Bucket)
        obstore.put(archive.storage._store, archive.storage.key(name), content)


@contextmanager
def answering(*answers: bytes | None) -> Iterator[str]:
    """A store that gives each connection the next answer: bytes, or nothing until the client gives up."""
    door = socket.create_server(("127.0.0.1", 0))
    ended, left = threading.Event(), list(answers)

    def serve() -> None:
        while not ended.is_set():
            try:
                client, _ = door.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(client,), daemon=True).start()

    def answer(client: socket.socket) -> None:
        with client:
            client.recv(65536)
            said = left.pop(0) if len(left) > 1 else left[0]
            if said is None:
                ended.wait(20)
            else:
                client.sendall(said)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        ended.set()
        door.shutdown(socket.SHUT_RDWR)
        door.close()
        thread.join()


def http(status: str, body: str = "") -> bytes:
    head = f'HTTP/1.1 {status}\r\netag: "x"\r\ncontent-length: {len(body)}\r\nconnection: close'
    return f"{head}\r\n\r\n{body}".encode()
