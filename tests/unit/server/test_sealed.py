"""Sealed originals: kept for the few who may, each look written down, destroyed at their end."""

import base64
import os
import stat
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from models.sealing import MEDIA_TYPE, Original, key_id, seal
from models.vocabulary import Role, Shot
from server.errors import SettingsInvalid
from server.progress import JobKind
from server.sealing import load_sealer
from server.tables import openings
from tests.factories import photo, sha256
from tests.unit.server.running import JPEG, Running, an_inspection, put_inspection, put_photo

SECRET = JPEG + b" name and street of the customer"


def key_of(station: httpx.Client) -> bytes:
    told = station.get("/api/v1/sealing-key").json()
    key = base64.b64decode(told["public_key"])
    assert key_id(key) == told["key_id"]
    return key


def put_sealed(station: httpx.Client, sealed: bytes, **headers: str) -> httpx.Response:
    said = {"content-type": MEDIA_TYPE} | headers
    return station.put(f"/api/v1/sealed/{sha256(sealed)}", content=sealed, headers=said)


def kept(server: Running) -> tuple[str, str]:
    """One inspection with a sealed original; its id and the seal's hash."""
    station = server.station()
    sealed = seal(Original(media_type="image/jpeg", content=SECRET), key_of(station))
    label = photo(sha256=sha256(JPEG), sealed_sha256=sha256(sealed), shot=Shot.SHIPPING_LABEL)
    one = an_inspection(photos=(label,))
    put_photo(station)
    assert put_inspection(station, one).json()["missing"] == [sha256(sealed)]
    assert put_sealed(station, sealed).status_code == 201
    assert put_sealed(station, sealed).status_code == 200
    assert put_inspection(station, one).status_code == 201
    return one.inspection_id, sha256(sealed)


def test_it_is_opened_by_who_may_with_a_reason_and_never_kept_by_the_browser(
    server: Running,
) -> None:
    inspection_id, name = kept(server)
    boss = server.person("boss", Role.MANAGER)
    assert "Open the original" in boss.get(f"/returns/{inspection_id}").text
    assert boss.post(f"/sealed/{name}", {"reason": " "}).status_code == 422
    opened = boss.post(f"/sealed/{name}", {"reason": "claim 4711 needs the address"})
    assert opened.content == SECRET
    assert opened.headers["content-type"] == "image/jpeg"
    assert opened.headers["cache-control"] == "no-store"
    with server.parts.database.reading() as connection:
        (row,) = connection.execute(select(openings))
    assert (row.sha256, row.opened_by) == (name, "boss")
    assert "claim 4711 needs the address" in boss.get("/archive").text


@pytest.mark.parametrize(
    "role", [r for r in Role if r not in {Role.MANAGER, Role.ADMINISTRATOR, Role.STATION}]
)
def test_nobody_else_opens_it_or_sees_it_among_the_photos(server: Running, role: Role) -> None:
    inspection_id, name = kept(server)
    person = server.person("x", role)
    assert person.post(f"/sealed/{name}", {"reason": "curious"}).status_code == 403
    assert person.get(f"/photos/{name}").status_code == 404
    assert "Open the original" not in person.get(f"/returns/{inspection_id}").text


def test_it_is_destroyed_at_its_end_and_not_opened_after(server: Running) -> None:
    _, name = kept(server)
    boss = server.person("boss", Role.MANAGER)
    server.clock.pass_by(days=89)
    assert (
        server.parts.jobs.run(JobKind.RETENTION, arguments={"delete": True}).result["photos"] == 0
    )
    server.clock.pass_by(days=1)
    boss = server.person("boss", Role.MANAGER)
    assert boss.post(f"/sealed/{name}", {"reason": "too late"}).status_code == 410
    done = server.parts.jobs.run(JobKind.RETENTION, arguments={"delete": True, "ended_only": True})
    assert done.result["photos"] == 1
    assert list(server.parts.archive) == [sha256(JPEG)]


def test_a_new_key_is_used_and_the_old_one_still_opens(server: Running) -> None:
    _, old = kept(server)
    before = key_of(server.station())
    load_sealer(server.parts.settings.folder).rotate()  # another process: the command
    server.parts.sealer.rotate()
    station = server.station()
    assert key_of(station) != before
    sealed = seal(Original(media_type="image/png", content=SECRET), key_of(station))
    assert put_sealed(station, sealed).status_code == 201
    boss = server.person("boss", Role.MANAGER)
    for name in (old, sha256(sealed)):
        assert boss.post(f"/sealed/{name}", {"reason": "compare"}).content == SECRET


def test_what_is_not_sealed_for_this_server_is_refused(server: Running) -> None:
    station = server.station()
    strangers = seal(Original(media_type="image/jpeg", content=SECRET), b"\x09" + bytes(31))
    assert put_sealed(station, strangers).status_code == 422
    assert put_sealed(station, SECRET).status_code == 415
    assert put_sealed(station, b"SL").status_code == 415
    sealed = seal(Original(media_type="image/jpeg", content=SECRET), key_of(station))
    assert put_sealed(station, sealed, **{"content-type": "image/jpeg"}).status_code == 415
    assert put_photo(station, sealed).status_code == 415
    assert list(server.parts.archive) == []


def test_one_that_was_changed_on_the_way_to_the_sealer_is_said_to_be_broken(
    server: Running,
) -> None:
    station = server.station()
    sealed = bytearray(seal(Original(media_type="image/jpeg", content=SECRET), key_of(station)))
    sealed[-1] ^= 1
    assert put_sealed(station, bytes(sealed)).status_code == 201
    boss = server.person("boss", Role.MANAGER)
    opened = boss.post(f"/sealed/{sha256(bytes(sealed))}", {"reason": "look"})
    assert opened.status_code == 500
    assert SECRET not in opened.content


def test_keys_are_readable_by_their_owner_only_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    sealer = load_sealer(tmp_path)
    (path,) = (tmp_path / "sealing").glob("*.key")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_sealer(tmp_path).newest == sealer.newest
    path.chmod(0o600)
    path.write_bytes(os.urandom(32))
    with pytest.raises(SettingsInvalid, match="named after"):
        load_sealer(tmp_path)
