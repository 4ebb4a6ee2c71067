"""Scrub, orphans, retention and holds: what is lost is found, what goes is written down, what is held stays."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from models.vocabulary import Role, Shot
from server import custody
from server.errors import Conflict, ContentInvalid
from server.inventory import Arrival, PhotoKind
from server.keeping import queries, retention, service
from server.keeping.chores import chores, do_chores
from server.keeping.rules import Candidate, Rules, Use, Versioned, due
from server.progress import Job, JobKind, JobState, Progress
from server.tables import deletions, photos
from tests.factories import NOON, photo, sha256
from tests.unit.server.running import (
    JPEG,
    Running,
    an_inspection,
    put_inspection,
    put_photo,
    send,
    serving,
)
from tests.unit.server.stores import STORAGES, a_place, settings_of, write_raw

NAME = sha256(JPEG)


@pytest.fixture(params=STORAGES)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    settings = settings_of(a_place()) if request.param == "bucket" else {}
    with serving(tmp_path, **settings) as running, capture_logs():
        yield running


def content(number: int) -> bytes:
    return JPEG + str(number).encode()


def run(house: Running, kind: JobKind, **arguments: Any) -> Job:
    job = house.parts.jobs.run(kind, arguments=arguments)
    assert job.state is JobState.DONE, job.error
    return job


def faults(house: Running) -> dict[str, str]:
    with house.parts.database.reading() as connection:
        return {fault.sha256: fault.kind for fault in queries.open_faults(connection, 100)}


def deleted_rows(house: Running) -> list[Any]:
    with house.parts.database.reading() as connection:
        return list(connection.execute(select(deletions).order_by(deletions.c.deletion)))


def set_rules(house: Running, *, daily: bool = False, **days: str) -> None:
    service.edit_rules(house.parts, days, daily=daily, reason="because", by="root")


# -- scrub ---------------------------------------------------------------------------------------


def test_a_scrub_finds_what_is_damaged_or_gone_and_the_station_repairs_it(house: Running) -> None:
    station = house.station()
    for number in range(5):
        put_photo(station, content(number))
    send(station, an_inspection())
    assert run(house, JobKind.SCRUB).result == {"damaged": 0, "missing": 0, "photos": 6}
    broken, gone = sha256(content(1)), sha256(content(2))
    write_raw(house.parts.archive, broken, content(1)[:-1] + b"!")
    house.parts.archive.storage.remove(gone)

    assert run(house, JobKind.SCRUB).result == {"damaged": 1, "missing": 1, "photos": 6}
    assert faults(house) == {broken: "damaged", gone: "missing"}
    assert house.parts.archive.storage.size_bytes(broken) is None  # in quarantine
    assert run(house, JobKind.SCRUB).result == {"damaged": 1, "missing": 1, "photos": 6}
    assert run(house, JobKind.ORPHANS).result["missing"] == 2
    assert faults(house) == {broken: "damaged", gone: "missing"}
    page = house.person("boss", Role.MANAGER).get("/archive").text
    assert broken in page
    assert gone in page

    wanted = station.get("/api/v1/photos/wanted").json()["wanted"]
    assert sorted(wanted) == sorted([broken, gone])
    assert house.station("bench-2").get("/api/v1/photos/wanted").json() == {"wanted": []}
    assert "station asked" in house.person("boss", Role.MANAGER).get("/archive").text
    assert {put_photo(station, content(n)).status_code for n in (1, 2)} == {200}
    assert faults(house) == {}
    assert run(house, JobKind.SCRUB).result["damaged"] == 0
    assert house.parts.archive.read(broken) == content(1)


def test_a_file_that_was_put_back_by_hand_is_no_fault_any_more(house: Running) -> None:
    put_photo(house.station())
    house.parts.archive.storage.remove(NAME)
    run(house, JobKind.SCRUB)
    assert faults(house) == {NAME: "missing"}
    write_raw(house.parts.archive, NAME, JPEG)
    run(house, JobKind.SCRUB)
    assert faults(house) == {}


def test_a_scrub_goes_on_where_it_left(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.keeping.scrub.BATCH", 2)
    station = server.station()
    for number in range(9):
        put_photo(station, content(number))
    names = sorted(sha256(content(number)) for number in range(9))
    read: list[str] = []
    blocks = server.parts.archive.storage.blocks

    def watched(name: str) -> Iterator[bytes]:
        read.append(name)
        if len(read) == 6:
            server.parts.jobs._running.clear()
            raise KeyboardInterrupt
        yield from blocks(name)

    monkeypatch.setattr(server.parts.archive.storage, "blocks", watched)
    assert server.parts.jobs.run(JobKind.SCRUB).state is JobState.CANCELLED
    read.clear()
    monkeypatch.setattr(server.parts.archive.storage, "blocks", blocks)
    again = server.parts.jobs.run(JobKind.SCRUB)
    assert again.result["photos"] == 9
    with server.parts.database.reading() as connection:
        done = queries.last_scrub(connection, finished=True)
        assert done is not None
        assert (done.photos, done.reached) == (9, names[-1])
        assert queries.last_scrub(connection, finished=False) is None


def test_a_scrub_reads_no_faster_than_it_may(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        put_photo(server.station(), content(number) + b"x" * 100_000)
    waited: list[float] = []
    monkeypatch.setattr(Progress, "pause", lambda _, seconds: waited.append(seconds))
    run(server, JobKind.SCRUB, mb_per_s=1.0)
    assert sum(waited[-1:]) == pytest.approx(0.3, abs=0.1)


def test_a_photo_that_comes_while_the_scrub_sets_it_aside_is_asked_for_again(
    house: Running,
) -> None:
    """The station's bytes arrive between the scrub's second look and its moving the file."""
    station = house.station()
    put_photo(station)
    write_raw(house.parts.archive, NAME, b"rot")
    _, before = house.parts.inventory.look(NAME)
    run(house, JobKind.SCRUB)
    late = Arrival(
        sha256=NAME,
        size_bytes=len(JPEG),
        media_type="image/jpeg",
        brought_by="bench-1",
        trace=before,
    )
    with pytest.raises(Exception, match="once more"):
        house.parts.inventory.note(late)
    assert put_photo(station).status_code == 200
    assert house.parts.archive.read(NAME) == JPEG


# -- orphans -------------------------------------------------------------------------------------


def orphan(house: Running, number: int = 7) -> str:
    name = sha256(content(number))
    write_raw(house.parts.archive, name, content(number))
    return name


def later(house: Running, **time: float) -> None:
    """The storage's clock is the world's; the server's is the test's."""
    house.clock.now = max(house.clock.now, _today()) if time else _today()
    house.clock.pass_by(**time)


def _today() -> Any:
    return datetime.now(UTC)


def test_orphans_are_looked_for_and_removed_only_on_the_second_word_when_old(
    house: Running,
) -> None:
    station = house.station()
    put_photo(station)
    name = orphan(house)
    later(house)
    young = run(house, JobKind.ORPHANS).result
    assert (young["photos"], young["too_young"], young["missing"]) == (0, 1, 0)
    assert run(house, JobKind.ORPHANS, remove=True).result["photos"] == 0
    assert name in list(house.parts.archive)

    later(house, hours=25)
    looked = run(house, JobKind.ORPHANS).result
    assert (looked["photos"], looked["names"], looked["dry"]) == (1, [name], True)
    assert name in list(house.parts.archive)
    service.remove_orphans(house.parts, "root")
    until_done(house)
    assert list(house.parts.archive) == [NAME]
    (row,) = deleted_rows(house)
    assert (row.sha256, row.kind, row.deleted_by) == (name, "orphan", "root")
    assert put_photo(station, content(7)).status_code == 201
    assert house.parts.archive.read(name) == content(7)


def until_done(house: Running) -> None:
    for _ in range(1000):
        if all(job.state is not JobState.RUNNING for job in house.parts.jobs.listed()):
            return
        threading.Event().wait(0.01)
    raise AssertionError("a job does not end")


def test_the_second_step_needs_the_first_and_needs_it_fresh(server: Running) -> None:
    with pytest.raises(Conflict):
        service.remove_orphans(server.parts, "root")
    orphan(server)
    later(server, hours=25)
    run(server, JobKind.ORPHANS)
    server.clock.pass_by(hours=25)
    with pytest.raises(Conflict):
        service.remove_orphans(server.parts, "root")


def test_rows_without_a_file_are_found_wherever_they_stand(house: Running) -> None:
    station = house.station()
    names = sorted(sha256(content(number)) for number in range(6))
    for number in range(6):
        put_photo(station, content(number))
    for name in (names[0], names[3], names[5]):
        house.parts.archive.storage.remove(name)
    assert run(house, JobKind.ORPHANS).result["missing"] == 3
    assert faults(house) == dict.fromkeys((names[0], names[3], names[5]), "missing")


def test_an_upload_of_the_same_bytes_during_a_removal_is_never_lost(house: Running) -> None:
    """Its file is written, then the orphan is removed, then its row is noted: it has to come again."""
    station = house.station()
    name = orphan(house)
    later(house, hours=25)
    real = house.parts.inventory.note

    def note(arrival: Arrival) -> bool:
        house.parts.inventory.note = real  # type: ignore[method-assign]
        # The listing saw the old file, which this upload has just replaced.
        run(house, JobKind.ORPHANS, remove=True)
        return real(arrival)

    house.parts.inventory.note = note  # type: ignore[method-assign]
    first = put_photo(station, content(7))
    if first.status_code == 503:
        assert first.headers["retry-after"] == "1"
        assert put_photo(station, content(7)).status_code == 201
    assert house.parts.archive.read(name) == content(7)


# -- retention -----------------------------------------------------------------------------------


def rules(**days: int) -> Versioned:
    return Versioned(version=3, rules=Rules(days={PhotoKind(k): v for k, v in days.items()}))


def candidate(*uses: tuple[PhotoKind, int], **said: Any) -> Candidate:
    """Uses begin so many days before noon."""
    facts = {"sha256": NAME, "size_bytes": 1, "is_sealed": False, "ends_at": None}
    made = [
        Use(kind=kind, since=NOON - timedelta(days=ago), return_code="RT") for kind, ago in uses
    ]
    return Candidate(stored_at=NOON - timedelta(days=50), uses=made, **{**facts, **said})  # type: ignore[arg-type]


ITEM, LABEL, REFERENCE = PhotoKind.ITEM, PhotoKind.LABEL, PhotoKind.REFERENCE


@pytest.mark.parametrize(
    ("one", "by", "rule"),
    [
        # no rule for its kind: for ever
        (candidate((ITEM, 9999)), rules(label=1), None),
        # the day before, the day itself
        (candidate((ITEM, 9)), rules(item=10), None),
        (candidate((ITEM, 10)), rules(item=10), "item: 10 days, rules version 3"),
        # two uses: the longer one counts, whichever kind it is
        (candidate((ITEM, 10), (ITEM, 3)), rules(item=10), None),
        (candidate((LABEL, 40), (ITEM, 40)), rules(label=30, item=50), None),
        (candidate((LABEL, 40), (ITEM, 55)), rules(label=30, item=50), "item: 50 days, rules version 3"),
        # a reference without a rule keeps what the item's rule would delete
        (candidate((ITEM, 99), (REFERENCE, 99)), rules(item=10), None),
        # nobody names it
        (candidate(), rules(item=10), None),
        (candidate(), rules(unclaimed=50), "unclaimed: 50 days, rules version 3"),
        # sealed: its own end, or the rule, whichever is first
        (candidate(is_sealed=True, ends_at=NOON), rules(), "sealed until 2026-01-05"),
        (candidate(is_sealed=True), rules(sealed=50), "sealed: 50 days, rules version 3"),
        (candidate(is_sealed=True), rules(sealed=51), None),
    ],
)  # fmt: skip
def test_what_is_due(one: Candidate, by: Versioned, rule: str | None) -> None:
    found = due(one, by, frozenset(), NOON)
    assert (found.rule if found else None) == rule
    if one.uses:
        assert due(one, by, frozenset({"RT"}), NOON) is None


def with_photos(house: Running, number: int, *contents: bytes, **said: Any) -> Any:
    taken = [photo(sha256=sha256(c), size_bytes=len(c), **said) for c in contents]
    station = house.station()
    for one in contents:
        assert put_photo(station, one).status_code in {200, 201}
    kept = an_inspection(number, photos=tuple(taken))
    assert put_inspection(station, kept).status_code == 201
    return kept


def test_rules_are_looked_at_then_applied_and_the_record_stays(house: Running) -> None:
    first = with_photos(house, 1, content(1), shot=Shot.SHIPPING_LABEL)
    with_photos(house, 2, content(2))
    set_rules(house, label="30")
    house.clock.pass_by(days=31)
    looked = run(house, JobKind.RETENTION).result
    assert (looked["photos"], looked["dry"], looked["version"]) == (1, True, 1)
    assert looked["kinds"] == {"label": {"photos": 1, "bytes": len(content(1))}}
    assert sorted(house.parts.archive) == sorted(map(sha256, (content(1), content(2))))

    service.delete_by_rules(house.parts, "root")
    until_done(house)
    assert list(house.parts.archive) == [sha256(content(2))]
    (row,) = deleted_rows(house)
    assert row.rule == "label: 30 days, rules version 1"
    assert (row.sha256, row.deleted_by) == (sha256(content(1)), "root")

    ann = house.person("ann", Role.REVIEWER)
    page = ann.get(f"/returns/{first.inspection_id}").text
    assert "under rule Shipping labels, redacted: 30 days, version 1 of the rules" in page
    assert f'src="/photos/{sha256(content(1))}"' not in page
    assert ann.get(f"/photos/{sha256(content(1))}").status_code == 410
    assert run(house, JobKind.SCRUB).result == {"photos": 1, "damaged": 0, "missing": 0}

    # The same photo is wanted by a new inspection: it may come again, and the deletion stays written.
    again = an_inspection(3, photos=first.photos)
    assert put_inspection(house.station(), again).status_code == 424
    assert put_photo(house.station(), content(1)).status_code == 201
    assert put_inspection(house.station(), again).status_code == 201
    assert ann.get(f"/photos/{sha256(content(1))}").content == content(1)
    assert len(deleted_rows(house)) == 1


def test_a_hold_wins_over_every_rule_until_it_is_lifted(house: Running) -> None:
    kept = with_photos(house, 1, content(1))
    boss = house.person("boss", Role.MANAGER)
    hold = {"return_code": kept.return_code, "reason": "claim 4711"}
    assert boss.post("/archive/holds", hold).status_code == 303
    assert boss.post("/archive/holds", hold).status_code == 409
    assert "claim 4711" in boss.get(f"/returns/{kept.inspection_id}").text
    set_rules(house, item="0")
    house.clock.pass_by(hours=1)
    assert run(house, JobKind.RETENTION, delete=True).result["photos"] == 0
    assert house.person("qa", Role.QA_LEAD).post("/archive/holds/lift", hold).status_code == 403
    assert boss.post("/archive/holds/lift", hold | {"reason": "settled"}).status_code == 303
    assert run(house, JobKind.RETENTION, delete=True).result["photos"] == 1
    page = boss.get("/archive/holds").text
    assert "set by boss" in page
    assert "lifted by boss" in page


def test_a_hold_that_comes_between_the_look_and_the_deletion_wins(server: Running) -> None:
    kept = with_photos(server, 1, content(1))
    set_rules(server, item="0")
    server.clock.pass_by(hours=1)
    real = retention._delete

    def late(*said: Any) -> Any:
        service.tell_hold(
            server.parts, kept.return_code, custody.HoldEvent.SET, reason="just now", by="boss"
        )
        return real(*said)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retention, "_delete", late)
        assert run(server, JobKind.RETENTION, delete=True).result["photos"] == 0
    assert server.parts.archive.read(sha256(content(1))) == content(1)


def test_a_kill_between_the_two_steps_is_finished_by_the_next_run(house: Running) -> None:
    with_photos(house, 1, content(1))
    set_rules(house, item="0")
    house.clock.pass_by(hours=1)
    with pytest.MonkeyPatch.context() as killed:
        killed.setattr(retention, "remove_files", lambda _: None)
        run(house, JobKind.RETENTION, delete=True)
    assert list(house.parts.archive) == [sha256(content(1))]
    assert house.person().get(f"/photos/{sha256(content(1))}").status_code == 410
    run(house, JobKind.RETENTION, delete=True)
    assert list(house.parts.archive) == []
    assert len(deleted_rows(house)) == 1


def test_a_photo_that_comes_between_the_two_steps_is_not_lost(house: Running) -> None:
    with_photos(house, 1, content(1))
    set_rules(house, item="0")
    house.clock.pass_by(hours=1)
    with pytest.MonkeyPatch.context() as killed:
        killed.setattr(retention, "remove_files", lambda _: None)
        run(house, JobKind.RETENTION, delete=True)
    real = house.parts.inventory.note

    def note(arrival: Arrival) -> bool:
        house.parts.inventory.note = real  # type: ignore[method-assign]
        retention.remove_files(house.parts)
        return real(arrival)

    house.parts.inventory.note = note  # type: ignore[method-assign]
    assert put_photo(house.station(), content(1)).status_code == 503
    assert put_photo(house.station(), content(1)).status_code == 201
    retention.remove_files(house.parts)
    assert house.parts.archive.read(sha256(content(1))) == content(1)


def test_rules_are_versions_and_deleting_needs_a_look_at_these_very_rules(server: Running) -> None:
    with_photos(server, 1, content(1))
    root = server.person("root", Role.ADMINISTRATOR)
    form = {"days-item": "0", "days-label": "", "reason": "short test"}
    assert root.post("/archive/retention/rules", form).status_code == 303
    server.clock.pass_by(hours=1)
    assert root.post("/archive/retention/delete").status_code == 409
    run(server, JobKind.RETENTION)
    assert "Delete these photos for ever" in root.get("/archive/retention").text
    root.post("/archive/retention/rules", form | {"reason": "once more"})
    assert root.post("/archive/retention/delete").status_code == 409
    run(server, JobKind.RETENTION)
    assert root.post("/archive/retention/delete").status_code == 303
    until_done(server)
    page = root.get("/archive/retention").text
    assert "0 days, version 2 of the rules" in page
    assert "short test" in page
    assert (
        server.person("boss", Role.MANAGER).post("/archive/retention/rules", form).status_code
        == 403
    )


@pytest.mark.parametrize(
    ("days", "reason"),
    [({"item": "-1"}, "why not"), ({"item": "1.5"}, "why not"), ({"item": "٣"}, "why not"),
     ({"item": "99999"}, "why not"), ({"item": "1"}, "  \0 ")],
)  # fmt: skip
def test_rules_that_say_nothing_are_refused(
    server: Running, days: dict[str, str], reason: str
) -> None:
    with pytest.raises(ContentInvalid):
        service.edit_rules(server.parts, days, daily=False, reason=reason, by="root")
    with pytest.raises(ContentInvalid):
        service.tell_hold(server.parts, " ", custody.HoldEvent.SET, reason="why not", by="boss")


def test_what_is_written_down_cannot_be_changed(server: Running) -> None:
    set_rules(server, item="1")
    for change in ("UPDATE retention_rules SET reason = 'x'", "DELETE FROM retention_rules"):
        with pytest.raises(DBAPIError, match="append-only"), server.parts.database.writing() as c:
            c.execute(text(change))


# -- what the server does by itself --------------------------------------------------------------


def test_chores_come_when_they_are_due_and_not_again(server: Running) -> None:
    put_photo(server.station())
    assert [kind for kind, _ in chores(server.parts)] == [JobKind.SCRUB, JobKind.RETENTION]
    do_chores(server.parts)
    until_done(server)
    assert chores(server.parts) == []
    server.clock.pass_by(hours=25)
    ((kind, arguments),) = chores(server.parts)
    assert (kind, arguments["ended_only"]) == (JobKind.RETENTION, True)
    set_rules(server, daily=True)
    ((_, arguments),) = chores(server.parts)
    assert not arguments["ended_only"]
    server.clock.pass_by(days=7)
    assert JobKind.SCRUB in dict(chores(server.parts))


def test_without_leave_the_server_deletes_nothing_but_ended_seals(server: Running) -> None:
    with_photos(server, 1, content(1))
    set_rules(server, item="0")
    server.clock.pass_by(days=2)
    do_chores(server.parts)
    until_done(server)
    assert deleted_rows(server) == []


# -- the page ------------------------------------------------------------------------------------


def test_the_page_tells_how_full_it_is_and_how_long_it_lasts(server: Running) -> None:
    put_photo(server.station(), JPEG + b"x" * 700_000)
    page = server.person("aud", Role.AUDITOR).get("/archive").text
    assert "a day" in page
    assert "1 photo, " in page
    assert "/archive/orphans" not in page.split("<main")[1].replace("-archive-orphans", "")
    with server.parts.database.reading() as connection:
        found = queries.growth(connection, server.clock())
    assert found.bytes_per_day == pytest.approx((len(JPEG) + 700_000) / 7)
    assert found.days_left(10**6) == pytest.approx(10**6 / found.bytes_per_day)


def test_a_full_disk_is_said_with_the_facts(tmp_path: Path) -> None:
    with serving(tmp_path, disk_reserve_mb=10**9) as server:
        refused = put_photo(server.station(), JPEG + b"x" * 3_000_000)
        assert refused.status_code == 507
        assert refused.json()["needed_bytes"] > refused.json()["free_bytes"] > 0
        assert "0 min" not in server.person("boss", Role.MANAGER).get("/archive").text
        with server.parts.database.reading() as connection:
            assert connection.execute(select(photos)).first() is None
