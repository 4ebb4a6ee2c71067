"""A case of a kind is open once; the order in which cases are served is one formula."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from models.vocabulary import CaseKind
from server.cases import DUE_AFTER, close_cases, open_case, rank_of
from server.tables import cases
from tests.factories import NOON
from tests.unit.server.running import Running, an_inspection, send

ONE = an_inspection(1).inspection_id
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # more at stake
        ((10.0, NOON, NOON + 30 * DAY), (9.0, NOON, NOON + 30 * DAY)),
        # waits longer: an hour counts like one unit
        ((0.0, NOON, NOON + 30 * DAY), (1.9, NOON + 2 * HOUR, NOON + 30 * DAY)),
        # due sooner: as if it had been opened 72 hours before
        ((0.0, NOON, NOON + DAY), (47.0, NOON, NOON + 30 * DAY)),
        ((49.0, NOON, NOON + 30 * DAY), (0.0, NOON, NOON + DAY)),
        # the deadline that every case gets changes nothing
        ((1.0, NOON, NOON + DUE_AFTER), (0.9, NOON, NOON + 30 * DAY)),
    ],
)
def test_which_is_served_first(first, second) -> None:
    assert rank_of(*first) > rank_of(*second)


def test_a_kind_is_open_once_and_may_be_opened_again(server: Running) -> None:
    send(server.station(), an_inspection(1))
    said = {"inspection_id": ONE, "stake": 1.0, "now": server.clock()}
    with server.parts.database.writing() as connection:
        assert open_case(connection, kind=CaseKind.REVIEW, **said) == ONE
        audit = open_case(connection, kind=CaseKind.AUDIT, **said)
        assert open_case(connection, kind=CaseKind.AUDIT, **said) == audit != ONE
        close_cases(connection, ONE, server.clock())
        again = open_case(connection, kind=CaseKind.REVIEW, deadline=NOON + DAY, **said)
        assert again not in {ONE, audit}
        rows = connection.execute(select(cases.c.case_id).where(cases.c.closed_at.is_(None)))
        assert rows.scalars().all() == [again]
