"""Looking after accounts: invite, give another role, close, open again, help who forgot a password."""

from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import Connection

from models.vocabulary import AccessChange, Role
from server import access
from server.access import By, Entry
from server.accounts import link_queries, links, queries, service, token_queries
from server.accounts.queries import Account, Person, Session
from server.accounts.token_queries import ApiToken
from server.errors import Conflict, ContentInvalid, NothingThere
from server.parts import Parts
from server.security import new_token, token_sha256

ROLES = tuple(role for role in Role if role is not Role.STATION)
"""What a person can be."""
OF_ONE = 20
"""Entries of the access log on one person's page."""


@dataclass(frozen=True, kw_only=True)
class PersonFile:
    """Everything about one account."""

    person: Person
    sessions: list[Session]
    tokens: list[ApiToken]
    changes: list[Entry]


def path(name: str, done: str = "") -> str:
    """The page of one account; `done` is said on it."""
    return "/person?" + urlencode({"name": name} | ({"done": done} if done else {}))


def told(person: Person) -> dict[str, object]:
    """One account as JSON tells it."""
    return {
        "name": person.name,
        "role": person.role,
        "created_at": person.created_at.isoformat(),
        "closed_at": person.closed_at.isoformat() if person.closed_at else None,
        "signed_in_at": person.signed_in_at.isoformat() if person.signed_in_at else None,
        "sessions": person.sessions,
    }


def listing(here: Parts) -> list[Person]:
    """All accounts."""
    with here.database.reading() as connection:
        return queries.people(connection, here.clock(), service.idle_since(here))


def file(here: Parts, name: str) -> PersonFile:
    """One account. Raises NothingThere."""
    now, since = here.clock(), service.idle_since(here)
    with here.database.reading() as connection:
        found = queries.people(connection, now, since, name)
        if not found:
            raise NothingThere
        return PersonFile(
            person=found[0],
            sessions=queries.sessions_of(connection, name, now, since),
            tokens=token_queries.tokens_of(connection, name, now),
            changes=access.entries(connection, about=name, limit=OF_ONE),
        )


def invite(here: Parts, by: By, name: str, role: Role) -> str:
    """Make an account without a password; gives the key of the link that sets one.

    Raises ContentInvalid, Conflict where the name is or was somebody's.
    """
    name = links.checked_name(name)
    _check_role(role)
    new = Account(name=name, password_hash="", role=role, demo=False)
    with here.database.writing() as connection:
        if not queries.add_account(connection, new, by.now):
            raise Conflict("There is or was an account of that name; names are used once.")
        access.note(connection, by, AccessChange.ACCOUNT_MADE, name, role)
        return _new_link(connection, by, name)


def renew_link(here: Parts, by: By, name: str) -> str:
    """Give the key of a link that sets a new password; what works now works until it is used."""
    with here.database.writing() as connection:
        if queries.account(connection, name) is None:
            raise NothingThere
        return _new_link(connection, by, name)


def _new_link(connection: Connection, by: By, name: str) -> str:
    key = new_token()
    until = by.now + links.VALID
    link_queries.put_link(connection, token_sha256(key), name, by.actor, until)
    access.note(connection, by, AccessChange.LINK_MADE, name)
    return key


def change_role(here: Parts, by: By, name: str, role: Role) -> None:
    """Give another role; open sessions end. Raises NothingThere, ContentInvalid, Conflict."""
    _check_role(role)
    with here.database.writing() as connection:
        _keep_an_administrator(connection, name, stays=role is Role.ADMINISTRATOR)
        known = queries.account(connection, name)
        if known is None:
            raise NothingThere
        if known.role is role:
            return
        queries.set_role(connection, name, role)
        queries.end_sessions_of(connection, name)
        access.note(connection, by, AccessChange.ROLE_CHANGED, name, f"{known.role} {role}")


def close(here: Parts, by: By, name: str) -> None:
    """End everything that opens something to this account. Raises NothingThere, Conflict."""
    with here.database.writing() as connection:
        _keep_an_administrator(connection, name, stays=False)
        if not queries.close_account(connection, name, by.now):
            raise NothingThere
        service.end_all(connection, name)
        token_queries.revoke_tokens_of(connection, name, by.now)
        access.note(connection, by, AccessChange.ACCOUNT_CLOSED, name)


def reopen(here: Parts, by: By, name: str) -> None:
    """Let in again with the same role and password; tokens stay revoked. Raises NothingThere."""
    with here.database.writing() as connection:
        if not queries.open_account(connection, name):
            raise NothingThere
        access.note(connection, by, AccessChange.ACCOUNT_OPENED, name)


def end_sessions(here: Parts, by: By, name: str) -> None:
    """End all sessions of an account."""
    with here.database.writing() as connection:
        if queries.end_sessions_of(connection, name):
            access.note(connection, by, AccessChange.SESSIONS_ENDED, name)


def _check_role(role: Role) -> None:
    if role is Role.STATION:
        raise ContentInvalid("A station is not an account; it enrols with a code.")


def _keep_an_administrator(connection: Connection, name: str, *, stays: bool) -> None:
    if not stays and queries.administrators(connection) == [name]:
        raise Conflict("This is the last administrator; make another one first.")
