"""Who is asking: looked up by what they hold, a session's cookie, an API token or a station's token."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from models.vocabulary import Role, Scope
from server.security import API_TOKEN_PREFIX, token_sha256
from server.tables import accounts, api_tokens, sessions, stations

SEEN_EVERY = timedelta(minutes=1)
"""How exact "last seen" is: more often would be a write for each read."""


@dataclass(frozen=True, kw_only=True)
class Principal:
    """A person, a program of theirs, or a station that proved who it is."""

    name: str
    """The account's or the station's."""
    role: Role
    """What the account or station may; a token never more than that."""
    session_sha256: str | None = None
    """The session's key; none for a station or an API token."""
    token_sha256: str | None = None
    """The key of the token that was sent; none for a session."""
    scopes: frozenset[Scope] | None = None
    """What an API token opens; None where nothing narrows the role."""
    seen_at: datetime | None = None
    """When it was seen before, to within SEEN_EVERY."""


def by_session(
    connection: Connection, token: str, now: datetime, idle: timedelta
) -> Principal | None:
    """The account that the session belongs to, while both are open and it was not idle too long."""
    key = token_sha256(token)
    row = connection.execute(
        select(accounts.c.name, accounts.c.role, sessions.c.seen_at)
        .join(sessions, sessions.c.account == accounts.c.name)
        .where(sessions.c.token_sha256 == key)
        .where(sessions.c.expires_at > now, sessions.c.seen_at > now - idle)
        .where(accounts.c.closed_at.is_(None))
    ).first()
    if row is None:
        return None
    return Principal(name=row.name, role=Role(row.role), session_sha256=key, seen_at=row.seen_at)


def by_bearer(connection: Connection, token: str, now: datetime) -> Principal | None:
    """Whom the token was given to: a program of a person's, or a station."""
    key = token_sha256(token)
    found = _by_api_token(connection, key, now) if token.startswith(API_TOKEN_PREFIX) else None
    # One in 262,144 of the stations' begins by chance like an API token.
    return found or _by_station_token(connection, key)


def _by_api_token(connection: Connection, key: str, now: datetime) -> Principal | None:
    found = (
        select(accounts.c.name, accounts.c.role, api_tokens.c.scopes, api_tokens.c.seen_at)
        .join(api_tokens, api_tokens.c.account == accounts.c.name)
        .where(api_tokens.c.token_sha256 == key)
        .where(api_tokens.c.expires_at > now, api_tokens.c.revoked_at.is_(None))
        .where(accounts.c.closed_at.is_(None))
    )
    row = connection.execute(found).first()
    if row is None:
        return None
    return Principal(
        name=row.name,
        role=Role(row.role),
        token_sha256=key,
        scopes=frozenset(map(Scope, row.scopes.split())),
        seen_at=row.seen_at,
    )


def _by_station_token(connection: Connection, key: str) -> Principal | None:
    row = connection.execute(
        select(stations.c.name, stations.c.seen_at).where(
            stations.c.token_sha256 == key, stations.c.revoked_at.is_(None)
        )
    ).first()
    if row is None:
        return None
    return Principal(name=row.name, role=Role.STATION, token_sha256=key, seen_at=row.seen_at)


def should_be_noted(who: Principal, now: datetime) -> bool:
    """Tells whether it is time to write down again that they were seen."""
    return who.seen_at is None or abs(now - who.seen_at) >= SEEN_EVERY


def note_seen(connection: Connection, who: Principal, now: datetime) -> None:
    """Write down that they were seen; a session that was ended meanwhile stays ended."""
    if who.session_sha256 is not None:
        noted = update(sessions).where(sessions.c.token_sha256 == who.session_sha256)
    elif who.role is Role.STATION:
        noted = update(stations).where(stations.c.token_sha256 == who.token_sha256)
    else:
        noted = update(api_tokens).where(api_tokens.c.token_sha256 == who.token_sha256)
    # The same name for the same thing in each.
    connection.execute(noted.values(seen_at=now))
