"""What a quality lead does on the assurance pages, and what an auditor finds there."""

import csv
import io
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select, text

from models.grading.audit import Said
from models.grading.policy import Policy, default_policy
from models.vocabulary import Category, Disposition, Grade, Role
from server import policies, rulings, tables
from server.access import By
from server.assurance import certifying, labels
from server.assurance.reviewers import matrix
from server.assurance.summary import Standing, overview, paper
from server.assured import KEPT
from server.progress import Progress
from server.returns.check_chain import check_chain
from tests.factories import NOON
from tests.unit.server.running import Person, Running
from tests.unit.server.test_rulings import certify as certify_directly
from tests.unit.server.test_rulings import (
    change_policy,
    flawless,
    keep_many,
    raise_alarm,
    routed,
    rows,
    say,
)

A, B, C, D, E = Grade
RESELL, REPAIR, DONATE, SCRAP = Disposition
LEAD = Role.QA_LEAD
UNDRAWN = 60
"""Enough to fix the sequence of tests by."""
SHARES = {"share": 0.9, "least_share": 0.9, "floor_share": 0.05}


@pytest.fixture
def lead(server: Running) -> Person:
    return server.person("lena", LEAD)


def fill(
    server: Running, count: int, *, wrong: int = 0, waiting: int = 0, station: str = "bench-1"
) -> None:
    """Many blind cases at once, copied from one that came over HTTP: `wrong` of them should be cleaned.

    The last `waiting` have not been looked at.
    """
    server.person("ann")
    model = flawless(1000 + len(rows(server, "rulings")), station=station)
    change_policy(server, blind_share=0.0)
    routed(server, model)
    change_policy(server, blind_share=0.9)
    with server.parts.database.writing() as connection:
        for name in ("inspections", "standings", "rulings"):
            table = getattr(tables, name)
            found = select(table).where(table.c.inspection_id == model.inspection_id)
            own = dict(connection.execute(found).mappings().one())
            own.pop("ruling", None)
            ids = [f"{station}-{i}" for i in range(count)]
            undrawn = [f"{station}-undrawn-{i}" for i in range(UNDRAWN)]
            copies = [own | {"inspection_id": i} for i in ids + undrawn]
            for n, one in enumerate(copies):
                if name == "standings":
                    one["arrival"] += n + 1
                if name == "rulings":
                    is_drawn = n < count
                    one.update(SHARES, drawn=is_drawn, number=0.5 if is_drawn else 0.95)
            connection.execute(insert(table), copies)
        cases = [_case(i, is_open=n >= count - waiting) for n, i in enumerate(ids)]
        connection.execute(insert(tables.cases), cases)
        said = [("C", "repair")] * wrong + [("A", "resell")] * (count - wrong - waiting)
        commitments = [_commitment(i, *word) for i, word in zip(ids, said, strict=False)]
        connection.execute(insert(tables.commitments), commitments)


def _case(inspection_id: str, *, is_open: bool) -> dict[str, Any]:
    return {
        "case_id": f"case-{inspection_id}",
        "inspection_id": inspection_id,
        "kind": "audit",
        "stake": 0.0,
        "rank": 0.0,
        "deadline": NOON + timedelta(days=3),
        "opened_at": NOON,
        "closed_at": None if is_open else NOON,
    }


def _commitment(inspection_id: str, grade: str, to: str) -> dict[str, Any]:
    facts = {"case_id": f"case-{inspection_id}", "reviewer": "ann", "committed_at": NOON}
    return {**facts, "grade": grade, "disposition": to}


def certify(lead: Person, **said: str) -> httpx.Response:
    facts = {
        "category": "apparel",
        "station": "bench-1",
        "alpha": "2",
        "delta": "5",
        "days": "90",
        "why": "First proof of the season.",
    }
    return lead.post("/assurance/certificates", facts | said)


def test_a_new_server_says_what_to_do_first(lead: Person) -> None:
    page = lead.get("/assurance").text
    assert "Nothing is resold automatically yet" in page
    assert "Now it is 0 %" in page
    assert 'href="/assurance/costs/general"' in page
    told = lead.get("/assurance/certify?category=parcel").text
    assert "Nothing of this category was inspected there yet." in told


def test_how_many_returns_it_takes_is_told_by_the_share_of_now(
    server: Running, lead: Person
) -> None:
    routed(server, flawless(1))
    page = lead.get("/assurance/certify?category=apparel").text
    assert "No case is decided blind at the moment" in page
    assert "returns like these" not in page
    change_policy(server, blind_share=0.1)
    page = lead.get("/assurance/certify?category=apparel").text
    assert "At a share of 10 % that takes about 2500 returns like these." in page


def test_a_lead_makes_a_certificate_and_the_machine_resells(server: Running, lead: Person) -> None:
    fill(server, 300)
    shown = lead.get("/assurance/certify?category=apparel&station=bench-1").text
    assert "This can be promised" in shown
    made = certify(lead)
    assert made.headers["location"] == "/assurance/certificates/apparel-0001"
    page = lead.get("/assurance/certificates/apparel-0001").text
    assert "at most 2.0 % are resold wrongly" in page
    assert "Nothing that photos and answers do not show" in page
    told = routed(server, flawless(1))
    assert (told.certificate, told.risk) == ("apparel-0001", 0.0)
    assert "resells by itself" in lead.get("/assurance").text
    (kept,) = rows(server, "certificates")
    basis = policies.certificate_of(kept.content).basis
    assert basis is not None
    assert (basis.labels, basis.accepted, basis.errors, basis.share) == (250, 250, 0, 0.9)


NOT_YET = [
    # blind cases, wrong ones, waiting ones → what the page says
    (100, 0, 0, "150 more blind cases are needed"),
    (249, 0, 0, "1 more blind case is needed"),
    # one wrong among 250: 500 with one, 376 are enough at a sixth of 5 %
    (250, 1, 0, "250 more blind cases are needed"),
    # the last one waits
    (250, 0, 1, "1 more blind case is needed"),
    # so many are wrong that only thousands of right ones would make up for them
    (250, 60, 0, "7750 more blind cases are needed"),
]


@pytest.mark.parametrize(("count", "wrong", "waiting", "told"), NOT_YET)
def test_without_a_proof_the_page_says_how_many_cases_are_missing(
    server: Running, lead: Person, count: int, wrong: int, waiting: int, told: str
) -> None:
    fill(server, count, wrong=wrong, waiting=waiting)
    assert told in lead.get("/assurance/certify?category=apparel&station=bench-1").text
    assert certify(lead).status_code == 409
    assert rows(server, "certificates") == []


def test_only_the_first_cases_are_looked_at(server: Running) -> None:
    """A look at 499 is the look at 250: errors after them change nothing until 500."""
    fill(server, 250)
    asked = certifying.asked_of("apparel", "bench-1", "2", "5")
    before = certifying.preview(server.parts, asked)
    fill_more = {"station": "bench-2", "wrong": 40}
    fill(server, 200, **fill_more)  # type: ignore[arg-type]
    every = certifying.preview(server.parts, certifying.asked_of("apparel", "", "2", "5"))
    assert before.proof is not None
    assert every.proof is not None
    assert every.look == before.look
    assert every.proof.steps[-1].errors == 0
    assert [name for name, _, _ in every.stations] == ["bench-1", "bench-2"]


def test_a_certificate_for_all_stations_needs_a_reason(server: Running, lead: Person) -> None:
    fill(server, 300)
    refused = certify(lead, station="")
    assert refused.status_code == 409
    assert "why they are alike" in refused.text
    assert certify(lead, station="", alike="Same cameras, same lamps, one team.").status_code == 303
    assert routed(server, flawless(1, station="bench-7")).certificate == "apparel-0001"


REFUSED = [
    # what is wrong with the form → status
    ({"why": "ok"}, 422),
    ({"days": "0"}, 422),
    ({"days": "9999"}, 422),
    ({"days": "²"}, 422),
    ({"alpha": "0"}, 422),
    ({"alpha": "nan"}, 422),
    ({"alpha": "50"}, 422),
    ({"delta": "-1"}, 422),
    ({"category": "shoes"}, 422),
    ({"station": "nowhere"}, 409),
]


@pytest.mark.parametrize(("said", "status"), REFUSED)
def test_a_form_that_makes_no_sense_makes_nothing(
    server: Running, lead: Person, said: dict[str, str], status: int
) -> None:
    fill(server, 260)
    assert certify(lead, **said).status_code == status
    assert rows(server, "certificates") == []


def test_a_revoked_certificate_ends_at_once_and_says_why(server: Running, lead: Person) -> None:
    fill(server, 260)
    certify(lead)
    refused = lead.post("/assurance/certificates/apparel-0001/revoke", {"why": "no"})
    assert refused.status_code == 422
    done = lead.post(
        "/assurance/certificates/apparel-0001/revoke", {"why": "The lamp was replaced."}
    )
    assert done.status_code == 303
    assert routed(server, flawless(1)).certificate is None
    assert "The lamp was replaced." in lead.get("/assurance/certificates/apparel-0001").text
    assert certify(lead).headers["location"].endswith("apparel-0002")
    missing = lead.post("/assurance/certificates/none/revoke", {"why": "There is none, is there?"})
    assert missing.status_code == 404


def test_an_alarm_is_cleared_with_a_reason(server: Running, lead: Person) -> None:
    fill(server, 260)
    certify(lead)
    raise_alarm(server, "apparel-0001")
    assert "Open alarms" in lead.get("/assurance").text
    assert routed(server, flawless(1)).certificate is None
    assert lead.post("/assurance/alarms/1/clear", {"why": ""}).status_code == 422
    cleared = lead.post("/assurance/alarms/1/clear", {"why": "A holiday: other goods, same light."})
    assert cleared.status_code == 303
    assert routed(server, flawless(2)).certificate == "apparel-0001"
    page = lead.get("/assurance").text
    assert "A holiday: other goods, same light." in page
    assert "Open alarms" not in page
    assert lead.post("/assurance/alarms/7/clear", {"why": "Not there at all."}).status_code == 404


CLOSED = [(Role.REVIEWER, 403), (Role.OPERATOR, 403), (Role.AUDITOR, 200), (Role.MANAGER, 200)]


@pytest.mark.parametrize(("role", "status"), CLOSED)
def test_who_may_read(server: Running, role: Role, status: int) -> None:
    assert server.person("someone", role).get("/assurance").status_code == status


def test_an_auditor_changes_nothing(server: Running) -> None:
    fill(server, 260)
    auditor = server.person("otto", Role.AUDITOR)
    assert certify(auditor).status_code == 403
    assert "Make the certificate" not in auditor.get("/assurance/certify?station=bench-1").text
    assert auditor.get("/assurance/costs/apparel").status_code == 403


def save(who: Person, part: str, **said: str) -> httpx.Response:
    facts = {"version": "1", "why": "Prices of the new season."}
    return who.post(f"/assurance/costs/{part}", facts | said)


def test_costs_are_edited_as_a_new_version(server: Running, lead: Person) -> None:
    done = save(lead, "apparel", **{"actions.resell.value.A": "38.5", "list_price": ""})
    assert done.status_code == 303
    policy = server.parts.policy
    assert policy.identifier == "default@2"
    apparel = policy.costs[Category.APPAREL]
    assert apparel.actions[RESELL].value[A] == 38.5
    assert apparel.list_price is None
    assert apparel.unseen == default_policy().costs[Category.APPAREL].unseen
    page = lead.get("/assurance/costs").text
    for told in ("costs.apparel.actions.resell.value.A", "36.0", "38.5", "lena", "new season"):
        assert told in page
    assert routed(server, flawless(1)).policy == "default@2"


WRONG = [
    # what is entered → what is told, and the form keeps it
    ({"actions.resell.value.A": "1"}, "value of B should be at most that of A, 1"),
    ({"actions.resell.value.A": "cheap"}, "cheap"),
    ({"actions.resell.value.A": ""}, "costs.apparel.actions.resell.value.A"),
    ({"actions.resell.value.A": "nan"}, "nan"),
    ({"actions.resell.rereturn.A": "1.5"}, "rereturn.A"),
    ({"unseen.A": "0.9"}, "should sum to 1, got 1.35"),
    ({"delay_cost": "-1"}, "delay_cost"),
]


@pytest.mark.parametrize(("said", "told"), WRONG)
def test_a_number_that_cannot_be_is_told_and_kept_in_the_form(
    server: Running, lead: Person, said: dict[str, str], told: str
) -> None:
    answer = save(lead, "apparel", **said)
    assert answer.status_code == 422
    assert told in answer.text.replace("&#39;", "'")
    assert all(f'value="{value}"' in answer.text for value in said.values() if value != "nan")
    assert server.parts.policy == default_policy()


def test_two_who_edit_at_once_do_not_overwrite_each_other(server: Running, lead: Person) -> None:
    assert save(lead, "apparel", delay_cost="0.3").status_code == 303
    late = save(lead, "parcel", delay_cost="0.9")
    assert late.status_code == 409
    assert server.parts.policy.costs[Category.PARCEL].delay_cost == 0.3  # the shipped one
    assert save(lead, "parcel", version="2", delay_cost="0.9").status_code == 303


def test_nothing_changed_is_no_version_and_a_reason_is_needed(
    server: Running, lead: Person
) -> None:
    assert save(lead, "apparel").status_code == 422
    assert save(lead, "apparel", delay_cost="0.9", why="x").status_code == 422
    assert save(lead, "shoes", delay_cost="0.9").status_code == 422
    assert server.parts.policy.version == 1


def test_the_shares_of_blind_looks_are_set_by_a_lead(server: Running, lead: Person) -> None:
    assert save(lead, "general", audit_share="0.01").status_code == 422
    assert save(lead, "general", audit_share="0.03", blind_share="0.2").status_code == 303
    assert (server.parts.policy.audit_share, server.parts.policy.blind_share) == (0.03, 0.2)
    # The shares decide nothing, so certificates stay.
    own = server.parts.policy.costs_sha256(Category.APPAREL)
    assert own == default_policy().costs_sha256(Category.APPAREL)


def test_the_measured_reviewers_can_be_taken_over(server: Running, lead: Person) -> None:
    fill(server, 60)
    with server.parts.database.reading() as connection:
        row = matrix(connection, default_policy())[0]
    assert (row.true, row.cases, row.cells[0].seen) == (A, 60, 60)
    page = lead.get("/assurance/costs/general?reviewers=measured").text
    measured = (60 + 20 * 0.93) / 80
    assert f'name="reviewers.A.A" value="{measured:g}"' in page


def test_old_cases_are_judged_again_by_new_costs(server: Running) -> None:
    change_policy(server, blind_share=1.0, audit_share=1.0)
    keep_many(server, 1, 3)
    with server.parts.database.reading() as connection:
        (first, *_) = labels.labels(connection, SCOPE).cases or (None,)
    assert first is None  # nobody has looked
    say(server, flawless(1).inspection_id, A, RESELL)
    dear = default_policy().costs[Category.APPAREL].model_copy(update={"rereturn_cost": 1000.0})
    change_policy(server, costs=default_policy().costs | {Category.APPAREL: dear})
    with server.parts.database.reading() as connection:
        policy = policies.newest(connection)
        again = labels.replayed(connection, flawless(1).inspection_id, policy)
    assert (again.said, again.candidate) == (Said(A, DONATE), False)


SCOPE = rulings.Scope(category=Category.APPAREL, station="bench-1")


def test_an_edit_of_the_costs_ends_the_certificate_and_the_page_says_so(
    server: Running, lead: Person
) -> None:
    fill(server, 260)
    certify(lead)
    save(lead, "apparel", version=str(server.parts.policy.version), delay_cost="0.4")
    assert routed(server, flawless(1)).certificate is None
    (held,) = overview(server.parts).certificates
    assert held.standing is Standing.STALE_COSTS
    assert "the costs have changed" in lead.get("/assurance").text


def test_live_errors_are_told_with_interval_and_money(server: Running, lead: Person) -> None:
    fill(server, 260)
    certify(lead)
    change_policy(server, audit_share=1.0)
    keep_many(server, 1, 10)
    for n in range(1, 8):
        say(server, flawless(n).inspection_id, A, RESELL)
    say(server, flawless(8).inspection_id, C, REPAIR)
    told = paper(server.parts, "apparel-0001")
    assert (told.decisions, told.resold.audited, told.resold.errors) == (10, 8, 1)
    # two wait, and are taken to turn out like the others
    assert told.resold.rate.estimate == pytest.approx(1 / 8)
    assert told.resold.loss_each.estimate == pytest.approx((13.2 - 8 + 8) / 8)
    assert told.audits.waiting == 2
    server.clock.pass_by(days=4)
    assert overview(server.parts).sections[0].audits.overdue == 2
    page = server.person("lena", LEAD).get("/assurance/cases?category=apparel&show=wrong").text
    assert f"/returns/{flawless(8).inspection_id}" in page
    assert f"/returns/{flawless(7).inspection_id}" not in page


def test_who_waits_is_shown_without_what_the_machine_said(server: Running, lead: Person) -> None:
    change_policy(server, blind_share=1.0)
    routed(server, flawless(1))
    page = lead.get("/assurance/cases?category=apparel&show=waiting").text
    assert "shown once somebody has looked" in page
    assert "Resell" not in page


def test_the_numbers_come_as_csv(server: Running, lead: Person) -> None:
    fill(server, 260)
    certify(lead)
    routed(server, flawless(1, station="@cmd"), server.station("@cmd"))
    answer = lead.get("/assurance/numbers.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    told = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(told) == 4
    (mine,) = [r for r in told if r["station"] == "bench-1" and r["decisions"] == "resell"]
    assert (mine["mode"], mine["alpha"], mine["accepted"]) == ("automatic", "0.02", "250")
    assert {r["station"] for r in told} == {"bench-1", "'@cmd"}


def test_two_leads_at_once_make_one_certificate_each_or_are_told(
    server: Running, lead: Person
) -> None:
    fill(server, 260)
    certify(lead)
    with server.parts.database.writing() as connection:
        made = policies.certificate_of(rows(server, "certificates")[0].content)
        with pytest.raises(Exception, match="load the page again"):
            policies.add_certificate(connection, made, by="otto", now=NOON)


def test_pages_are_there_in_chinese(server: Running, lead: Person) -> None:
    fill(server, 260)
    certify(lead)
    lead.post("/language", {"language": "zh", "next": "/assurance"})
    for path in ("/assurance", "/assurance/costs", "/assurance/certificates/apparel-0001"):
        page = lead.get(path)
        assert page.status_code == 200
        assert 'lang="zh-CN"' in page.text
    assert "不涉及任何单件商品" in page.text


ODD = [
    "/assurance/certify?station=%00",
    "/assurance/certify?station=" + "x" * 500,
    "/assurance/certify?alpha=1e999",
    "/assurance/certify?category=%3Cscript%3E",
    "/assurance/cases?category=apparel&station=%00",
    "/assurance/cases?category=apparel&show=nothing",
    "/assurance/certificates/%00",
    "/assurance/costs/%3Cscript%3E",
]


@pytest.mark.parametrize("path", ODD)
def test_an_odd_address_is_told(lead: Person, path: str) -> None:
    answer = lead.get(path)
    assert answer.status_code in {404, 422}
    assert "<script>" not in answer.text


def test_odd_forms_are_told(server: Running, lead: Person) -> None:
    fill(server, 260)
    assert certify(lead, why="A reason \0 with a NUL in it.").status_code == 422
    assert certify(lead, why="A reason \u2028 on\x07 two lines.").status_code == 303
    told = lead.post(
        "/assurance/alarms/99999999999999999999/clear", {"why": "Far too many of them."}
    )
    assert told.status_code == 404
    huge = save(lead, "apparel", **{"version": "4", "actions.resell.value.A": "1e308"})
    assert huge.status_code == 422
    tiny = save(lead, "apparel", version="4", list_price="1e-300")
    assert tiny.status_code == 422


def verified(server: Running) -> list[str]:
    told: list[str] = check_chain(server.parts, {})(Progress())["lines"]
    return [line for line in told if any(kind in line for kind in KEPT)]


def test_what_is_changed_behind_the_programs_back_is_found(server: Running, lead: Person) -> None:
    fill(server, 260)
    certify(lead)
    lead.post("/assurance/certificates/apparel-0001/revoke", {"why": "The lamp was replaced."})
    assert verified(server) == []
    for change, told in (
        (
            "UPDATE policies SET content = replace(content, '0.5', '0.4') WHERE version = 2",
            "costs 2",
        ),
        ("DELETE FROM revocations", "revocation apparel-0001"),
        ("UPDATE certificates SET made_by = 'otto'", "certificate apparel-0001"),
    ):
        with_force(server, change)
        assert any(line.startswith(told) for line in verified(server)), told
    slipped = "INSERT INTO policies (version, content, author, why, made_at) SELECT 99, content, author, why, made_at FROM policies WHERE version = 1"
    with_force(server, slipped)
    assert "costs 99 is not in the chain: somebody put it in" in verified(server)


def with_force(server: Running, change: str) -> None:
    with server.parts.database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            named = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            for name in connection.execute(text(named)).scalars().all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(text(change))


def test_who_and_why_are_kept(server: Running, lead: Person) -> None:
    fill(server, 260)
    certify(lead)
    (kept,) = rows(server, "certificates")
    assert kept.made_by == "lena"
    assert "First proof of the season." in policies.certificate_of(kept.content).ground
    assert By(actor="lena", address="", now=NOON).actor == kept.made_by


def test_a_policy_is_never_more_than_its_versions(server: Running) -> None:
    changed: Policy = change_policy(server, review_cost=0.7)
    with server.parts.database.reading() as connection:
        told = policies.version(connection, 2)
        missing = policies.version(connection, 9)
    assert told is not None
    assert told.policy == changed
    assert missing is None


def answer_next(who: Person, grade: str, to: str, *, blind: bool = False) -> str:
    """Take the next case and answer it like the page would; blind ones are committed first."""
    path = who.post("/queue/next").headers["location"].partition("?")[0]
    said = {"grade": grade, "disposition": to, "opinion_id": f"{path[-30:]}-{grade}"}
    if blind:
        assert who.post(f"{path}/commit", said).status_code == 303
    done = who.post(path, said)
    assert done.status_code == 303, done.text
    return path


def test_an_audit_that_disagrees_corrects_the_machine_and_goes_to_a_lead(
    server: Running, lead: Person
) -> None:
    change_policy(server, audit_share=1.0)
    certify_directly(server)
    told = routed(server, flawless(1))
    assert told.certificate == "apparel-1"
    answer_next(server.person("ann"), "C", "repair", blind=True)
    (standing,) = rows(server, "standings")
    assert (standing.state, standing.grade, standing.disposition) == ("decided", "C", "repair")
    assert "1 disagreement waits for a quality lead" in lead.get("/assurance").text
    (look,) = looked_at(server)
    assert (look.wrong, look.disputed) == (True, True)
    answer_next(lead, "A", "resell")
    (look,) = looked_at(server)
    # The lead saw both and says that the machine was right.
    assert (look.wrong, look.disputed, look.truth) == (False, False, Said(A, RESELL))
    (standing,) = rows(server, "standings")
    assert (standing.grade, standing.disposition) == ("A", "resell")
    with server.parts.database.reading() as connection:
        measured = matrix(connection, default_policy())[0]
    assert measured.cells[2].seen == 1  # an A that was called a C


def test_an_audit_that_agrees_leaves_everything_as_it_is(server: Running) -> None:
    change_policy(server, audit_share=1.0)
    certify_directly(server)
    routed(server, flawless(1))
    answer_next(server.person("ann"), "A", "resell", blind=True)
    assert [one.state for one in rows(server, "standings")] == ["automatic"]
    assert [case.kind for case in rows(server, "cases")] == ["audit"]
    assert not looked_at(server)[0].wrong


def looked_at(server: Running) -> list[rulings.Look]:
    with server.parts.database.reading() as connection:
        return rulings.looks(connection, rulings.Scope(category=Category.APPAREL))


def test_a_reviewer_reads_why_a_case_came(server: Running) -> None:
    routed(server, flawless(1))
    ann = server.person("ann")
    path = ann.post("/queue/next").headers["location"]
    assert "It would be resold; that this is wrong has a risk of 0 %" in ann.get(path).text
    assert "which no certificate covers" in ann.get(f"/returns/{flawless(1).inspection_id}").text
