"""SQL of identities that another house vouches for."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from models.vocabulary import Role
from server.database import insert_once
from server.tables import accounts, identities


@dataclass(frozen=True, kw_only=True)
class Linked:
    """The account of an identity."""

    name: str
    role: Role
    closed: bool


def linked(connection: Connection, issuer: str, subject: str) -> Linked | None:
    """The account that the identity has here."""
    row = connection.execute(
        select(accounts.c.name, accounts.c.role, accounts.c.closed_at)
        .join(identities, identities.c.account == accounts.c.name)
        .where(identities.c.issuer == issuer, identities.c.subject == subject)
    ).first()
    if row is None:
        return None
    return Linked(name=row.name, role=Role(row.role), closed=row.closed_at is not None)


def link(connection: Connection, issuer: str, subject: str, account: str, now: datetime) -> bool:
    """Give the identity an account; false where it has one by now."""
    row = {"issuer": issuer, "subject": subject, "account": account, "linked_at": now}
    return insert_once(connection, identities, row)


def unlink(connection: Connection, account: str) -> None:
    """Another identity takes its place."""
    connection.execute(delete(identities).where(identities.c.account == account))
