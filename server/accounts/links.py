"""One-time links: the first administrator, an invitation, a new password."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from models.vocabulary import AccessChange, Role
from server import access, patience
from server.access import By
from server.accounts import link_queries, queries, service
from server.accounts.link_queries import Link
from server.accounts.queries import Account
from server.database import Database
from server.errors import AccountInvalid, ContentInvalid, LinkInvalid
from server.parts import Parts
from server.security import hash_password, new_token, token_sha256

FIRST_VALID = timedelta(hours=1)
"""The first start's link: whoever starts the server stands beside it."""
VALID = timedelta(days=3)
"""An invitation's: time for a weekend."""


def path(key: str) -> str:
    """Where the link leads on this server."""
    return f"/link?key={key}"


def make_first(database: Database, now: datetime) -> str | None:
    """The key of a link that makes the first administrator; none where there are accounts."""
    key = new_token()
    with database.writing() as connection:
        if queries.count_accounts(connection):
            return None
        link_queries.put_link(
            connection, token_sha256(key), None, access.COMMAND_LINE, now + FIRST_VALID
        )
    return key


def find(here: Parts, key: str, address: str) -> Link:
    """What the link opens; looking uses nothing up, as chats and mail scanners look too.

    Raises LinkInvalid, TooManyAttempts.
    """
    now = here.clock()
    with here.database.reading() as connection:
        found = link_queries.link(connection, token_sha256(key), now)
        usable = found is not None and (found.account or not queries.count_accounts(connection))
    if found is None or not usable:
        with here.database.writing() as connection:
            patience.begin(connection, patience.LINKS, address, now)
        raise LinkInvalid
    return found


def use(
    here: Parts, key: str, name: str, password: str, address: str, device: str
) -> tuple[Account, str]:
    """Set the password and sign in; gives the account and its session's token.

    Raises LinkInvalid, ContentInvalid, TooManyAttempts.
    """
    link = find(here, key, address)
    name = link.account or checked_name(name)
    service.check_password(name, password)
    password_hash = hash_password(password)
    by = By(actor=access.ONE_TIME_LINK, address=address, now=here.clock())
    with here.database.writing() as connection:
        if link.account is None:
            _make_first_administrator(connection, by, name)
        elif not link_queries.use_link(connection, token_sha256(key), by.now):
            raise LinkInvalid
        queries.set_password(connection, name, password_hash)
        queries.end_sessions_of(connection, name)
        access.note(connection, by, AccessChange.PASSWORD_SET, name)
        account = queries.account(connection, name)
        if account is None:
            raise LinkInvalid  # closed meanwhile
        return account, service.open_session(here, connection, name, address, device)


def _make_first_administrator(connection: Connection, by: By, name: str) -> None:
    if not link_queries.use_first_links(connection, by.now) or queries.count_accounts(connection):
        raise LinkInvalid
    first = Account(name=name, password_hash="", role=Role.ADMINISTRATOR, demo=False)
    queries.put_account(connection, first, by.now)
    access.note(connection, by, AccessChange.ACCOUNT_MADE, name, first.role)


def checked_name(name: str) -> str:
    """Without spaces around. Raises ContentInvalid for what no account can be called."""
    try:
        service.check_name(name.strip())
    except AccountInvalid as error:
        raise ContentInvalid(
            "A name should be 1 to 128 letters, digits or any of . : @ / + - _ without spaces."
        ) from error
    return name.strip()
