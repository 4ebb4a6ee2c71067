"""What is expected and what to work by, kept at the bench: fetched when the server is there, known when not.

Nothing is believed that the server's key did not sign, and no file that has not the hash which the
signed answer names. An answer is taken over in one transaction with its cursor: killed at any moment,
the station asks again with the cursor that it has.
"""

import base64
import binascii
import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from models.errors import RecordInvalid
from models.supply import (
    KEY_HEADER,
    SIGNATURE_HEADER,
    ExpectedReturn,
    Supplied,
    SuppliedFile,
    Supply,
    code_key,
)
from station.errors import OutboxUnusable, SettingsInvalid, SupplyRefused
from station.files import PhotoFiles, make_folder
from station.settings import KEYS
from station.wire import Fetched, Silence

SUPPLY = "supply"
"""Its folder in the station's."""
PATH = "/api/v1/supply"
PIECE_BYTES = 500_000
"""Of a file in one request: replies are read up to a million bytes."""
PAUSE_S = 60.0
TROUBLE_PAUSE_S = 30.0
Fetch = Callable[[str, Mapping[str, str]], Fetched]
"""path, headers → answer; raises Silence."""

log = structlog.get_logger()

_TABLES = """
CREATE TABLE IF NOT EXISTS expected (
    return_code TEXT PRIMARY KEY, tracking_key TEXT, serial_key TEXT, record TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS expected_tracking ON expected (tracking_key);
CREATE INDEX IF NOT EXISTS expected_serial ON expected (serial_key);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


def enrolled_key(folder: Path) -> str:
    """The server's public key that enrolment kept; empty without one."""
    try:
        told = json.loads((folder / KEYS).read_text(encoding="utf-8"))
        return str(told.get("signing_key") or "")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, AttributeError) as error:
        raise SettingsInvalid(f"{folder / KEYS} cannot be read; enrol the station again") from error


class Store:
    """What the station has of the supply, on its disk."""

    def __init__(self, folder: Path) -> None:
        """Open or make it. Raises OutboxUnusable."""
        try:
            make_folder(folder)
            self._files = PhotoFiles(folder / "files")
            self._database = sqlite3.connect(
                folder / "supply.db", isolation_level=None, check_same_thread=False
            )
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.executescript(_TABLES)
        except (OSError, sqlite3.Error) as error:
            raise OutboxUnusable(f"{folder} cannot be used: {error}. Look at the disk.") from error

    @property
    def cursor(self) -> str:
        """What to ask with next; empty before the first answer."""
        return self._fact("cursor")

    @property
    def key(self) -> str:
        """The server's public key that this station saw first; empty before."""
        return self._fact("key")

    def _fact(self, name: str) -> str:
        found = self._database.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else ""

    def take(self, supply: Supply, key: str) -> None:
        """Take an answer over, with its cursor, whole or not at all."""
        rows = [
            (
                one.return_code,
                code_key(one.tracking) if one.tracking else None,
                code_key(one.serial) if one.serial else None,
                one.to_json(),
            )
            for one in supply.expected
        ]
        facts = {"cursor": supply.cursor, "key": key}
        for kind in ("standards", "policies", "releases"):
            told: tuple[Supplied, ...] | None = getattr(supply, kind)
            if told is not None:
                facts[kind] = "\n".join(one.to_json() for one in told)
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany("INSERT OR REPLACE INTO expected VALUES (?, ?, ?, ?)", rows)
            self._database.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())

    def find(self, scanned: str) -> ExpectedReturn | None:
        """What was announced under a scanned code, as the server would find it; none where two fit."""
        asked = (
            ("return_code", scanned),
            ("tracking_key", code_key(scanned)),
            ("serial_key", code_key(scanned)),
        )
        for column, value in asked:
            question = f"SELECT record FROM expected WHERE {column} = ? LIMIT 2"  # noqa: S608 - columns are ours
            rows = self._database.execute(question, (value,)).fetchall()
            if len(rows) == 1:
                return ExpectedReturn.from_json(rows[0][0])
        return None

    def supplied(self, kind: str) -> tuple[Supplied, ...]:
        """The standards, policies or releases that were announced last."""
        return tuple(Supplied.from_json(line) for line in self._fact(kind).splitlines())

    def missing(self) -> list[SuppliedFile]:
        """Announced files that are not on this disk yet."""
        kinds = ("standards", "policies", "releases")
        files = [file for kind in kinds for one in self.supplied(kind) for file in one.files]
        here = self._files.hashes()
        return [file for file in files if file.sha256 not in here]

    def keep(self, file: SuppliedFile, content: bytes) -> None:
        """Keep a file's bytes, durably. Raises SupplyRefused where they are others."""
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise SupplyRefused(f"{file.name} came with another content than was announced.")
        self._files.keep(content)

    def read(self, file: SuppliedFile) -> bytes:
        """A kept file, compared with its hash. Raises PhotoLost."""
        return self._files.read(file.sha256)

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def checked(answer: Fetched, key: str) -> tuple[Supply, str]:
    """The answer and the key that signed it: `key`, or on first use whichever came. Raises SupplyRefused."""
    named = answer.headers.get(KEY_HEADER, "")
    if key and named != key:
        raise SupplyRefused("The supply is signed with another key than this station knows.")
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(named, validate=True))
        public.verify(base64.b64decode(answer.headers.get(SIGNATURE_HEADER, "")), answer.body)
        return Supply.from_json(answer.body), named
    except (InvalidSignature, ValueError, binascii.Error) as error:
        raise SupplyRefused("The supply's signature is not good.") from error
    except RecordInvalid as error:
        raise SupplyRefused(str(error)) from error


class Supplier:
    """Fetches what changed; one thread calls `step` or `run`."""

    def __init__(self, store: Store, fetch: Fetch, *, station: str, key: str = "") -> None:
        """Fetch for `station`; `key` is what enrolment gave, else the first one seen is kept to."""
        self._store = store
        self._fetch = fetch
        self._station = station
        self._key = key

    def run(self, stop: threading.Event, pause_s: float = PAUSE_S) -> None:
        """Fetch until `stop` is set."""
        left_s = 0.0
        while not stop.wait(left_s):
            try:
                while self.step() and not stop.is_set():
                    pass
                left_s = pause_s
            except Silence:
                left_s = TROUBLE_PAUSE_S
            except (SupplyRefused, OutboxUnusable) as error:
                log.warning("supply", why=str(error))
                left_s = max(pause_s, TROUBLE_PAUSE_S)

    def step(self) -> bool:
        """Ask once and fetch the files that lack; tells whether to ask again at once.

        Raises Silence, SupplyRefused, OutboxUnusable.
        """
        since = self._store.cursor
        answer = self._fetch(f"{PATH}?since={since}", {})
        if answer.status != 200:
            raise SupplyRefused(f"The server answers {answer.status} to what changed.")
        supply, key = checked(answer, self._key or self._store.key)
        # Another's answer, or an older one that somebody kept, is signed just as well.
        if (supply.station, supply.since) != (self._station, since):
            raise SupplyRefused("The supply is for another station or another question.")
        self._store.take(supply, key)
        for file in self._store.missing():
            self._store.keep(file, self._content(file))
        return supply.more

    def _content(self, file: SuppliedFile) -> bytes:
        content = b""
        while len(content) < file.size_bytes:
            last = min(len(content) + PIECE_BYTES, file.size_bytes) - 1
            part = self._fetch(
                f"{PATH}/files/{file.sha256}", {"Range": f"bytes={len(content)}-{last}"}
            )
            if part.status == 200:
                return part.body  # a small file, sent whole
            if part.status != 206 or not part.body:
                raise SupplyRefused(f"The server answers {part.status} to {file.name}.")
            content += part.body
        return content
