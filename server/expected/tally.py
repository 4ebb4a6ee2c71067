"""What a file says that was not known: counted before anything is kept, and while it is."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from models.supply import ExpectedReturn
from models.vocabulary import Language
from server.complaints import Complaint, Fault
from server.expected.announce import Kept, News
from server.expected.rows import Row

BATCH = 1000
"""Rows in one transaction: a tenth of a second, for which others wait."""
EXAMPLES = 100
"""Bad rows and changes that a page shows; all bad rows are in the file that is handed back."""
PRIVATE = "contact"


def batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows in the portions in which they are looked up and kept."""
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        yield batch


@dataclass(kw_only=True)
class Tally:
    """Counts, and the first examples of what people want to look at."""

    most_bad: int = EXAMPLES
    """Bad rows that are remembered; all are counted."""
    counts: Counter[str] = field(default_factory=Counter)
    bad: list[Row] = field(default_factory=list)
    changes: list[tuple[str, dict[str, tuple[str, str]]]] = field(default_factory=list)
    """Return code, and field → what was and what is said."""

    def add(self, batch: Sequence[Row], known: Mapping[str, Kept]) -> list[ExpectedReturn]:
        """Count a batch; gives what has to be kept of it."""
        told = []
        for row in batch:
            self.counts["rows"] += 1
            if row.told is None:
                self._note_bad(row)
                continue
            before = known.get(row.told.return_code)
            news = News.SAME if row.repeated else before.news(row.told) if before else News.NEW
            self.counts[news] += 1
            if news is News.CHANGED and before and len(self.changes) < EXAMPLES:
                self.changes.append((row.told.return_code, differences(before.told, row.told)))
            if news is not News.SAME:
                told.append(row.told)
        return told

    def _note_bad(self, row: Row) -> None:
        self.counts["bad"] += 1
        if len(self.bad) < self.most_bad:
            self.bad.append(row)

    def outcome(self) -> dict[str, Any]:
        """As JSON; what is personal stays in the file."""
        return {
            "counts": {n: self.counts[n] for n in ("rows", *News, "bad")},
            "bad": [_plain(row) for row in self.bad],
            "changes": [list(change) for change in self.changes],
        }


def differences(before: ExpectedReturn, now: ExpectedReturn) -> dict[str, tuple[str, str]]:
    """Field → what was and what is said; of what is personal only that it changed."""
    old, new = before.model_dump(mode="json"), now.model_dump(mode="json")
    changed = {f: (_shown(old[f]), _shown(new[f])) for f in new if old[f] != new[f]}
    return changed | ({PRIVATE: ("…", "…")} if PRIVATE in changed else {})


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    return "" if value is None else str(value)


def _plain(row: Row) -> dict[str, Any]:
    return {
        "line": row.line,
        "cells": {f: text[:200] for f, text in row.cells.items() if f != PRIVATE},
        "faults": [
            {"complaint": f.complaint.name, "column": f.column, "facts": dict(f.facts)}
            for f in row.faults
        ],
    }


def reasons(bad: Mapping[str, Any], language: Language) -> list[str]:
    """A bad row's reasons, from the JSON of an outcome."""
    return [
        Fault(complaint=Complaint[f["complaint"]], column=f["column"], facts=f["facts"]).told(
            language
        )
        for f in bad["faults"]
    ]
