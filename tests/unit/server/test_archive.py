"""Photos are written once, whole or not at all, and never read back wrong; in a folder and in a bucket."""

import errno
import os
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from server.archive import Archive, Incoming
from server.errors import BodyTooLarge, DiskFull, HashDiffers, NothingThere, PhotoDamaged
from server.storage.folder import Folder
from tests.factories import sha256
from tests.unit.server.stores import STORAGES, an_archive, write_raw

CONTENT = b"photo" * 1000
NAME = sha256(CONTENT)


@pytest.fixture(params=STORAGES)
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Archive:
    return an_archive(request.param, tmp_path)


@pytest.fixture
def on_disk(tmp_path: Path) -> Archive:
    return an_archive("folder", tmp_path)


def left_behind(archive: Archive) -> list[Path]:
    return list(archive._spool.iterdir())


def keep(archive: Archive, content: bytes = CONTENT, name: str = NAME) -> None:
    with archive.incoming() as incoming:
        incoming.write(content)
        archive.keep(incoming, name)


@given(chunks=st.lists(st.binary(max_size=50), max_size=8))
@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_what_comes_in_pieces_comes_back_whole(archive: Archive, chunks: list[bytes]) -> None:
    name = sha256(b"".join(chunks))
    with archive.incoming() as incoming:
        for chunk in chunks:
            incoming.write(chunk)
        archive.keep(incoming, name)
    assert archive.read(name) == b"".join(chunks)
    assert archive.intact(name)
    assert archive.holds(name, len(b"".join(chunks)))
    assert name in list(archive)
    assert left_behind(archive) == []


def test_nothing_is_found_before_it_is_kept(archive: Archive) -> None:
    with archive.incoming() as incoming:
        incoming.write(CONTENT)
        assert not archive.holds(NAME, len(CONTENT))
        assert list(archive) == []
    assert left_behind(archive) == []


def test_a_photo_lies_under_its_hash_and_nothing_else_is_left(
    on_disk: Archive, tmp_path: Path
) -> None:
    keep(on_disk)
    files = [path for path in (tmp_path / "photos").rglob("*") if path.is_file()]
    assert files == [tmp_path / "photos" / NAME[:2] / NAME[2:4] / NAME]


def test_it_is_flushed_before_it_has_its_name(
    on_disk: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order is the promise: file, name, then every folder on the way, once a process."""
    order: list[str] = []
    real_fsync, real_replace = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        order.append("flush " + str(Path(f"/proc/self/fd/{handle}").readlink()).split("photos")[-1])
        real_fsync(handle)

    def replace(self: Path, target: Path) -> Path:
        order.append("name")
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    keep(on_disk)

    assert order[0].startswith("flush /.incoming/")
    leaf = f"flush /{NAME[:2]}/{NAME[2:4]}"
    assert order[1:] == ["name", leaf, f"flush /{NAME[:2]}", "flush "]
    order.clear()
    keep(on_disk)
    assert order[1:] == ["name", leaf]


def test_another_hash_is_refused(archive: Archive) -> None:
    with pytest.raises(HashDiffers):
        keep(archive, name=sha256("other"))
    assert list(archive) == left_behind(archive) == []


def test_more_than_the_limit_is_refused(archive: Archive) -> None:
    with pytest.raises(BodyTooLarge, match="1000000 bytes"):
        keep(archive, b"a" * (10**6 + 1))
    assert list(archive) == left_behind(archive) == []


@pytest.mark.parametrize("rot", [CONTENT[:-1], b"x" + CONTENT[1:], b"", CONTENT + b"x"])
def test_damage_is_told_and_logged_never_given_out_and_repaired(
    archive: Archive, rot: bytes
) -> None:
    keep(archive)
    write_raw(archive, NAME, rot)
    assert not archive.intact(NAME)
    assert archive.holds(NAME, len(CONTENT)) == (len(rot) == len(CONTENT))
    with capture_logs() as logs, pytest.raises(PhotoDamaged):
        archive.read(NAME)
    assert (logs[0]["event"], logs[0]["sha256"]) == ("photo damaged", NAME)
    with capture_logs():
        keep(archive)
    assert archive.read(NAME) == CONTENT


def test_what_is_not_there(archive: Archive) -> None:
    assert not archive.intact(NAME)
    assert not archive.holds(NAME, 1)
    with pytest.raises(NothingThere):
        archive.read(NAME)
    archive.storage.remove(NAME)
    archive.storage.set_aside(NAME)


def test_what_is_removed_or_set_aside_is_gone_and_can_come_again(archive: Archive) -> None:
    for leave in (archive.storage.remove, archive.storage.set_aside, archive.storage.set_aside):
        keep(archive)
        leave(NAME)
        assert list(archive) == []
        assert not archive.intact(NAME)


def test_the_listing_goes_by_hash_and_goes_on_behind_any(archive: Archive) -> None:
    contents = {sha256(str(number)): str(number).encode() for number in range(40)}
    for name, content in contents.items():
        keep(archive, content, name)
    write_raw(archive, NAME[:-2], b"a stranger")
    names = sorted(contents)
    assert list(archive) == names
    for at in (0, 7, 39):
        assert [kept.name for kept in archive.listed(names[at])] == names[at + 1 :]
    kept = next(archive.listed())
    assert kept.size_bytes == len(contents[kept.name])
    assert abs(kept.modified_at.timestamp() - time.time()) < 60


def test_a_full_disk_is_told_in_time_with_the_facts(tmp_path: Path) -> None:
    archive = an_archive("folder", tmp_path, reserve_bytes=10**18)
    with pytest.raises(DiskFull) as told:
        archive.make_sure_of_room(1)
    assert told.value.facts["needed_bytes"] == 10**18 + 1
    assert told.value.facts["free_bytes"] == archive.room().free_bytes
    assert archive.room().usable_bytes == 0
    an_archive("folder", tmp_path).make_sure_of_room(1)


def test_what_is_promised_to_one_is_not_promised_to_another(tmp_path: Path) -> None:
    free = an_archive("folder", tmp_path).room().free_bytes
    archive = an_archive("folder", tmp_path, reserve_bytes=free - 10**9)
    with archive.promised(7 * 10**8), pytest.raises(DiskFull), archive.promised(7 * 10**8):
        pass
    with archive.promised(7 * 10**8):
        pass


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("where", ["fsync", "mkdir"])
def test_a_disk_that_fills_up_on_the_way_leaves_nothing(
    on_disk: Archive, monkeypatch: pytest.MonkeyPatch, number: int, where: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    if where == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(DiskFull):
        keep(on_disk)
    assert list(on_disk) == left_behind(on_disk) == []


@pytest.mark.parametrize("kind", STORAGES)
def test_a_limit_of_the_system_leaves_nothing(kind: str, tmp_path: Path) -> None:
    """A real one: this process may not write files as long as the photo."""
    archive = an_archive(kind, tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(DiskFull):
            keep(archive, b"a" * 300_000, sha256(b"a" * 300_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(archive) == left_behind(archive) == []


FILLS_UP = """
import sys
from pathlib import Path
from server.errors import DiskFull
from tests.factories import sha256
from tests.unit.server.stores import an_archive

archive, kept = an_archive("folder", Path(sys.argv[1])), []
for number in range(20):
    content = bytes([number]) * 200_000
    try:
        with archive.incoming() as incoming:
            incoming.write(content)
            archive.keep(incoming, sha256(content))
        kept.append(sha256(content))
    except DiskFull:
        break
assert 0 < len(kept) < 20, kept
assert sorted(kept) == list(archive)
assert all(archive.intact(name) for name in kept)
assert list(archive._spool.iterdir()) == []
"""


def test_a_really_full_disk(tmp_path: Path) -> None:
    """A file system of its own, one megabyte large, where this machine lets us make one."""
    mount = 'mount -t tmpfs -o size=1m tmpfs "$1" && exec "$2" -c "$3" "$1"'
    told = subprocess.run(
        [
            "unshare",
            "--mount",
            "--map-root-user",
            "sh",
            "-c",
            mount,
            "sh",
            tmp_path,
            sys.executable,
            FILLS_UP,
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    if "unshare" in told.stderr or "mount:" in told.stderr:
        pytest.skip(f"no file system can be mounted here: {told.stderr.strip()}")
    assert told.returncode == 0, told.stderr


def test_another_fault_of_the_disk_is_not_taken_for_a_full_one(on_disk: Archive) -> None:
    assert isinstance(on_disk.storage, Folder)
    on_disk.storage.path(NAME).mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        keep(on_disk)


def test_what_a_crash_left_is_swept_but_not_what_is_arriving(archive: Archive) -> None:
    spool = archive._spool
    (spool / "left").write_bytes(b"x")
    long_ago = time.time() - 2 * 3600
    os.utime(spool / "left", (long_ago, long_ago))
    with archive.incoming() as incoming:
        archive.sweep()
        assert left_behind(archive) == [incoming.path]


def test_many_at_once_are_one(archive: Archive) -> None:
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: keep(archive), range(40)))
    assert list(archive) == [NAME]
    assert archive.read(NAME) == CONTENT


def test_an_incoming_photo_knows_its_length(tmp_path: Path) -> None:
    with (tmp_path / "x").open("xb") as file:
        incoming = Incoming(tmp_path / "x", file, 10)
        incoming.write(b"123", b"45")
        assert incoming.size_bytes == 5
