"""SQL of stations and enrolment codes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from server.database import insert_once
from server.tables import enrolment_codes, stations


@dataclass(frozen=True, kw_only=True)
class Station:
    """A bench that holds or held a token."""

    name: str
    enrolled_at: datetime
    """When it got its token."""
    seen_at: datetime | None
    """When it was heard last, to the minute."""
    revoked_at: datetime | None
    """Since when its token opens nothing."""


@dataclass(frozen=True, kw_only=True)
class Code:
    """What is known of an enrolment code."""

    station: str | None
    """The only station that it enrols; None where the station says its own name."""
    made_by: str


def put_station(connection: Connection, name: str, token_sha256: str, now: datetime) -> bool:
    """Enrol, or replace the token; tells whether the station is new."""
    row = {"token_sha256": token_sha256, "enrolled_at": now}
    if insert_once(connection, stations, {"name": name, **row}):
        return True
    again = update(stations).where(stations.c.name == name)
    connection.execute(again.values(**row, revoked_at=None))
    return False


def listing(connection: Connection) -> list[Station]:
    """All stations, those that may still send first."""
    rows = connection.execute(
        select(stations).order_by(stations.c.revoked_at.is_not(None), stations.c.name)
    )
    return [
        Station(
            name=row.name,
            enrolled_at=row.enrolled_at,
            seen_at=row.seen_at,
            revoked_at=row.revoked_at,
        )
        for row in rows
    ]


def revoke(connection: Connection, name: str, now: datetime) -> bool:
    """Its token opens nothing any more; what it sent stays."""
    done = connection.execute(
        update(stations)
        .where(stations.c.name == name, stations.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    return done.rowcount == 1


def put_code(
    connection: Connection,
    *,
    code_hmac: str,
    station: str | None,
    by: str,
    now: datetime,
    until: datetime,
) -> None:
    """Keep a new one, and forget those that are over."""
    connection.execute(delete(enrolment_codes).where(enrolment_codes.c.expires_at <= now))
    connection.execute(
        insert(enrolment_codes).values(
            code_hmac=code_hmac, station=station, made_by=by, expires_at=until
        )
    )


def use_code(connection: Connection, code_hmac: str, now: datetime) -> Code | None:
    """Use it up; of two who try at once, one succeeds."""
    row = connection.execute(
        update(enrolment_codes)
        .where(enrolment_codes.c.code_hmac == code_hmac)
        .where(enrolment_codes.c.used_at.is_(None), enrolment_codes.c.expires_at > now)
        .values(used_at=now)
        .returning(enrolment_codes.c.station, enrolment_codes.c.made_by)
    ).first()
    return Code(station=row.station, made_by=row.made_by) if row else None


def count_codes(connection: Connection, now: datetime) -> int:
    """Codes that can still be used."""
    return connection.execute(
        select(func.count())
        .select_from(enrolment_codes)
        .where(enrolment_codes.c.used_at.is_(None), enrolment_codes.c.expires_at > now)
    ).scalar_one()
