"""Who changed when who comes in: written beside the change, in its transaction, and never changed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, insert, or_, select

from models.vocabulary import AccessChange
from server.tables import access_log

COMMAND_LINE = "#command line"
ONE_TIME_LINK = "#one-time link"
PROVIDER = "#company sign-in"
"""Actors that are no account: names of accounts hold no #."""
PAGE = 50


@dataclass(frozen=True, kw_only=True)
class By:
    """Who does it, from where, and when."""

    actor: str
    """An account's or station's name, or one of the actors that are none."""
    address: str
    """The network address; empty on the command line."""
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One change."""

    entry: int
    """Its number; later ones have larger."""
    happened_at: datetime
    actor: str
    address: str
    change: AccessChange
    subject: str
    """The account or station that it is about."""
    detail: str
    """What it became or what it is called, as it was then."""


def note(
    connection: Connection, by: By, change: AccessChange, subject: str, detail: str = ""
) -> None:
    """Write it down."""
    connection.execute(
        insert(access_log).values(
            happened_at=by.now,
            actor=by.actor[:128],
            address=by.address[:64],
            change=change,
            subject=subject[:128],
            detail=detail[:500],
        )
    )


def entries(
    connection: Connection, *, about: str = "", before: int | None = None, limit: int = PAGE
) -> list[Entry]:
    """The newest first; of one account or station as subject or actor, where one is named."""
    found: Select[tuple[int, datetime, str, str, str, str, str]] = select(
        access_log.c.entry,
        access_log.c.happened_at,
        access_log.c.actor,
        access_log.c.address,
        access_log.c.change,
        access_log.c.subject,
        access_log.c.detail,
    )
    if about:
        found = found.where(or_(access_log.c.subject == about, access_log.c.actor == about))
    if before is not None:
        found = found.where(access_log.c.entry < before)
    rows = connection.execute(found.order_by(access_log.c.entry.desc()).limit(limit))
    return [
        Entry(
            entry=row.entry,
            happened_at=row.happened_at,
            actor=row.actor,
            address=row.address,
            change=AccessChange(row.change),
            subject=row.subject,
            detail=row.detail,
        )
        for row in rows
    ]


def told(one: Entry) -> dict[str, object]:
    """One change as JSON tells it."""
    return {
        "entry": one.entry,
        "happened_at": one.happened_at.isoformat(),
        "actor": one.actor,
        "address": one.address,
        "change": one.change,
        "subject": one.subject,
        "detail": one.detail,
    }
