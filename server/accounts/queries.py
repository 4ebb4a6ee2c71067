"""SQL of accounts, sessions and stations."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from models.vocabulary import Role
from server.database import insert_once
from server.tables import accounts, failed_attempts, sessions, stations


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
    connection: Connection, token_sha256: str, name: str, *, now: datetime, until: datetime
) -> None:
    """Begin a session, and forget those that are over."""
    connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
    connection.execute(
        insert(sessions).values(
            token_sha256=token_sha256, account=name, created_at=now, expires_at=until
        )
    )


def end_session(connection: Connection, token_sha256: str) -> None:
    """End one session."""
    connection.execute(delete(sessions).where(sessions.c.token_sha256 == token_sha256))


def end_sessions_of(connection: Connection, name: str) -> None:
    """End all sessions of an account."""
    connection.execute(delete(sessions).where(sessions.c.account == name))


@dataclass(frozen=True, kw_only=True)
class Failures:
    """Attempts that failed, or are still being looked at."""

    own: int
    """For this name from this address."""
    of_address: int
    """From this address, whatever the name."""
    of_name: int
    """For this name, wherever from."""
    last_of_name: datetime | None
    """When the newest of them came."""


def note_failure(connection: Connection, name: str, address: str, now: datetime) -> int:
    """Remember an attempt as failed; gives its number."""
    done = connection.execute(
        insert(failed_attempts)
        .values(name=name[:128], address=address[:64], failed_at=now)
        .returning(failed_attempts.c.attempt)
    )
    return int(done.scalar_one())


def forgive(connection: Connection, attempt: int) -> None:
    """It did not fail after all."""
    connection.execute(delete(failed_attempts).where(failed_attempts.c.attempt == attempt))


def failures(connection: Connection, name: str, address: str, since: datetime) -> Failures:
    """What counts against the next attempt."""
    its, here = failed_attempts.c.name == name[:128], failed_attempts.c.address == address[:64]
    count = select(func.count()).where(failed_attempts.c.failed_at > since)
    last = select(failed_attempts.c.failed_at).where(its, failed_attempts.c.failed_at > since)
    return Failures(
        own=connection.execute(count.where(its, here)).scalar_one(),
        of_address=connection.execute(count.where(here)).scalar_one(),
        of_name=connection.execute(count.where(its)).scalar_one(),
        last_of_name=connection.execute(
            last.order_by(failed_attempts.c.failed_at.desc()).limit(1)
        ).scalar(),
    )


def forget_failures(connection: Connection, before: datetime) -> None:
    """What is too old to count."""
    connection.execute(delete(failed_attempts).where(failed_attempts.c.failed_at <= before))


def put_station(connection: Connection, name: str, token_sha256: str, now: datetime) -> bool:
    """Enrol, or replace the token; tells whether the station is new."""
    row = {"token_sha256": token_sha256, "enrolled_at": now}
    if insert_once(connection, stations, {"name": name, **row}):
        return True
    connection.execute(update(stations).where(stations.c.name == name).values(**row))
    return False
