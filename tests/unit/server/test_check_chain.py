"""Whoever changes the database behind the server's back is found out, one line a fault."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, text

from models.vocabulary import Role
from server.chain import head, sha256
from server.ledger import State, decide
from server.progress import JobKind, JobState
from server.returns import check_chain
from tests.unit.server.running import Running, an_inspection, send
from tests.unit.server.test_chain import decision

COUNT = 12


@pytest.fixture
def decided(server: Running) -> Running:
    send(server.station(), *(an_inspection(number) for number in range(1, COUNT + 1)))
    for number in range(1, COUNT):
        with server.parts.database.writing() as connection:
            decide(connection, decision(number), State.DECIDED)
    with server.parts.database.writing() as connection:
        corrected = decision(3, decision_id="c3", supersedes="d3")
        decide(connection, corrected, State.DECIDED)
    return server


def result(server: Running, **said: str) -> dict[str, Any]:
    job = server.parts.jobs.run(JobKind.VERIFY, arguments=said)
    assert job.state is JobState.DONE, job.error
    return dict(job.result)


def behind_its_back(server: Running, change: Callable[[Connection], object]) -> None:
    """As somebody with the database's password would: the triggers first."""
    tables = ("inspections", "routings", "opinions", "decisions", "chain")
    with server.parts.database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET session_replication_role = replica"))
            change(connection)
            connection.execute(text("SET session_replication_role = DEFAULT"))
            return
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        for table in tables:
            for what in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER {table}_no_{what}"))
        change(connection)


def run(*statements: str) -> Callable[[Connection], object]:
    def change(connection: Connection) -> None:
        for statement in statements:
            connection.execute(text(statement))

    return change


ID5 = an_inspection(5).inspection_id


def changed_with_hash(connection: Connection) -> None:
    row = connection.execute(
        text("SELECT record FROM inspections WHERE inspection_id = :i"), {"i": ID5}
    ).one()
    record = row.record.replace("bench-1", "bench-2")
    connection.execute(
        text("UPDATE inspections SET record = :r, content_sha256 = :s WHERE inspection_id = :i"),
        {"r": record, "s": sha256(record), "i": ID5},
    )


TAMPERINGS = [
    ("a changed byte", run("UPDATE decisions SET record = replace(record, '\"B\"', '\"A\"') WHERE decision_id = 'd5'"), ["decision d5 of entry 5 was changed"]),
    ("a removed decision", run("DELETE FROM decisions WHERE decision_id = 'd5'"), ["decision d5 of entry 5 was removed", f"inspection {ID5} stands as decided"]),
    ("removed with its entry", run("DELETE FROM decisions WHERE decision_id = 'd5'", "DELETE FROM chain WHERE position = 5"), ["entry 5 is missing", "entry 6 (decision d6) does not follow"]),
    ("closed up", run("DELETE FROM decisions WHERE decision_id = 'd11'", "DELETE FROM chain WHERE position = 11", "UPDATE chain SET position = 11 WHERE position = 12"), ["entry 11 (decision c3) does not follow"]),
    ("reordered", run("UPDATE chain SET position = 99 WHERE position = 6", "UPDATE chain SET position = 6 WHERE position = 5", "UPDATE chain SET position = 5 WHERE position = 99"), ["entry 5 (decision d6) does not follow", "entry 6 (decision d5) does not follow"]),
    ("put in", run(f"INSERT INTO decisions SELECT 'dx', '{an_inspection(12).inspection_id}', NULL, replace(record, 'd5', 'dx'), decided_at FROM decisions WHERE decision_id = 'd5'"), ["decision dx stands in no entry: it was put in"]),
    ("an inspection changed", run(f"UPDATE inspections SET record = replace(record, 'bench-1', 'bench-2') WHERE inspection_id = '{ID5}'"), [f"inspection {ID5} that decision d5 rests on was changed", f"inspection {ID5} is not what was acknowledged"]),
    ("and its hash with it", changed_with_hash, [f"inspection {ID5} that decision d5 rests on was changed"]),
    ("a ruling changed", run(f"UPDATE routings SET judgement = replace(judgement, 'A', 'B') WHERE inspection_id = '{ID5}'"), [f"the ruling on inspection {ID5} that decision d5 rests on was changed"]),
    ("an entry's content changed", run("UPDATE chain SET content = replace(content, 'decision', 'opinion') WHERE position = 5"), ["entry 5 (decision d5) does not follow"]),
    ("an entry's hash changed", run("UPDATE chain SET sha256 = substr(sha256, 2) || substr(sha256, 1, 1) WHERE position = 5"), ["entry 5 (decision d5) does not follow", "entry 6 (decision d6) does not follow"]),
    ("a correction that names another", run("UPDATE decisions SET supersedes = 'd4' WHERE decision_id = 'c3'"), ["decision c3 names another than its record"]),
]  # fmt: skip


def test_an_honest_database_is_whole(decided: Running) -> None:
    found = result(decided)
    assert (found["entries"], found["faults"], found["lines"]) == (COUNT, 0, [])
    with decided.parts.database.reading() as connection:
        newest = head(connection)
    assert newest is not None
    assert found["head"] == f"{COUNT}:{newest.sha256}"


@pytest.mark.parametrize("piece", [1, 3, 1000])
def test_pieces_do_not_matter(
    decided: Running, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_chain, "PIECE", piece)
    assert result(decided)["faults"] == 0


@pytest.mark.parametrize(("name", "change", "told"), TAMPERINGS, ids=[t[0] for t in TAMPERINGS])
def test_tampering_is_told(
    decided: Running, name: str, change: Callable[[Connection], object], told: list[str]
) -> None:
    assert name
    behind_its_back(decided, change)
    found = result(decided)
    for line in told:
        assert any(line in fault for fault in found["lines"]), found["lines"]
    assert found["faults"] <= len(told) + 2, found["lines"]


def test_a_chain_that_was_cut_off_is_told_by_a_head_that_somebody_noted(decided: Running) -> None:
    noted = result(decided)["head"]
    name = an_inspection(3).inspection_id
    behind_its_back(
        decided,
        run(
            "DELETE FROM decisions WHERE decision_id = 'c3'",
            f"DELETE FROM chain WHERE position = {COUNT}",
            f"UPDATE standings SET grade = 'B' WHERE inspection_id = '{name}'",
        ),
    )
    assert result(decided)["faults"] == 0  # whole in itself
    lines = result(decided, head=noted)["lines"]
    assert lines == [f"entry {COUNT} is not the one that was noted: the chain was cut or rewritten"]


def test_a_page_starts_it_for_those_who_may(decided: Running) -> None:
    lead = decided.person("lead", Role.QA_LEAD)
    assert lead.post("/chain/verify").status_code == 303
    assert decided.person("eve", Role.AUDITOR).post("/chain/verify").status_code == 403
