"""Keep what was announced: the same again changes nothing, another content is a new version."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from models.supply import ExpectedReturn
from models.vocabulary import Language
from models.wording import word
from server import expectations
from server.expectations import Expectation
from server.tables import expected_contacts, expected_returns, expected_versions


class News(StrEnum):
    """What a row says that was not known."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What is known of one expected return."""

    record: str
    """Canonical JSON, without the contact."""
    contact: str | None
    version: int

    def news(self, told: ExpectedReturn) -> News:
        """What this says beyond what is known."""
        same = told.contact == self.contact and told.without_contact().to_json() == self.record
        return News.SAME if same else News.CHANGED

    @property
    def told(self) -> ExpectedReturn:
        """The record with its contact; reading it takes longer than all else that is done to a row."""
        return ExpectedReturn.from_json(self.record).model_copy(update={"contact": self.contact})


def kept(connection: Connection, return_codes: Sequence[str]) -> dict[str, Kept]:
    """What is known of these, contacts included."""
    its, contact = expected_returns.c, expected_contacts.c.contact
    rows = connection.execute(
        select(its.return_code, its.record, its.version, contact)
        .outerjoin(expected_contacts, expected_contacts.c.return_code == its.return_code)
        .where(its.return_code.in_(return_codes))
    )
    return {
        row.return_code: Kept(record=row.record, contact=row.contact, version=row.version)
        for row in rows
    }


def announce(
    connection: Connection, several: Sequence[ExpectedReturn], *, by: str, now: datetime
) -> Counter[News]:
    """Keep them, each code at most once, and match what came unannounced. Hold `alone` first."""
    codes = [told.return_code for told in several]
    known = kept(connection, codes)
    news = {
        t.return_code: known[t.return_code].news(t) if t.return_code in known else News.NEW
        for t in several
    }
    fresh = [told for told in several if news[told.return_code] is News.NEW]
    changed = [told for told in several if news[told.return_code] is News.CHANGED]
    _add(connection, fresh)
    _change(connection, changed, known)
    _keep_versions(connection, [*fresh, *changed], known, by=by, now=now)
    _keep_contacts(connection, [*fresh, *changed], known, now=now)
    if fresh or changed:
        expectations.refresh(
            connection, expectations.arrived(connection, [t.return_code for t in changed])
        )
        expectations.match(connection, [t.return_code for t in (*fresh, *changed)], now)
    return Counter(news.values())


def _last(connection: Connection, column: str) -> int:
    return int(connection.execute(select(func.max(expected_returns.c[column]))).scalar() or 0)


def _columns(told: ExpectedReturn) -> dict[str, object]:
    return {
        "record": told.without_contact().to_json(),
        "category": told.category,
        "order_code": told.order,
        "sku": told.sku,
        "serial_key": expectations.key(told.serial) if told.serial else None,
        "tracking_key": expectations.key(told.tracking) if told.tracking else None,
        "search_text": search_text(told),
    }


def search_text(told: ExpectedReturn) -> str:
    """What the search looks through; never the contact."""
    names = (
        told.return_code,
        told.order,
        told.sku,
        told.serial,
        told.tracking,
        told.carrier,
        told.reason,
    )
    words = (word(told.category, language) for language in Language)
    return "\n".join([*filter(None, names), *words]).casefold()


def _add(connection: Connection, fresh: Sequence[ExpectedReturn]) -> None:
    if not fresh:
        return
    entry, change = _last(connection, "entry"), _last(connection, "change")
    rows = [
        {
            "return_code": told.return_code,
            "entry": entry + number,
            "change": change + number,
            "version": 1,
            "state": Expectation.WAITING,
            **_columns(told),
        }
        for number, told in enumerate(fresh, 1)
    ]
    connection.execute(insert(expected_returns), rows)


def _change(
    connection: Connection, changed: Sequence[ExpectedReturn], known: Mapping[str, Kept]
) -> None:
    if not changed:
        return
    last = _last(connection, "change")
    rows = [
        {
            "code": told.return_code,
            "change": last + number,
            "version": known[told.return_code].version + 1,
            **_columns(told),
        }
        for number, told in enumerate(changed, 1)
    ]
    values: dict[str, object] = {name: bindparam(name) for name in rows[0] if name != "code"}
    its = expected_returns.c.return_code == bindparam("code")
    connection.execute(update(expected_returns).where(its).values(values), rows)


def _keep_versions(
    connection: Connection,
    several: Sequence[ExpectedReturn],
    known: Mapping[str, Kept],
    *,
    by: str,
    now: datetime,
) -> None:
    def row(told: ExpectedReturn) -> dict[str, object]:
        before = known.get(told.return_code)
        return {
            "return_code": told.return_code,
            "version": before.version + 1 if before else 1,
            "record": told.without_contact().to_json(),
            "contact_changed": told.contact != (before.contact if before else None),
            "told_by": by,
            "told_at": now,
        }

    if several:
        connection.execute(insert(expected_versions), [row(told) for told in several])


def _keep_contacts(
    connection: Connection,
    several: Sequence[ExpectedReturn],
    known: Mapping[str, Kept],
    *,
    now: datetime,
) -> None:
    """Only the newest is kept: what is personal has no history."""
    gone = [t.return_code for t in several if t.return_code in known]
    if gone:
        connection.execute(
            delete(expected_contacts).where(expected_contacts.c.return_code.in_(gone))
        )
    rows = [
        {"return_code": told.return_code, "contact": told.contact, "changed_at": now}
        for told in several
        if told.contact is not None
    ]
    if rows:
        connection.execute(insert(expected_contacts), rows)
