"""Where each inspection stands, in columns to search by: filled at intake, kept in step afterwards.

Everything here can be derived from the records again; nothing is decided here.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from models.records import Inspection
from models.vocabulary import Defect, Disposition, Grade, Language, Reason
from models.wording import word
from server import words
from server.database import insert_once
from server.errors import Conflict
from server.tables import standing_marks, standings

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 10**6
"""In the unit of arrivals, microseconds."""
TRIES = 100
"""How often the next free arrival is tried; another writer takes one only in the same microsecond."""


class State(StrEnum):
    """Where an inspection stands."""

    AUTOMATIC = "automatic"
    WAITING = "waiting"
    DECIDED = "decided"
    SUPERSEDED = "superseded"
    RETAKE = "retake"


def arrival_of(moment: datetime) -> int:
    """A moment as the list counts it: microseconds since 1970."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment_of(arrival: int) -> datetime:
    """When that was."""
    return EPOCH + timedelta(microseconds=arrival)


def add(
    connection: Connection,
    inspection: Inspection,
    *,
    grade: Grade,
    disposition: Disposition,
    reasons: Iterable[Reason],
    received_at: datetime,
) -> None:
    """A new inspection waits; raises Conflict only where a hundred others come in the same microsecond."""
    row = columns(inspection) | {
        "grade": grade,
        "disposition": disposition,
        "state": State.WAITING,
        "search_text": search_text(inspection),
    }
    arrival = _insert(connection, row, arrival_of(received_at))
    words.add(connection, arrival, str(row["search_text"]))
    marks = [*defect_marks(inspection), *map(reason_mark, reasons)]
    if marks:
        rows = [{"mark": mark, "arrival": arrival} for mark in dict.fromkeys(marks)]
        connection.execute(insert(standing_marks), rows)


def _insert(connection: Connection, row: dict[str, object], at: int) -> int:
    same = standings.c.arrival.between(at, at + SECOND)
    for _ in range(TRIES):
        newest = connection.execute(select(func.max(standings.c.arrival)).where(same)).scalar()
        arrival = at if newest is None else newest + 1
        if insert_once(connection, standings, {"arrival": arrival, **row}):
            return arrival
    raise Conflict("Too many inspections at the same moment; send it again.")


def columns(inspection: Inspection) -> dict[str, object]:
    """What the list shows of the record and finds it by."""
    first = inspection.photos[0] if inspection.photos else None
    found = Counter(finding.defect for finding in inspection.findings)
    return {
        "inspection_id": inspection.inspection_id,
        "return_code": inspection.return_code.replace("\0", "\ufffd"),
        "station": inspection.station,
        "operator": inspection.operator,
        "category": inspection.category,
        "finished_at": inspection.finished_at,
        "found": ",".join(f"{defect}:{times}" for defect, times in found.items()),
        "looked": bool(inspection.releases),
        "thumbnail_sha256": first and (first.thumbnail_sha256 or first.sha256),
    }


def defect_mark(defect: Defect) -> str:
    """What inspections with this defect are marked with."""
    return f"defect:{defect}"


def reason_mark(reason: Reason) -> str:
    """What inspections that go to a person for this reason are marked with."""
    return f"reason:{reason}"


def defect_marks(inspection: Inspection) -> list[str]:
    """The marks of what was found."""
    return sorted({defect_mark(finding.defect) for finding in inspection.findings})


def search_text(inspection: Inspection) -> str:
    """What the free text looks through: names as scanned, and the words for what was found."""
    names = [
        inspection.return_code,
        inspection.station,
        inspection.operator or "",
        inspection.standard,
    ]
    told = {finding.defect for finding in inspection.findings}
    said = [
        word(w, language) for w in (inspection.category, *sorted(told)) for language in Language
    ]
    return words.plain("\n".join([*names, *said]))


def settle(
    connection: Connection,
    inspection_id: str,
    *,
    grade: Grade,
    disposition: Disposition,
    state: State,
    notes: Iterable[str] = (),
) -> None:
    """A decision counts; what people wrote can be found from now on."""
    connection.execute(
        update(standings)
        .where(standings.c.inspection_id == inspection_id)
        .values(grade=grade, disposition=disposition, state=state)
    )
    if said := [note for note in notes if note]:
        _reword(connection, _found(connection, inspection_id), gone=(), said=said)


def match(
    connection: Connection,
    inspection_id: str,
    *,
    order_code: str | None,
    sku: str | None,
    serial: str | None,
) -> None:
    """What is known of the item from elsewhere; nothing, where a match was taken back."""
    before = _found(connection, inspection_id)
    connection.execute(
        update(standings)
        .where(standings.c.inspection_id == inspection_id)
        .values(order_code=order_code, sku=sku, serial=serial)
    )
    old, new = (before.order_code, before.sku, before.serial), (order_code, sku, serial)
    if old != new:
        _reword(connection, before, gone=old, said=new)


def _found(connection: Connection, inspection_id: str) -> Row[Any]:
    found = select(standings).where(standings.c.inspection_id == inspection_id)
    return connection.execute(found.with_for_update()).one()


def _reword(
    connection: Connection,
    row: Row[Any],
    *,
    gone: Iterable[str | None],
    said: Iterable[str | None],
) -> None:
    lines = row.search_text.split("\n")
    for line in (words.plain(code) for code in gone if code):
        if line in lines:
            lines.remove(line)
    reworded = "\n".join([*lines, *(words.plain(line) for line in said if line)])
    words.remove(connection, row.arrival, row.search_text)
    words.add(connection, row.arrival, reworded)
    connection.execute(
        update(standings).where(standings.c.arrival == row.arrival).values(search_text=reworded)
    )


def reroute(connection: Connection, inspection_id: str, reasons: Iterable[Reason]) -> None:
    """Other reasons than before send it to a person."""
    found = select(standings.c.arrival).where(standings.c.inspection_id == inspection_id)
    arrival = connection.execute(found).scalar_one()
    connection.execute(
        delete(standing_marks).where(
            standing_marks.c.mark.in_([reason_mark(reason) for reason in Reason]),
            standing_marks.c.arrival == arrival,
        )
    )
    for reason in dict.fromkeys(reasons):
        row = {"mark": reason_mark(reason), "arrival": arrival}
        insert_once(connection, standing_marks, row)


def supersede(connection: Connection, inspection_id: str, by: str) -> None:
    """It no longer counts; `by` does."""
    connection.execute(
        update(standings)
        .where(standings.c.inspection_id == inspection_id)
        .values(state=State.SUPERSEDED, superseded_by=by)
    )
