import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.records import Acknowledgement
from station.errors import (
    AcknowledgementWrong,
    DiskNearlyFull,
    OutboxBusy,
    OutboxUnusable,
    PhotoLost,
)
from station.ledger import State
from station.outbox import Outbox, files_of
from tests.factories import NOON, photo, routing, sha256
from tests.fakes import Medium, PowerCut, item


def word_of(inspection):
    return Acknowledgement(
        inspection_id=inspection.inspection_id,
        sha256=inspection.content_sha256(),
        routing=routing(),
    )


@pytest.fixture
def outbox(tmp_path):
    with Outbox(tmp_path / "station", keep_recent=1) as opened:
        yield opened


def on_disk(tmp_path):
    return {path.name for path in (tmp_path / "station/photos").iterdir()}


def check_promise(outbox, accepted):
    """Every accepted inspection is there once, as it was, with every file as it was."""
    pending = outbox.pending_ids()
    assert len(set(pending)) == len(pending)
    for inspection, files in accepted:
        assert outbox.inspection(inspection.inspection_id) == inspection
        assert {name: outbox.photo(name) for name in files_of(inspection)} == files
    for inspection_id in pending:
        for name in files_of(outbox.inspection(inspection_id)):
            assert sha256(outbox.photo(name)) == name


def test_what_was_accepted_is_there_after_a_restart(tmp_path):
    items = [item(n) for n in range(3)]
    with Outbox(tmp_path / "deep" / "station") as outbox:
        for inspection, files in items:
            outbox.accept(inspection, files)
    with Outbox(tmp_path / "deep" / "station") as outbox:
        assert outbox.pending_ids() == [i.inspection_id for i, _ in items]
        check_promise(outbox, items)


def test_commits_are_synced(outbox):
    assert outbox._ledger._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert outbox._ledger._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@given(cut_after=st.integers(0, 40), items=st.integers(1, 3), shared=st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_power_cut_at_any_sync_takes_nothing_accepted(tmp_path_factory, cut_after, items, shared):
    home = tmp_path_factory.mktemp("cut")
    medium = Medium(cut_after=cut_after)
    wanted = [item(7 if shared else n) for n in range(items)]
    wanted = [
        (i.model_copy(update={"inspection_id": f"i{n}"}), f) for n, (i, f) in enumerate(wanted)
    ]
    accepted = []
    try:
        outbox = Outbox(home / "station", flush=medium.flush)
        for inspection, files in wanted:
            outbox.accept(inspection, files)
            accepted.append((inspection, files))
    except PowerCut:
        pass

    after = home / "after"
    after.mkdir()
    (after / "photos").mkdir()
    if (home / "station/photos").is_dir():
        for name, data in medium.survivors(home / "station/photos").items():
            (after / "photos" / name).write_bytes(data)
    for part in ("outbox.sqlite3", "outbox.sqlite3-wal"):
        if (home / "station" / part).exists():
            shutil.copy(home / "station" / part, after / part)

    with Outbox(after) as outbox:
        check_promise(outbox, accepted)
        for inspection, files in wanted:
            outbox.accept(inspection, files)
        assert len(outbox.pending_ids()) == len(wanted)
        check_promise(outbox, wanted)
        assert {p.name for p in (after / "photos").iterdir()} == {n for _, f in wanted for n in f}


def test_the_database_is_durable_before_the_first_row(tmp_path):
    medium = Medium()
    with Outbox(tmp_path / "station", flush=medium.flush):
        pass
    assert "outbox.sqlite3" in medium.survivors(tmp_path / "station")
    assert "photos" in medium.survivors(tmp_path / "station")
    assert "station" in medium.survivors(tmp_path)


KILLED = """
import os, signal, sys
from pathlib import Path
from station.outbox import Outbox
from tests.fakes import item

left = int(sys.argv[2])

def flush(descriptor):
    global left
    os.fsync(descriptor)
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

with Outbox(Path(sys.argv[1]), flush=flush) as outbox:
    for number in range(3):
        outbox.accept(*item(number), round_=1)
        print(number, flush=True)
"""


@pytest.mark.parametrize("syncs", [0, 3, 5, 9, 13, 17, 22])
def test_kill_9_at_a_sync_takes_nothing_accepted(tmp_path, syncs):
    told = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), tmp_path / "station", str(syncs)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert told.returncode == -signal.SIGKILL
    accepted = [item(int(number)) for number in told.stdout.split()]
    with Outbox(tmp_path / "station") as outbox:
        check_promise(outbox, accepted)
        assert not [name for name in on_disk(tmp_path) if name.endswith(".part")]
        assert len(on_disk(tmp_path)) == 4 * len(outbox.pending_ids())


def test_a_repeat_changes_nothing(outbox):
    outbox.accept(*item(1))
    outbox.accept(*item(1))
    assert len(outbox.pending_ids()) == 1


def test_one_return_is_accepted_once_a_round(outbox):
    inspection, files = item(1)
    outbox.accept(inspection, files, round_=1)
    outbox.accept(inspection.model_copy(update={"inspection_id": "again"}), files, round_=1)
    assert outbox.pending_ids() == [inspection.inspection_id]
    assert outbox.last_round() == (1, {"RT-0001"})
    outbox.accept(inspection.model_copy(update={"inspection_id": "next"}), files, round_=2)
    assert outbox.last_round() == (2, {"RT-0001"})
    # by hand, without a round, the same code comes back as often as it likes
    outbox.accept(inspection.model_copy(update={"inspection_id": "hand-1"}), files)
    outbox.accept(inspection.model_copy(update={"inspection_id": "hand-2"}), files)
    assert len(outbox.pending_ids()) == 4


def test_other_content_under_a_known_id_is_told_and_not_swallowed(outbox):
    inspection, files = item(1)
    outbox.accept(inspection, files)
    with pytest.raises(OutboxUnusable, match="other content"):
        outbox.accept(inspection.model_copy(update={"operator": "li"}), files)


def test_an_inspection_without_its_bytes_is_not_accepted(outbox):
    inspection, files = item(1)
    lacking = dict(list(files.items())[1:])
    with pytest.raises(PhotoLost, match="should come with"):
        outbox.accept(inspection, lacking)
    with pytest.raises(PhotoLost, match="not its own"):
        outbox.accept(inspection, files | {inspection.photos[0].sha256: b"other bytes"})
    assert outbox.pending_ids() == []


def test_an_item_without_any_photo_is_accepted(outbox):
    inspection, _ = item(1, photos=0)
    outbox.accept(inspection, {})
    assert outbox.pending_ids() == [inspection.inspection_id]


def test_only_the_word_for_this_content_settles_it(outbox):
    inspection, files = item(1)
    outbox.accept(inspection, files)
    with pytest.raises(AcknowledgementWrong):
        outbox.acknowledge(word_of(inspection.model_copy(update={"operator": "li"})))
    assert outbox.tally().pending == 1
    outbox.acknowledge(word_of(inspection))
    outbox.acknowledge(word_of(inspection))
    tally = outbox.tally()
    assert (tally.pending, tally.acknowledged, tally.oldest_at) == (0, 1, None)
    assert outbox.recent(1)[0].answer == word_of(inspection)


def test_nothing_unacknowledged_is_deleted(outbox, tmp_path):
    """keep_recent is 1: photos go when all who name them are acknowledged and older."""
    first, shared = item(1)
    twin = first.model_copy(update={"inspection_id": "twin"})
    second, other = item(2)
    third, last = item(3)
    for inspection, files in ((first, shared), (twin, shared), (second, other), (third, last)):
        outbox.accept(inspection, files)
    outbox.acknowledge(word_of(first))
    outbox.refuse(second.inspection_id, "no")
    outbox.acknowledge(word_of(third))
    # `first` is acknowledged and old, but `twin` still waits with the same photos
    assert on_disk(tmp_path) == {*shared, *other, *last}
    outbox.acknowledge(word_of(twin))
    assert on_disk(tmp_path) == {*other, *last}
    assert outbox.photo(second.photos[0].sha256) == other[second.photos[0].sha256]


def test_what_the_server_refuses_is_kept_and_can_be_sent_again(outbox):
    inspection, files = item(1)
    outbox.accept(inspection, files)
    outbox.refuse(inspection.inspection_id, "x" * 9999)
    assert outbox.pending_ids() == []
    assert outbox.recent(1)[0].state is State.REFUSED
    assert len(outbox.recent(1)[0].words) == 500
    assert outbox.retry_refused() == 1
    check_promise(outbox, [(inspection, files)])
    assert outbox.pending_ids() == [inspection.inspection_id]


def test_a_late_refusal_does_not_undo_an_acknowledgement(outbox):
    inspection, files = item(1)
    outbox.accept(inspection, files)
    outbox.acknowledge(word_of(inspection))
    outbox.refuse(inspection.inspection_id, "late")
    assert outbox.tally().refused == 0


def test_a_nearly_full_disk_refuses_in_time(tmp_path):
    free = 1000
    with Outbox(tmp_path / "station", min_free_bytes=1000, free_bytes=lambda _: free) as outbox:
        outbox.accept(*item(1))
        free = 999
        assert not outbox.has_room()
        with pytest.raises(DiskNearlyFull):
            outbox.accept(*item(2))
        assert len(on_disk(tmp_path)) == 4
        assert len(outbox.pending_ids()) == 1
        free = 1000
        outbox.accept(*item(2))
        assert len(outbox.pending_ids()) == 2


def test_a_disk_that_fills_up_while_writing_accepts_nothing(tmp_path):
    def full(_):
        raise OSError(28, "No space left on device")

    with Outbox(tmp_path / "station") as outbox:
        outbox._files._flush = full
        with pytest.raises(DiskNearlyFull):
            outbox.accept(*item(1))
        assert outbox.pending_ids() == []
        assert on_disk(tmp_path) == set()


def test_a_second_station_on_the_same_home_is_refused(tmp_path):
    with Outbox(tmp_path / "station"), pytest.raises(OutboxBusy, match="SECONDLOOK_HOME"):
        Outbox(tmp_path / "station")
    with Outbox(tmp_path / "station"):
        pass


def test_a_damaged_database_is_told_and_nothing_deleted(tmp_path):
    with Outbox(tmp_path / "station") as outbox:
        for n in range(20):
            outbox.accept(*item(n))
    path = tmp_path / "station/outbox.sqlite3"
    whole = path.read_bytes()
    path.write_bytes(b"This is no database." + whole[20:])
    with pytest.raises(OutboxUnusable, match="Nothing was deleted"):
        Outbox(tmp_path / "station")
    assert len(on_disk(tmp_path)) == 80
    # and the lock is free again for whoever repairs it
    path.write_bytes(whole)
    with Outbox(tmp_path / "station") as outbox:
        assert len(outbox.pending_ids()) == 20


def test_a_disk_in_trouble_is_not_called_damage(tmp_path):
    with Outbox(tmp_path / "station") as outbox:
        outbox.accept(*item(1))
    # SQLite cannot make its log here, as on a full disk
    (tmp_path / "station/outbox.sqlite3-wal").mkdir()
    with pytest.raises(OutboxUnusable, match="cannot be opened") as told:
        Outbox(tmp_path / "station")
    assert "another SECONDLOOK_HOME" not in str(told.value)
    (tmp_path / "station/outbox.sqlite3-wal").rmdir()
    with Outbox(tmp_path / "station") as outbox:
        assert len(outbox.pending_ids()) == 1


def test_a_database_of_a_newer_station_is_left_alone(tmp_path):
    with Outbox(tmp_path / "station"):
        pass
    with sqlite3.connect(tmp_path / "station/outbox.sqlite3") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(OutboxUnusable, match="newer"):
        Outbox(tmp_path / "station")


def test_photos_whose_database_was_lost_are_set_aside(tmp_path):
    inspection, files = item(1)
    with Outbox(tmp_path / "station") as outbox:
        outbox.accept(inspection, files)
    for path in (tmp_path / "station").glob("outbox.sqlite3*"):
        path.unlink()
    for _ in range(2):
        with Outbox(tmp_path / "station") as outbox:
            assert outbox.pending_ids() == []
    (found,) = (tmp_path / "station").glob("photos-found-*")
    assert {path.name: path.read_bytes() for path in found.iterdir()} == files


def test_photos_of_an_item_that_was_never_accepted_are_cleared(tmp_path):
    with Outbox(tmp_path / "station") as outbox:
        outbox.accept(*item(1))
        outbox._files.keep(b"of an item under way when the power went")
        (tmp_path / "station/photos" / (sha256("x") + ".part")).write_bytes(b"half")
    with Outbox(tmp_path / "station"):
        assert on_disk(tmp_path) == set(item(1)[1])


def test_a_photo_that_somebody_deleted_or_changed_is_noticed(tmp_path):
    first, second = item(1)[0], item(2)[0]
    with Outbox(tmp_path / "station") as outbox:
        outbox.accept(*item(1))
        outbox.accept(*item(2))
    (tmp_path / "station/photos" / first.photos[0].sha256).unlink()
    (tmp_path / "station/photos" / second.photos[0].sha256).write_bytes(b"rot")
    with Outbox(tmp_path / "station") as outbox:
        assert outbox.pending_ids() == [second.inspection_id]
        assert "gone" in outbox.recent(2)[1].words
        with pytest.raises(PhotoLost, match="changed"):
            outbox.photo(second.photos[0].sha256)
        # the same photo taken again heals the file
        outbox.accept(*item(2))
        assert sha256(outbox.photo(second.photos[0].sha256)) == second.photos[0].sha256


def test_a_clock_put_back_does_not_change_the_order(outbox):
    for number, day in ((1, 20), (2, 3)):
        inspection, files = item(number)
        outbox.accept(inspection.model_copy(update={"finished_at": NOON.replace(day=day)}), files)
    assert outbox.pending_ids() == [item(1)[0].inspection_id, item(2)[0].inspection_id]


def test_accepting_and_settling_side_by_side_loses_no_photo(tmp_path):
    """Items share one photo, so that each sweep wants to delete what the next accept relies on."""
    with Outbox(tmp_path / "station", keep_recent=0) as outbox:
        inspection, files = item(1, photos=1)
        items = [inspection.model_copy(update={"inspection_id": f"i{n}"}) for n in range(60)]

        def settle():
            done = 0
            while done < len(items):
                for name in outbox.pending_ids():
                    for sha in files_of(outbox.inspection(name)):
                        outbox.photo(sha)
                    outbox.acknowledge(word_of(outbox.inspection(name)))
                    done += 1

        thread = threading.Thread(target=settle)
        thread.start()
        for one in items:
            outbox.accept(one, files)
        thread.join(20)
        assert not thread.is_alive()
        assert outbox.tally().acknowledged == 60
        assert on_disk(tmp_path) == set()


def test_files_that_travel_are_photos_and_thumbnails_each_once():
    twice = photo(thumbnail_sha256=sha256("small"))
    inspection = item(1)[0].model_copy(update={"photos": (twice, twice)})
    assert list(files_of(inspection)) == [sha256("small"), sha256("photo")]
