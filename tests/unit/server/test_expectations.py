"""What came and what was announced find each other, whichever comes first; a person may disagree."""

import threading
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from models.supply import ExpectedReturn
from models.vocabulary import Category
from server import expectations
from server.expectations import Change, Expectation, Ground
from server.expected.announce import News, announce
from server.tables import expected_contacts, expected_returns, expected_versions
from tests.unit.server.running import Running, an_inspection, put_inspection, put_photo, send


def told(code: str = "RT-0001", **said: Any) -> ExpectedReturn:
    return ExpectedReturn(**({"return_code": code, "category": Category.APPAREL} | said))


def tell(server: Running, *several: ExpectedReturn) -> dict[News, int]:
    with server.parts.database.writing() as connection:
        expectations.alone(connection)
        return dict(announce(connection, several, by="ann", now=server.clock()))


def matched(server: Running, number: int = 1) -> str | None:
    with server.parts.database.reading() as connection:
        found = expectations.expected_of(connection, an_inspection(number).inspection_id)
    return found.told.return_code if found else None


def events(server: Running, number: int = 1) -> list[tuple[Change, Ground, str | None]]:
    with server.parts.database.reading() as connection:
        found = expectations.match_events_of(connection, an_inspection(number).inspection_id)
    return [(one.change, one.ground, one.told_by) for one in found]


def state(server: Running, code: str = "RT-0001") -> Expectation | None:
    with server.parts.database.reading() as connection:
        found = expectations.expected_for(connection, code)
    return found.state if found else None


def test_the_same_again_changes_nothing_and_another_content_is_a_version(server: Running) -> None:
    assert tell(server, told(order="O1", contact="ann@example.org")) == {News.NEW: 1}
    assert tell(server, told(order="O1", contact="ann@example.org")) == {News.SAME: 1}
    assert tell(server, told(order="O2", contact="ann@example.org")) == {News.CHANGED: 1}
    assert tell(server, told(order="O2")) == {News.CHANGED: 1}

    with server.parts.database.reading() as connection:
        versions = connection.execute(
            select(expected_versions).order_by(expected_versions.c.version)
        ).all()
        contacts = connection.execute(select(expected_contacts)).all()
        row = connection.execute(select(expected_returns)).one()
    assert [(v.version, v.contact_changed) for v in versions] == [(1, True), (2, False), (3, True)]
    assert [ExpectedReturn.from_json(v.record).order for v in versions] == ["O1", "O2", "O2"]
    assert contacts == []
    assert (row.version, row.change, row.entry) == (3, 3, 1)
    assert "ann@" not in str(versions) + str(row)


def test_versions_and_events_cannot_be_changed(server: Running) -> None:
    tell(server, told())
    send(server.station(), an_inspection())
    for table in ("expected_versions", "match_events"):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            server.parts.database.writing() as connection,
        ):
            connection.execute(text(f"DELETE FROM {table}"))


@pytest.mark.parametrize(
    ("announced", "ground"),
    [
        (told("RT-0001"), Ground.CODE),
        (told("R-9", tracking="rt -0001"), Ground.TRACKING),
        (told("R-9", serial="rt-0001"), Ground.SERIAL),
    ],
    ids=["code", "tracking", "serial"],
)
@pytest.mark.parametrize("first", ["announced", "came"])
def test_both_find_each_other_whichever_comes_first(
    announced: ExpectedReturn, ground: Ground, first: str, server: Running
) -> None:
    if first == "announced":
        tell(server, announced)
    send(server.station(), an_inspection())
    if first == "came":
        assert matched(server) is None
        tell(server, announced)

    assert matched(server) == announced.return_code
    assert events(server) == [(Change.MATCHED, ground, None)]
    assert state(server, announced.return_code) is Expectation.ARRIVED


def test_a_number_that_means_two_is_left_to_a_person(server: Running) -> None:
    tell(server, told("A", tracking="RT-0001"), told("B", tracking="RT-0001"))
    send(server.station(), an_inspection())
    assert matched(server) is None
    assert state(server, "A") is Expectation.WAITING


def test_the_own_code_comes_before_a_parcels_number(server: Running) -> None:
    tell(server, told("A", tracking="RT-0001"), told("RT-0001"))
    send(server.station(), an_inspection())
    assert matched(server) == "RT-0001"


def test_what_a_person_took_back_is_not_matched_again_by_the_server(server: Running) -> None:
    tell(server, told())
    send(server.station(), an_inspection())
    this = an_inspection().inspection_id
    with server.parts.database.writing() as connection:
        expectations.alone(connection)
        assert expectations.take_back(connection, this, by="ann", now=server.clock()) == "RT-0001"
        assert expectations.take_back(connection, this, by="ann", now=server.clock()) is None
    assert state(server) is Expectation.WAITING

    tell(server, told(order="changed"))

    assert matched(server) is None
    assert [change for change, *_ in events(server)] == [Change.MATCHED, Change.TAKEN_BACK]


def test_a_match_that_came_first_stays(server: Running) -> None:
    tell(server, told("A"), told("B"))
    send(server.station(), an_inspection())
    this = an_inspection().inspection_id
    with server.parts.database.writing() as connection:
        expectations.alone(connection)
        for code, done in (("A", True), ("B", False)):
            linked = expectations.link(
                connection, this, code, Ground.PERSON, by="ann", now=server.clock()
            )
            assert linked is done
    assert matched(server) == "A"
    assert state(server, "B") is Expectation.WAITING


def test_one_return_may_come_in_several_inspections(server: Running) -> None:
    tell(server, told())
    station = server.station()
    send(station, an_inspection(1), an_inspection(2, return_code="RT-0001"))
    with server.parts.database.writing() as connection:
        expectations.take_back(
            connection, an_inspection(1).inspection_id, by="ann", now=server.clock()
        )
    assert state(server) is Expectation.ARRIVED
    assert (matched(server, 1), matched(server, 2)) == (None, "RT-0001")


def test_a_code_of_odd_letters_is_nobodys(server: Running) -> None:
    assert state(server, "RT\0") is None
    assert state(server, "%") is None


def test_announced_and_sent_at_the_same_time_find_each_other(server: Running) -> None:
    """Neither side sees what the other has not committed yet: without the lock, some would never meet."""
    numbers = range(1, 25)
    stations = [server.station(f"bench-{n}") for n in range(3)]
    put_photo(stations[0])

    def send_some(own: int) -> None:
        for number in numbers:
            if number % len(stations) == own:
                one = an_inspection(number, station=f"bench-{own}")
                assert put_inspection(stations[own], one).status_code == 201

    def announce_some(own: int) -> None:
        for number in numbers:
            if number % 3 == own:
                tell(server, told(f"RT-{number:04d}"))

    work = [(send_some, own) for own in range(3)] + [(announce_some, own) for own in range(3)]
    threads = [threading.Thread(target=do, args=(own,)) for do, own in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [matched(server, n) for n in numbers] == [f"RT-{n:04d}" for n in numbers]
    assert all(len(events(server, n)) == 1 for n in numbers)
