"""SQL of the numbers: each is answered from an index or a small table, however much is kept."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select, text

from server.tables import (
    cases,
    failed_attempts,
    inspections,
    jobs,
    sessions,
    standings,
    stations,
)

ATTEMPTS_WITHIN = timedelta(minutes=5)
FAILED_WITHIN = timedelta(days=1)


def open_cases(connection: Connection) -> list[Row[Any]]:
    """kind, number and oldest `opened_at` of what waits for people."""
    found = select(
        cases.c.kind, func.count().label("number"), func.min(cases.c.opened_at).label("oldest")
    )
    return list(connection.execute(found.where(cases.c.closed_at.is_(None)).group_by(cases.c.kind)))


def leases(connection: Connection, now: datetime) -> int:
    """Cases that somebody holds now."""
    found = select(func.count()).where(cases.c.holder.is_not(None), cases.c.held_until > now)
    return connection.execute(found).scalar_one()


def failed_sign_ins(connection: Connection, now: datetime) -> int:
    """Attempts with passwords, links and codes that failed lately, or are being looked at."""
    since = now - ATTEMPTS_WITHIN
    found = select(func.count()).where(failed_attempts.c.failed_at > since)
    return connection.execute(found).scalar_one()


def open_sessions(connection: Connection, now: datetime) -> int:
    """People who are signed in."""
    found = select(func.count()).where(sessions.c.expires_at > now)
    return connection.execute(found).scalar_one()


def newest_arrival(connection: Connection) -> datetime | None:
    """When the newest inspection came."""
    newest = select(standings.c.inspection_id).order_by(standings.c.arrival.desc()).limit(1)
    found = select(inspections.c.received_at).where(
        inspections.c.inspection_id == newest.scalar_subquery()
    )
    return connection.execute(found).scalar()


def stations_seen(connection: Connection) -> list[Row[Any]]:
    """Name and `seen_at` of each station that may come in."""
    found = select(stations.c.name, stations.c.seen_at).where(stations.c.revoked_at.is_(None))
    return list(connection.execute(found.order_by(stations.c.name)))


def job_states(connection: Connection, now: datetime) -> list[Row[Any]]:
    """kind, state and number of the jobs begun within a day."""
    found = select(jobs.c.kind, jobs.c.state, func.count().label("number"))
    lately = found.where(jobs.c.started_at > now - FAILED_WITHIN)
    return list(connection.execute(lately.group_by(jobs.c.kind, jobs.c.state)))


def database_bytes(connection: Connection) -> int:
    """How much disk the database takes."""
    if connection.dialect.name == "postgresql":
        return int(
            connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        )
    pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    return int(pages * connection.execute(text("PRAGMA page_size")).scalar_one())
