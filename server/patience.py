"""Patience with guessers: how often passwords, one-time links and codes may be tried.

Each attempt counts as failed from its beginning until it succeeds: looking at it takes time, in
which others would slip through.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

import structlog
from sqlalchemy import Connection, delete, func, insert, or_, select

from server.database import in_turn
from server.errors import AttemptsTooClose, TooManyAttempts
from server.tables import failed_attempts

WINDOW = timedelta(minutes=5)
MAX_FAILURES = 10
"""Failed attempts for one name from one address within the window."""
MAX_FAILURES_OF_ADDRESS = 60
"""Failed attempts from one address within the window, whatever the name."""
MAX_FAILURES_OF_NAME = 30
"""Failed attempts for one name within the window, wherever from; above it, one in each pause."""
MAX_TOKENS = 120
"""Wrong tokens from one address within the window: benches that share it repeat theirs every 30 s."""
PAUSE = timedelta(seconds=AttemptsTooClose.pause_s)
"""Strangers slow the owner of a name down, they do not lock them out."""

# What is tried without a name; no account can be called like these, as names hold no #.
LINKS = "#one-time links"
CODES = "#enrolment codes"
TOKENS = "#tokens"
PROVIDER = "#company sign-in"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Failures:
    """Attempts that failed, or are still being looked at."""

    own: int
    """For this name from this address."""
    of_address: int
    """Passwords from this address, whatever the name."""
    of_name: int
    """For this name, wherever from."""
    last_of_name: datetime | None
    """When the newest of them came."""


def begin(connection: Connection, name: str, address: str, now: datetime) -> int:
    """Begin an attempt, which counts as failed until it is forgiven; gives its number.

    Raises TooManyAttempts, AttemptsTooClose.
    """
    name, network = name[:128], network_of(address)[:64]
    in_turn(connection, "attempt")  # parallel ones would all be counted as the first
    _forget(connection, now)
    _make_sure(_failures(connection, name, network, now - WINDOW), name, now)
    done = connection.execute(
        insert(failed_attempts)
        .values(name=name, address=network, failed_at=now)
        .returning(failed_attempts.c.attempt)
    )
    return int(done.scalar_one())


def _make_sure(failed: Failures, name: str, now: datetime) -> None:
    most = MAX_TOKENS if name == TOKENS else MAX_FAILURES
    if failed.own >= most or failed.of_address >= MAX_FAILURES_OF_ADDRESS:
        raise TooManyAttempts
    if name in {TOKENS, LINKS, PROVIDER}:
        return  # 256 random bits or more: nobody guesses them, however many try
    too_close = failed.last_of_name is not None and now - failed.last_of_name < PAUSE
    if failed.of_name >= MAX_FAILURES_OF_NAME and too_close:
        log.warning("many failed attempts for one name", name=name, failed=failed.of_name)
        raise AttemptsTooClose


def forgive(connection: Connection, attempt: int) -> None:
    """It did not fail after all."""
    connection.execute(delete(failed_attempts).where(failed_attempts.c.attempt == attempt))


def _forget(connection: Connection, now: datetime) -> None:
    """What is too old to count; and what a clock that was ahead has left, which would count for hours."""
    at = failed_attempts.c.failed_at
    connection.execute(delete(failed_attempts).where(or_(at <= now - WINDOW, at > now + WINDOW)))


def _failures(connection: Connection, name: str, address: str, since: datetime) -> Failures:
    its, here = failed_attempts.c.name == name, failed_attempts.c.address == address
    count = select(func.count()).where(failed_attempts.c.failed_at > since)
    # A bench with an old token must not keep the people beside it from signing in.
    passwords = failed_attempts.c.name.not_like("#%")
    last = select(failed_attempts.c.failed_at).where(its, failed_attempts.c.failed_at > since)
    return Failures(
        own=connection.execute(count.where(its, here)).scalar_one(),
        of_address=0
        if name.startswith("#")
        else connection.execute(count.where(here, passwords)).scalar_one(),
        of_name=connection.execute(count.where(its)).scalar_one(),
        last_of_name=connection.execute(
            last.order_by(failed_attempts.c.failed_at.desc()).limit(1)
        ).scalar(),
    )


def network_of(address: str) -> str:
    """What counts as one address."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if not isinstance(ip, IPv6Address):
        return address
    # One household has 2^64 IPv6 addresses.
    return str(ip.ipv4_mapped or ip_network((int(ip), 64), strict=False))
