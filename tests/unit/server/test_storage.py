"""A bucket that does not answer, answers wrong, or lets nobody in: said clearly, and no photo lost."""

from pathlib import Path

import obstore
import pytest
from structlog.testing import capture_logs

from server.archive import Archive
from server.errors import DiskFull, NothingThere, StorageUnavailable
from server.settings import Settings
from server.storage.bucket import Bucket, Place
from tests.factories import sha256
from tests.unit.server.running import JPEG, an_inspection, put_inspection, put_photo, send, serving
from tests.unit.server.stores import a_place, address, answering, http, settings_of, write_raw

NAME = sha256(JPEG)
DENIED = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
FULL = "<Error><Code>XMinioStorageFull</Code><Message>full</Message></Error>"


def bucket(endpoint: str) -> Bucket:
    keys = {"access_key": "a", "secret_key": "s"}
    return Bucket(Place(bucket="b", endpoint=endpoint, timeout_s=0.5, **keys))  # type: ignore[arg-type]


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    (tmp_path / "draft").write_bytes(JPEG)
    return tmp_path / "draft"


@pytest.mark.parametrize(
    ("answers", "error", "words"),
    [
        # nobody says anything until the time is over
        ([None], StorageUnavailable, "does not answer"),
        # the line is cut in the middle of the answer
        ([b"HTTP/1.1 200 OK\r\ncontent-le"], StorageUnavailable, "does not answer"),
        # wrong credentials, as S3 and its likes say it
        ([http("403 Forbidden", DENIED)], StorageUnavailable, "credentials"),
        ([http("401 Unauthorized", DENIED)], StorageUnavailable, "credentials"),
        # it is ill, again and again
        ([http("500 Internal Server Error")], StorageUnavailable, "does not answer"),
        ([http("503 Slow Down")], StorageUnavailable, "does not answer"),
        # it is full
        ([http("507 Insufficient Storage", FULL)], DiskFull, "storage is full"),
    ],
    ids=["silent", "cut", "forbidden", "unauthorized", "ill", "busy", "full"],
)
def test_what_goes_wrong_is_said_in_our_words(
    answers: list[bytes | None], error: type[Exception], words: str, draft: Path
) -> None:
    with (
        answering(*answers) as endpoint,
        capture_logs() as logs,
        pytest.raises(error, match=words),
    ):
        bucket(endpoint).put(NAME, draft)
    assert logs[0]["event"] == "photo storage failed"
    assert draft.read_bytes() == JPEG


def test_a_store_that_stumbles_once_gets_it_at_the_second_try(draft: Path) -> None:
    with answering(http("503 Slow Down"), http("200 OK")) as endpoint:
        bucket(endpoint).put(NAME, draft)


def test_nobody_listens_there(draft: Path) -> None:
    with capture_logs(), pytest.raises(StorageUnavailable):
        bucket("http://127.0.0.1:1").put(NAME, draft)


def test_there_is_no_such_bucket(draft: Path) -> None:
    here = Place(bucket="nobody-made-it", endpoint=address(), access_key="a", secret_key="s")
    with pytest.raises(StorageUnavailable, match="does not exist"):
        Bucket(here).put(NAME, draft)
    assert "s3" not in repr(here).replace("s3://", "")


def test_a_store_without_conditional_put_gets_it_without(draft: Path) -> None:
    unknown = http("501 Not Implemented", "<Error><Code>NotImplemented</Code></Error>")
    with answering(unknown, unknown, unknown, http("200 OK")) as endpoint:
        bucket(endpoint).put(NAME, draft)


def test_half_an_object_is_never_read_as_a_photo(tmp_path: Path) -> None:
    """The store announces more than it sends."""
    half = (
        b'HTTP/1.1 200 OK\r\ncontent-length: 500\r\nlast-modified: Tue, 05 Jan 2026 12:00:00 GMT\r\netag: "x"\r\n\r\n'
        + JPEG
    )
    with answering(half) as endpoint, capture_logs():
        archive = Archive(bucket(endpoint), tmp_path, reserve_bytes=0, limit_bytes=10**6)
        with pytest.raises(StorageUnavailable):
            archive.read(NAME)
        with pytest.raises(StorageUnavailable):
            archive.intact(NAME)


def test_what_is_there_already_is_compared_and_only_damage_is_replaced(draft: Path) -> None:
    place = a_place()
    store = Bucket(place)
    store.put(NAME, draft)
    store.put(NAME, draft)
    obstore.put(store._store, store.key(NAME), b"half")
    with capture_logs() as logs:
        store.put(NAME, draft)
    assert [line["event"] for line in logs] == ["damaged object is replaced"]
    assert b"".join(store.blocks(NAME)) == JPEG
    store.set_aside(NAME)
    with pytest.raises(NothingThere):
        list(store.blocks(NAME))
    assert obstore.get(store._store, f"quarantine/{NAME}").bytes() == JPEG


@pytest.mark.parametrize("prefix", ["", "a", "a/b"])
def test_two_servers_in_one_bucket_keep_to_their_prefix(prefix: str, draft: Path) -> None:
    place = a_place(prefix)
    Bucket(place).put(NAME, draft)
    assert [kept.name for kept in Bucket(place).listed()] == [NAME]
    elsewhere = Place(
        bucket=place.bucket, prefix="other", endpoint=address(), access_key="a", secret_key="s"
    )
    assert list(Bucket(elsewhere).listed()) == []


def test_a_whole_inspection_over_http_with_the_photos_in_a_bucket(tmp_path: Path) -> None:
    place = a_place()
    with serving(tmp_path, **settings_of(place)) as server:
        station = server.station()
        send(station, an_inspection())
        assert put_photo(station).status_code == 200
        assert server.person().get(f"/photos/{NAME}").content == JPEG
        write_raw(server.parts.archive, NAME, b"rot")
        with capture_logs():
            assert server.person().get(f"/photos/{NAME}").status_code == 500
            assert put_photo(station).status_code == 200
        assert server.person().get(f"/photos/{NAME}").content == JPEG
    assert list((tmp_path / "server/spool").iterdir()) == []
    assert not (tmp_path / "server/photos").exists()


def test_a_station_hears_503_and_nothing_is_noted_until_the_store_is_back(tmp_path: Path) -> None:
    place = a_place(timeout_s=0.5)
    with serving(tmp_path, **settings_of(place)) as server:
        station = server.station()
        good = server.parts.archive.storage
        with answering(None) as endpoint, capture_logs():
            server.parts.archive.storage = bucket(endpoint)
            refused = put_photo(station)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
        assert "nothing was kept" in refused.json()["detail"]
        server.parts.archive.storage = good
        assert put_inspection(station, an_inspection()).json()["missing"] == [NAME]
        send(station, an_inspection())
    assert list((tmp_path / "server/spool").iterdir()) == []


def test_the_secret_is_not_told(tmp_path: Path) -> None:
    told = Settings(home=tmp_path, storage_url="s3://b/p", storage_secret_key="very-secret")
    assert "very-secret" not in repr(told)
