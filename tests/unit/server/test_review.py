"""Nobody is served a case that another holds; a decision counts once; work survives."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import select, update

from models.records import Decision, Opinion
from models.vocabulary import Defect, Disposition, Grade, Role, Verdict
from server import tables
from server.ledger import Dossier, State, decide, dossier
from server.review import queries
from server.review.service import same_opinion
from tests.factories import finding, sha256
from tests.unit.server.running import JPEG, Person, Running, an_inspection, found, send

FINDINGS = (
    finding(finding_id="f1", photo_sha256=sha256(JPEG)),
    finding(finding_id="f2", photo_sha256=sha256(JPEG), defect=Defect.MISSING_LABEL),
)


def kept(server: Running, number: int = 1) -> Dossier:
    with server.parts.database.reading() as connection:
        one = dossier(connection, an_inspection(number).inspection_id)
    assert one is not None
    return one


def place(number: int = 1) -> str:
    return f"/review/{an_inspection(number).inspection_id}"


def next_case(person: Person) -> str:
    """Where the person is sent to."""
    answer = person.post("/queue/next")
    assert answer.status_code == 303
    return answer.headers["location"]


def said(person: Person, path: str, **more: str) -> dict[str, str]:
    """What the form on the page would send."""
    page = person.get(path)
    assert page.status_code == 200, page.text
    hidden = {
        name: found(rf'name="{name}" value="([^"]+)"', page.text.split('class="answer"')[1])
        for name in ("form_token", "opinion_id")
    }
    return {**hidden, "grade": "B", "disposition": "resell", "note": "", **more}


@pytest.fixture
def queue(server: Running) -> Running:
    """Three cases of the same stake; the first has waited longest."""
    station = server.station()
    for number in (1, 2, 3):
        send(station, an_inspection(number, findings=FINDINGS))
        server.clock.pass_by(minutes=1)
    return server


def test_a_decision_is_kept_with_its_opinion_and_leads_to_the_next_case(queue: Running) -> None:
    ann = queue.person("ann")
    assert next_case(ann) == place(1)

    verdicts = {"verdict.f1": "confirmed", "verdict.f2": "rejected"}
    answer = ann.client.post(place(1), data=said(ann, place(1), note="左袖\r\nfine", **verdicts))

    assert answer.status_code == 303
    assert answer.headers["location"] == f"{place(2)}?done={an_inspection(1).inspection_id}"
    one = kept(queue)
    (opinion,), (decision,) = one.opinions, one.decisions
    assert opinion.note == "左袖\nfine"
    assert opinion.verdicts == {"f1": Verdict.CONFIRMED, "f2": Verdict.REJECTED}
    assert decision == Decision(
        decision_id=decision.decision_id,
        inspection_id=an_inspection(1).inspection_id,
        opinions=(opinion.opinion_id,),
        decided_by="ann",
        decided_at=queue.clock(),
        grade=Grade.B,
        disposition=Disposition.RESELL,
    )
    assert one.state is State.DECIDED
    assert "Saved." in ann.get(answer.headers["location"]).text


def test_sending_twice_changes_nothing(queue: Running) -> None:
    ann = queue.person("ann")
    next_case(ann)
    data = said(ann, place(1))

    first = ann.client.post(place(1), data=data)
    queue.clock.pass_by(seconds=5)
    again = ann.client.post(place(1), data=data)

    assert again.headers["location"] == first.headers["location"]
    assert len(kept(queue).opinions) == len(kept(queue).decisions) == 1
    differs = ann.client.post(place(1), data=data | {"grade": "E"})
    assert differs.status_code == 409
    assert kept(queue).opinions[0].grade is Grade.B


def test_twenty_sendings_at_once_count_once(queue: Running) -> None:
    ann = queue.person("ann")
    next_case(ann)
    data = said(ann, place(1))
    with ThreadPoolExecutor(20) as pool:
        told = list(pool.map(lambda _: ann.client.post(place(1), data=data), range(20)))
    assert {t.status_code for t in told} == {303}
    assert {t.headers["location"].partition("?")[0] for t in told} == {place(2)}
    assert len(kept(queue).opinions) == len(kept(queue).decisions) == 1


def test_twenty_people_get_twenty_cases(server: Running) -> None:
    send(server.station(), *(an_inspection(number) for number in range(1, 26)))
    people = [server.person(f"p{number}") for number in range(20)]
    tokens = [person.form_token() for person in people]

    def ask(number: int) -> str:
        answer = people[number].client.post("/queue/next", data={"form_token": tokens[number]})
        return answer.headers["location"]

    with ThreadPoolExecutor(20) as pool:
        served = list(pool.map(ask, range(20)))
    assert len(set(served)) == 20
    assert "/review" not in served
    # Who asks again is at the same case still.
    assert [ask(number) for number in range(20)] == served


def test_the_queue_is_ordered_by_stake_and_age(server: Running) -> None:
    station = server.station()
    send(station, an_inspection(1))
    server.clock.pass_by(hours=1)
    send(station, an_inspection(2))
    with server.parts.database.writing() as connection:
        rows = connection.execute(select(tables.cases.c.inspection_id, tables.cases.c.rank))
        ranks = {row.inspection_id: row.rank for row in rows}
        stakes = set(connection.execute(select(tables.cases.c.stake)).scalars())
    assert len(stakes) == 1
    first, second = (ranks[an_inspection(n).inspection_id] for n in (1, 2))
    # An hour of waiting counts as much as one unit at stake.
    assert first - second == pytest.approx(1.0)


def test_what_is_held_is_not_served_until_the_lease_ends(queue: Running) -> None:
    ann, bob = queue.person("ann"), queue.person("bob")
    assert next_case(ann) == place(1)
    assert next_case(bob) == place(2)
    page = bob.get(place(1))
    assert page.status_code == 409
    assert "ann looks at this case" in page.text
    assert bob.post(f"{place(1)}/take").status_code == 409

    queue.clock.pass_by(seconds=queue.parts.settings.lease_s)
    carol = queue.person("carol")
    assert next_case(carol) == place(1)


def test_who_lost_the_case_saves_nothing_and_is_told(queue: Running) -> None:
    ann, bob = queue.person("ann"), queue.person("bob")
    next_case(ann)
    data = said(ann, place(1))
    queue.clock.pass_by(seconds=queue.parts.settings.lease_s)
    assert next_case(bob) == place(1)

    lost = ann.client.post(place(1), data=data)

    assert lost.status_code == 409
    assert "your draft is kept" in lost.text
    assert kept(queue).opinions == ()
    bob.client.post(place(1), data=said(bob, place(1), grade="D"))
    late = ann.client.post(place(1), data=data)
    assert late.status_code == 409
    assert "decided or replaced" in late.text
    assert [d.decided_by for d in kept(queue).decisions] == ["bob"]


def test_a_lease_that_ran_out_counts_until_somebody_takes_the_case(queue: Running) -> None:
    """A long telephone call must not cost the work, as long as nobody else has begun it."""
    ann = queue.person("ann")
    next_case(ann)
    data = said(ann, place(1))
    queue.clock.pass_by(hours=2)
    assert ann.client.post(place(1), data=data).status_code == 303
    assert kept(queue).state is State.DECIDED


def test_signs_of_life_keep_the_case(queue: Running) -> None:
    ann, bob = queue.person("ann"), queue.person("bob")
    next_case(ann)
    headers = {"accept": "application/json", "x-form-token": ann.form_token()}
    for _ in range(3):
        queue.clock.pass_by(seconds=queue.parts.settings.lease_s - 1)
        answer = ann.client.post(f"{place(1)}/lease", headers=headers)
        assert answer.status_code == 200
    assert next_case(bob) == place(2)
    queue.clock.pass_by(seconds=queue.parts.settings.lease_s)
    assert queue.person("carol").post(f"{place(1)}/take").status_code == 303
    lost = ann.client.post(f"{place(1)}/lease", headers=headers)
    assert lost.status_code == 409
    assert set(lost.json()) == {"detail"}


def test_skipping_leaves_the_case_to_others(queue: Running) -> None:
    ann, bob = queue.person("ann"), queue.person("bob")
    next_case(ann)
    assert ann.post(f"{place(1)}/skip").headers["location"] == place(2)
    assert next_case(bob) == place(1)
    queue.clock.pass_by(seconds=queue.parts.settings.lease_s)

    ann.post(f"{place(2)}/skip")
    assert ann.post(f"{place(3)}/skip").headers["location"] == "/review"
    page = ann.get("/review").text
    assert "You skipped 3 cases" in page
    assert "Take the next case" not in page
    assert ann.post("/queue/again").headers["location"] == place(1)


def test_skipping_what_one_does_not_hold_changes_nothing(queue: Running) -> None:
    ann, bob = queue.person("ann"), queue.person("bob")
    next_case(ann)
    bob.post(f"{place(1)}/skip")
    assert ann.get(place(1)).status_code == 200
    with queue.parts.database.reading() as connection:
        assert connection.execute(select(tables.skips)).all() == []


def test_a_case_can_be_taken_by_name_and_a_decided_one_leads_to_its_file(queue: Running) -> None:
    ann = queue.person("ann")
    assert "This case is free" in ann.get(place(3)).text
    assert ann.post(f"{place(3)}/take").headers["location"] == place(3)
    ann.client.post(place(3), data=said(ann, place(3)))
    assert ann.get(place(3)).headers["location"] == f"/returns/{an_inspection(3).inspection_id}"
    assert ann.post(f"{place(3)}/take").status_code == 409


def test_a_correction_takes_the_case_out_of_the_reviewers_hands(queue: Running) -> None:
    ann = queue.person("ann")
    next_case(ann)
    data = said(ann, place(1))
    newer = an_inspection(9, return_code="RT-0001", supersedes=an_inspection(1).inspection_id)
    send(queue.station(), newer)
    lost = ann.client.post(place(1), data=data)
    assert lost.status_code == 409
    assert kept(queue).opinions == ()


def test_when_all_is_done_the_queue_says_so(server: Running) -> None:
    send(server.station(), an_inspection(1))
    ann = server.person("ann")
    next_case(ann)
    answer = ann.client.post(place(1), data=said(ann, place(1)))
    assert answer.headers["location"] == f"/review?done={an_inspection(1).inspection_id}"
    page = ann.get(answer.headers["location"]).text
    assert "All done" in page
    assert "Saved." in page
    assert next_case(ann) == "/review"


@pytest.mark.parametrize(
    "wrong",
    [
        {"grade": ""},
        {"grade": "F"},
        {"disposition": "burn"},
        {"verdict.f1": "maybe"},
        {"verdict.f9": "confirmed"},
        {"opinion_id": ""},
        {"opinion_id": "a b"},
        {"note": "x" * 2001},
    ],
    ids=str,
)
def test_a_form_that_says_nonsense_is_refused_and_nothing_is_saved(
    queue: Running, wrong: dict[str, str]
) -> None:
    ann = queue.person("ann")
    next_case(ann)
    answer = ann.client.post(place(1), data=said(ann, place(1), **wrong))
    assert answer.status_code == 422
    assert kept(queue).opinions == ()


def test_a_long_note_in_chinese_fits(queue: Running) -> None:
    ann = queue.person("ann")
    next_case(ann)
    answer = ann.client.post(place(1), data=said(ann, place(1), note="污" * 2000))
    assert answer.status_code == 303
    assert kept(queue).opinions[0].note == "污" * 2000


def test_what_the_machine_decided_has_no_case(queue: Running) -> None:
    ann = queue.person("ann")
    with queue.parts.database.writing() as connection:
        connection.execute(
            tables.cases.delete().where(
                tables.cases.c.inspection_id == an_inspection(3).inspection_id
            )
        )
    assert ann.get(place(3)).status_code == 404
    data = {"opinion_id": "o1", "grade": "A", "disposition": "resell"}
    assert ann.post(place(3), data).status_code == 404
    assert ann.get("/review/nothing").status_code == 404
    assert ann.post("/review/nothing", data).status_code == 404


def test_a_mark_in_the_address_alone_drops_no_draft(queue: Running) -> None:
    ann = queue.person("ann")
    for done in (an_inspection(1).inspection_id, "nonsense", "\x00", "<script>"):
        assert "data-saved" not in ann.get("/review", params={"done": done}).text


def test_those_who_only_watch_see_no_buttons(queue: Running) -> None:
    page = queue.person("eve", Role.AUDITOR).get("/review").text
    assert 'data-count="waiting">3<' in page
    assert "/queue/next" not in page


def test_a_session_that_ended_leads_back_to_the_case(queue: Running) -> None:
    ann = queue.person("ann")
    next_case(ann)
    data = said(ann, place(1))
    with queue.parts.database.writing() as connection:
        connection.execute(tables.sessions.delete())
    headers = {"referer": queue.url + place(1)}
    answer = ann.client.post(place(1), data=data, headers=headers)
    assert answer.status_code == 303
    assert httpx.URL(answer.headers["location"]).params["next"] == place(1)


def test_records_cannot_be_changed_or_removed(queue: Running) -> None:
    """Not even by a slip of ours: the database itself refuses."""
    ann = queue.person("ann")
    next_case(ann)
    ann.client.post(place(1), data=said(ann, place(1)))
    for table in (tables.inspections, tables.routings, tables.opinions, tables.decisions):
        for change in (update(table).values(record="{}"), table.delete()):
            with (
                pytest.raises(Exception, match="append-only"),
                queue.parts.database.writing() as connection,
            ):
                connection.execute(change)


def test_a_second_first_decision_is_impossible(queue: Running) -> None:
    def decision(name: str, supersedes: str | None = None) -> Decision:
        return Decision(
            decision_id=name,
            inspection_id=an_inspection(1).inspection_id,
            supersedes=supersedes,
            decided_by="x",
            decided_at=queue.clock(),
            grade=Grade.A,
            disposition=Disposition.DONATE,
        )

    for given in (("d1", None), ("d2", "d1"), ("d3", "d2")):
        with queue.parts.database.writing() as connection:
            decide(connection, decision(*given), State.DECIDED)
    for wrong in (("d4", None), ("d5", "d1"), ("d3", "d2"), ("d6", "nothing")):
        with (
            pytest.raises(Exception, match="constraint"),
            queue.parts.database.writing() as connection,
        ):
            decide(connection, decision(*wrong), State.DECIDED)
    newest = kept(queue).decision
    assert newest is not None
    assert newest.decision_id == "d3"


def test_an_opinion_without_its_time_is_the_same(queue: Running) -> None:
    one = Opinion(
        opinion_id="o",
        inspection_id="i",
        reviewer="ann",
        given_at=queue.clock(),
        grade=Grade.A,
        disposition=Disposition.RESELL,
    )
    queue.clock.pass_by(days=1)
    assert same_opinion(one, one.model_copy(update={"given_at": queue.clock()}))
    assert not same_opinion(one, one.model_copy(update={"reviewer": "bob"}))
    with queue.parts.database.reading() as connection:
        assert queries.opinion(connection, "o") is None
