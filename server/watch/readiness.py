"""Whether this server can do its work now, and if not, which part of it cannot."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog
from sqlalchemy import text

from server import migrations
from server.errors import DiskFull
from server.parts import Parts

KEPT_S = 2.0
"""An answer serves all who ask within this time: asking often must cost nothing."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """What each part says: `ok`, or in a few words what is wrong, without names or places."""

    checks: Mapping[str, str]

    @property
    def ready(self) -> bool:
        """All of them are well."""
        return set(self.checks.values()) == {"ok"}


@dataclass
class Watchman:
    """Looks at the parts, at most once in KEPT_S."""

    parts: Parts
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _last: tuple[float, Readiness] | None = None

    def readiness(self) -> Readiness:
        """Look, or give what was seen just now."""
        with self._lock:
            if self._last is None or time.monotonic() - self._last[0] > KEPT_S:
                self._last = time.monotonic(), self._look()
            return self._last[1]

    def _look(self) -> Readiness:
        looks: Mapping[str, Callable[[], str]] = {
            "database": self._database,
            "schema": self._schema,
            "disk": self._disk,
            "archive": self._archive,
        }
        seen = {name: self._seen(name, look) for name, look in looks.items()}
        if seen["database"] != "ok":
            seen["schema"] = "unknown"
        return Readiness(checks=seen)

    def _seen(self, name: str, look: Callable[[], str]) -> str:
        try:
            return look()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is wrong
            log.warning("not ready", part=name, error=str(error)[:300])
            return "fails; the server's log says how"

    def _database(self) -> str:
        with self.parts.database.reading() as connection:
            connection.execute(text("SELECT 1"))
        return "ok"

    def _schema(self) -> str:
        is_current = migrations.revision(self.parts.database) == migrations.newest()
        return "ok" if is_current else "not this version's"

    def _disk(self) -> str:
        try:
            self.parts.archive.make_sure_of_room(0)
        except DiskFull:
            return "nearly full"
        return "ok"

    def _archive(self) -> str:
        with self.parts.archive.incoming() as draft:
            draft.write(b"the archive can be written")
        return "ok"
