"""The outbox's rows: one SQLite file in which a commit is on the medium before it returns."""

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from models.records import Acknowledgement, Inspection
from station.errors import AcknowledgementWrong, DiskNearlyFull, OutboxUnusable

SCHEMA_VERSION = 1
_SCHEMA = f"""
BEGIN;
CREATE TABLE inspection (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    inspection_id TEXT NOT NULL UNIQUE,
    return_code TEXT NOT NULL,
    round INTEGER,
    record TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'acknowledged', 'refused')),
    accepted_at TEXT NOT NULL,
    words TEXT NOT NULL DEFAULT '',
    answer TEXT
);
CREATE UNIQUE INDEX once_a_round ON inspection (round, return_code) WHERE round IS NOT NULL;
CREATE INDEX by_state ON inspection (state, number);
CREATE TABLE photo (
    number INTEGER NOT NULL REFERENCES inspection,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (number, sha256)
) WITHOUT ROWID;
CREATE INDEX by_photo ON photo (sha256);
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""


class State(StrEnum):
    """Where an accepted inspection stands."""

    PENDING = "pending"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One accepted inspection."""

    inspection: Inspection
    """As it was accepted."""
    state: State
    """Whether the server has it."""
    accepted_at: datetime
    """By the station's clock; only shown, never compared."""
    words: str
    """Why it was refused."""
    answer: Acknowledgement | None
    """What the server said to it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """The outbox in numbers."""

    pending: int
    """Waiting for the server."""
    acknowledged: int
    """Safely there."""
    refused: int
    """Kept for a person."""
    oldest_at: datetime | None
    """When the oldest pending one was accepted."""


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    db.execute("PRAGMA journal_mode = WAL")
    # FULL: a commit returns after the log was synced; WAL's default syncs at checkpoints only
    # and would lose the last commits in a power cut (sqlite.org/pragma.html#pragma_synchronous).
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA fullfsync = ON")
    db.execute("PRAGMA checkpoint_fullfsync = ON")
    return db


def _trouble(error: sqlite3.Error) -> DiskNearlyFull | OutboxUnusable:
    if "full" in str(error):
        return DiskNearlyFull("The disk is full; make room, then go on.")
    return OutboxUnusable(f"The outbox's database fails: {error}. Look at the disk.")


def _unopened(path: Path, error: sqlite3.Error) -> OutboxUnusable:
    # A full or failing disk must not send anybody to another home: what waits here would stay behind.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return OutboxUnusable(
            f"{path} is damaged ({error}). Nothing was deleted: keep its folder, and start with another SECONDLOOK_HOME."
        )
    return OutboxUnusable(
        f"{path} cannot be opened ({error}). Is the disk full, or may the station not write there? Mend that, then start again."
    )


class Ledger:
    """Rows of accepted inspections, oldest first by number; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Open or create it. Raises OutboxUnusable for a damaged file or one of a newer version."""
        self.guard = threading.RLock()
        self.version = 0
        try:
            self._db = _connect(path)
            self._check(path)
        except sqlite3.Error as error:
            raise _unopened(path, error) from error

    def _check(self, path: Path) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise OutboxUnusable(f"{path} was written by a newer station; start that one.")
        if version == 0:
            self._db.executescript(_SCHEMA)
        told = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if told != "ok":
            raise sqlite3.DatabaseError(told)

    def close(self) -> None:
        """Let go of the file."""
        with self.guard:
            self._db.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self.guard:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                with self._db:
                    yield self._db
            except sqlite3.Error as error:
                raise _trouble(error) from error
            self.version += 1

    def _rows(self, sql: str, *values: str | int | None) -> list[tuple[str, ...]]:
        with self.guard:
            try:
                return self._db.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                raise _trouble(error) from error

    def insert(
        self, inspection: Inspection, hashes: Iterable[str], round_: int | None, at: datetime
    ) -> None:
        """Commit one inspection as pending, with the files that it names."""
        values = (
            inspection.inspection_id,
            inspection.return_code,
            round_,
            inspection.to_json(),
            inspection.content_sha256(),
            at.isoformat(),
        )
        with self._transaction() as db:
            made = db.execute(
                "INSERT INTO inspection (inspection_id, return_code, round, record, sha256, state, accepted_at)"
                " VALUES (?, ?, ?, ?, ?, 'pending', ?)",
                values,
            )
            rows = [(made.lastrowid, sha256) for sha256 in hashes]
            db.executemany("INSERT INTO photo VALUES (?, ?)", rows)

    def twin_sha256(self, inspection: Inspection, round_: int | None) -> str | None:
        """Content of what was accepted under this id, or for this code in this round."""
        rows = self._rows(
            "SELECT sha256 FROM inspection WHERE inspection_id = ? OR (round = ? AND return_code = ?)",
            inspection.inspection_id,
            round_,
            inspection.return_code,
        )
        return rows[0][0] if rows else None

    def pending_ids(self) -> list[str]:
        """Oldest first."""
        sql = "SELECT inspection_id FROM inspection WHERE state = 'pending' ORDER BY number"
        return [row[0] for row in self._rows(sql)]

    def record(self, inspection_id: str) -> str:
        """The JSON that was accepted, letter by letter."""
        sql = "SELECT record FROM inspection WHERE inspection_id = ?"
        return self._rows(sql, inspection_id)[0][0]

    def acknowledge(self, told: Acknowledgement) -> None:
        """Settle an inspection by the server's word. Raises AcknowledgementWrong for other content."""
        with self._transaction() as db:
            settled = db.execute(
                "UPDATE inspection SET state = 'acknowledged', words = '', answer = ?"
                " WHERE inspection_id = ? AND sha256 = ?",
                (told.to_json(), told.inspection_id, told.sha256),
            )
            if settled.rowcount != 1:
                raise AcknowledgementWrong(
                    f"The server keeps {told.sha256[:12]}… under this id, which is not what it was sent."
                )

    def refuse(self, inspection_id: str, words: str) -> None:
        """Keep a pending one for a person."""
        with self._transaction() as db:
            db.execute(
                "UPDATE inspection SET state = 'refused', words = ?"
                " WHERE inspection_id = ? AND state = 'pending'",
                (words, inspection_id),
            )

    def retry_refused(self) -> int:
        """Put every refused one back in the queue; how many."""
        sql = "UPDATE inspection SET state = 'pending', words = '' WHERE state = 'refused'"
        with self._transaction() as db:
            return db.execute(sql).rowcount

    def photos(self) -> set[str]:
        """Hashes that some entry still needs on this disk."""
        return {row[0] for row in self._rows("SELECT DISTINCT sha256 FROM photo")}

    def forget_photos(self, keep_recent: int) -> set[str]:
        """Hashes that nobody needs any more: all who name them are acknowledged, and not recent."""
        newest = "SELECT number FROM inspection WHERE state = 'acknowledged' ORDER BY number DESC LIMIT 1 OFFSET ?"
        with self._transaction() as db:
            limit = db.execute(newest, (keep_recent,)).fetchone()
            gone = db.execute(
                "DELETE FROM photo WHERE number <= ? AND 'acknowledged' ="
                " (SELECT state FROM inspection WHERE inspection.number = photo.number)"
                " RETURNING sha256",
                limit or (0,),
            ).fetchall()
            needed = "SELECT 1 FROM photo WHERE sha256 = ? LIMIT 1"
            return {row[0] for row in gone if not db.execute(needed, row).fetchone()}

    def tally(self) -> Tally:
        """The outbox in numbers."""
        rows = self._rows("SELECT state, count(*) FROM inspection GROUP BY state")
        counts = {state: int(count) for state, count in rows}
        oldest = self._rows(
            "SELECT accepted_at FROM inspection WHERE state = 'pending' ORDER BY number LIMIT 1"
        )
        return Tally(
            pending=counts.get("pending", 0),
            acknowledged=counts.get("acknowledged", 0),
            refused=counts.get("refused", 0),
            oldest_at=datetime.fromisoformat(oldest[0][0]) if oldest else None,
        )

    def recent(self, limit: int) -> tuple[Entry, ...]:
        """The newest entries, newest first."""
        rows = self._rows(
            "SELECT record, state, accepted_at, words, answer FROM inspection ORDER BY number DESC LIMIT ?",
            limit,
        )
        return tuple(_entry(*row) for row in rows)

    def last_round(self) -> tuple[int, frozenset[str]]:
        """The replay's newest round, 1 at first, and the return codes accepted in it."""
        rows = self._rows(
            "SELECT round, return_code FROM inspection WHERE round ="
            " (SELECT max(round) FROM inspection WHERE round IS NOT NULL)"
        )
        return (int(rows[0][0]) if rows else 1), frozenset(row[1] for row in rows)


def _entry(record: str, state: str, accepted_at: str, words: str, answer: str | None) -> Entry:
    return Entry(
        inspection=Inspection.from_json(record),
        state=State(state),
        accepted_at=datetime.fromisoformat(accepted_at),
        words=words,
        answer=Acknowledgement.from_json(answer) if answer else None,
    )
