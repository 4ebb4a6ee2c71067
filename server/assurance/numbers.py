"""The page's numbers as a table for spreadsheets, and the cases behind a number."""

import csv
import io
from collections.abc import Iterator

from server.assurance.summary import Audits, Overview, Section
from server.rulings import Look

COLUMNS = (
    "category", "station", "mode", "certificate", "standing", "expires_at", "alpha", "delta",
    "risk_at_most", "labels", "accepted", "errors", "inspections", "candidates", "decisions",
    "resold", "drawn", "looked_at", "waiting", "overdue", "wrong", "error_rate", "error_rate_low",
    "error_rate_high", "loss_each", "loss_each_low", "loss_each_high", "currency", "since", "until",
)  # fmt: skip
"""One row a category, station and kind of decision; shares, not percent; moments in UTC."""


def table(told: Overview) -> str:
    """CSV with a header; no cell begins like a formula, whatever a station is called."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for section in told.sections:
        rows.writerows(_rows(section, told))
    return out.getvalue()


def _rows(section: Section, told: Overview) -> Iterator[list[object]]:
    period = [told.policy.currency, told.since.isoformat(), told.now.isoformat()]
    audits = section.audits.looks
    for kind, live in (("resell", section.resold), ("other", section.otherwise)):
        own = [one for one in audits if (one.machine.disposition == "resell") == (kind == "resell")]
        counted = Audits(looks=tuple(own), now=told.now)
        yield [
            *_certificate(section),
            section.counts.inspections,
            section.counts.candidates,
            kind,
            live.decisions,
            len(own),
            counted.done,
            counted.waiting,
            counted.overdue,
            live.errors,
            *(live.rate.estimate, live.rate.low, live.rate.high),
            *(live.loss_each.estimate, live.loss_each.low, live.loss_each.high),
            *period,
        ]


def _certificate(section: Section) -> list[object]:
    mode = "automatic" if section.is_automatic else "suggest_only"
    own = [section.scope.category, _plain(section.scope.station or ""), mode]
    if section.certificate is None:
        return [*own, *[""] * 9]
    made = section.certificate.kept.certificate
    basis = made.basis
    told = [made.certificate_id, section.certificate.standing, made.expires_at.isoformat()]
    if basis is None:
        return [*own, *told, "", "", made.risk_at_most, "", "", ""]
    promised = [basis.alpha, basis.delta, made.risk_at_most]
    return [*own, *told, *promised, basis.labels, basis.accepted, basis.errors]


def _plain(text: str) -> str:
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def shown(audits: Audits, show: str) -> list[Look]:
    """The drawn cases that a number counts."""
    return [one for one in audits.looks if _is_shown(one, audits, show)]


def _is_shown(one: Look, audits: Audits, show: str) -> bool:
    overdue = one.due_at is not None and one.due_at < audits.now
    facts = {"wrong": one.wrong, "waiting": one.waits, "overdue": overdue, "lapsed": one.lapsed}
    return facts.get(show, True)
