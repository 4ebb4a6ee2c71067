"""SQL of accounts, sessions and stations."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from models.vocabulary import Role
from server.database import insert_once
from server.tables import accounts, sessions, stations


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who may sign in."""

    name: str
    password_hash: str
    role: Role
    demo: bool


def account(connection: Connection, name: str) -> Account | None:
    """An open account."""
    row = connection.execute(
        select(accounts.c.name, accounts.c.password_hash, accounts.c.role, accounts.c.demo).where(
            accounts.c.name == name, accounts.c.closed_at.is_(None)
        )
    ).first()
    if row is None:
        return None
    return Account(
        name=row.name, password_hash=row.password_hash, role=Role(row.role), demo=row.demo
    )


def put_account(connection: Connection, one: Account, now: datetime) -> None:
    """Make it, or replace its password and role and open it again."""
    row = {"password_hash": one.password_hash, "role": one.role, "demo": one.demo}
    if not insert_once(connection, accounts, {"name": one.name, **row, "created_at": now}):
        connection.execute(
            update(accounts).where(accounts.c.name == one.name).values(**row, closed_at=None)
        )


def close_account(connection: Connection, name: str, now: datetime) -> bool:
    """Nobody signs in with it any more; what it decided keeps its name."""
    done = connection.execute(
        update(accounts)
        .where(accounts.c.name == name, accounts.c.closed_at.is_(None))
        .values(closed_at=now)
    )
    return done.rowcount == 1


def count_accounts(connection: Connection, *, demo: bool | None = None) -> int:
    """Open accounts; all, or only demo ones, or only others."""
    found = select(func.count()).select_from(accounts).where(accounts.c.closed_at.is_(None))
    if demo is not None:
        found = found.where(accounts.c.demo.is_(demo))
    return connection.execute(found).scalar_one()


def open_session(
    connection: Connection,
    token_sha256: str,
    name: str,
    *,
    now: datetime,
    until: datetime,
    address: str = "",
    device: str = "",
) -> None:
    """Begin a session, and forget those that are over."""
    connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
    connection.execute(
        insert(sessions).values(
            token_sha256=token_sha256,
            account=name,
            created_at=now,
            expires_at=until,
            seen_at=now,
            address=address[:64],
            device=device[:256],
        )
    )
    connection.execute(update(accounts).where(accounts.c.name == name).values(signed_in_at=now))


def end_session(connection: Connection, token_sha256: str) -> None:
    """End one session."""
    connection.execute(delete(sessions).where(sessions.c.token_sha256 == token_sha256))


def end_sessions_of(connection: Connection, name: str) -> None:
    """End all sessions of an account."""
    connection.execute(delete(sessions).where(sessions.c.account == name))


def put_station(connection: Connection, name: str, token_sha256: str, now: datetime) -> bool:
    """Enrol, or replace the token; tells whether the station is new."""
    row = {"token_sha256": token_sha256, "enrolled_at": now}
    if insert_once(connection, stations, {"name": name, **row}):
        return True
    again = update(stations).where(stations.c.name == name)
    connection.execute(again.values(**row, revoked_at=None))
    return False
