"""One writer at a time, all or nothing, on disk before anybody hears of it."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, String, Table, func, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    IntegrityError,
    InternalError,
    OperationalError,
    ProgrammingError,
    StatementError,
)

from server.database import Database, in_turn, insert_once
from server.errors import ContentInvalid, DatabaseBusy, DatabaseUnusable, DiskFull
from server.tables import Instant
from tests.databases import databases

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
    made = Database(databases.empty(tmp_path))
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
def test_how_sqlite_is_asked_to_work(tmp_path: Path, pragma: str, value: object) -> None:
    database = Database(f"sqlite:///{tmp_path}/x.db")
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
    with suppress(InternalError), database.reading() as careless:  # PostgreSQL even says so
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
            # The lock is what PostgreSQL needs, where several write at once.
            before = connection.execute(select(things.c.count).with_for_update()).scalar_one()
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


def test_a_full_disk_is_told_as_what_it_is(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/x.db")
    rows = [{"name": "x" * 5000 + str(number)} for number in range(100)]
    with database.writing() as connection:
        metadata.create_all(connection)
    with database.reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1")
    with pytest.raises(DiskFull), database.writing() as connection:
        connection.execute(insert(things), rows)


POSTGRESQL_SAYS = [
    ("53100", DiskFull),  # no space left on device
    ("40001", DatabaseBusy),  # could not serialize access
    ("40P01", DatabaseBusy),  # deadlock detected
    ("53300", DatabaseBusy),  # too many clients
    ("57P03", DatabaseBusy),  # the database system is starting up
    ("22001", ContentInvalid),  # value too long
    ("42P01", ProgrammingError),  # no such table: our mistake stays one
]


@pytest.mark.parametrize(("code", "meaning"), POSTGRESQL_SAYS)
def test_what_postgresql_says_is_translated(
    database: Database, kind: str, code: str, meaning: type[Exception]
) -> None:
    if kind != "postgresql":
        pytest.skip("PostgreSQL's own codes")
    with pytest.raises(meaning), database.writing() as connection:
        connection.execute(text(f"DO $$ BEGIN RAISE SQLSTATE '{code}'; END $$"))


def test_what_is_no_sql_is_our_mistake(database: Database) -> None:
    with pytest.raises((OperationalError, ProgrammingError)), database.writing() as connection:
        connection.exec_driver_sql("no SQL")


def test_who_waits_too_long_is_told_to_come_again(database: Database, kind: str) -> None:
    if kind == "postgresql":
        hurry = "SET LOCAL statement_timeout = '100ms'"
        statements = text(f"{hurry}; SELECT pg_sleep(20)")
        with pytest.raises(DatabaseBusy), database.writing() as connection:
            connection.execute(statements)
        return
    with database.writing(), pytest.raises(DatabaseBusy):  # noqa: PT012 - the second waits for the first
        with database.engine.connect() as other:
            other.exec_driver_sql("PRAGMA busy_timeout = 100")
        with database.writing():
            pass


def test_two_that_wait_for_each_other_end_and_one_is_told(database: Database, kind: str) -> None:
    if kind != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    with database.writing() as connection:
        connection.execute(insert(things), [{"name": "a"}, {"name": "b"}])
    met = threading.Barrier(2)

    def crosswise(names: str) -> str:
        try:
            with database.writing() as connection:
                connection.execute(update(things).where(things.c.name == names[0]).values(count=1))
                met.wait(10)
                connection.execute(update(things).where(things.c.name == names[1]).values(count=1))
        except DatabaseBusy:
            return "told"
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(crosswise, ["ab", "ba"])) == ["done", "told"]


def test_turns_are_taken_one_after_the_other(database: Database) -> None:
    """What reads first and inserts what follows from it, where there is no row to be locked."""
    together = threading.Barrier(8)

    def one_more(number: int) -> None:
        together.wait(10)
        with database.writing() as connection:
            in_turn(connection, "counting")
            seen = connection.execute(select(func.count()).select_from(things)).scalar_one()
            connection.execute(insert(things).values(name=str(number), count=seen))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one_more, range(8)))
    with database.reading() as connection:
        assert sorted(connection.execute(select(things.c.count)).scalars()) == list(range(8))


def test_nul_is_kept_or_stands_for_itself_and_breaks_nothing(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(insert(things).values(name="a\0b"))
        found = select(things.c.name).where(things.c.name == "a\0b")
        assert connection.execute(found).scalar_one() in {"a\0b", "a\ufffdb"}


def test_a_number_that_no_column_holds_is_told(database: Database) -> None:
    for number in (2**63, 10**30):
        with pytest.raises(ContentInvalid), database.reading() as connection:
            connection.execute(select(things).where(things.c.count == number))


def test_a_database_that_is_not_there_is_told(tmp_path: Path) -> None:
    database = Database(f"postgresql://nobody@/x?host={tmp_path}")
    assert database.dialect == "postgresql"
    with pytest.raises(DatabaseBusy), database.reading():
        pass


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


def test_sqlite_here_is_new_enough_for_returning() -> None:
    assert sqlite3.sqlite_version_info >= (3, 35)
