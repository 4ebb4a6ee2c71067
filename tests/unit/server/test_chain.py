"""Entries cover what is before them; writers stand in line; any entry is few steps from the newest."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from models.records import Decision
from models.vocabulary import Disposition, Grade
from server import chain, tables
from server.chain import GENESIS, Link, content_of, earlier, sha256, way_back
from server.ledger import State, decide
from tests.factories import NOON
from tests.unit.server.running import Running, an_inspection, send


def decision(number: int, **said: object) -> Decision:
    facts = {
        "decision_id": f"d{number}",
        "inspection_id": an_inspection(number).inspection_id,
        "decided_by": "ann",
        "decided_at": NOON,
        "grade": Grade.B,
        "disposition": Disposition.RESELL,
    }
    return Decision(**(facts | said))


def entries(server: Running) -> list[chain.Entry]:
    with server.parts.database.reading() as connection:
        rows = connection.execute(select(tables.chain).order_by(tables.chain.c.position))
        return [chain.Entry(**row._mapping) for row in rows]


def test_each_entry_names_its_records_and_covers_the_ones_before(server: Running) -> None:
    send(server.station(), *(an_inspection(number) for number in (1, 2, 3)))
    for number in (1, 2, 3):
        with server.parts.database.writing() as connection:
            decide(connection, decision(number), State.DECIDED)

    first, second, third = entries(server)
    assert [e.position for e in (first, second, third)] == [1, 2, 3]
    assert first.content.startswith('{"kind":"decision","name":"d1","record":"')
    assert sha256(decision(1).to_json()) in first.content
    assert an_inspection(1).content_sha256() in first.content
    for entry, previous, skip in (
        (first, GENESIS, GENESIS),
        (second, first.sha256, GENESIS),
        (third, second.sha256, second.sha256),
    ):
        link = Link(
            position=entry.position,
            previous=previous,
            skip=skip,
            content_sha256=sha256(entry.content),
        )
        assert entry.sha256 == link.sha256


def test_twenty_who_decide_at_once_stand_in_line(server: Running) -> None:
    count = 20
    send(server.station(), *(an_inspection(number) for number in range(count)))

    def one(number: int) -> None:
        with server.parts.database.writing() as connection:
            decide(connection, decision(number), State.DECIDED)

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(one, range(count)))
    kept = entries(server)
    assert [entry.position for entry in kept] == list(range(1, count + 1))
    assert {entry.name for entry in kept} == {f"d{number}" for number in range(count)}


def test_a_decision_that_is_not_kept_leaves_no_entry(server: Running) -> None:
    send(server.station(), an_inspection(1))
    with suppress(RuntimeError), server.parts.database.writing() as connection:
        decide(connection, decision(1), State.DECIDED)
        raise RuntimeError
    assert entries(server) == []


@pytest.mark.parametrize("change", ["UPDATE {} SET {} = 'x'", "DELETE FROM {}"])
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("inspections", "record"),
        ("routings", "record"),
        ("decisions", "record"),
        ("chain", "content"),
    ],
)
def test_the_database_itself_refuses_changes(
    server: Running, table: str, column: str, change: str
) -> None:
    send(server.station(), an_inspection(1))
    with server.parts.database.writing() as connection:
        decide(connection, decision(1), State.DECIDED)
    with (
        pytest.raises(DBAPIError, match="append-only"),
        server.parts.database.writing() as connection,
    ):
        connection.execute(text(change.format(table, column)))


@given(newest=st.integers(1, 3_000_000), back=st.integers(0, 3_000_000))
def test_every_entry_is_few_steps_back_and_each_step_is_covered(newest: int, back: int) -> None:
    to = max(newest - back, 1)
    way = list(way_back(newest, to))
    assert way[0] == newest
    assert way[-1] == to
    assert len(way) <= 22 * 23 / 2
    for at, then in pairwise(way):
        assert then in {at - 1, earlier(at)}


@given(st.text(), st.text(), st.dictionaries(st.text(), st.text()))
def test_contents_that_differ_have_other_hashes(name: str, record: str, rests: dict) -> None:
    said = content_of("decision", name, record, rests)
    assert content_of("decision", name, record + "x", rests) != said
    assert content_of("decision", name + "x", record, rests) != said
    assert content_of("decision", name, record, rests | {"more": "x"}) != said
