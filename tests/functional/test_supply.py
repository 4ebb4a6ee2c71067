"""A real server supplies a real bench over HTTP: announced there, known here, also when the server is gone."""

import base64
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from models.supply import ExpectedReturn
from models.vocabulary import Category
from server.enrolment import queries
from server.enrolment.service import enrol
from server.expected.imports import keep_one
from station.errors import SupplyRefused
from station.supply import Store, Supplier
from station.wire import HttpSend, Silence
from tests.unit.server.running import Running, serving


def announce(server: Running, *codes: str, **said: str) -> None:
    for code in codes:
        told = ExpectedReturn(return_code=code, category=Category.PARCEL, contact="ann", **said)
        keep_one(server.parts, told, by="ann")


@contextmanager
def bench(server: Running, store: Store, *, key: str | None = None) -> Iterator[Supplier]:
    token, _ = enrol(server.parts.database, "bench-1", server.clock())
    known = server.parts.signer.public_key if key is None else key
    with closing(HttpSend(server.url, token, timeout_s=20)) as send:
        yield Supplier(store, send.get, station="bench-1", key=known)


def test_what_is_announced_there_is_known_here(tmp_path: Path) -> None:
    store, gone = Store(tmp_path / "station"), ExitStack()
    server = gone.enter_context(serving(tmp_path / "server"))
    announce(server, "RT-1", "RT-2", sku="LAMP")
    with bench(server, store) as supplier:
        while supplier.step():
            pass
        announce(server, "RT-2", sku="OTHER")
        assert supplier.step() is False
        assert store.missing() == []
        for kind in ("standards", "policies", "releases"):
            for supplied in store.supplied(kind):
                assert all(store.read(file) for file in supplied.files)
        gone.close()
        with pytest.raises(Silence):
            supplier.step()
    found = store.find("RT-2")
    assert found
    assert (found.sku, found.category, found.contact) == ("OTHER", Category.PARCEL, None)
    store.close()


def test_a_revoked_station_and_one_that_knows_another_key(tmp_path: Path) -> None:
    store = Store(tmp_path / "station")
    with serving(tmp_path / "server") as server:
        announce(server, "RT-1")
        other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        strange = base64.b64encode(other).decode()
        with (
            bench(server, store, key=strange) as supplier,
            pytest.raises(SupplyRefused, match="another key"),
        ):
            supplier.step()
        with bench(server, store) as supplier:
            with server.parts.database.writing() as connection:
                assert queries.revoke(connection, "bench-1", server.clock())
            with pytest.raises(SupplyRefused, match="401"):
                supplier.step()
        assert store.find("RT-1") is None
        assert httpx.get(f"{server.url}/api/v1/supply").status_code == 401
    store.close()
