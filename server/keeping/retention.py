"""Applying the rules: looked at first, deleted in two steps, each deletion written down."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from server.custody import Deletion, add_deletions, alone_with_holds, holds_in_force
from server.inventory import alone
from server.keeping import queries
from server.keeping.rules import Candidate, Verdict, Versioned, due, only_ended
from server.parts import Parts
from server.progress import Progress, Unit, Work

BATCH = 200
FILES_AT_ONCE = 20
"""Removed in one transaction: few enough that nobody who writes waits for them."""


def retention(here: Parts, arguments: Mapping[str, Any]) -> Work:
    """Dry unless `delete`; `ended_only` looks at the fixed ends of sealed originals alone."""
    delete, by = bool(arguments.get("delete")), str(arguments.get("by", "command line"))
    ended_only = bool(arguments.get("ended_only"))

    def work(progress: Progress) -> Mapping[str, Any]:
        progress.plan(None, Unit.PHOTOS)
        if delete:
            remove_files(here)
        rules = _rules(here, ended_only=ended_only)
        found: dict[str, Any] = {"dry": not delete, "photos": 0, "bytes": 0}
        found |= {"version": rules.version, "kinds": {}}
        after = ""
        while batch := _batch(here, after):
            after = batch[-1].sha256
            going = _going(here, batch, rules)
            if delete and going:
                going = _delete(here, [one.sha256 for one, _ in going], rules, by)
                remove_files(here)
            for one, verdict in going:
                _count(found, one, verdict)
            progress.advance(len(batch), photos=found["photos"], bytes=found["bytes"])
        return found

    return work


def _rules(here: Parts, *, ended_only: bool) -> Versioned:
    with here.database.reading() as connection:
        rules = queries.rules_in_force(connection)
    return only_ended(rules) if ended_only else rules


def _batch(here: Parts, after: str) -> list[Candidate]:
    with here.database.reading() as connection:
        return queries.candidates(connection, after, BATCH)


def _going(
    here: Parts, batch: Sequence[Candidate], rules: Versioned
) -> list[tuple[Candidate, Verdict]]:
    with here.database.reading() as connection:
        return _judged(here, connection, batch, rules)


def _judged(
    here: Parts, connection: Connection, batch: Sequence[Candidate], rules: Versioned
) -> list[tuple[Candidate, Verdict]]:
    held = frozenset(hold.return_code for hold in holds_in_force(connection))
    now = here.clock()
    verdicts = [(one, due(one, rules, held, now)) for one in batch]
    return [(one, verdict) for one, verdict in verdicts if verdict is not None]


def _count(found: dict[str, Any], one: Candidate, verdict: Verdict) -> None:
    found["photos"] += 1
    found["bytes"] += one.size_bytes
    of_kind = found["kinds"].setdefault(verdict.kind, {"photos": 0, "bytes": 0})
    of_kind["photos"] += 1
    of_kind["bytes"] += one.size_bytes


def _delete(
    here: Parts, sha256s: Sequence[str], rules: Versioned, by: str
) -> list[tuple[Candidate, Verdict]]:
    """Judged once more where nobody can set a hold or bring a photo meanwhile; then written down and marked."""
    now = here.clock()
    with here.database.writing() as connection:
        alone_with_holds(connection)
        alone(connection, sha256s)
        going = _judged(here, connection, queries.candidates_of(connection, sha256s), rules)
        add_deletions(
            connection,
            [
                Deletion(
                    sha256=one.sha256,
                    kind=verdict.kind,
                    size_bytes=one.size_bytes,
                    rule=verdict.rule,
                    deleted_by=by,
                    deleted_at=now,
                )
                for one, verdict in going
            ],
        )
        queries.mark_deleted(connection, [one.sha256 for one, _ in going], now)
    return going


def remove_files(here: Parts) -> None:
    """The second step, also of what a crash left between the two."""
    while True:
        with here.database.reading() as connection:
            names = queries.leaving(connection, FILES_AT_ONCE)
        if not names:
            return
        with here.database.writing() as connection:
            alone(connection, names)
            names = queries.still_leaving(connection, names)
            for name in names:
                here.archive.storage.remove(name)
            queries.mark_removed(connection, names, here.clock())
