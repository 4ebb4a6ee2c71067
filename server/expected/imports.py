"""A file of expected returns: looked at first, then kept, a batch at a time, as often as it takes.

Between the two it stays in the database, so that a process that is killed half-way loses nothing:
keeping again finds what was kept already to be the same.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

from models.supply import ExpectedReturn
from server import expectations
from server.errors import Conflict, NothingThere
from server.expected import queries
from server.expected.announce import announce, kept
from server.expected.columns import COLUMNS, NEEDED
from server.expected.rows import Row, distinct, json_rows, sheet_rows
from server.expected.tally import Tally, batches
from server.parts import Parts
from server.progress import Job, JobKind, JobState, Progress, Unit, Work
from server.sheets import open_sheet

KEPT_FOR = timedelta(days=7)
"""How long a file stays, so that its bad rows can be fetched; then it is forgotten with what is personal."""
AT_ONCE_ROWS = 2000
"""So many are kept while the reader waits, about a second; more are a job of its own."""
ANSWERED = 10_000
"""Bad rows that a program is told; all are counted."""


class ImportState(StrEnum):
    """Where a file stands."""

    PREVIEW = "preview"
    KEEPING = "keeping"
    KEPT = "kept"
    DROPPED = "dropped"


@dataclass(frozen=True, kw_only=True)
class Import:
    """One file."""

    import_id: str
    file_name: str
    state: ImportState
    told_by: str
    uploaded_at: datetime
    finished_at: datetime | None
    outcome: Mapping[str, Any]
    """counts, bad, changes, encoding, separator, ignored."""
    job: Job | None = field(default=None)
    """What keeps it, where it was long."""


def look(here: Parts, file_name: str, content: bytes, *, by: str) -> str:
    """Read the whole file without keeping a row; gives the import's id. Raises FileRefused, DiskFull."""
    here.archive.make_sure_of_room(len(content))
    sheet = open_sheet(content, COLUMNS, NEEDED)
    tally = Tally()
    with here.database.reading() as connection:
        for batch in batches(distinct(sheet_rows(sheet, here.policy.currency))):
            tally.add(batch, kept(connection, _codes(batch)))
    facts = {
        "encoding": sheet.encoding,
        "separator": sheet.separator,
        "columns": [f for f in sheet.fields if f],
        "ignored": sheet.ignored,
    }
    import_id = str(uuid4())
    now = here.clock()
    with here.database.writing() as connection:
        queries.forget_imports(connection, now - KEPT_FOR)
        queries.add_import(
            connection,
            {
                "import_id": import_id,
                "file_name": _clean(file_name),
                "content": content,
                "state": ImportState.PREVIEW,
                "told_by": by,
                "uploaded_at": now,
                "outcome": json.dumps(tally.outcome() | facts),
            },
        )
    return import_id


def _codes(batch: list[Row]) -> list[str]:
    return [row.told.return_code for row in batch if row.told]


def _clean(file_name: str) -> str:
    return "".join(c for c in file_name if c.isprintable())[:200] or "-"


def find(here: Parts, import_id: str) -> Import:
    """One file and how it stands. Raises NothingThere."""
    with here.database.reading() as connection:
        row = queries.import_row(connection, import_id)
    if row is None:
        raise NothingThere("There is no such file.")
    return Import(
        import_id=import_id,
        file_name=row.file_name,
        state=ImportState(row.state),
        told_by=row.told_by,
        uploaded_at=row.uploaded_at,
        finished_at=row.finished_at,
        outcome=json.loads(row.outcome),
        job=_job(here, import_id) if row.state == ImportState.KEEPING else None,
    )


def _job(here: Parts, import_id: str) -> Job | None:
    mine = (j for j in here.jobs.listed(JobKind.IMPORT) if j.arguments.get("import") == import_id)
    return next(mine, None)


def begin(here: Parts, import_id: str, *, by: str) -> None:
    """Keep what was looked at, at once or as a job. Raises NothingThere, Conflict, JobRuns."""
    found = find(here, import_id)
    if found.state is ImportState.DROPPED:
        raise Conflict("This file was given up; upload it again.")
    if found.state is ImportState.KEPT or (found.job and found.job.state is JobState.RUNNING):
        return
    arguments = {"import": import_id, "by": by}
    if found.outcome["counts"]["rows"] > AT_ONCE_ROWS:
        here.jobs.start(JobKind.IMPORT, by=by, arguments=arguments)
    else:
        here.jobs.run(JobKind.IMPORT, by=by, arguments=arguments)


def drop(here: Parts, import_id: str) -> None:
    """Give the file up and forget it. Raises NothingThere, Conflict."""
    with here.database.writing() as connection:
        gone = queries.settle_import(
            connection,
            import_id,
            (ImportState.PREVIEW,),
            {"state": ImportState.DROPPED, "content": None, "finished_at": here.clock()},
        )
    if not gone and find(here, import_id).state is not ImportState.DROPPED:
        raise Conflict("This file was kept already.")


def keeping(here: Parts, arguments: Mapping[str, Any]) -> Work:
    """The job that keeps a file."""
    import_id, by = str(arguments["import"]), str(arguments["by"])

    def work(progress: Progress) -> Mapping[str, Any]:
        content = _content(here, import_id)
        progress.plan(find(here, import_id).outcome["counts"]["rows"], Unit.ROWS)
        _settle(here, import_id, {"state": ImportState.KEEPING})
        rows = sheet_rows(open_sheet(content, COLUMNS, NEEDED), here.policy.currency)
        tally = Tally()
        for told in keep_rows(here, rows, tally, by=by):
            progress.advance(told)
        outcome = dict(find(here, import_id).outcome) | tally.outcome()
        ended = {"state": ImportState.KEPT, "finished_at": here.clock()}
        _settle(here, import_id, ended | {"outcome": json.dumps(outcome)})
        return dict(outcome["counts"])

    return work


def _settle(here: Parts, import_id: str, values: Mapping[str, object]) -> None:
    with here.database.writing() as connection:
        queries.settle_import(
            connection, import_id, (ImportState.PREVIEW, ImportState.KEEPING), values
        )


def _content(here: Parts, import_id: str) -> bytes:
    with here.database.reading() as connection:
        content = queries.import_content(connection, import_id)
    if content is None:
        raise NothingThere("This file is no longer kept; upload it again.")
    return content


def keep_rows(here: Parts, rows: Iterator[Row], tally: Tally, *, by: str) -> Iterator[int]:
    """Keep all that is new, a batch a transaction; gives how many rows each batch had."""
    for batch in batches(distinct(rows)):
        with here.database.writing() as connection:
            expectations.alone(connection)
            told = tally.add(batch, kept(connection, _codes(batch)))
            announce(connection, told, by=by, now=here.clock())
        yield len(batch)


def keep_at_once(here: Parts, content: bytes, *, is_json: bool, by: str, dry: bool) -> Tally:
    """What a program sends, kept before it is answered. Raises FileRefused, DiskFull."""
    here.archive.make_sure_of_room(len(content))
    currency = here.policy.currency
    rows = (
        json_rows(content, currency)
        if is_json
        else sheet_rows(open_sheet(content, COLUMNS, NEEDED), currency)
    )
    tally = Tally(most_bad=ANSWERED)
    if not dry:
        for _ in keep_rows(here, rows, tally, by=by):
            pass
        return tally
    with here.database.reading() as connection:
        for batch in batches(distinct(rows)):
            tally.add(batch, kept(connection, _codes(batch)))
    return tally


def keep_one(here: Parts, told: ExpectedReturn, *, by: str) -> tuple[bool, int]:
    """Keep one; gives whether it is new, and its version."""
    with here.database.writing() as connection:
        expectations.alone(connection)
        before = kept(connection, [told.return_code])
        announce(connection, [told], by=by, now=here.clock())
        after = kept(connection, [told.return_code])
    return not before, after[told.return_code].version


def bad_rows(here: Parts, import_id: str) -> Iterator[Row]:
    """All rows of a file, read again, for those that want the bad ones. Raises NothingThere."""
    content = _content(here, import_id)
    return distinct(sheet_rows(open_sheet(content, COLUMNS, NEEDED), here.policy.currency))
