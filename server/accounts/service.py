"""Accounts of people, sessions, and the identities of stations."""

from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from models.record import Identifier
from models.vocabulary import Role
from server import patience
from server.accounts import queries
from server.accounts.queries import Account
from server.database import Database
from server.errors import AccountInvalid
from server.parts import Parts
from server.security import (
    MAX_PASSWORD,
    MIN_PASSWORD,
    hash_password,
    new_token,
    password_matches,
    token_sha256,
)

DEMO_ACCOUNTS = (
    ("reviewer", Role.REVIEWER, "demo-reviewer"),
    ("lead", Role.QA_LEAD, "demo-lead-1"),
    ("admin", Role.ADMINISTRATOR, "demo-admin"),
)
"""Name, role, password; they work on loopback only."""

HOMES = {Role.REVIEWER: "/review", Role.QA_LEAD: "/review"}


def home_of(role: Role) -> str:
    """Where a person's work begins."""
    return HOMES.get(role, "/returns")


def sign_in(here: Parts, name: str, password: str, address: str) -> tuple[Account, str] | None:
    """Open a session; gives its token, or none when name and password don't fit.

    Raises TooManyAttempts before the password is even looked at.
    """
    now = here.clock()
    with here.database.writing() as connection:
        attempt = patience.begin(connection, name, address, now)
        account = queries.account(connection, name)
    usable = account is not None and (not account.demo or here.settings.on_loopback)
    fits = password_matches(password, account.password_hash if account and usable else None)
    if account is None or not usable or not fits:
        return None
    token = new_token()
    until = now + timedelta(hours=here.settings.session_hours)
    with here.database.writing() as connection:
        queries.open_session(connection, token_sha256(token), name, now=now, until=until)
        patience.forgive(connection, attempt, now)
    return account, token


def sign_out(here: Parts, session_sha256: str) -> None:
    """End one session, everywhere it is open."""
    with here.database.writing() as connection:
        queries.end_session(connection, session_sha256)


def put_account(
    database: Database, name: str, role: Role, password: str, now: datetime, *, demo: bool = False
) -> None:
    """Make or change an account; its open sessions end. Raises AccountInvalid."""
    _check_name(name)
    if role is Role.STATION:
        raise AccountInvalid("A station is not an account; use `secondlook-server enrol`.")
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise AccountInvalid(
            f"A password should have {MIN_PASSWORD} to {MAX_PASSWORD} characters, got {len(password)}."
        )
    one = Account(name=name, password_hash=hash_password(password), role=role, demo=demo)
    with database.writing() as connection:
        queries.put_account(connection, one, now)
        queries.end_sessions_of(connection, name)


def close_account(database: Database, name: str, now: datetime) -> None:
    """Close an account and end its sessions. Raises AccountInvalid when there is none."""
    with database.writing() as connection:
        if not queries.close_account(connection, name, now):
            raise AccountInvalid(f"There is no open account {name!r}.")
        queries.end_sessions_of(connection, name)


def make_demo_accounts(database: Database, now: datetime) -> None:
    """Make the demo accounts, unless they are there. Raises AccountInvalid where real ones are."""
    for name, role, password in DEMO_ACCOUNTS:
        with database.reading() as connection:
            known = queries.account(connection, name)
        if known is None:
            put_account(database, name, role, password, now, demo=True)
        elif not known.demo:
            raise AccountInvalid(f"There is a real account {name!r}; the demo does not touch it.")


def count_accounts(database: Database, *, demo: bool | None = None) -> int:
    """Open accounts; all, or only demo ones, or only others."""
    with database.reading() as connection:
        return queries.count_accounts(connection, demo=demo)


def enrol(database: Database, station: str, now: datetime) -> tuple[str, bool]:
    """Give a station a token, the old one ends; gives the token and whether the station is new."""
    _check_name(station)
    token = new_token()
    with database.writing() as connection:
        return token, queries.put_station(connection, station, token_sha256(token), now)


def _check_name(name: str) -> None:
    try:
        TypeAdapter(Identifier).validate_python(name)
    except ValidationError:
        raise AccountInvalid(
            f"A name should be 1 to 128 letters, digits or any of . : @ / + - _, got {name[:80]!r}."
        ) from None
