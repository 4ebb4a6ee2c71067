"""Certificates: what the labels would prove, making one, taking one back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from models.grading.certificate import Basis, Certificate
from models.grading.certify import (
    FIRST_LOOK,
    Look,
    Proof,
    cases_missing,
    fixed_sequence,
    learn_then_test,
    look_at,
)
from models.vocabulary import Category
from server import guard, policies
from server.access import By
from server.assurance import queries
from server.assurance.labels import Labels, labels
from server.errors import CertificateRefused, ContentInvalid, NothingThere
from server.parts import Parts
from server.rulings import Scope, scopes

MAX_DAYS = 365
MAX_NAME = 128
MOST = 2**63 - 1
"""What a database counts up to."""
MIN_WORDS = 10
"""Letters of a reason at least: "ok" tells an auditor nothing."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a quality lead wants to promise."""

    scope: Scope
    alpha: float
    delta: float


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What the labels would prove."""

    asked: Asked
    labels: Labels
    look: Look | None
    """None before enough cases are labelled."""
    proof: Proof | None
    missing: int | None
    """How many more labelled cases a look needs that can pass; none where no number would do."""
    share: float
    """The share of candidates that is decided blind from now on."""
    stations: tuple[tuple[str, int, int], ...]
    """Station, labelled cases, wrong ones: do they look alike?"""

    @property
    def passes(self) -> bool:
        """A certificate can be made."""
        return self.proof is not None and self.proof.passed is not None

    @property
    def returns_missing(self) -> int | None:
        """About how many more candidates have to come in for that."""
        if self.missing is None or not self.share:
            return None
        return round(self.missing / self.share)

    @property
    def next_look(self) -> int:
        """Labelled cases at the next look."""
        return self.look.cases * 2 if self.look else FIRST_LOOK


def asked_of(category: str, station: str, alpha: str, delta: str) -> Asked:
    """Read the form; shares in percent. Raises ContentInvalid."""
    if category not in set(Category):
        raise ContentInvalid(f"category should be one of {', '.join(Category)}, got {category!r}")
    scope = Scope(category=Category(category), station=named(station))
    return Asked(
        scope=scope,
        alpha=_percent("alpha", alpha, at_most=20),
        delta=_percent("delta", delta, at_most=20),
    )


def named(text: str) -> str | None:
    """A name from the address, none where it is empty. Raises ContentInvalid for what no name can be."""
    if not text.isprintable() or len(text) > MAX_NAME:
        raise ContentInvalid("A name in the address cannot be read.")
    return text or None


def _percent(name: str, text: str, *, at_most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.1 <= value <= at_most:
        raise ContentInvalid(f"{name} should be between 0.1 and {at_most:g} percent, got {text!r}")
    return round(value / 100, 6)


def preview(here: Parts, asked: Asked) -> Preview:
    """What the labels of this moment would prove."""
    with here.database.reading() as connection:
        return _preview(connection, asked)


def _preview(connection: Connection, asked: Asked) -> Preview:
    found = labels(connection, asked.scope)
    look = look_at(len(found.cases), asked.delta)
    told = [case.label for case in found.cases]
    proof = None
    if look is not None:
        sequence = fixed_sequence(found.pilot, look, asked.alpha)
        first = told[: look.cases]
        proof = learn_then_test(first, sequence, look, alpha=asked.alpha, delta=asked.delta)
    tested = proof.steps if proof else ()
    missing = cases_missing(
        told, [step.risk_at_most for step in tested], alpha=asked.alpha, delta=asked.delta
    )
    return Preview(
        asked=asked,
        labels=found,
        look=look,
        proof=proof,
        missing=missing,
        share=policies.newest(connection).blind_share,
        stations=_by_station(found),
    )


def _by_station(found: Labels) -> tuple[tuple[str, int, int], ...]:
    named = sorted({case.look.station for case in found.cases})
    wrong = {name: [c.label.wrong for c in found.cases if c.look.station == name] for name in named}
    return tuple((name, len(wrong[name]), sum(wrong[name])) for name in named)


def make(here: Parts, by: By, asked: Asked, *, days: int, why: str, alike: str) -> Certificate:
    """Make the certificate that the labels prove. Raises CertificateRefused, ContentInvalid."""
    if not 1 <= days <= MAX_DAYS:
        raise ContentInvalid(f"days should be between 1 and {MAX_DAYS}, got {days}")
    reason, same = worded(why), ""
    if asked.scope.station is None:
        if len(alike.strip()) < MIN_WORDS:
            raise CertificateRefused(
                "A certificate for all stations needs your words why they are alike; without them choose one station."
            )
        same = worded(alike)
    shown = preview(here, asked)
    with here.database.writing() as connection:
        made = _certificate(connection, shown, by.now + timedelta(days=days), reason, same)
        policies.add_certificate(connection, made, by=by.actor, now=by.now)
        guard.begin(connection, made, by.now)
    return made


def worded(why: str) -> str:
    """A reason that says something. Raises ContentInvalid."""
    told = "".join(c if c.isprintable() else " " for c in why).strip()
    if len(told) < MIN_WORDS:
        raise ContentInvalid("Say why in a few words; an auditor will read them.")
    return told[:1000]


def _certificate(
    connection: Connection, shown: Preview, until: datetime, why: str, alike: str
) -> Certificate:
    kind, look = shown.labels.kind, shown.look
    if kind is None or look is None or shown.proof is None or shown.proof.passed is None:
        raise CertificateRefused
    asked, passed = shown.asked, shown.proof.passed
    basis = Basis(
        alpha=asked.alpha,
        delta=asked.delta,
        look=look.number,
        look_delta=look.delta,
        labels=look.cases,
        accepted=passed.accepted,
        errors=passed.errors,
        p=passed.p,
        share=shown.labels.share,
        data_sha256=shown.labels.data_sha256(look.cases),
    )
    return Certificate(
        certificate_id=queries.next_certificate_id(connection, asked.scope.category),
        category=asked.scope.category,
        station=asked.scope.station,
        standard=kind.standard,
        releases=kind.releases,
        costs_sha256=policies.newest(connection).costs_sha256(asked.scope.category),
        risk_at_most=passed.risk_at_most,
        expires_at=until,
        ground=f"{why}\n{alike}".strip(),
        basis=basis,
    )


def revoke(here: Parts, by: By, certificate_id: str, why: str) -> None:
    """Take a certificate back, for good. Raises NothingThere, ContentInvalid."""
    reason = worded(why)
    with here.database.writing() as connection:
        if queries.certificate(connection, named(certificate_id) or "") is None:
            raise NothingThere("There is no such certificate.")
        queries.revoke(connection, certificate_id, by=by.actor, reason=reason, now=by.now)


def clear(here: Parts, by: By, alarm: int, why: str) -> None:
    """End an alarm with a reason; the certificate counts again. Raises NothingThere, ContentInvalid."""
    reason = worded(why)
    with here.database.writing() as connection:
        certificate_id = queries.alarmed(connection, alarm) if alarm <= MOST else None
        if certificate_id is None:
            raise NothingThere("There is no such alarm.")
        known = guard.account(connection, certificate_id)
        forgiven = known.audit_errors if known else 0
        queries.clear(connection, alarm, by=by.actor, reason=reason, forgiven=forgiven, now=by.now)


def choices(here: Parts) -> list[Scope]:
    """Scopes that a certificate may be for: each station of a category, and all of them."""
    with here.database.reading() as connection:
        found = scopes(connection)
    every = [Scope(category=category) for category in Category]
    return [*every, *found]
