"""Second opinions are blind, disagreement goes to a lead, audits commit first, answers can be taken back."""

import json
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update

from models.opinions import Changed, Drawn, Moved, Opinion
from models.records import Decision
from models.vocabulary import Action, CaseKind, Defect, Disposition, Grade, Role, Shot, Verdict
from server import tables
from server.cases import open_case
from server.ledger import Dossier, State, decide, dossier
from tests.factories import answer, finding, sha256
from tests.unit.server.running import JPEG, Person, Running, an_inspection, found, send

FINDINGS = (
    finding(finding_id="f1", photo_sha256=sha256(JPEG), probability=0.93),
    finding(finding_id="f2", photo_sha256=sha256(JPEG), xyxy=(100.0, 100.0, 180.0, 160.0)),
)
ANSWERS = tuple(
    answer(*pair)
    for pair in (("tag", "attached"), ("worn", "unworn"), ("complete", "complete"), ("function", "works"))
)  # fmt: skip
ITEM = an_inspection(1).inspection_id
REVIEW = f"/review/{ITEM}"
DRAWN = {
    "finding_id": "drawn-1",
    "defect": "scratch",
    "photo_sha256": sha256(JPEG),
    "xyxy": [10, 10, 60.5, 40],
}


@pytest.fixture
def item(server: Running) -> Running:
    """One item that waits for a person."""
    send(server.station(), an_inspection(1, findings=FINDINGS, answers=ANSWERS))
    return server


def kept(server: Running) -> Dossier:
    with server.parts.database.reading() as connection:
        one = dossier(connection, ITEM)
    assert one is not None
    return one


def next_case(person: Person) -> str:
    return person.post("/queue/next").headers["location"].partition("?")[0]


def say(person: Person, path: str, **said: str) -> httpx.Response:
    page = person.get(path)
    assert page.status_code == 200, page.text
    form = page.text.split('id="answer"')[1]
    hidden = {n: found(rf'name="{n}" value="([^"]+)"', form) for n in ("form_token", "opinion_id")}
    facts = {"grade": "B", "disposition": "resell", "action": "decided"}
    return person.client.post(path, data={**hidden, **facts, **said})


def ask_second(server: Running, grade: str = "B") -> Person:
    ann = server.person("ann")
    assert next_case(ann) == REVIEW
    assert say(ann, REVIEW, action="second", grade=grade, note="unsure of ann").status_code == 303
    server.clock.pass_by(seconds=10)
    return ann


def test_all_that_was_done_is_kept(item: Running) -> None:
    ann = item.person("ann")
    next_case(ann)
    marks = {"moved": {"f1": [12, 10, 60, 44]}, "drawn": [DRAWN]}
    told = {
        "verdict.f1": "confirmed",
        "verdict.f2": "rejected",
        "answer.worn": "tried_on",
        "answer.tag": "attached",
        "marks": json.dumps(marks),
        "seconds": "8.4",
    }
    page = ann.get(REVIEW).text
    token, name = (found(rf'name="{n}" value="([^"]+)"', page.split('id="answer"')[1]) for n in ("form_token", "opinion_id"))  # fmt: skip
    data = {**told, "form_token": token, "opinion_id": name, "grade": "C", "disposition": "repair"}
    body = httpx.QueryParams([*data.items(), ("reasons", "missed"), ("reasons", "not_real")])
    headers = {"content-type": "application/x-www-form-urlencoded"}
    sent = ann.client.post(REVIEW, content=str(body), headers=headers)
    assert sent.status_code == 303, sent.text

    (said,) = kept(item).opinions
    assert said == Opinion(
        opinion_id=name,
        inspection_id=ITEM,
        case_id=ITEM,
        reviewer="ann",
        given_at=item.clock(),
        grade=Grade.C,
        disposition=Disposition.REPAIR,
        verdicts={"f1": Verdict.CONFIRMED, "f2": Verdict.REJECTED},
        moved={"f1": Moved(old=FINDINGS[0].xyxy, new=(12, 10, 60, 44))},
        drawn=(Drawn(finding_id="drawn-1", defect=Defect.SCRATCH, photo_sha256=sha256(JPEG), xyxy=(10, 10, 60.5, 40)),),
        answers=(Changed(question="worn", old="unworn", new="tried_on"),),
        reasons=("missed", "not_real"),
        seconds=8.4,
    )  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"marks": "nonsense"},
        {"marks": json.dumps({"moved": {"f9": [1, 1, 2, 2]}})},
        {"marks": json.dumps({"moved": {"f1": [1, 1, 20, 9999]}})},
        {"marks": json.dumps({"drawn": [DRAWN | {"photo_sha256": sha256("other")}]})},
        {"marks": json.dumps({"drawn": [DRAWN | {"finding_id": "f1"}]})},
        {"marks": json.dumps({"drawn": [DRAWN | {"xyxy": [5, 5, 5, 9]}]})},
        {"marks": json.dumps({"drawn": [DRAWN | {"finding_id": f"d{n}"} for n in range(201)]})},
        {"answer.worn": "perhaps"},
        {"answer.weather": "unworn"},
        {"reasons": "because"},
        {"seconds": "-1"},
        {"action": "burn"},
    ],
    ids=lambda wrong: str(wrong)[:60],
)
def test_nonsense_is_refused_and_nothing_is_kept(item: Running, wrong: dict[str, str]) -> None:
    ann = item.person("ann")
    next_case(ann)
    assert say(ann, REVIEW, **wrong).status_code == 422
    assert kept(item).opinions == ()
    assert next_case(ann) == REVIEW


def test_a_second_opinion_is_blind_and_never_the_same_persons(item: Running) -> None:
    ann = ask_second(item)
    assert kept(item).state is State.WAITING
    assert next_case(ann) == "/review"
    bob = item.person("bob")
    place = next_case(bob)
    page = bob.get(place).text
    assert "Second opinion" in page
    assert "unsure of ann" not in page
    assert ">ann<" not in page
    # Nor does the item's file tell, to whom might still be asked.
    assert bob.get(f"/returns/{ITEM}").status_code == 403
    assert item.person("carol").get(f"/returns/{ITEM}").status_code == 403
    assert ann.get(f"/returns/{ITEM}").status_code == 200
    assert item.person("lena", Role.QA_LEAD).get(f"/returns/{ITEM}").status_code == 200
    # By its address it is not to be had either.
    assert ann.get(place).status_code == 403
    assert ann.post(f"{place}/take").status_code == 403

    assert say(bob, place).status_code == 303
    assert bob.get(f"/returns/{ITEM}").status_code == 200
    one = kept(item)
    (decision,) = one.decisions
    assert decision.opinions == tuple(o.opinion_id for o in one.opinions)
    assert [o.kind for o in one.opinions] == [CaseKind.REVIEW, CaseKind.SECOND]
    assert (decision.decided_by, decision.grade, one.state) == ("bob", Grade.B, State.DECIDED)


@pytest.mark.parametrize(
    "second", [{"grade": "C"}, {"disposition": "donate"}, {"action": "second"}]
)
def test_who_disagree_are_heard_by_a_lead(item: Running, second: dict[str, str]) -> None:
    ask_second(item)
    bob = item.person("bob")
    assert say(bob, next_case(bob), note="bob says so", **second).status_code == 303
    assert kept(item).decisions == ()
    # Neither a reviewer nor a lead who gave one of the opinions decides between them.
    assert next_case(item.person("carol")) == "/review"
    lead = item.person("lena", Role.QA_LEAD)
    place = next_case(lead)
    page = lead.get(place).text
    assert "Two people disagree" in page
    assert "unsure of ann" in page
    assert "bob says so" in page
    assert item.person("carol").get(place).status_code == 403

    assert say(lead, place, grade="D", disposition="scrap").status_code == 303
    one = kept(item)
    (decision,) = one.decisions
    assert len(decision.opinions) == 3
    assert (decision.grade, decision.disposition) == (Grade.D, Disposition.SCRAP)


def audit(server: Running) -> str:
    """The machine has decided A, resell; somebody is to look blind."""
    now = server.clock()
    with server.parts.database.writing() as connection:
        decision = Decision(
            decision_id="machine",
            inspection_id=ITEM,
            decided_by="default@1",
            decided_at=now,
            grade=Grade.A,
            disposition=Disposition.RESELL,
        )
        decide(connection, decision, State.AUTOMATIC)
        kind = {"inspection_id": ITEM, "kind": CaseKind.AUDIT}
        return f"/review/{open_case(connection, stake=5.0, now=now, **kind)}"


def test_nothing_of_the_machines_is_sent_before_the_commitment(item: Running) -> None:
    place = audit(item)
    ann = item.person("ann")
    assert next_case(ann) == place
    page = ann.get(place).text
    for told in (
        "93 %",
        '"f1"',
        '"f2"',
        'class="box"',
        "stain@1",
        "At stake",
        "Too close",
        "10.0,10.0",
    ):
        assert told not in page, told
    assert 'data-machine-grade=""' in page
    assert ann.get(f"/returns/{ITEM}").status_code == 403
    assert say(ann, place).status_code == 422
    token = {"form_token": ann.form_token("/review"), "grade": "B", "disposition": "resell"}
    live = ann.client.post(f"{place}/judge", data=token).json()
    assert live["scores"]["appearance"] == 100
    assert ann.client.post(f"{place}/commit", data=token).headers["location"] == place
    # The first word counts.
    ann.client.post(f"{place}/commit", data=token | {"grade": "E"})
    page = ann.get(place).text
    assert "You committed to B, Resell." in page
    assert "The machine says A, Resell." in page
    assert "93 %" in page

    assert say(ann, place, grade="A").status_code == 303
    one = kept(item)
    (said,) = one.opinions
    assert said.committed is not None
    assert (said.committed.grade, said.grade, said.kind) == (Grade.B, Grade.A, CaseKind.AUDIT)
    # It agrees with the machine: the machine's decision stands.
    assert [d.decision_id for d in one.decisions] == ["machine"]
    assert one.state is State.AUTOMATIC


def test_an_audit_that_differs_corrects_the_machine(item: Running) -> None:
    place = audit(item)
    ann = item.person("ann")
    next_case(ann)
    token = {"form_token": ann.form_token("/review"), "grade": "D", "disposition": "scrap"}
    ann.client.post(f"{place}/commit", data=token)
    say(ann, place, grade="D", disposition="scrap")
    one = kept(item)
    assert one.decision is not None
    assert (one.decision.supersedes, one.decision.grade) == ("machine", Grade.D)


def test_a_retake_goes_back_to_the_bench_and_new_photos_replace_the_old(item: Running) -> None:
    ann = item.person("ann")
    next_case(ann)
    assert say(ann, REVIEW, action="retake", wish="back", grade="", disposition="", note="label?").status_code == 303  # fmt: skip
    one = kept(item)
    assert one.state is State.RETAKE
    assert (one.opinions[0].action, one.opinions[0].wish) == (Action.RETAKE, Shot.BACK)
    assert "label?" in item.person("olga", Role.OPERATOR).get("/retakes").text
    (wish,) = item.station().get("/api/v1/retakes").json()["retakes"]
    assert (wish["shot"], wish["note"], wish["return_code"]) == ("back", "label?", "RT-0001")

    again = an_inspection(2, return_code="RT-0001", findings=FINDINGS, answers=ANSWERS)
    send(item.station(), again)
    assert kept(item).state is State.SUPERSEDED
    assert item.station().get("/api/v1/retakes").json() == {"retakes": []}
    assert next_case(ann) == f"/review/{again.inspection_id}"


def test_the_last_answer_is_taken_back_and_corrected(item: Running) -> None:
    ann = item.person("ann")
    next_case(ann)
    say(ann, REVIEW, grade="E", disposition="scrap", note="oh")
    item.clock.pass_by(seconds=10)
    place = ann.post(f"{REVIEW}/back").headers["location"]
    assert place not in {REVIEW, "/review"}
    page = ann.get(place).text
    assert "oh" in page
    assert say(ann, place, grade="B").status_code == 303
    first, second = kept(item).opinions
    assert (first.grade, second.grade, second.corrects) == (Grade.E, Grade.B, first.opinion_id)
    decision = kept(item).decision
    assert decision is not None
    assert (decision.grade, len(kept(item).decisions)) == (Grade.B, 2)


def test_what_somebody_went_on_with_cannot_be_taken_back(item: Running) -> None:
    ann = ask_second(item)
    bob = item.person("bob")
    assert next_case(bob) != "/review"
    assert ann.post(f"{REVIEW}/back").status_code == 409
    assert bob.post(f"{REVIEW}/back").status_code == 409


def test_a_wish_for_a_second_opinion_is_taken_back(item: Running) -> None:
    ann = ask_second(item)
    place = ann.post(f"{REVIEW}/back").headers["location"]
    assert next_case(item.person("bob")) == "/review"
    say(ann, place, grade="B")
    one = kept(item)
    assert one.state is State.DECIDED
    assert one.decisions[0].opinions == (one.opinions[1].opinion_id,)


def test_too_old_to_be_taken_back(item: Running) -> None:
    ann = item.person("ann")
    next_case(ann)
    say(ann, REVIEW)
    item.clock.pass_by(minutes=11)
    assert ann.post(f"{REVIEW}/back").status_code == 409


def test_overdue_cases_come_first_whatever_is_at_stake(server: Running) -> None:
    station = server.station()
    send(station, an_inspection(1))
    send(station, an_inspection(2))
    late = {"deadline": server.clock() - timedelta(hours=1), "rank": -1e9}
    cases = tables.cases
    with server.parts.database.writing() as connection:
        item = an_inspection(2).inspection_id
        connection.execute(update(cases).where(cases.c.case_id == item).values(late))
    assert next_case(server.person("ann")) == f"/review/{item}"


def test_what_a_browser_loads_ahead_is_served_to_others_last(server: Running) -> None:
    send(server.station(), *(an_inspection(n) for n in range(1, 9)))
    ann, bob = server.person("ann"), server.person("bob")
    first = next_case(ann)
    headers = {"accept": "application/json", "x-form-token": ann.form_token("/review")}
    ahead = ann.client.post("/queue/ahead", headers=headers).json()
    assert len(ahead) == 5
    assert ahead[0]["photos"] == [f"/photos/{sha256(JPEG)}"]
    mine = [f"/review/{one['case']}" for one in ahead]
    served = []
    for _ in range(7):
        served.append(next_case(bob))
        bob.post(f"{served[-1]}/skip")
        with server.parts.database.writing() as connection:
            connection.execute(update(tables.cases).where(tables.cases.c.holder == "bob").values(holder=None))  # fmt: skip
    assert first not in served
    assert set(served[:2]).isdisjoint(mine)
    ann.post(f"{first}/skip")
    assert next_case(ann) in mine


def test_a_draft_waits_on_the_server_for_its_person(item: Running) -> None:
    ann = item.person("ann")
    next_case(ann)
    headers = {"accept": "application/json", "x-form-token": ann.form_token("/review")}
    content = json.dumps({"at": 1, "fields": [["note", "左袖"]]})
    answer = ann.client.post(f"{REVIEW}/draft", data={"draft": content}, headers=headers)
    assert answer.status_code == 200
    assert "左袖" in ann.get(REVIEW).text or "\\u5de6" in ann.get(REVIEW).text
    item.clock.pass_by(seconds=item.parts.settings.lease_s)
    bob = item.person("bob")
    next_case(bob)
    assert "左袖" not in bob.get(REVIEW).text
    lost = ann.client.post(f"{REVIEW}/draft", data={"draft": content}, headers=headers)
    assert lost.status_code == 409
    say(bob, REVIEW)
    with item.parts.database.reading() as connection:
        assert connection.execute(select(tables.drafts)).all() == []


def test_the_figures_follow_what_is_said(item: Running) -> None:
    ann = item.person("ann")
    next_case(ann)
    token = {"form_token": ann.form_token("/review")}

    def live(**said: str) -> dict[str, object]:
        return ann.client.post(f"{REVIEW}/judge", data=token | said).json()

    clean = live(**{"verdict.f1": "rejected", "verdict.f2": "rejected"})
    assert (clean["announced"], clean["scores"]["appearance"]) == ("A", 100)  # type: ignore[index]
    dirty = live(**{"verdict.f1": "confirmed", "verdict.f2": "confirmed"})
    assert dirty["scores"]["appearance"] < live()["scores"]["appearance"] < 100  # type: ignore[index]
    worn = live(**{"answer.worn": "worn_or_washed"})
    assert worn["gates"][0][0] == "AP-4.2"  # type: ignore[index]
    assert worn["proposals"]["A"] != "resell"  # type: ignore[index]


def test_live_counts_are_told_once_to_programs_and_go_on_for_browsers(item: Running) -> None:
    ann = item.person("ann")
    assert ann.get("/queue/events").json() == {"waiting": "1", "overdue": "0", "disputes": "0", "mine": "0"}  # fmt: skip
    headers = {"accept": "text/event-stream"}
    with ann.client.stream("GET", "/queue/events", headers=headers) as events:
        assert events.headers["x-accel-buffering"] == "no"
        lines = events.iter_lines()
        assert next(lines) == "retry: 3000"
        assert next(line for line in lines if line.startswith("data:")).count('"waiting": "1"') == 1
        # A server that ends does not wait for this reader; the fixture would fail if it did.


def test_a_case_that_is_served_again_is_held_for_the_whole_time_again(item: Running) -> None:
    """Whoever asks again, because the first answer was lost, must not lose it to the next one at once."""
    ann, bob = item.person("ann"), item.person("bob")
    next_case(ann)
    item.clock.pass_by(seconds=item.parts.settings.lease_s - 1)
    assert next_case(ann) == REVIEW
    item.clock.pass_by(seconds=2)
    assert next_case(bob) == "/review"
