"""Backups: the original is destroyed, the backup killed, damaged, and its disk filled; what comes back is all."""

import gzip
import json
import os
import resource
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from models.records import Decision
from models.vocabulary import Disposition, Grade, Role
from server import tables
from server.app import open_archive
from server.backup import bring, manifest, rows, take
from server.backup.restore import restore
from server.errors import BackupUnusable, DatabaseUnusable
from server.ledger import State, decide
from server.progress import Progress
from server.settings import Settings
from tests.databases import POSTGRESQL, SQLITE, cluster, databases
from tests.factories import photo, sha256
from tests.unit.server.running import (
    COMMAND,
    Running,
    an_inspection,
    put_inspection,
    put_photo,
    serving,
)

ITEMS = 5


def jpeg(number: int) -> bytes:
    return b"\xff\xd8\xff\xe0" + bytes([number]) * (1000 + number)


def fill(server: Running, begin: int = 0) -> None:
    """Photos, inspections and one decision, as stations and people leave them."""
    station = server.station()
    for number in range(begin, begin + ITEMS):
        content = jpeg(number)
        one = photo(sha256=sha256(content), size_bytes=len(content))
        assert put_photo(station, content).status_code == 201
        assert put_inspection(station, an_inspection(number, photos=(one,))).status_code == 201
    server.person("ann", Role.QA_LEAD)


def source_of(server: Running) -> take.Source:
    here = server.parts
    return take.Source(
        settings=here.settings,
        database=here.database,
        archive=here.archive,
        version="1",
        clock=here.clock,
    )


def backed_up(server: Running, target: Path) -> dict[str, object]:
    server.clock.pass_by(seconds=1)
    return take.take(source_of(server), target, Progress())


def quietly(what: str, step):  # type: ignore[no-untyped-def]
    del what
    return step(Progress())


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "backup"


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Running]:
    with serving(tmp_path / "home") as server:
        fill(server)
        yield server


def new_home(tmp_path: Path, kind: str, name: str = "new") -> Settings:
    """An empty home, on an empty database of that kind."""
    url = cluster().create("template0") if kind == POSTGRESQL else None
    return Settings(home=tmp_path / name, database_url=url, disk_reserve_mb=0)


def bring_back(settings: Settings, target: Path) -> bring.Snapshot:
    return restore(settings, target, lambda: open_archive(settings), quietly, verify=True)


def contents(server: Running) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, and every photo."""
    with server.parts.database.reading() as connection:
        found = {
            t.name: [tuple(row) for row in connection.execute(select(t).order_by(*t.primary_key))]
            for t in tables.metadata.sorted_tables
            # These go on by themselves while a server runs.
            if t.name not in {"jobs", "sessions", "stations"}
        }
    found["photos on disk"] = [
        (name, server.parts.archive.read(name)) for name in server.parts.archive
    ]
    return found


@pytest.mark.parametrize("into", [SQLITE, POSTGRESQL])
def test_all_comes_back_from_a_destroyed_home_into_either_database(
    tmp_path: Path, target: Path, into: str
) -> None:
    with serving(tmp_path / "home") as server:
        fill(server)
        pages = [
            server.person("reader").get(f"/returns/{an_inspection(n).inspection_id}").status_code
            for n in range(ITEMS)
        ]
        before = contents(server)
        backed_up(server, target)
        secret = server.parts.settings.secret()
    shutil.rmtree(tmp_path / "home")

    settings = new_home(tmp_path, into)
    told = bring_back(settings, target)
    assert told.manifest.photos == ITEMS
    with serving(
        settings.home,
        database_url=settings.database_url and settings.database_url.get_secret_value(),
    ) as again:
        after = contents(again)
        assert after.pop("accounts") == before.pop("accounts")
        assert after == before
        assert again.parts.settings.secret() == secret
        reader = again.person("reader")
        assert pages == [200] * ITEMS
        for number in range(ITEMS):
            assert reader.get(f"/returns/{an_inspection(number).inspection_id}").status_code == 200
        assert "RT-0003" in reader.get("/returns?q=rt-0003").text
        fill(again, begin=ITEMS)  # and goes on: no number is given twice


def test_again_copies_only_what_is_new_and_an_older_snapshot_stays(
    full: Running, tmp_path: Path, target: Path, kind: str
) -> None:
    backed_up(full, target)
    stamps = {p: p.stat().st_mtime_ns for p in (target / "photos").rglob("*") if p.is_file()}
    fill(full, begin=ITEMS)
    backed_up(full, target)
    assert {p: p.stat().st_mtime_ns for p in stamps} == stamps
    assert len([p for p in (target / "photos").rglob("*") if p.is_file()]) == 2 * ITEMS
    older, newer = sorted((target / "snapshots").iterdir())
    assert bring_back(new_home(tmp_path, kind, "old"), older).manifest.photos == ITEMS
    assert bring_back(new_home(tmp_path, kind, "new"), newer).manifest.photos == 2 * ITEMS


def test_a_backup_is_one_moment_although_stations_go_on(
    full: Running, tmp_path: Path, target: Path, kind: str
) -> None:
    ended = threading.Event()

    def go_on() -> None:
        begin = ITEMS
        while not ended.is_set():
            fill(full, begin=begin)
            begin += ITEMS

    busy = threading.Thread(target=go_on)
    busy.start()
    for _ in range(3):
        backed_up(full, target)
    ended.set()
    busy.join()
    for number, folder in enumerate(sorted((target / "snapshots").iterdir())):
        bring_back(new_home(tmp_path, kind, f"home-{number}"), folder)


@pytest.mark.parametrize("moment_s", [0.02, 0.3])
def test_a_backup_that_is_killed_is_none_and_spoils_none(
    tmp_path: Path, target: Path, kind: str, moment_s: float
) -> None:
    home = tmp_path / "home"
    with serving(home) as server:
        fill(server)
    env = os.environ | {"SECONDLOOK_HOME": str(home), **databases.environment(home)}
    whole = subprocess.run([COMMAND, "backup", target], env=env, capture_output=True, text=True, check=False)  # fmt: skip
    assert whole.returncode == 0, whole.stderr
    assert "keys" in whole.stdout
    with serving(home) as server:
        fill(server, begin=ITEMS)
    with subprocess.Popen(
        [COMMAND, "backup", target], env=env, stderr=subprocess.DEVNULL
    ) as killed:
        while len(list((target / "snapshots").iterdir())) < 2 and killed.poll() is None:
            time.sleep(0.002)
        time.sleep(moment_s / 10)
        killed.send_signal(signal.SIGKILL)
    told = bring_back(new_home(tmp_path, kind), target)
    assert told.manifest.photos in {ITEMS, 2 * ITEMS}


DAMAGES = [
    ("a table", "tables/inspections.jsonl.gz", "damaged"),
    ("a key", "keys/signing.pem", "damaged"),
    ("the manifest", "manifest.json", "damaged"),
]


@pytest.mark.parametrize(("what", "path", "complaint"), DAMAGES)
def test_a_damaged_backup_is_refused_before_anything_is_written(
    full: Running, tmp_path: Path, target: Path, kind: str, what: str, path: str, complaint: str
) -> None:
    backed_up(full, target)
    file = manifest.newest(target) / path
    file.write_bytes(file.read_bytes()[:-5] + b"rotte")
    settings = new_home(tmp_path, kind)
    with pytest.raises(BackupUnusable, match=complaint):
        bring_back(settings, target)
    assert not settings.folder.exists(), what


@pytest.mark.parametrize("damage", ["rot", "gone"])
def test_a_damaged_photo_is_named_and_the_home_is_not_taken_for_whole(
    full: Running, tmp_path: Path, target: Path, kind: str, damage: str
) -> None:
    backed_up(full, target)
    name = sha256(jpeg(2))
    (copy,) = (target / "photos").rglob(name)
    copy.write_bytes(b"rot") if damage == "rot" else copy.unlink()
    settings = new_home(tmp_path, kind)
    with pytest.raises(BackupUnusable, match=name):
        bring_back(settings, target)
    with (
        pytest.raises(DatabaseUnusable, match="did not end"),
        serving(
            settings.home,
            database_url=settings.database_url and settings.database_url.get_secret_value(),
        ),
    ):
        pass


def test_a_photo_that_the_archive_lost_is_told_each_time(full: Running, target: Path) -> None:
    (lost,) = full.parts.settings.photos.rglob(sha256(jpeg(1)))
    lost.write_bytes(b"rot")
    assert backed_up(full, target)["missing"] == 1
    assert manifest.read(manifest.newest(target)).missing == (sha256(jpeg(1)),)


def test_a_changed_decision_and_a_changed_entry_are_found(
    full: Running, tmp_path: Path, target: Path, kind: str
) -> None:
    """Whoever changes the rows of a backup, hashes of its files and all, is found by the chain."""
    decide_one(full)
    backed_up(full, target)
    folder = manifest.newest(target)
    for number, table in enumerate(("decisions", "chain")):
        path = folder / f"tables/{table}.jsonl.gz"
        kept = path.read_bytes()
        path.write_bytes(
            gzip.compress(
                gzip.decompress(kept)
                .replace(b"policy", b"nobody")
                .replace(b"rests_on", b"rests_ON")
            )
        )
        whole = (folder / "manifest.json").read_text()
        told = json.loads(whole)
        told["files"][f"tables/{table}.jsonl.gz"] = manifest.sha256_of(path)
        (folder / "manifest.json").write_text(json.dumps(told))
        with pytest.raises(BackupUnusable, match="the chain"):
            bring_back(new_home(tmp_path, kind, f"tampered-{number}"), target)
        path.write_bytes(kept)
        (folder / "manifest.json").write_text(whole)


def decide_one(server: Running) -> None:
    """A decision, as the automatic ones are kept."""
    with server.parts.database.writing() as connection:
        one = Decision(
            decision_id="d1",
            inspection_id=an_inspection(1).inspection_id,
            decided_by="policy",
            decided_at=server.clock(),
            grade=Grade.B,
            disposition=Disposition.RESELL,
        )
        decide(connection, one, State.DECIDED)


def test_nothing_is_overwritten(full: Running, tmp_path: Path, target: Path, kind: str) -> None:
    backed_up(full, target)
    with pytest.raises(BackupUnusable, match="empty home"):
        bring_back(full.parts.settings, target)
    if kind == POSTGRESQL:
        taken = Settings(
            home=tmp_path / "other",
            database_url=databases.url(full.parts.settings.home),
            disk_reserve_mb=0,
        )
        with pytest.raises(BackupUnusable, match="not empty"):
            bring_back(taken, target)


def test_what_is_no_backup(tmp_path: Path, kind: str) -> None:
    with pytest.raises(BackupUnusable, match="no complete backup"):
        bring_back(new_home(tmp_path, kind), tmp_path)


@pytest.mark.parametrize("place", ["home/server/backup", "home/server", ""])
def test_a_backup_beside_the_original_is_refused(full: Running, tmp_path: Path, place: str) -> None:
    with pytest.raises(BackupUnusable, match="outside"):
        backed_up(full, tmp_path / place)


def test_a_full_disk_is_told_and_leaves_what_was_there(
    full: Running, tmp_path: Path, target: Path, kind: str
) -> None:
    """The limit on the length of files stands for the disk's end: the system says the same."""
    backed_up(full, target)
    fill(full, begin=ITEMS)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    try:
        with pytest.raises(BackupUnusable, match="disk is full"):
            backed_up(full, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert bring_back(new_home(tmp_path, kind), target).manifest.photos == ITEMS
    assert backed_up(full, target)["photos"] == 2 * ITEMS


def test_rows_say_what_they_are_whatever_the_database(full: Running, target: Path) -> None:
    closed_at = full.clock()
    with full.parts.database.writing() as connection:
        connection.execute(update(tables.accounts).values(closed_at=closed_at))
    backed_up(full, target)
    folder = manifest.newest(target)
    told = manifest.read(folder)
    columns = list(told.columns["accounts"])
    with gzip.open(folder / "tables/accounts.jsonl.gz", "rt") as file:
        row = dict(zip(columns, json.loads(file.readline()), strict=True))
    assert row["closed_at"] == closed_at.isoformat()
    assert row["demo"] is False
    assert told.columns["accounts"]["closed_at"] == rows.INSTANT


def test_keys_are_readable_by_their_owner_only(
    full: Running, target: Path, tmp_path: Path, kind: str
) -> None:
    backed_up(full, target)
    keys = [p for p in (manifest.newest(target) / "keys").rglob("*") if p.is_file()]
    assert {"signing.pem"} <= {p.name for p in keys}
    settings = new_home(tmp_path, kind)
    bring_back(settings, target)
    again = [settings.folder / p.relative_to(manifest.newest(target) / "keys") for p in keys]
    assert {p.stat().st_mode & 0o777 for p in [*keys, *again]} == {0o600}
