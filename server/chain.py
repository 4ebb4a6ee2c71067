"""What happened in one line: each entry's hash covers its records and the entry before it.

An entry's content names records by the SHA-256 of their canonical JSON. Its hash covers its place, the
hash of its content, the hash of the entry before it, and that of an earlier one: the place with its
lowest bit taken away. Over these two ways back, the newest entry leads to any other in few steps, so
one return's file proves its place without the rest of the chain, and without telling what stands there.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, text

from server.database import before_commit
from server.tables import chain

GENESIS = "0" * 64
"""Stands for the hash of what is before the first entry."""
POSTGRESQL_LOCK = 5_327_002
"""Names the lock that makes writers stand in line; see migrations.POSTGRESQL_LOCK."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """An entry as others need it to compute its hash."""

    position: int
    """From 1, without gaps."""
    previous: str
    """Hash of the entry before it."""
    skip: str
    """Hash of the entry at `earlier(position)`."""
    content_sha256: str
    """Hash of its content."""

    @property
    def sha256(self) -> str:
        """The entry's hash."""
        return sha256(canonical(vars(self)))


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entry as it is kept."""

    position: int
    kind: str
    """`decision`, or another kind of record."""
    name: str
    """The record's own name; a kind has it once."""
    content: str
    """Canonical JSON: kind, name, the record's hash, and the hashes of what it rests on."""
    sha256: str
    """The hash that was computed when it was added."""


def sha256(said: str) -> str:
    """Hex SHA-256 of a text in UTF-8."""
    return hashlib.sha256(said.encode()).hexdigest()


def canonical(content: Mapping[str, object]) -> str:
    """Keys sorted, no spaces, text as it is: the same content is the same text everywhere."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def content_of(kind: str, name: str, record: str, rests_on: Mapping[str, str]) -> str:
    """What an entry says: which record, and which others it rests on, each by its hash."""
    said = {"kind": kind, "name": name, "record": sha256(record), "rests_on": dict(rests_on)}
    return canonical(said)


def earlier(position: int) -> int:
    """The place that an entry leads back to besides the one before it; 0 is before the first."""
    return position & (position - 1)


def way_back(newest: int, to: int) -> Iterator[int]:
    """The places from the newest entry to an older one, both included: about the square of log₂ at most."""
    at = newest
    while at > to:
        yield at
        at = earlier(at) if earlier(at) >= to else at - 1
    yield to


def append(connection: Connection, *, kind: str, name: str, content: str) -> None:
    """Add an entry, as the transaction's last step: all writers stand in line for the newest one's hash."""

    def add(within: Connection) -> None:
        _add(within, kind=kind, name=name, content=content)

    before_commit(connection, add)


def _add(connection: Connection, *, kind: str, name: str, content: str) -> None:
    if connection.dialect.name == "postgresql":  # SQLite lets in one writer at a time
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": POSTGRESQL_LOCK})
    newest = head(connection)
    position = newest.position + 1 if newest else 1
    before = hashes(connection, {position - 1, earlier(position)})
    link = Link(
        position=position,
        previous=before[position - 1],
        skip=before[earlier(position)],
        content_sha256=sha256(content),
    )
    row = {"position": position, "kind": kind, "name": name, "content": content}
    connection.execute(insert(chain).values(sha256=link.sha256, **row))


def head(connection: Connection) -> Entry | None:
    """The newest entry."""
    newest = select(chain).order_by(chain.c.position.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return None if row is None else Entry(**row._mapping)  # noqa: SLF001 - public, whatever its name


def hashes(connection: Connection, positions: set[int]) -> dict[int, str]:
    """Place → hash of the entry there; 0 is before the first."""
    rows = connection.execute(
        select(chain.c.position, chain.c.sha256).where(chain.c.position.in_(sorted(positions)))
    )
    return {0: GENESIS} | {row.position: row.sha256 for row in rows}
