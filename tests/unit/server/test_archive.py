"""Photos are written once, whole or not at all, and never read back wrong."""

import errno
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from server.archive import Archive, Incoming
from server.errors import BodyTooLarge, DiskFull, HashDiffers, NothingThere, PhotoDamaged
from tests.factories import sha256

CONTENT = b"photo" * 1000
NAME = sha256(CONTENT)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "photos", reserve_bytes=0, limit_bytes=10**6)


def files(archive: Archive) -> Iterator[Path]:
    return (path for path in archive.path(NAME).parents[2].rglob("*") if path.is_file())


def keep(archive: Archive, content: bytes = CONTENT, name: str = NAME) -> None:
    with archive.incoming() as incoming:
        incoming.write(content)
        archive.keep(incoming, name)


@given(chunks=st.lists(st.binary(max_size=50), max_size=8))
def test_what_comes_in_pieces_comes_back_whole(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]
) -> None:
    archive = Archive(tmp_path_factory.mktemp("a"), reserve_bytes=0, limit_bytes=10**6)
    name = sha256(b"".join(chunks))
    with archive.incoming() as incoming:
        for chunk in chunks:
            incoming.write(chunk)
        archive.keep(incoming, name)
    assert archive.read(name) == b"".join(chunks)
    assert archive.holds(name, len(b"".join(chunks)))
    assert list(archive) == [name]


def test_a_photo_lies_under_its_hash_and_nothing_else_is_left(
    archive: Archive, tmp_path: Path
) -> None:
    keep(archive)
    assert list(files(archive)) == [tmp_path / "photos" / NAME[:2] / NAME[2:4] / NAME]


def test_nothing_is_found_before_it_is_kept(archive: Archive) -> None:
    with archive.incoming() as incoming:
        incoming.write(CONTENT)
        assert not archive.holds(NAME, len(CONTENT))
        assert list(archive) == []
    assert list(files(archive)) == []


def test_it_is_flushed_before_it_has_its_name(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order is the promise: file, name, then every folder on the way."""
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
    keep(archive)

    assert order[0].startswith("flush /.incoming/")
    assert order[1:] == ["name", f"flush /{NAME[:2]}/{NAME[2:4]}", f"flush /{NAME[:2]}", "flush "]


def test_another_hash_is_refused(archive: Archive) -> None:
    with pytest.raises(HashDiffers):
        keep(archive, name=sha256("other"))
    assert list(files(archive)) == []


def test_more_than_the_limit_is_refused(archive: Archive) -> None:
    with pytest.raises(BodyTooLarge, match="1000000 bytes"):
        keep(archive, b"a" * (10**6 + 1))
    assert list(files(archive)) == []


def test_damage_is_told_and_logged_and_never_given_out(archive: Archive) -> None:
    keep(archive)
    archive.path(NAME).write_bytes(CONTENT[:-1])
    assert not archive.intact(NAME)
    assert not archive.holds(NAME, len(CONTENT))
    with capture_logs() as logs, pytest.raises(PhotoDamaged):
        archive.read(NAME)
    assert logs[0]["event"] == "photo damaged"
    assert logs[0]["sha256"] == NAME
    keep(archive)
    assert archive.read(NAME) == CONTENT


def test_what_is_not_there(archive: Archive) -> None:
    assert not archive.intact(NAME)
    assert not archive.holds(NAME, 1)
    with pytest.raises(NothingThere):
        archive.read(NAME)


def test_a_full_disk_is_told_in_time(tmp_path: Path) -> None:
    archive = Archive(tmp_path, reserve_bytes=10**18, limit_bytes=10**6)
    with pytest.raises(DiskFull):
        archive.make_sure_of_room(1)
    Archive(tmp_path, reserve_bytes=0, limit_bytes=10**6).make_sure_of_room(1)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("where", ["fsync", "mkdir"])
def test_a_disk_that_fills_up_on_the_way_leaves_nothing(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, number: int, where: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    if where == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(DiskFull):
        keep(archive)
    assert list(files(archive)) == []


def test_another_fault_of_the_disk_is_not_taken_for_a_full_one(archive: Archive) -> None:
    archive.path(NAME).mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        keep(archive)


def test_what_a_crash_left_is_swept_but_not_what_is_arriving(archive: Archive) -> None:
    folder = archive.path(NAME).parents[2] / ".incoming"
    (folder / "left").write_bytes(b"x")
    long_ago = time.time() - 2 * 3600
    os.utime(folder / "left", (long_ago, long_ago))
    with archive.incoming() as incoming:
        archive.sweep()
        assert list(folder.iterdir()) == [incoming.path]


def test_many_at_once_are_one(archive: Archive) -> None:
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: keep(archive), range(40)))
    assert list(files(archive)) == [archive.path(NAME)]
    assert archive.read(NAME) == CONTENT


def test_an_incoming_photo_knows_its_length(tmp_path: Path) -> None:
    with (tmp_path / "x").open("xb") as file:
        incoming = Incoming(tmp_path / "x", file, 10)
        incoming.write(b"12345")
        assert incoming.size_bytes == 5
