"""The page's numbers: for each category and station who decides, on which proof, and what audits found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from models.grading.audit import Audited, Live, live, loss
from models.grading.drift import Account
from models.grading.policy import Policy
from models.grading.reviewers import Row
from models.vocabulary import Category
from server import guard, policies
from server.assurance import queries
from server.assurance.labels import Kind, kind_of
from server.assurance.queries import Alarm, Compared, Counts, Kept
from server.assurance.reviewers import matrix
from server.errors import NothingThere
from server.parts import Parts
from server.rulings import Look, Scope, decisions_under, looks
from server.tables import rulings

PERIOD = timedelta(days=90)
"""What "lately" means on the page: a quarter."""


class Standing(StrEnum):
    """What became of a certificate."""

    VALID = "valid"
    ON_HOLD = "on_hold"
    REVOKED = "revoked"
    EXPIRED = "expired"
    STALE_STANDARD = "stale_standard"
    STALE_RELEASES = "stale_releases"
    STALE_COSTS = "stale_costs"


@dataclass(frozen=True, kw_only=True)
class Held:
    """A certificate and where it stands."""

    kept: Kept
    standing: Standing
    alarms: tuple[Alarm, ...]

    @property
    def counts(self) -> bool:
        """Items are resold under it now."""
        return self.standing is Standing.VALID


@dataclass(frozen=True, kw_only=True)
class Audits:
    """Blind looks in numbers."""

    looks: tuple[Look, ...]
    now: datetime

    @property
    def done(self) -> int:
        """Looked at, or closed without a word."""
        return sum(not one.waits for one in self.looks)

    @property
    def waiting(self) -> int:
        """Nobody has looked yet."""
        return sum(one.waits for one in self.looks)

    @property
    def overdue(self) -> int:
        """Waiting beyond their deadline."""
        return sum(one.due_at is not None and one.due_at < self.now for one in self.looks)

    @property
    def wrong(self) -> int:
        """The machine was wrong."""
        return sum(one.wrong for one in self.looks)

    @property
    def disputed(self) -> int:
        """Wrong by the blind word, and a lead has still to decide."""
        return sum(one.disputed for one in self.looks)


@dataclass(frozen=True, kw_only=True)
class Section:
    """One category at one station."""

    counts: Counts
    certificate: Held | None
    """The one that decides, or else the newest that did."""
    resold: Live
    """Automatic resales in the period."""
    otherwise: Live
    """Other automatic decisions in the period."""
    audits: Audits
    """Blind looks at both."""
    blind: Audits
    """Blind looks at cases that went to people anyway."""

    @property
    def scope(self) -> Scope:
        """Whose section it is."""
        return self.counts.scope

    @property
    def is_automatic(self) -> bool:
        """Some items are resold by the machine now."""
        return self.certificate is not None and self.certificate.counts


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The whole page."""

    now: datetime
    since: datetime
    policy: Policy
    sections: tuple[Section, ...]
    certificates: tuple[Held, ...]
    alarms: tuple[Alarm, ...]
    reviewers: tuple[Row, ...]

    def of(self, category: Category) -> tuple[Section, ...]:
        """One category's sections."""
        return tuple(s for s in self.sections if s.scope.category is category)

    @property
    def open_alarms(self) -> tuple[Alarm, ...]:
        """Those that hold a certificate."""
        return tuple(alarm for alarm in self.alarms if alarm.is_open)


def overview(here: Parts) -> Overview:
    """Gather it."""
    now = here.clock()
    since = now - PERIOD
    with here.database.reading() as connection:
        policy = policies.newest(connection)
        alarms = tuple(queries.all_alarms(connection))
        held = _held_certificates(connection, policy, alarms, now)
        return Overview(
            now=now,
            since=since,
            policy=policy,
            sections=tuple(
                _section(connection, counted, policy, held, since=since, now=now)
                for counted in queries.counts(connection, since)
            ),
            certificates=held,
            alarms=alarms,
            reviewers=matrix(connection, policy),
        )


def _held_certificates(
    connection: Connection, policy: Policy, alarms: Sequence[Alarm], now: datetime
) -> tuple[Held, ...]:
    kinds: dict[Scope, Kind | None] = {}

    def held(kept: Kept) -> Held:
        made = kept.certificate
        scope = Scope(category=made.category, station=made.station)
        if scope not in kinds:
            kinds[scope] = kind_of(connection, scope)
        own = tuple(a for a in alarms if a.certificate_id == made.certificate_id)
        return Held(
            kept=kept, standing=standing_of(kept, own, policy, kinds[scope], now), alarms=own
        )

    return tuple(held(kept) for kept in queries.all_certificates(connection))


def standing_of(
    kept: Kept, alarms: Sequence[Alarm], policy: Policy, kind: Kind | None, now: datetime
) -> Standing:
    """Why a certificate counts or not; the gravest reason first."""
    made = kept.certificate
    applies: Mapping[Standing, bool] = {
        Standing.REVOKED: kept.revoked_at is not None,
        Standing.EXPIRED: made.expires_at <= now,
        Standing.ON_HOLD: any(alarm.is_open for alarm in alarms),
        Standing.STALE_COSTS: made.costs_sha256 not in (None, policy.costs_sha256(made.category)),
        Standing.STALE_STANDARD: kind is not None and made.standard not in (None, kind.standard),
        Standing.STALE_RELEASES: kind is not None and made.releases not in (None, kind.releases),
    }
    return next((why for why, is_so in applies.items() if is_so), Standing.VALID)


def _section(
    connection: Connection,
    counted: Counts,
    policy: Policy,
    held: Sequence[Held],
    *,
    since: datetime,
    now: datetime,
) -> Section:
    scope = counted.scope
    drawn = looks(connection, scope, rulings.c.ruled_at >= since)
    automatic = [one for one in drawn if one.automatic]
    resold = [one for one in automatic if one.machine.disposition == "resell"]
    otherwise = [one for one in automatic if one.machine.disposition != "resell"]
    return Section(
        counts=counted,
        certificate=_deciding(scope, held),
        resold=lived(counted.resold, resold, policy),
        otherwise=lived(counted.otherwise, otherwise, policy),
        audits=Audits(looks=tuple(automatic), now=now),
        blind=Audits(looks=tuple(one for one in drawn if not one.automatic), now=now),
    )


def _deciding(scope: Scope, held: Sequence[Held]) -> Held | None:
    """The certificate that decides here: an own one on hold stops those for all stations, too."""
    category = [one for one in held if one.kept.certificate.category is scope.category]
    own = [one for one in category if one.kept.certificate.station == scope.station]
    every = [one for one in category if one.kept.certificate.station is None]
    on_hold = [one for one in own if one.standing is Standing.ON_HOLD]
    valid = [one for one in own if one.counts]
    general = [] if on_hold else [one for one in every if one.counts]
    return next(iter([*valid, *general, *on_hold, *own, *every]), None)


def lived(decisions: int, drawn: Sequence[Look], policy: Policy) -> Live:
    """What audits say of these decisions; amounts by the costs of now, for each item's price."""
    done = [one for one in drawn if not one.waits]
    return live(
        decisions,
        [_audited(one, policy) for one in done],
        waiting=len(drawn) - len(done),
        greatest=max((one.greatest_loss for one in drawn), default=0.0),
    )


def _audited(look: Look, policy: Policy) -> Audited:
    return Audited(look.wrong, lost(look, policy), look.share, look.number)


def lost(look: Look, policy: Policy) -> float:
    """What a wrong decision cost; what nobody could judge, the most that it can have cost."""
    if look.truth is None:
        return look.greatest_loss if look.lapsed else 0.0
    costs = policy.costs[look.category].for_item(look.item_value)
    return min(look.greatest_loss, loss(look.machine, look.truth, costs))


@dataclass(frozen=True, kw_only=True)
class Paper:
    """One certificate, whole."""

    held: Held
    resold: Live
    audits: Audits
    account: Account | None
    compared: tuple[Compared, ...]
    decisions: int
    now: datetime
    policy: Policy


def paper(here: Parts, certificate_id: str) -> Paper:
    """Everything about one certificate. Raises NothingThere."""
    now = here.clock()
    with here.database.reading() as connection:
        kept = queries.certificate(connection, certificate_id)
        if kept is None:
            raise NothingThere("There is no such certificate.")
        policy, made = policies.newest(connection), kept.certificate
        found = [a for a in queries.all_alarms(connection) if a.certificate_id == certificate_id]
        scope = Scope(category=made.category, station=made.station)
        standing = standing_of(kept, found, policy, kind_of(connection, scope), now)
        drawn = looks(connection, scope, rulings.c.certificate == certificate_id)
        decisions = decisions_under(connection, certificate_id)
        return Paper(
            held=Held(kept=kept, standing=standing, alarms=tuple(found)),
            resold=lived(decisions, drawn, policy),
            audits=Audits(looks=tuple(drawn), now=now),
            account=guard.account(connection, certificate_id),
            compared=tuple(queries.compared(connection, certificate_id)),
            decisions=decisions,
            now=now,
            policy=policy,
        )
