"""Stations get what changed since they last asked, signed, and never miss a row."""

import base64
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from models.grading.policy import default_policy
from models.supply import KEY_HEADER, SIGNATURE_HEADER, ExpectedReturn, Supply
from models.vocabulary import Category
from server.expected.imports import keep_one
from server.supply import service
from server.supply.shelf import shelf
from tests.factories import sha256
from tests.unit.server.running import Running

URL = "/api/v1/supply"


def announce(server: Running, *codes: str, **said: str) -> None:
    for code in codes:
        told = ExpectedReturn(return_code=code, category=Category.APPAREL, **said)
        keep_one(server.parts, told, by="ann")


def ask(station: httpx.Client, since: str = "") -> Supply:
    answer = station.get(URL, params={"since": since})
    assert answer.status_code == 200, answer.text
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(answer.headers[KEY_HEADER]))
    key.verify(base64.b64decode(answer.headers[SIGNATURE_HEADER]), answer.content)
    return Supply.from_json(answer.content)


def all_of(station: httpx.Client, since: str = "") -> Iterator[Supply]:
    while True:
        told = ask(station, since)
        yield told
        since = told.cursor
        if not told.more:
            return


def codes(told: Supply) -> list[str]:
    return [one.return_code for one in told.expected]


def test_only_what_changed_is_told_again(server: Running) -> None:
    station = server.station()
    announce(server, "A", "B", contact="ann@example.org", reason="太大")
    first = ask(station)
    assert codes(first) == ["A", "B"]
    assert first.station == "bench-1"
    assert first.standards
    assert "ann@" not in station.get(URL).text

    second = ask(station, first.cursor)
    assert (codes(second), second.standards, second.policies, second.releases) == (
        [],
        None,
        None,
        None,
    )
    announce(server, "A", contact="ann@example.org", reason="太大")  # nothing new
    assert codes(ask(station, first.cursor)) == []
    announce(server, "A", order="O1")
    announce(server, "C")
    third = ask(station, first.cursor)
    assert codes(third) == ["A", "C"]
    assert third.expected[0].order == "O1"


def test_long_lists_come_in_parts_that_stations_can_read(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(server, *(f"R{n}" for n in range(12)), reason="很" * 2000)
    monkeypatch.setattr(service, "MOST", 5)
    parts = list(all_of(server.station()))
    assert [len(part.expected) for part in parts] == [5, 5, 2]
    assert parts[1].standards is None
    monkeypatch.setattr(service, "MOST_BYTES", 10)
    assert [len(part.expected) for part in all_of(server.station())] == [1] * 12


@pytest.mark.parametrize("since", ["x", "1", "-1.", "1.zz", "1.0123456789abcde", "9" * 30 + "."])
def test_a_cursor_that_was_never_given(since: str, server: Running) -> None:
    answer = server.station().get(URL, params={"since": since})
    assert answer.status_code == 422


def test_a_cursor_from_after_a_restored_backup_begins_anew(server: Running) -> None:
    announce(server, "A")
    assert codes(ask(server.station(), "99.")) == ["A"]


def test_writers_at_once_and_a_reader_that_misses_nothing(server: Running) -> None:
    """Numbers in the order of commits: a cursor never passes a row that is not there yet."""
    station, seen, cursor = server.station(), set[str](), ""
    writers = [
        threading.Thread(target=announce, args=(server, *(f"W{w}-{n}" for n in range(15))))
        for w in range(6)
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        told = ask(station, cursor)
        assert seen.isdisjoint(codes(told))
        seen |= set(codes(told))
        cursor = told.cursor
    for told in all_of(station, cursor):
        seen |= set(codes(told))
    assert seen == {f"W{w}-{n}" for w in range(6) for n in range(15)}


def test_files_by_their_hash_whole_and_in_parts(server: Running) -> None:
    station = server.station()
    told = ask(station)
    assert told.standards
    assert told.policies
    assert told.releases
    assert {one.identifier for one in told.standards} >= {"apparel@1", "parcel@1"}
    for supplied in (*told.standards, *told.policies, *told.releases):
        for file in supplied.files:
            answer = station.get(f"{URL}/files/{file.sha256}")
            assert sha256(answer.content) == file.sha256
            assert len(answer.content) == file.size_bytes
    model = next(f for f in told.releases[0].files if f.name.endswith(".onnx"))
    place = f"{URL}/files/{model.sha256}"
    part = station.get(place, headers={"range": "bytes=10-19"})
    assert (part.status_code, len(part.content)) == (206, 10)
    assert part.content == station.get(place).content[10:20]
    assert part.headers["content-range"] == f"bytes 10-19/{model.size_bytes}"
    etag = part.headers["etag"]
    assert station.get(place, headers={"if-none-match": etag}).status_code == 304
    assert station.get(place, headers={"range": f"bytes={model.size_bytes}-"}).status_code == 416
    assert station.get(place, headers={"range": "bytes=0-9", "if-range": '"x"'}).status_code == 200
    for nothing in ("0" * 64, "..%2f..%2fetc%2fpasswd", "x"):
        assert station.get(f"{URL}/files/{nothing}").status_code == 404


def test_a_revoked_station_gets_nothing(server: Running) -> None:
    announce(server, "A")
    station = server.station("gone")
    assert ask(station).expected
    renewed = server.station("gone")
    assert station.get(URL).status_code == 401
    assert ask(renewed).expected
    revoke(server, "gone")
    for path in (URL, f"{URL}/files/{'0' * 64}"):
        answer = renewed.get(path)
        assert answer.status_code == 401
        assert set(answer.json()) == {"detail"}


def revoke(server: Running, name: str) -> None:
    from server.enrolment import queries  # noqa: PLC0415 - one use

    with server.parts.database.writing() as connection:
        assert queries.revoke(connection, name, server.clock())


def test_a_signature_is_of_every_byte(server: Running) -> None:
    answer = server.station().get(URL)
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(server.parts.signer.public_key))
    with pytest.raises(InvalidSignature):
        key.verify(base64.b64decode(answer.headers[SIGNATURE_HEADER]), answer.content + b" ")


def test_what_is_put_there_is_offered_and_what_is_broken_is_not(tmp_path: Path) -> None:
    standards, releases = tmp_path / "standards", tmp_path / "releases"
    standards.mkdir()
    (standards / "apparel@2.yaml").write_text("x")
    for name in ("good", "_draft", "broken", "lost"):
        (releases / name).mkdir(parents=True)
        card = Path("models/releases/stain/card.yaml").read_text()
        (releases / name / "card.yaml").write_text(card if name != "broken" else "[")
        if name != "lost":
            (releases / name / "model.onnx").write_bytes(b"model")
    policy = default_policy()
    before = shelf(policy, standards=standards, releases=releases)
    assert [one.identifier for one in before.standards] == ["apparel@2"]
    assert len(before.releases) == 1
    assert sha256(b"model") in before.contents

    (releases / "good" / "model.onnx").write_bytes(b"other")
    after = shelf(policy, standards=standards, releases=releases)
    assert after.fingerprint != before.fingerprint
    assert sha256(b"other") in after.contents
    other = policy.model_copy(update={"version": 9})
    assert shelf(other, standards=standards, releases=releases).fingerprint != after.fingerprint
