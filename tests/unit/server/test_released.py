"""Every released version's database becomes this version's with all that is in it, and all of it can be read."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import MetaData, create_engine, func, insert, select

from models.records import Inspection
from models.vocabulary import Role
from server import migrations, tables
from server.backup import bring, rows
from server.database import Database
from tests.databases import databases
from tests.unit.server.running import Running, serving

FROZEN = Path(__file__).parents[2] / "frozen"
RELEASED = sorted(path.stem for path in FROZEN.glob("*.sql"))
GROWS = {"alembic_version", "sessions"}
"""What a running server itself writes to."""


def old_file(folder: Path, revision: str) -> Path:
    """That version's database, as it left it."""
    path = folder / "old.db"
    with sqlite3.connect(path) as connection:
        connection.executescript((FROZEN / f"{revision}.sql").read_text(encoding="utf-8"))
    connection.close()
    return path


def counted(path: Path) -> dict[str, int]:
    with sqlite3.connect(path) as connection:
        names = [n for (n,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]  # fmt: skip
        found = {n: connection.execute(f"SELECT count(*) FROM {n}").fetchone()[0] for n in names}
    connection.close()
    return found


def fill_postgresql(url: str, path: Path, revision: str) -> None:
    """The same rows in PostgreSQL: that version's own steps, then each table."""
    old, new = create_engine(f"sqlite:///{path}"), Database(url)
    seen, wanted = MetaData(), MetaData()
    with old.connect() as source, new.writing() as connection:
        command.upgrade(migrations.config(connection), revision)
        seen.reflect(source)
        wanted.reflect(connection)
        with rows._loosely(connection, wanted):
            for table in seen.sorted_tables:
                found = [dict(row._mapping) for row in source.execute(select(table))]
                if found and table.name != "alembic_version":
                    connection.execute(insert(wanted.tables[table.name]), found)
        rows._count_on(connection, wanted)
    old.dispose()
    new.close()


@pytest.fixture(params=RELEASED)
def upgraded(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> Iterator[tuple[Running, dict[str, int]]]:
    path, home = old_file(tmp_path, request.param), tmp_path / "home"
    before = counted(path)
    if kind == "postgresql":
        url = databases.empty(tmp_path)
        fill_postgresql(url, path, request.param)
        with serving(home, database_url=url) as server:
            yield server, before
    else:
        (home / "server").mkdir(parents=True)
        path.rename(home / "server/secondlook.db")
        with serving(home) as server:
            yield server, before


def test_there_is_one_of_each_release() -> None:
    assert "0001" in RELEASED


def test_nothing_is_lost_and_all_can_be_read(upgraded: tuple[Running, dict[str, int]]) -> None:
    server, before = upgraded
    with server.parts.database.reading() as connection:
        for name in before.keys() - GROWS:
            count = select(func.count()).select_from(tables.metadata.tables[name])
            assert connection.execute(count).scalar_one() == before[name], name
        assert list(bring.broken_links(connection)) == []
        kept = [
            Inspection.from_json(r)
            for r in connection.execute(select(tables.inspections.c.record)).scalars()
        ]
        open_cases = connection.execute(select(tables.cases.c.case_id).where(tables.cases.c.closed_at.is_(None))).scalars().all()  # fmt: skip
    assert len(kept) > 10
    assert open_cases
    lead = server.person("new-lead", Role.QA_LEAD)
    for one in kept:
        file = lead.get(f"/returns/{one.inspection_id}")
        assert file.status_code == 200, file.text
        assert one.return_code in file.text
    assert lead.get("/review").status_code == 200
    assert lead.get("/returns", params={"q": "退货-004"}).text.count("退货-004") >= 1


def test_work_goes_on(upgraded: tuple[Running, dict[str, int]]) -> None:
    """The next case is served; nobody's number is given twice."""
    server, _ = upgraded
    ann = server.person("new-ann")
    place = ann.post("/queue/next").headers["location"]
    assert place.startswith("/review/")
    assert ann.get(place).status_code == 200
    assert ann.get("/returns?q=rt-0002").status_code == 200
