"""Who is asking: looked up by what they hold, a session's cookie or a station's token."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from models.vocabulary import Role
from server.security import token_sha256
from server.tables import accounts, sessions, stations


@dataclass(frozen=True, kw_only=True)
class Principal:
    """A person or a station that proved who it is."""

    name: str
    role: Role
    session_sha256: str | None = None
    """The session's key; none for a station."""


def by_session(connection: Connection, token: str, now: datetime) -> Principal | None:
    """The account that the session belongs to, while both are open."""
    key = token_sha256(token)
    row = connection.execute(
        select(accounts.c.name, accounts.c.role)
        .join(sessions, sessions.c.account == accounts.c.name)
        .where(sessions.c.token_sha256 == key)
        .where(sessions.c.expires_at > now)
        .where(accounts.c.closed_at.is_(None))
    ).first()
    return Principal(name=row.name, role=Role(row.role), session_sha256=key) if row else None


def by_station_token(connection: Connection, token: str) -> Principal | None:
    """The station that the token was given to."""
    found = select(stations.c.name).where(stations.c.token_sha256 == token_sha256(token))
    name = connection.execute(found).scalar()
    return Principal(name=name, role=Role.STATION) if name else None
