"""SQL of the supply."""

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from server.tables import expected_returns


def changes(connection: Connection, since: int, most: int) -> Iterator[tuple[int, str]]:
    """Changes after that one, in the order of commits: number and record, without contacts.

    Numbers are given under one lock that is held to the commit (`expectations.alone`): when one can be
    seen, all smaller ones can.
    """
    its = expected_returns.c
    rows = connection.execute(
        select(its.change, its.record).where(its.change > since).order_by(its.change).limit(most)
    )
    return ((row.change, row.record) for row in rows)


def newest(connection: Connection) -> int:
    """The number of the last change."""
    return int(connection.execute(select(func.max(expected_returns.c.change))).scalar() or 0)
