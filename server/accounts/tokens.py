"""API tokens: what a person gives to a program that works for them."""

from collections.abc import Collection
from datetime import datetime, timedelta

from models.vocabulary import Scope
from server.accounts import token_queries
from server.accounts.token_queries import ApiToken
from server.database import Database
from server.errors import ContentInvalid, NothingThere
from server.security import new_api_token, token_sha256

MAX_DAYS = 365
"""A token that nobody renews for a year is forgotten somewhere."""
MAX_NAME = 100
MAX_TOKENS = 50
"""Open ones of one account: more is a mistake."""


def make(
    database: Database,
    account: str,
    *,
    name: str,
    scopes: Collection[Scope],
    days: int,
    now: datetime,
) -> str:
    """Make one; gives the token, which is nowhere kept. Raises ContentInvalid."""
    _check(name.strip(), scopes, days)
    token = new_api_token()
    with database.writing() as connection:
        if len(token_queries.tokens_of(connection, account, now)) >= MAX_TOKENS:
            raise ContentInvalid("There are fifty tokens already; revoke those that nobody needs.")
        token_queries.put_token(
            connection,
            token_sha256=token_sha256(token),
            account=account,
            name=name.strip(),
            scopes=frozenset(scopes),
            now=now,
            until=now + timedelta(days=days),
        )
    return token


def _check(name: str, scopes: Collection[Scope], days: int) -> None:
    if not 1 <= len(name) <= MAX_NAME:
        raise ContentInvalid("A token should have a name of 1 to 100 characters.")
    if not scopes:
        raise ContentInvalid("A token should open something; choose at least one scope.")
    if not 1 <= days <= MAX_DAYS:
        raise ContentInvalid("A token should be valid for 1 to 365 days.")


def tokens_of(database: Database, account: str, now: datetime) -> list[ApiToken]:
    """Those that still open something, newest first."""
    with database.reading() as connection:
        return token_queries.tokens_of(connection, account, now)


def revoke(database: Database, account: str, token: int, now: datetime) -> None:
    """End one at once. Raises NothingThere."""
    with database.writing() as connection:
        if token_queries.revoke_token(connection, account, token, now) is None:
            raise NothingThere
