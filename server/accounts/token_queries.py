"""SQL of API tokens."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from models.vocabulary import Scope
from server.tables import api_tokens


@dataclass(frozen=True, kw_only=True)
class ApiToken:
    """What is kept of one; the token itself is not."""

    token: int
    """Its number."""
    name: str
    """What its owner calls it."""
    scopes: tuple[Scope, ...]
    """What it opens, of what its account may."""
    created_at: datetime
    expires_at: datetime
    seen_at: datetime | None
    """When it was used last, to the minute."""


def put_token(
    connection: Connection,
    *,
    token_sha256: str,
    account: str,
    name: str,
    scopes: frozenset[Scope],
    now: datetime,
    until: datetime,
) -> None:
    """Keep a new one."""
    connection.execute(
        insert(api_tokens).values(
            token_sha256=token_sha256,
            account=account,
            name=name,
            scopes=" ".join(sorted(scopes)),
            created_at=now,
            expires_at=until,
        )
    )


def tokens_of(connection: Connection, account: str, now: datetime) -> list[ApiToken]:
    """Those that still open something, newest first."""
    rows = connection.execute(
        select(api_tokens)
        .where(api_tokens.c.account == account, api_tokens.c.expires_at > now)
        .where(api_tokens.c.revoked_at.is_(None))
        .order_by(api_tokens.c.token.desc())
    )
    return [
        ApiToken(
            token=row.token,
            name=row.name,
            scopes=tuple(map(Scope, row.scopes.split())),
            created_at=row.created_at,
            expires_at=row.expires_at,
            seen_at=row.seen_at,
        )
        for row in rows
    ]


def revoke_token(connection: Connection, account: str, token: int, now: datetime) -> str | None:
    """End one of an account's; gives its name, or none when there was nothing to end."""
    return connection.execute(
        update(api_tokens)
        .where(api_tokens.c.token == token, api_tokens.c.account == account)
        .where(api_tokens.c.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(api_tokens.c.name)
    ).scalar()


def revoke_tokens_of(connection: Connection, account: str, now: datetime) -> None:
    """End all of an account's."""
    connection.execute(
        update(api_tokens)
        .where(api_tokens.c.account == account, api_tokens.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
