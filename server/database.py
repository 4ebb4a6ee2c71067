"""The one place that opens transactions and commits them."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from server.errors import DatabaseUnusable, DiskFull

BUSY_TIMEOUT_MS = 20_000
"""How long a writer waits for its turn; a write takes milliseconds, so only a stuck disk reaches it."""
POOLED = 10
MORE = 40
"""Connections kept, and opened on top of them: as many as the web server has worker threads."""

LastStep = Callable[[Connection], None]


class Database:
    """Short transactions over SQLite (WAL, every commit fsynced) or PostgreSQL."""

    def __init__(self, url: str | URL) -> None:
        """Open nothing yet. Raises DatabaseUnusable when the URL names no database that we can speak to."""
        self.engine = _engine(url)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give one consistent snapshot; nothing is kept."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """All or nothing: when the block ends well, everything is on disk. Raises DiskFull."""
        try:
            with self.engine.connect() as connection:
                last: list[LastStep] = []
                connection.execution_options(writing=True, last=last)
                with connection.begin():
                    yield connection
                    for step in last:
                        step(connection)
        except OperationalError as error:
            if "full" in str(error.orig):
                raise DiskFull from error
            raise

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def before_commit(connection: Connection, step: LastStep) -> None:
    """Do this when all else in `Database.writing()` is done.

    For what takes a lock that all writers share: it is held for the commit only, and as it comes last
    in every transaction, two never wait for each other in turn.
    """
    last: list[LastStep] = connection.get_execution_options()["last"]
    last.append(step)


def insert_once(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert unless a row with that key is there; tells whether it was inserted."""
    dialect = connection.dialect.name
    if dialect == "sqlite":
        done = connection.execute(sqlite.insert(table).values(row).on_conflict_do_nothing())
    elif dialect == "postgresql":
        done = connection.execute(postgresql.insert(table).values(row).on_conflict_do_nothing())
    else:
        done = connection.execute(insert(table).values(row))
    return done.rowcount == 1


def _engine(url: str | URL) -> Engine:
    try:
        if make_url(url).get_backend_name() == "sqlite":
            return _sqlite(url)
        return create_engine(url, pool_size=POOLED, max_overflow=MORE, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise DatabaseUnusable(f"The database URL cannot be used: {error}") from error


def _sqlite(url: str | URL) -> Engine:
    engine = create_engine(
        url,
        pool_size=POOLED,
        max_overflow=MORE,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    # Python's driver would begin transactions at moments of its own; _begin_sqlite does it instead.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at the start: two that read first and write later would refuse each
    # other at once (SQLITE_BUSY on upgrade), whatever the timeout.
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
