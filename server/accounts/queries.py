"""SQL of accounts and their sessions."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from models.vocabulary import Role
from server.database import insert_once
from server.tables import accounts, identities, one_time_links, sessions


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who may sign in."""

    name: str
    password_hash: str
    """Argon2's; empty where nobody signs in by password."""
    role: Role
    demo: bool
    """Its password stands in the source."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """An account as those see it who look after accounts."""

    name: str
    role: Role
    demo: bool
    has_password: bool
    created_at: datetime
    closed_at: datetime | None
    signed_in_at: datetime | None
    """When a session was opened last."""
    issuer: str | None
    """The company sign-in that it is linked with."""
    sessions: int
    """How many are open."""
    link_until: datetime | None
    """Until when its unused one-time link is valid."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """A sign-in that is open."""

    token_sha256: str
    created_at: datetime
    seen_at: datetime
    """To the minute."""
    expires_at: datetime
    """When it ends at the latest."""
    address: str
    device: str
    """What the browser said of itself."""


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


def add_account(connection: Connection, one: Account, now: datetime) -> bool:
    """Make it, unless there was ever one of that name."""
    row = {"password_hash": one.password_hash, "role": one.role, "demo": one.demo}
    return insert_once(connection, accounts, {"name": one.name, **row, "created_at": now})


def put_account(connection: Connection, one: Account, now: datetime) -> bool:
    """Make it, or replace its password and role and open it again; tells whether it is new."""
    if add_account(connection, one, now):
        return True
    row = {"password_hash": one.password_hash, "role": one.role, "demo": one.demo}
    connection.execute(
        update(accounts).where(accounts.c.name == one.name).values(**row, closed_at=None)
    )
    return False


def close_account(connection: Connection, name: str, now: datetime) -> bool:
    """Nobody signs in with it any more; what it decided keeps its name."""
    done = connection.execute(
        update(accounts)
        .where(accounts.c.name == name, accounts.c.closed_at.is_(None))
        .values(closed_at=now)
    )
    return done.rowcount == 1


def open_account(connection: Connection, name: str) -> bool:
    """Open a closed one again, as it was."""
    done = connection.execute(
        update(accounts)
        .where(accounts.c.name == name, accounts.c.closed_at.is_not(None))
        .values(closed_at=None)
    )
    return done.rowcount == 1


def set_role(connection: Connection, name: str, role: Role) -> None:
    """Give it another role."""
    connection.execute(update(accounts).where(accounts.c.name == name).values(role=role))


def set_password(connection: Connection, name: str, password_hash: str) -> None:
    """Give it another password."""
    changed = update(accounts).where(accounts.c.name == name)
    connection.execute(changed.values(password_hash=password_hash))


def count_accounts(connection: Connection, *, demo: bool | None = None) -> int:
    """Open accounts; all, or only demo ones, or only others."""
    found = select(func.count()).select_from(accounts).where(accounts.c.closed_at.is_(None))
    if demo is not None:
        found = found.where(accounts.c.demo.is_(demo))
    return connection.execute(found).scalar_one()


def administrators(connection: Connection) -> list[str]:
    """Open administrators; others who change them wait until this transaction ends."""
    found = (
        select(accounts.c.name)
        .where(accounts.c.role == Role.ADMINISTRATOR, accounts.c.closed_at.is_(None))
        .order_by(accounts.c.name)
        .with_for_update()
    )
    return list(connection.execute(found).scalars())


def people(
    connection: Connection, now: datetime, seen_after: datetime, name: str | None = None
) -> list[Person]:
    """All accounts, or the one of that name; open ones first."""
    found = _people(now, seen_after).order_by(accounts.c.closed_at.is_not(None), accounts.c.name)
    if name is not None:
        found = found.where(accounts.c.name == name)
    return [
        Person(
            name=row.name,
            role=Role(row.role),
            demo=row.demo,
            has_password=bool(row.password_hash),
            created_at=row.created_at,
            closed_at=row.closed_at,
            signed_in_at=row.signed_in_at,
            issuer=row.issuer,
            sessions=row.sessions,
            link_until=row.link_until,
        )
        for row in connection.execute(found)
    ]


def _people(now: datetime, seen_after: datetime) -> Select[tuple[str]]:
    its = sessions.c.account == accounts.c.name
    alive = (sessions.c.expires_at > now, sessions.c.seen_at > seen_after)
    links = select(func.max(one_time_links.c.expires_at)).where(
        one_time_links.c.account == accounts.c.name,
        one_time_links.c.used_at.is_(None),
        one_time_links.c.expires_at > now,
    )
    return select(
        accounts,
        identities.c.issuer,
        select(func.count()).where(its, *alive).scalar_subquery().label("sessions"),
        links.scalar_subquery().label("link_until"),
    ).outerjoin(identities, identities.c.account == accounts.c.name)


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


def sessions_of(
    connection: Connection, name: str, now: datetime, seen_after: datetime
) -> list[Session]:
    """The open ones of an account, the one seen last first."""
    rows = connection.execute(
        select(sessions)
        .where(sessions.c.account == name)
        .where(sessions.c.expires_at > now, sessions.c.seen_at > seen_after)
        .order_by(sessions.c.seen_at.desc(), sessions.c.token_sha256)
    )
    return [
        Session(
            token_sha256=row.token_sha256,
            created_at=row.created_at,
            seen_at=row.seen_at,
            expires_at=row.expires_at,
            address=row.address,
            device=row.device,
        )
        for row in rows
    ]


def end_session(connection: Connection, token_sha256: str, of: str | None = None) -> bool:
    """End one session; with an account's name, only if it is that account's."""
    ended = delete(sessions).where(sessions.c.token_sha256 == token_sha256)
    if of is not None:
        ended = ended.where(sessions.c.account == of)
    return connection.execute(ended).rowcount == 1


def end_sessions_of(connection: Connection, name: str, keep: str | None = None) -> int:
    """End all sessions of an account, or all but the one to keep; gives how many."""
    ended = delete(sessions).where(sessions.c.account == name)
    if keep is not None:
        ended = ended.where(sessions.c.token_sha256 != keep)
    return connection.execute(ended).rowcount
