"""The one place that opens transactions and commits them."""

import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, exc, make_url, text
from sqlalchemy.dialects import postgresql, sqlite

from server.errors import ContentInvalid, DatabaseBusy, DatabaseUnusable, DiskFull

BUSY_TIMEOUT_MS = 20_000
"""How long a writer waits for its turn; a write takes milliseconds, so only a stuck disk reaches it."""
DISK_FULL = {"53100"}
"""PostgreSQL's code, from its documentation's appendix A, as the next ones."""
BUSY = {"08", "40", "53", "55", "57"}
"""Its classes: connection lost, rolled back to let others go on, no room, locked, shut down or too slow."""
SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN}
TURNS = 5_327_002
"""Any number that nobody else takes in the same database: it names our locks of `in_turn`."""
POOLED = 10
MORE = 40
"""Connections kept, and opened on top of them: as many as the web server has worker threads."""

LastStep = Callable[[Connection], None]


class Database:
    """Short transactions over SQLite (WAL, every commit fsynced) or PostgreSQL."""

    def __init__(self, url: str | URL) -> None:
        """Open nothing yet. Raises DatabaseUnusable when the URL names no database that we can speak to."""
        self.engine = _engine(url)
        # A process's last words: PostgreSQL's driver complains of connections that nobody closed.
        weakref.finalize(self, self.engine.dispose)
        # SQLite's own waiting is asleep for up to a tenth of a second at a time: within a process,
        # writers queue here and are woken at once.
        self._writers = threading.Lock() if self.dialect == "sqlite" else None
        # PostgreSQL would show each statement a moment of its own; SQLite's readers see one anyway.
        self._snapshots = (
            self.engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            if self.dialect == "postgresql"
            else self.engine
        )

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def reading(self, *, unhurried: bool = False) -> Iterator[Connection]:
        """Give one consistent snapshot; nothing is kept. `unhurried` is for work that takes minutes.

        Raises DatabaseBusy.
        """
        with _told(), self._snapshots.connect() as connection:
            if unhurried and self.dialect == "postgresql":
                for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
                    connection.execute(text(f"SET LOCAL {name} = 0"))
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """All or nothing: when the block ends well, everything is on disk.

        PostgreSQL lets several write at once: a row that is read to decide something is read
        `with_for_update()`, and where there is no row yet, `in_turn` comes first.
        Raises DiskFull, DatabaseBusy, and ContentInvalid for what fits into no column.
        """
        with _told(), self._turn(), self.engine.connect() as connection:
            last: list[LastStep] = []
            connection.execution_options(writing=True, last=last)
            with connection.begin():
                yield connection
                for step in last:
                    step(connection)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self._writers is None:
            yield
            return
        if not self._writers.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
            raise DatabaseBusy
        try:
            yield
        finally:
            self._writers.release()

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


@contextmanager
def _told() -> Iterator[None]:
    """Translate what the drivers say; what nobody foresaw stays as it is."""
    try:
        yield
    except exc.TimeoutError as error:
        raise DatabaseBusy from error
    except OverflowError as error:  # SQLite's driver says it like this, before it asks the database
        raise ContentInvalid("What was sent cannot be kept: a number is too large.") from error
    except exc.DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseBusy from error
        raise _meaning(error) from error


def _meaning(error: exc.DBAPIError) -> Exception:
    state = getattr(error.orig, "sqlstate", None) or ""
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    if state in DISK_FULL or code == sqlite3.SQLITE_FULL:
        return DiskFull()
    if state[:2] in BUSY or code in SQLITE_BUSY:
        return DatabaseBusy()
    unreachable = isinstance(error, exc.OperationalError) and not state and not code
    if unreachable:
        return DatabaseBusy()
    if state[:2] == "22":  # longer than its column, or a larger number
        return ContentInvalid(f"What was sent cannot be kept: {str(error.orig).splitlines()[0]}")
    return error


def insert_once(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert unless a row with that key is there; tells whether it was inserted."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    once = dialect.insert(table).values(row).on_conflict_do_nothing()
    # Not by rowcount, which PostgreSQL's driver leaves out of inserts that give something back.
    return connection.execute(once.returning(*table.primary_key)).first() is not None


def in_turn(connection: Connection, what: str) -> None:
    """Until this transaction ends, others who ask for their turn at the same thing wait.

    For what reads first and writes what follows from it, where no row is there to be locked: SQLite
    has one writer at a time anyway, PostgreSQL has many.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:space, hashtext(:what))"),
            {"space": TURNS, "what": what},
        )


def _engine(url: str | URL) -> Engine:
    try:
        place = make_url(url)
        if place.get_backend_name() == "sqlite":
            return _sqlite(place)
        return _postgresql(place)
    except (exc.ArgumentError, exc.NoSuchModuleError, ModuleNotFoundError) as error:
        raise DatabaseUnusable(f"The database URL cannot be used: {error}") from error


def _postgresql(url: URL) -> Engine:
    if url.drivername in {"postgres", "postgresql"}:
        # As people write it; SQLAlchemy would look for the driver of before.
        url = url.set(drivername="postgresql+psycopg")
    # Only here: reading the driver costs a start on SQLite a tenth of a second.
    from server.postgresql import prepare  # noqa: PLC0415

    engine = create_engine(url, pool_size=POOLED, max_overflow=MORE, pool_pre_ping=True)
    event.listen(engine, "connect", prepare)
    return engine


def _sqlite(url: URL) -> Engine:
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
