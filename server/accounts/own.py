"""What everybody looks after themselves: password, open sessions, API tokens."""

from dataclasses import dataclass

from models.vocabulary import AccessChange
from server import access, patience
from server.access import By
from server.accounts import queries, service, token_queries
from server.accounts.queries import Person, Session
from server.accounts.token_queries import ApiToken
from server.errors import ContentInvalid, NothingThere
from server.identity import Principal
from server.parts import Parts
from server.security import hash_password, password_matches


@dataclass(frozen=True, kw_only=True)
class OwnFile:
    """What the page of one's own shows."""

    person: Person
    sessions: list[Session]
    tokens: list[ApiToken]


def file(here: Parts, who: Principal) -> OwnFile:
    """The page of one's own."""
    now, since = here.clock(), service.idle_since(here)
    with here.database.reading() as connection:
        (person,) = queries.people(connection, now, since, who.name)
        return OwnFile(
            person=person,
            sessions=queries.sessions_of(connection, who.name, now, since),
            tokens=token_queries.tokens_of(connection, who.name, now),
        )


def change_password(here: Parts, by: By, old: str, new: str, device: str) -> str:
    """Set another password, end all sessions and open a new one; gives its token.

    Raises ContentInvalid, TooManyAttempts.
    """
    service.check_password(by.actor, new)
    with here.database.writing() as connection:
        attempt = patience.begin(connection, by.actor, by.address, by.now)
        account = queries.account(connection, by.actor)
    if account is None or not password_matches(old, account.password_hash or None):
        raise ContentInvalid("The password that you have now is another one.")
    password_hash = hash_password(new)
    with here.database.writing() as connection:
        patience.forgive(connection, attempt)
        queries.set_password(connection, by.actor, password_hash)
        service.end_all(connection, by.actor)
        access.note(connection, by, AccessChange.PASSWORD_SET, by.actor)
        return service.open_session(here, connection, by.actor, by.address, device)


def end_session(here: Parts, by: By, session_sha256: str) -> None:
    """End one of one's own sessions. Raises NothingThere."""
    with here.database.writing() as connection:
        if not queries.end_session(connection, session_sha256, of=by.actor):
            raise NothingThere


def end_others(here: Parts, who: Principal) -> None:
    """End all of one's own sessions but this one."""
    with here.database.writing() as connection:
        queries.end_sessions_of(connection, who.name, keep=who.session_sha256)
