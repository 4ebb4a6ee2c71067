"""What changed for a station since it last asked."""

import re
from collections.abc import Iterable

from models.supply import ExpectedReturn, Supply
from server.errors import ContentInvalid, NothingThere
from server.parts import Parts
from server.supply import queries
from server.supply.shelf import Content, Shelf, shelf

MOST = 500
MOST_BYTES = 500_000
"""Of records in one answer: stations read a million bytes of a reply, not more."""
_CURSOR = re.compile(r"([0-9]{1,18})\.([0-9a-f]{16})?")


def supply(here: Parts, station: str, since: str) -> Supply:
    """One answer. Raises ContentInvalid for a cursor that was never given."""
    change, fingerprint = _understood(since)
    now = shelf(here.policy)
    with here.database.reading() as connection:
        newest = queries.newest(connection)
        if change > newest:
            # The database was restored from before that moment: begin anew, nothing is missed.
            change = 0
        records, last = _portion(queries.changes(connection, change, MOST), change)
    cursor = f"{last}.{now.fingerprint}"
    return _told(station, since, cursor, records, now, more=last < newest, known=fingerprint)


def _told(
    station: str,
    since: str,
    cursor: str,
    records: Iterable[str],
    now: Shelf,
    *,
    more: bool,
    known: str | None,
) -> Supply:
    changed = known != now.fingerprint
    return Supply(
        station=station,
        since=since,
        cursor=cursor,
        more=more,
        expected=tuple(map(ExpectedReturn.from_json, records)),
        standards=now.standards if changed else None,
        policies=now.policies if changed else None,
        releases=now.releases if changed else None,
    )


def _understood(since: str) -> tuple[int, str | None]:
    if not since:
        return 0, None
    found = _CURSOR.fullmatch(since)
    if not found:
        raise ContentInvalid(f"since should be a cursor that this server gave, got {since[:80]!r}")
    return int(found[1]), found[2]


def _portion(rows: Iterable[tuple[int, str]], last: int) -> tuple[list[str], int]:
    """As many records as one answer holds, at least one, and the number of the last."""
    records: list[str] = []
    size_bytes = 0
    for number, record in rows:
        size_bytes += len(record.encode())
        if records and size_bytes > MOST_BYTES:
            break
        records.append(record)
        last = number
    return records, last


def content(here: Parts, sha256: str) -> Content:
    """A file that is offered now. Raises NothingThere."""
    found = shelf(here.policy).contents.get(sha256)
    if found is None:
        raise NothingThere("No file with this hash is offered; ask for the supply again.")
    return found
