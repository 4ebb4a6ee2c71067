"""The schema, step by step; `upgrade` brings any older database to this version."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DatabaseError

from server.database import Database
from server.errors import DatabaseBusy, DatabaseUnusable, DiskFull

HERE = Path(__file__).parent
POSTGRESQL_LOCK = 5_327_001
"""Any number that nobody else takes in the same database: it names the lock for migrating."""


def config(connection: Connection | None = None) -> Config:
    """Alembic's settings without a file: the steps lie in this package, wherever it is installed."""
    settings = Config()
    # Alembic reads % in paths as interpolation.
    settings.set_main_option("script_location", str(HERE).replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings


def newest() -> str:
    """The revision that this version of the program works with."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    if head is None:
        raise DatabaseUnusable("The steps of the schema are not installed; reinstall Secondlook.")
    return head


def revision(database: Database) -> str | None:
    """The revision that the database has; none without any. Raises DatabaseBusy."""
    with database.reading() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def begun(database: Database) -> bool:
    """Some version's schema is in there. Raises DatabaseUnusable when it cannot be opened."""
    try:
        with database.reading() as connection:
            return inspect(connection).has_table("alembic_version")
    except DatabaseBusy as error:
        raise _unusable(error.__cause__ or error) from error


def upgrade(database: Database, folder: Path) -> None:
    """Bring the database to `newest`, all steps or none, one process at a time.

    Raises DatabaseUnusable when it cannot be opened, or was made by a newer version.
    """
    try:
        with _alone(folder), database.writing() as connection:
            if connection.dialect.name == "postgresql":
                unhurried(connection)
                connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": POSTGRESQL_LOCK})
            command.upgrade(config(connection), "head")
    except CommandError as error:
        raise DatabaseUnusable(
            f"The database was made by a newer version of Secondlook; install that one: {error}"
        ) from error
    except (DatabaseError, OSError) as error:
        raise _unusable(error) from error
    except (DatabaseBusy, DiskFull) as error:
        raise _unusable(error.__cause__ or error) from error


def unhurried(connection: Connection) -> None:
    """Steps over many rows take what they take, and so do the others who wait for them."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0"))


def _unusable(error: BaseException) -> DatabaseUnusable:
    reason = getattr(error, "orig", None) or error
    return DatabaseUnusable(f"The database cannot be opened or upgraded: {reason}")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "migrate.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
