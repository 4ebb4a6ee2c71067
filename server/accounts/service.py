"""Signing in and out, and the accounts that the command line makes."""

from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from models.record import Identifier
from models.vocabulary import AccessChange, Role
from server import access, patience
from server.access import By
from server.accounts import link_queries, queries
from server.accounts.queries import Account
from server.database import Database
from server.errors import AccountInvalid, ContentInvalid
from server.parts import Parts
from server.security import (
    MAX_PASSWORD,
    MIN_PASSWORD,
    hash_password,
    is_common,
    new_token,
    password_matches,
    token_sha256,
)

DEMO_ACCOUNTS = (
    ("reviewer", Role.REVIEWER, "demo-reviewer"),
    ("lead", Role.QA_LEAD, "demo-lead-1"),
    ("admin", Role.ADMINISTRATOR, "demo-admin"),
    ("operator", Role.OPERATOR, "demo-operator"),
    ("manager", Role.MANAGER, "demo-manager"),
    ("auditor", Role.AUDITOR, "demo-auditor"),
    ("engineer", Role.ML_ENGINEER, "demo-engineer"),
)
"""Name, role, password; they work on loopback only."""

HOMES = {Role.REVIEWER: "/review", Role.QA_LEAD: "/review", Role.ADMINISTRATOR: "/people"}


def home_of(role: Role) -> str:
    """Where a person's work begins."""
    return HOMES.get(role, "/returns")


def idle_since(here: Parts) -> datetime:
    """Sessions that were not seen after this have ended."""
    return here.clock() - timedelta(minutes=here.settings.session_idle_min)


def sign_in(
    here: Parts, name: str, password: str, address: str, device: str = ""
) -> tuple[Account, str] | None:
    """Open a session; gives its token, or none when name and password don't fit.

    Raises TooManyAttempts before the password is even looked at.
    """
    now = here.clock()
    with here.database.writing() as connection:
        # A name with # in front would count among what is tried without a name.
        attempt = patience.begin(connection, name.lstrip("#"), address, now)
        account = queries.account(connection, name)
    usable = account is not None and (not account.demo or here.settings.on_loopback)
    fits = password_matches(password, account.password_hash if account and usable else None)
    if account is None or not usable or not fits:
        return None
    with here.database.writing() as connection:
        patience.forgive(connection, attempt)
        # Looked up again: the account may have been closed while the password was looked at.
        if queries.account(connection, name) != account:
            return None
        return account, open_session(here, connection, name, address, device)


def open_session(here: Parts, connection: Connection, name: str, address: str, device: str) -> str:
    """Open one; gives its token, always a new one."""
    token, now = new_token(), here.clock()
    queries.open_session(
        connection,
        token_sha256(token),
        name,
        now=now,
        until=now + timedelta(hours=here.settings.session_hours),
        address=address,
        device=device,
    )
    return token


def sign_out(here: Parts, session_sha256: str) -> None:
    """End one session, everywhere it is open."""
    with here.database.writing() as connection:
        queries.end_session(connection, session_sha256)


def put_account(
    database: Database, name: str, role: Role, password: str, now: datetime, *, demo: bool = False
) -> None:
    """Make or change an account; its open sessions end. Raises AccountInvalid."""
    check_name(name)
    if role is Role.STATION:
        raise AccountInvalid("A station is not an account; use `secondlook-server enrol`.")
    try:
        check_password(name, password)
    except ContentInvalid as error:
        raise AccountInvalid(f"{error} This one has {len(password)}.") from error
    one = Account(name=name, password_hash=hash_password(password), role=role, demo=demo)
    by = By(actor=access.COMMAND_LINE, address="", now=now)
    with database.writing() as connection:
        before = queries.account(connection, name)
        is_new = queries.put_account(connection, one, now)
        end_all(connection, name)
        if is_new:
            access.note(connection, by, AccessChange.ACCOUNT_MADE, name, role)
        elif before is None:
            access.note(connection, by, AccessChange.ACCOUNT_OPENED, name, role)
        elif before.role is not role:
            access.note(connection, by, AccessChange.ROLE_CHANGED, name, role)
        access.note(connection, by, AccessChange.PASSWORD_SET, name)


def close_account(database: Database, name: str, now: datetime) -> None:
    """Close an account and end its sessions. Raises AccountInvalid when there is none."""
    by = By(actor=access.COMMAND_LINE, address="", now=now)
    with database.writing() as connection:
        if not queries.close_account(connection, name, now):
            raise AccountInvalid(f"There is no open account {name!r}.")
        end_all(connection, name)
        access.note(connection, by, AccessChange.ACCOUNT_CLOSED, name)


def end_all(connection: Connection, name: str) -> None:
    """End an account's sessions and unused links."""
    queries.end_sessions_of(connection, name)
    link_queries.end_links_of(connection, name)


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


def check_password(name: str, password: str) -> None:
    """Raises ContentInvalid for what is too short, too long or known to everybody."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise ContentInvalid("A password should have 10 to 1024 characters.")
    if is_common(name, password):
        raise ContentInvalid(
            "Everybody would guess this password; take several words that have nothing in common."
        )


def check_name(name: str) -> None:
    """Raises AccountInvalid for what no account or station can be called."""
    try:
        TypeAdapter(Identifier).validate_python(name)
    except ValidationError:
        raise AccountInvalid(
            f"A name should be 1 to 128 letters, digits or any of . : @ / + - _, got {name[:80]!r}."
        ) from None
