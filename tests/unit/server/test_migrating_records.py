"""What an older version kept can be searched afterwards, and its decisions stand in the chain."""

from datetime import timedelta
from pathlib import Path

from alembic import command
from sqlalchemy import Connection, select, text

from models.records import Decision, Inspection, Opinion
from models.vocabulary import Category, Disposition, Grade, Reason
from server import migrations, words
from server.chain import GENESIS, Link, sha256
from server.database import Database
from server.standing import arrival_of, columns
from tests.factories import NOON, finding, routing
from tests.unit.server.running import an_inspection

ONE = an_inspection(1, findings=(finding(photo_sha256=an_inspection().photos[0].sha256),))
TWO = an_inspection(2, category=Category.PARCEL, standard="parcel@1", operator="li.na")


def decision(number: int, **said: object) -> Decision:
    facts: dict = {
        "decision_id": f"d{number}",
        "inspection_id": ONE.inspection_id,
        "decided_by": "ann",
        "decided_at": NOON,
        "grade": Grade.D,
        "disposition": Disposition.DONATE,
    }
    return Decision(**(facts | said))


OPINION = Opinion(
    opinion_id="o1",
    inspection_id=ONE.inspection_id,
    reviewer="ann",
    given_at=NOON,
    grade=Grade.D,
    disposition=Disposition.DONATE,
    note="left cuff",
)
FIRST, SECOND = decision(1, opinions=("o1",)), decision(2, supersedes="d1", grade=Grade.E)


def keep(connection: Connection, arrival: int, one: Inspection) -> None:
    """As version 0.1.0 kept it."""
    said = "\n".join([one.return_code, one.inspection_id, one.station, one.operator or "", "stain"])
    row = {
        "id": one.inspection_id,
        "sha": one.content_sha256(),
        "code": one.return_code,
        "record": one.to_json(),
        "at": str((NOON + timedelta(microseconds=1)).replace(tzinfo=None)),
        "arrival": arrival,
        "category": one.category,
        "text": said.casefold(),
        "routing": routing(to="review", reasons=(Reason.CLOSE_CALL,)).to_json(),
        "judgement": one.judgement.to_json(),
    }
    for statement in (
        "INSERT INTO inspections VALUES (:id, :sha, NULL, :code, 'bench-1', :record, :at)",
        "INSERT INTO routings SELECT NULL, :id, :routing, :judgement, :at",
        "INSERT INTO standings VALUES (:arrival, :id, :category, 'D', 'donate', 'decided', NULL, :text)",
    ):
        connection.execute(text(statement), row)


def fill(connection: Connection) -> None:
    keep(connection, 1, ONE)
    keep(connection, 2, TWO)
    connection.execute(
        text("INSERT INTO accounts VALUES ('ann', 'x', 'reviewer', false, '2026-01-01', NULL)")
    )
    connection.execute(
        text("INSERT INTO opinions VALUES ('o1', :id, 'ann', :record, '2026-01-01')"),
        {"id": ONE.inspection_id, "record": OPINION.to_json()},
    )
    for one in (FIRST, SECOND):
        connection.execute(
            text("INSERT INTO decisions VALUES (:d, :i, :s, :record, '2026-01-01')"),
            {
                "d": one.decision_id,
                "i": one.inspection_id,
                "s": one.supersedes,
                "record": one.to_json(),
            },
        )


def test_records_of_the_first_version(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/x.db")
    with database.writing() as connection:
        command.upgrade(migrations.config(connection), "0001")
        fill(connection)

    migrations.upgrade(database, tmp_path)

    with database.reading() as connection:
        kept = connection.execute(text("SELECT * FROM standings ORDER BY arrival")).all()
        assert [row.arrival for row in kept] == [arrival_of(NOON) + 1, arrival_of(NOON) + 2]
        for row, one in zip(kept, (ONE, TWO), strict=True):
            shown = columns(one)
            del shown["finished_at"]
            assert {name: getattr(row, name) for name in shown} == shown
            assert (row.grade, row.disposition, row.state) == ("D", "donate", "decided")
            assert row.finished_at == "2026-01-05 12:00:00.000000"
            assert one.inspection_id not in row.search_text
        marks = set(connection.execute(text("SELECT mark, arrival FROM standing_marks")).all())
        assert marks == {
            ("defect:stain", kept[0].arrival),
            ("reason:close_call", kept[0].arrival),
            ("reason:close_call", kept[1].arrival),
        }
        for word, arrivals in (("0001", [kept[0].arrival]), ("li.na", [kept[1].arrival])):
            _, arrival, condition = words.matching(connection, words.wanted(word).every)
            assert list(connection.execute(select(arrival).where(*condition)).scalars()) == arrivals

        first, second = connection.execute(text("SELECT * FROM chain ORDER BY position")).all()
    assert sha256(FIRST.to_json()) in first.content
    for needed in (ONE.content_sha256(), sha256(OPINION.to_json()), '"opinion o1"'):
        assert needed in first.content
    assert first.sha256 == link(1, GENESIS, first.content)
    assert second.sha256 == link(2, first.sha256, second.content)
    database.close()


def link(position: int, previous: str, content: str) -> str:
    return Link(
        position=position, previous=previous, skip=GENESIS, content_sha256=sha256(content)
    ).sha256
