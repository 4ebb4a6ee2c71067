"""API tokens: what a person gives to a program that works for them."""

from collections.abc import Collection
from datetime import timedelta

from models.vocabulary import AccessChange, Scope
from server import access
from server.access import By
from server.accounts import token_queries
from server.database import Database
from server.errors import ContentInvalid, NothingThere
from server.security import new_api_token, token_sha256

MAX_DAYS = 365
"""A token that nobody renews for a year is forgotten somewhere."""
MAX_NAME = 100
MAX_TOKENS = 50
"""Open ones of one account: more is a mistake."""


def make(database: Database, by: By, *, name: str, scopes: Collection[Scope], days: int) -> str:
    """Make one for oneself; gives the token, which is nowhere kept. Raises ContentInvalid."""
    name = name.strip()
    _check(name, scopes, days)
    token = new_api_token()
    with database.writing() as connection:
        if len(token_queries.tokens_of(connection, by.actor, by.now)) >= MAX_TOKENS:
            raise ContentInvalid("There are fifty tokens already; revoke those that nobody needs.")
        token_queries.put_token(
            connection,
            token_sha256=token_sha256(token),
            account=by.actor,
            name=name,
            scopes=frozenset(scopes),
            now=by.now,
            until=by.now + timedelta(days=days),
        )
        access.note(
            connection, by, AccessChange.TOKEN_MADE, by.actor, f"{name}: {' '.join(sorted(scopes))}"
        )
    return token


def _check(name: str, scopes: Collection[Scope], days: int) -> None:
    if not 1 <= len(name) <= MAX_NAME:
        raise ContentInvalid("A token should have a name of 1 to 100 characters.")
    if not scopes:
        raise ContentInvalid("A token should open something; choose at least one scope.")
    if not 1 <= days <= MAX_DAYS:
        raise ContentInvalid("A token should be valid for 1 to 365 days.")


def revoke(database: Database, by: By, account: str, token: int) -> None:
    """End one of an account's at once. Raises NothingThere."""
    with database.writing() as connection:
        name = token_queries.revoke_token(connection, account, token, by.now)
        if name is None:
            raise NothingThere
        access.note(connection, by, AccessChange.TOKEN_REVOKED, account, name)
