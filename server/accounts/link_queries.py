"""SQL of one-time links."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from server.tables import one_time_links


@dataclass(frozen=True, kw_only=True)
class Link:
    """A way in that is still open."""

    account: str | None
    """Whose password it sets; None for the first start's."""
    expires_at: datetime


def put_link(
    connection: Connection, key_sha256: str, account: str | None, by: str, until: datetime
) -> None:
    """Keep a new one; it ends what was made for the same account before and is unused.

    First starts' stay side by side: several servers may start at once, and each prints one.
    """
    if account is not None:
        end_links_of(connection, account)
    connection.execute(
        insert(one_time_links).values(
            token_sha256=key_sha256, account=account, made_by=by, expires_at=until
        )
    )


def end_links_of(connection: Connection, account: str) -> None:
    """What was not used yet is gone."""
    connection.execute(
        delete(one_time_links).where(
            one_time_links.c.account == account, one_time_links.c.used_at.is_(None)
        )
    )


def use_first_links(connection: Connection, now: datetime) -> bool:
    """Use up all of the first starts' at once: of two who hold different ones, one succeeds."""
    done = connection.execute(
        update(one_time_links)
        .where(one_time_links.c.account.is_(None), one_time_links.c.used_at.is_(None))
        .values(used_at=now)
    )
    return done.rowcount > 0


def link(connection: Connection, key_sha256: str, now: datetime) -> Link | None:
    """One that can still be used."""
    row = connection.execute(
        select(one_time_links.c.account, one_time_links.c.expires_at).where(
            one_time_links.c.token_sha256 == key_sha256,
            one_time_links.c.used_at.is_(None),
            one_time_links.c.expires_at > now,
        )
    ).first()
    return Link(account=row.account, expires_at=row.expires_at) if row else None


def use_link(connection: Connection, key_sha256: str, now: datetime) -> bool:
    """Of two who use it at once, one succeeds."""
    done = connection.execute(
        update(one_time_links)
        .where(one_time_links.c.token_sha256 == key_sha256)
        .where(one_time_links.c.used_at.is_(None), one_time_links.c.expires_at > now)
        .values(used_at=now)
    )
    return done.rowcount == 1
