"""One writer at a time, all or nothing, on disk before anybody hears of it."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, String, Table, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from server.database import Database, insert_once
from server.errors import DatabaseUnusable, DiskFull
from server.review import queries
from server.tables import Instant, cases

metadata = MetaData()
things = Table(
    "things",
    metadata,
    Column("name", String, primary_key=True),
    Column("count", Integer),
    Column("at", Instant),
)
NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(f"sqlite:///{tmp_path}/x.db")
    with made.writing() as connection:
        metadata.create_all(connection)
    return made


def count(database: Database) -> int:
    with database.reading() as connection:
        return connection.execute(select(func.count()).select_from(things)).scalar_one()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 20_000)],
)
def test_how_sqlite_is_asked_to_work(database: Database, pragma: str, value: object) -> None:
    with database.reading() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() == value


def test_a_block_that_fails_leaves_nothing(database: Database) -> None:
    row = {"name": "a"}
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(insert(things), row).connection.execute(insert(things), row)
    assert count(database) == 0


def test_a_reader_sees_one_moment_and_keeps_nothing(database: Database) -> None:
    with database.reading() as reader:
        assert reader.execute(select(func.count()).select_from(things)).scalar_one() == 0
        with database.writing() as writer:
            writer.execute(insert(things).values(name="a"))
        assert reader.execute(select(func.count()).select_from(things)).scalar_one() == 0
    assert count(database) == 1
    with database.reading() as careless:
        careless.execute(insert(things).values(name="b"))
    assert count(database) == 1


def test_readers_that_write_afterwards_wait_for_each_other(database: Database) -> None:
    """With a plain BEGIN one of them would be refused at once: the lock is taken at the start."""
    with database.writing() as connection:
        connection.execute(insert(things).values(name="a", count=0))
    together = threading.Barrier(10)

    def add_one(_: int) -> None:
        together.wait()
        with database.writing() as connection:
            before = connection.execute(select(things.c.count)).scalar_one()
            connection.execute(update(things).values(count=before + 1))

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(add_one, range(10)))
    with database.reading() as connection:
        assert connection.execute(select(things.c.count)).scalar_one() == 10


def test_inserting_once(database: Database) -> None:
    with database.writing() as connection:
        assert insert_once(connection, things, {"name": "a", "count": 1})
        assert not insert_once(connection, things, {"name": "a", "count": 2})
        assert connection.execute(select(things.c.count)).scalar_one() == 1


def test_a_full_disk_is_told_as_what_it_is(database: Database) -> None:
    rows = [{"name": "x" * 5000 + str(number)} for number in range(100)]
    with database.reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1")
    with pytest.raises(DiskFull), database.writing() as connection:
        connection.execute(insert(things), rows)
    with pytest.raises(OperationalError), database.writing() as connection:
        connection.exec_driver_sql("no SQL")


@given(
    at=st.datetimes(
        min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
        timezones=st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours))),
    )
)
def test_moments_come_back_as_the_same_moment(at: datetime) -> None:
    kind = Instant()
    for dialect, back in (
        (sqlite.dialect(), lambda v: v.replace(tzinfo=None)),
        (postgresql.dialect(), lambda v: v),
    ):
        kept = kind.process_bind_param(at, dialect)
        assert kept is not None
        told = kind.process_result_value(back(kept), dialect)
        assert told == at
        assert told is not None
        assert told.tzinfo is UTC
    assert kind.process_bind_param(None, sqlite.dialect()) is None
    assert kind.process_result_value(None, sqlite.dialect()) is None


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="time zone"), database.writing() as connection:
        connection.execute(insert(things).values(name="a", at=NOW.replace(tzinfo=None)))


@pytest.mark.parametrize("url", ["nonsense", "nodb:///x", "sqlite+nodriver:///x", ""])
def test_a_url_that_names_no_database(url: str) -> None:
    with pytest.raises(DatabaseUnusable, match="cannot be used"):
        Database(url)


def test_an_error_in_opening_names_no_password() -> None:
    with pytest.raises(DatabaseUnusable) as told:
        Database("nodb://user:hunter2@host/x")
    assert "hunter2" not in str(told.value)


def test_claiming_is_one_statement_that_postgresql_understands() -> None:
    """Nobody can try PostgreSQL here; that the words are there is what can be seen."""
    seen: list[str] = []

    class Recorder:
        def execute(self, statement: object) -> "Recorder":
            seen.append(str(statement.compile(dialect=postgresql.dialect())))  # type: ignore[attr-defined]
            return self

        def scalar(self) -> None:
            return None

    queries.claim(Recorder(), "ann", NOW, NOW)  # type: ignore[arg-type]
    (statement,) = seen
    assert statement.startswith("UPDATE cases SET")
    assert "FOR UPDATE SKIP LOCKED" in statement
    assert "RETURNING" in statement
    assert cases.c.holder is not None


def test_sqlite_here_is_new_enough_for_returning() -> None:
    assert sqlite3.sqlite_version_info >= (3, 35)
