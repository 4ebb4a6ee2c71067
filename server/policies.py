"""Costs and certificates as they are in force: versions are only ever added, each routing names its own."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import ColumnElement, Connection, Row, exists, func, select

from models.grading.certificate import Certificate
from models.grading.policy import Policy, default_policy
from models.records import Inspection
from server import assured
from server.database import insert_once
from server.errors import Conflict
from server.tables import alarms, certificates, clearances, policies, revocations

SHIPPED = "secondlook"
"""The author of version 1, which comes with the program."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of the costs, who made it and why."""

    policy: Policy
    author: str
    why: str
    made_at: datetime


def install(connection: Connection, now: datetime) -> None:
    """Where there is no version yet, the costs that come with the program become the first."""
    if connection.execute(select(func.count()).select_from(policies)).scalar_one() == 0:
        shipped = default_policy()
        row = _row(shipped, SHIPPED, shipped.notice, now)
        insert_once(connection, policies, row)


def _row(policy: Policy, author: str, why: str, now: datetime) -> dict[str, object]:
    content = policy.certified_by(()).to_json()
    facts = {"version": policy.version, "content": content}
    return {**facts, "author": author, "why": why, "made_at": now}


def add(connection: Connection, policy: Policy, *, author: str, why: str, now: datetime) -> Policy:
    """Keep a new version, one above the one that it was made from. Raises Conflict if that is not the newest."""
    made = policy.model_copy(update={"version": policy.version + 1})
    if newest(connection).version != policy.version or not assured.add(
        connection, assured.COSTS, _row(made, author, why, now)
    ):
        raise Conflict(
            f"Somebody saved version {policy.version + 1} meanwhile; load the page again, "
            "compare, and repeat what you still want."
        )
    return made


@lru_cache(maxsize=32)
def _read(content: str) -> Policy:
    return Policy.from_json(content)


def newest(connection: Connection) -> Policy:
    """The costs in force, without certificates."""
    found = select(policies.c.content).order_by(policies.c.version.desc()).limit(1)
    content = connection.execute(found).scalar()
    return _read(content) if content else default_policy()


def version(connection: Connection, number: int) -> Version | None:
    """One version, to replay what was routed by it."""
    found = select(policies).where(policies.c.version == number)
    row = connection.execute(found).first()
    return None if row is None else _version(row)


def versions(connection: Connection) -> list[Version]:
    """All versions, newest first."""
    rows = connection.execute(select(policies).order_by(policies.c.version.desc()))
    return [_version(row) for row in rows]


def _version(row: Row[tuple[int, str, str, str, datetime]]) -> Version:
    return Version(policy=_read(row.content), author=row.author, why=row.why, made_at=row.made_at)


def for_inspection(
    connection: Connection, inspection: Inspection, now: datetime, value: float | None = None
) -> Policy:
    """What counts for one item now: costs for its price, and the certificates that speak of it."""
    valid = [certificate_of(row.content) for row in _rows(connection, inspection, now)]
    if _own_is_on_hold(connection, inspection, now):
        # An alarm at a bench must not be passed by on the way over "all stations".
        valid = [one for one in valid if one.station is not None]
    return newest(connection).certified_by(valid).for_inspection(inspection, value)


def _rows(connection: Connection, inspection: Inspection, now: datetime) -> Sequence[Row[str]]:
    found = select(certificates.c.content).where(
        certificates.c.category == inspection.category, certificates.c.expires_at > now
    )
    return connection.execute(found.where(~_revoked(), ~_on_hold())).all()


def _own_is_on_hold(connection: Connection, inspection: Inspection, now: datetime) -> bool:
    found = select(certificates.c.certificate_id).where(
        certificates.c.category == inspection.category,
        certificates.c.station == inspection.station,
        certificates.c.expires_at > now,
    )
    return connection.execute(found.where(~_revoked(), _on_hold()).limit(1)).first() is not None


def in_force(connection: Connection, now: datetime) -> Policy:
    """The costs with all certificates that are valid now, for whoever decides elsewhere."""
    found = select(certificates.c.content).where(certificates.c.expires_at > now)
    rows = connection.execute(found.where(~_revoked(), ~_on_hold())).all()
    return newest(connection).certified_by(certificate_of(row.content) for row in rows)


def is_valid(connection: Connection, certificate_id: str, now: datetime) -> bool:
    """The certificate has not expired, is not revoked, and no alarm holds it."""
    found = select(certificates.c.certificate_id).where(
        certificates.c.certificate_id == certificate_id, certificates.c.expires_at > now
    )
    return connection.execute(found.where(~_revoked(), ~_on_hold())).first() is not None


def _revoked() -> ColumnElement[bool]:
    return exists().where(revocations.c.certificate_id == certificates.c.certificate_id)


def _on_hold() -> ColumnElement[bool]:
    cleared = exists().where(clearances.c.alarm == alarms.c.alarm)
    return exists().where(alarms.c.certificate_id == certificates.c.certificate_id, ~cleared)


@lru_cache(maxsize=256)
def certificate_of(content: str) -> Certificate:
    """A kept certificate."""
    return Certificate.from_json(content)


def add_certificate(connection: Connection, made: Certificate, *, by: str, now: datetime) -> None:
    """Keep a certificate under its name. Raises Conflict where another has it."""
    row = {
        "certificate_id": made.certificate_id,
        "category": made.category,
        "station": made.station,
        "content": made.to_json(),
        "made_by": by,
        "made_at": now,
        "expires_at": made.expires_at,
    }
    if not assured.add(connection, assured.CERTIFICATE, row):
        raise Conflict(
            f"There is a certificate {made.certificate_id} already; load the page again."
        )


def differences(old: Policy, new: Policy) -> list[tuple[str, str, str]]:
    """What differs between two versions: key, before, after; keys in the file's words, with dots."""
    before, after = _flat(json.loads(old.to_json())), _flat(json.loads(new.to_json()))
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return [(key, before.get(key, "–"), after.get(key, "–")) for key in keys if key != "version"]


def _flat(content: object, prefix: str = "") -> dict[str, str]:
    if not isinstance(content, dict):
        return {prefix: "–" if content is None else f"{content}"}
    flat: dict[str, str] = {}
    for key, value in content.items():
        flat |= _flat(value, f"{prefix}.{key}" if prefix else key)
    return flat
