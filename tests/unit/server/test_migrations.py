"""Any older database becomes this version's, once, whoever starts first."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command, op
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select, text

from models.vocabulary import Role
from server import identity, migrations
from server.cases import rank_of
from server.database import Database
from server.errors import DatabaseUnusable
from server.security import token_sha256
from server.tables import cases, metadata, skips
from tests.databases import databases
from tests.factories import NOON


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(databases.empty(tmp_path))


def revision(database: Database) -> str | None:
    with database.reading() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_a_table_of_ours(name: str | None, kind: str, _: object = None) -> bool:
    """The index of words is each database's own affair: FTS5 has tables below it."""
    return kind != "table" or not str(name).startswith("standing_words")


def test_from_nothing_to_what_the_tables_say(database: Database, tmp_path: Path) -> None:
    migrations.upgrade(database, tmp_path)
    with database.reading() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_name": is_a_table_of_ours}
        )
        assert compare_metadata(context, metadata) == []
        names = {n for n in inspect(connection).get_table_names() if is_a_table_of_ours(n, "table")}
        assert names == {*metadata.tables, "alembic_version"}
    assert revision(database) == migrations.newest()


def test_again_is_nothing(database: Database, tmp_path: Path) -> None:
    migrations.upgrade(database, tmp_path)
    with database.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO stations (name, token_sha256, enrolled_at) VALUES ('a', 'b', '2026-01-01')"
            )
        )
    migrations.upgrade(database, tmp_path)
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM stations")).scalar_one() == 1


def test_ten_that_start_at_once(tmp_path: Path) -> None:
    url = databases.empty(tmp_path)

    def start(number: int) -> None:
        database = Database(url)
        # Half of them on another machine: only the database itself can make them take turns.
        migrations.upgrade(database, tmp_path / str(number % 2))
        database.close()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(start, range(10)))


def test_steps_are_one_line_and_each_says_what_it_does() -> None:
    steps = list(ScriptDirectory.from_config(migrations.config()).walk_revisions())
    assert [step.nextrev for step in steps[:1]] == [frozenset()]
    assert all(step.doc and step.doc.endswith(".") for step in steps)
    assert all(
        "server" not in Path(step.path).read_text().split("def upgrade")[0] for step in steps
    )


def test_a_database_of_a_newer_version_is_left_alone(database: Database, tmp_path: Path) -> None:
    migrations.upgrade(database, tmp_path)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'future'"))
    with pytest.raises(DatabaseUnusable, match="newer version"):
        migrations.upgrade(database, tmp_path)
    assert revision(database) == "future"


def test_a_step_that_fails_half_way_changes_nothing(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: str) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as broken:
        broken.setattr(op, "execute", fails)
        with pytest.raises(DatabaseUnusable, match="power cut"):
            migrations.upgrade(database, tmp_path)
    with database.reading() as connection:
        assert inspect(connection).get_table_names() == []
    migrations.upgrade(database, tmp_path)


@pytest.mark.parametrize("content", [b"this is no database, whatever its name says" * 100])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.db").write_bytes(content)
    with pytest.raises(DatabaseUnusable, match="not a database"):
        migrations.upgrade(Database(f"sqlite:///{tmp_path}/x.db"), tmp_path)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseUnusable, match="cannot be opened"):
        migrations.upgrade(Database(f"sqlite:///{tmp_path}/x.db"), tmp_path / "file" / "sub")


def test_cases_keep_their_address_holder_and_place(database: Database, tmp_path: Path) -> None:
    """From 0001: one case an inspection, with the inspection's id as its own."""
    with database.writing() as connection:
        command.upgrade(migrations.config(connection), "0006")
        connection.execute(
            text(
                "INSERT INTO accounts (name, password_hash, role, demo, created_at) "
                "VALUES ('ann', 'x', 'reviewer', false, '2026-01-01 00:00:00+00:00')"
            )
        )
        for name in ("open", "closed"):
            _add_case(connection, name)
        connection.execute(
            text("UPDATE cases SET closed_at = opened_at WHERE inspection_id = 'closed'")
        )
        connection.execute(
            text("INSERT INTO skips VALUES ('open', 'ann', '2026-01-05 12:00:00+00:00')")
        )

    migrations.upgrade(database, tmp_path)

    with database.reading() as connection:
        rows = {row.case_id: row for row in connection.execute(select(cases))}
        assert connection.execute(select(skips.c.case_id)).scalars().all() == ["open"]
    assert set(rows) == {"open", "closed"}
    one = rows["open"]
    assert (one.inspection_id, one.kind, one.holder, one.overdue) == (
        "open",
        "review",
        "ann",
        False,
    )
    assert one.opened_at == NOON
    assert one.rank == pytest.approx(rank_of(7.5, NOON, one.deadline))
    assert rows["closed"].closed_at == NOON


def _add_case(connection: Connection, name: str) -> None:
    connection.execute(
        text(
            "INSERT INTO inspections (inspection_id, content_sha256, return_code, station, record, received_at) "
            "VALUES (:name, 'x', 'RT', 'bench-1', '{}', '2026-01-05 12:00:00+00:00')"
        ),
        {"name": name},
    )
    connection.execute(
        text(
            "INSERT INTO cases (inspection_id, stake, rank, opened_at, holder, held_until) "
            "VALUES (:name, 7.5, -1, '2026-01-05 12:00:00+00:00', 'ann', '2026-01-05 12:05:00+00:00')"
        ),
        {"name": name},
    )


def test_who_was_in_before_the_step_stays_in(database: Database, tmp_path: Path) -> None:
    """From 0001: accounts, sessions that are open and stations' tokens."""
    at = "'2026-01-05 11:30:00+00:00'"
    with database.writing() as connection:
        command.upgrade(migrations.config(connection), "0001")
        for statement in (
            (
                "INSERT INTO accounts (name, password_hash, role, demo, created_at) "
                f"VALUES ('ann', 'x', 'reviewer', false, {at})"
            ),
            (
                "INSERT INTO sessions (token_sha256, account, created_at, expires_at) "
                f"VALUES ('{token_sha256('session')}', 'ann', {at}, '2026-01-05 23:30:00+00:00')"
            ),
            (
                "INSERT INTO stations (name, token_sha256, enrolled_at) "
                f"VALUES ('bench-1', '{token_sha256('token')}', {at})"
            ),
        ):
            connection.execute(text(statement))

    migrations.upgrade(database, tmp_path)

    with database.reading() as connection:
        ann = identity.by_session(connection, "session", NOON, timedelta(hours=1))
        bench = identity.by_bearer(connection, "token", NOON)
    assert ann is not None
    assert (ann.name, ann.role) == ("ann", Role.REVIEWER)
    assert bench is not None
    assert (bench.name, bench.role) == ("bench-1", Role.STATION)
