"""A real server supplies a bench; what is not signed, not for this bench or not what was announced is refused."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from models.supply import (
    KEY_HEADER,
    SIGNATURE_HEADER,
    ExpectedReturn,
    Supplied,
    SuppliedFile,
    Supply,
)
from models.vocabulary import Category
from station.errors import PhotoLost, SupplyRefused
from station.supply import PIECE_BYTES, Store, Supplier
from station.wire import Fetched
from tests.factories import sha256

KEY = Ed25519PrivateKey.generate()
BIG = bytes(range(256)) * 5000
FILES = {sha256(content): content for content in (b"small", BIG)}
STANDARDS = (
    Supplied(
        identifier="apparel@1",
        files=(SuppliedFile(name="apparel@1.yaml", sha256=sha256(b"small"), size_bytes=5),),
    ),
)
RELEASES = (
    Supplied(
        identifier="stain@2",
        files=(SuppliedFile(name="model.onnx", sha256=sha256(BIG), size_bytes=len(BIG)),),
    ),
)


def public(key: Ed25519PrivateKey = KEY) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def expected(code: str, **said: str) -> ExpectedReturn:
    return ExpectedReturn(return_code=code, category=Category.APPAREL, **said)


class Wire:
    """A server of few words: answers, one after the other, and files in pieces."""

    def __init__(self, *answers: Supply, key: Ed25519PrivateKey = KEY) -> None:
        self.answers = list(answers)
        self.key = key
        self.asked: list[str] = []
        self.spoil = False

    def __call__(self, path: str, headers: dict[str, str]) -> Fetched:
        self.asked.append(path)
        if "/files/" in path:
            return self._file(FILES[path.rpartition("/")[2]], headers["Range"])
        body = self.answers.pop(0).to_json().encode()
        signature = base64.b64encode(self.key.sign(body)).decode()
        if self.spoil:
            body = body.replace(b"R1", b"R2")
        told = {SIGNATURE_HEADER: signature, KEY_HEADER: public(self.key)}
        return Fetched(status=200, headers=told, body=body)

    def _file(self, content: bytes, ranged: str) -> Fetched:
        first, last = map(int, ranged.removeprefix("bytes=").split("-"))
        return Fetched(status=206, headers={}, body=content[first : last + 1])


def answer(**said: object) -> Supply:
    facts: dict[str, object] = {
        "station": "bench-1",
        "since": "",
        "cursor": "1.",
        "more": False,
        "expected": (expected("R1", sku="TEE", tracking="1Z 1", serial="sn1"),),
    }
    return Supply.model_validate(facts | said)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "supply")
    yield made
    made.close()


def supplier(store: Store, wire: Wire, key: str = "") -> Supplier:
    return Supplier(store, wire, station="bench-1", key=key)


def test_what_was_fetched_is_known_without_the_server(store: Store, tmp_path: Path) -> None:
    wire = Wire(answer(standards=STANDARDS, policies=(), releases=RELEASES))
    assert supplier(store, wire).step() is False

    again = Store(tmp_path / "supply")  # after a restart, offline
    for scanned in ("R1", "1z1", "SN1"):
        found = again.find(scanned)
        assert found
        assert (found.category, found.sku) == (Category.APPAREL, "TEE")
    assert again.find("r1") is None
    assert again.missing() == []
    assert again.read(RELEASES[0].files[0]) == BIG
    assert len([p for p in wire.asked if p.endswith(sha256(BIG))]) == -(-len(BIG) // PIECE_BYTES)
    again.close()


def test_only_what_changed_is_asked_for(store: Store) -> None:
    wire = Wire(
        answer(standards=STANDARDS, more=True),
        answer(since="1.", cursor="2.", expected=(expected("R1", sku="OTHER"), expected("R3"))),
    )
    bench = supplier(store, wire)
    assert bench.step() is True
    assert bench.step() is False
    assert [p for p in wire.asked if "since" in p] == [
        "/api/v1/supply?since=",
        "/api/v1/supply?since=1.",
    ]
    found = store.find("R1")
    assert found
    assert found.sku == "OTHER"
    assert store.supplied("standards") == STANDARDS
    assert store.cursor == "2."


def test_a_number_that_means_two_is_nobodys(store: Store) -> None:
    both = (expected("A", tracking="T"), expected("B", tracking="T"))
    supplier(store, Wire(answer(expected=both))).step()
    assert store.find("T") is None


@pytest.mark.parametrize(
    "said", [{"station": "bench-2"}, {"since": "0."}], ids=["station", "question"]
)
def test_an_answer_to_somebody_or_something_else(said: dict[str, str], store: Store) -> None:
    with pytest.raises(SupplyRefused, match="another"):
        supplier(store, Wire(answer(**said))).step()
    assert store.find("R1") is None
    assert store.cursor == ""


def test_a_changed_answer_and_another_key(store: Store) -> None:
    spoilt = Wire(answer())
    spoilt.spoil = True
    with pytest.raises(SupplyRefused, match="signature"):
        supplier(store, spoilt).step()

    stranger = Ed25519PrivateKey.generate()
    with pytest.raises(SupplyRefused, match="another key"):
        supplier(store, Wire(answer(), key=stranger), key=public()).step()
    assert store.find("R1") is None

    supplier(store, Wire(answer())).step()  # the first key that is seen is kept to
    with pytest.raises(SupplyRefused, match="another key"):
        supplier(store, Wire(answer(since="1."), key=stranger)).step()


def test_a_file_that_is_another(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FILES, sha256(b"small"), b"SMALL")
    with pytest.raises(SupplyRefused, match="another content"):
        supplier(store, Wire(answer(standards=STANDARDS))).step()
    monkeypatch.undo()
    assert [file.name for file in store.missing()] == ["apparel@1.yaml"]
    supplier(store, Wire(answer(since="1.", cursor="1."))).step()  # fetched the next time
    assert store.missing() == []


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_server_that_gives_nothing(status: int, store: Store) -> None:
    with pytest.raises(SupplyRefused, match=str(status)):
        Supplier(
            store, lambda _p, _h: Fetched(status=status, headers={}, body=b""), station="bench-1"
        ).step()


def test_a_file_that_changed_on_the_disk_is_not_read(store: Store, tmp_path: Path) -> None:
    supplier(store, Wire(answer(standards=STANDARDS))).step()
    (tmp_path / "supply/files" / sha256(b"small")).write_bytes(b"SMALL")
    with pytest.raises(PhotoLost):
        store.read(STANDARDS[0].files[0])
