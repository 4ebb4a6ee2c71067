"""Tables as JSON lines: out of one moment of a database, and into an empty one of either kind."""

import base64
import gzip
import itertools
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, func, insert, inspect, select, text
from sqlalchemy.schema import AddConstraint, DropConstraint
from sqlalchemy.types import LargeBinary

from server.backup.manifest import Manifest, arriving
from server.errors import BackupUnusable
from server.tables import Instant, metadata

BATCH = 1000
PLAIN, INSTANT, BYTES = "plain", "instant", "bytes"

Step = Callable[[int], None]
"""Told of so many more rows."""


def kinds() -> dict[str, dict[str, str]]:
    """Table → column → what its values are in a file."""
    return {t.name: {c.name: _kind(c.type) for c in t.columns} for t in metadata.sorted_tables}


def _kind(of: object) -> str:
    if isinstance(of, Instant):
        return INSTANT
    return BYTES if isinstance(of, LargeBinary) else PLAIN


def dump(connection: Connection, table: Table, path: Path, step: Step) -> int:
    """Write a table's rows, in the order of its key; gives how many."""
    count = 0
    found = connection.execution_options(yield_per=BATCH).execute(
        select(table).order_by(*table.primary_key)
    )
    with arriving(path) as file, gzip.open(file, "wb", compresslevel=3) as packed:
        for rows in found.partitions():
            lines = (json.dumps([_said(v) for v in row], ensure_ascii=False) for row in rows)
            packed.write("".join(f"{line}\n" for line in lines).encode())
            count += len(rows)
            step(len(rows))
    return count


def _said(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def load(connection: Connection, folder: Path, manifest: Manifest, step: Step) -> None:
    """Fill empty tables of the manifest's schema, within the connection's transaction.

    Raises BackupUnusable when the files do not fit.
    """
    tables = MetaData()
    there = set(inspect(connection).get_table_names())
    tables.reflect(connection, only=sorted(there & manifest.columns.keys()))
    with _loosely(connection, tables):
        for name, columns in manifest.columns.items():
            table = tables.tables.get(name)
            if table is None or not set(columns) <= set(table.columns.keys()):
                raise BackupUnusable(f"The backup's table {name} does not fit its own schema.")
            for batch in _batches(_read(folder / f"{name}.jsonl.gz", columns)):
                connection.execute(insert(table), batch)
                step(len(batch))
    if connection.dialect.name == "postgresql":
        _count_on(connection, tables)


@contextmanager
def _loosely(connection: Connection, tables: MetaData) -> Iterator[None]:
    """Rows may come before those that they point at; in the end all must be there."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")  # until the commit
        yield
        return
    keys = [key for table in tables.tables.values() for key in table.foreign_key_constraints]
    for key in keys:
        connection.execute(DropConstraint(key))
    yield
    for key in keys:
        connection.execute(AddConstraint(key))


def _count_on(connection: Connection, tables: MetaData) -> None:
    """PostgreSQL counts rows beside the table, and would begin at 1."""
    for table in tables.tables.values():
        (column, *more) = table.primary_key.columns
        name = text("SELECT pg_get_serial_sequence(:table, :column)")
        asked = {"table": table.name, "column": column.name}
        sequence = connection.execute(name, asked).scalar()
        if sequence and not more:
            newest = connection.execute(select(func.max(column))).scalar()
            connection.execute(
                text("SELECT setval(:sequence, :newest, :used)"),
                {"sequence": sequence, "newest": newest or 1, "used": newest is not None},
            )


def counts(connection: Connection) -> dict[str, int]:
    """Table → number of rows, of this version's tables."""
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in metadata.sorted_tables
    }


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(itertools.islice(rows, BATCH)):
        yield batch


def _read(path: Path, columns: dict[str, str]) -> Iterator[dict[str, Any]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
            for line in file:
                values = zip(columns.items(), json.loads(line), strict=True)
                yield {name: _meant(kind, value) for (name, kind), value in values}
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise BackupUnusable(f"{path} is damaged: {error}") from error


def _meant(kind: str, value: Any) -> object:  # noqa: ANN401 - whatever JSON holds
    if value is None or kind == PLAIN:
        return value
    if kind == BYTES:
        return base64.b64decode(value)
    return datetime.fromisoformat(value).astimezone(UTC)
