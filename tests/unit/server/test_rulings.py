"""What the server's rules make of an inspection: certificates of this moment, prices, and blind draws."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from models.grading.audit import Said, draw
from models.grading.certificate import Basis, Certificate
from models.grading.drift import BATCH
from models.grading.policy import Policy, default_policy
from models.records import Acknowledgement, Inspection, Routing
from models.supply import ExpectedReturn
from models.vocabulary import CaseKind, Category, Destination, Disposition, Grade, Reason, Shot
from server import guard, policies, tables
from server.expected.announce import announce
from server.intake import ruling, service
from server.rulings import Scope, looks
from tests.factories import NOON, answer, photo, sha256
from tests.unit.server.running import (
    JPEG,
    Running,
    an_inspection,
    put_inspection,
    put_photo,
    serving,
)

APPAREL = Category.APPAREL
BOTH_SIDES = tuple(
    photo(sha256=sha256(JPEG), size_bytes=len(JPEG), shot=shot) for shot in (Shot.FRONT, Shot.BACK)
)
FLAWLESS = tuple(
    answer(*pair)
    for pair in {
        "tag": "attached", "worn": "unworn", "complete": "complete", "function": "works"
    }.items()
)  # fmt: skip


def flawless(number: int = 1, **said: Any) -> Inspection:
    """Everything seen, looked at and answered well: for resale, if it may be."""
    facts = {"photos": BOTH_SIDES, "answers": FLAWLESS, "releases": ("stain@2",)}
    return an_inspection(number, **(facts | said))


def certificate(**said: Any) -> Certificate:
    basis = Basis(
        alpha=0.02, delta=0.05, look=1, look_delta=0.05, labels=300, accepted=250, errors=0,
        p=0.01, share=0.1, data_sha256="0" * 64,
    )  # fmt: skip
    facts = {
        "certificate_id": "apparel-1",
        "category": APPAREL,
        "standard": "apparel@1",
        "releases": ("stain@2",),
        "costs_sha256": default_policy().costs_sha256(APPAREL),
        "risk_at_most": 0.1,
        "expires_at": NOON + timedelta(days=90),
        "ground": "a test",
        "basis": basis,
    }
    return Certificate(**(facts | said))


def certify(server: Running, now: datetime = NOON, **said: Any) -> None:
    with server.parts.database.writing() as connection:
        made = certificate(**said)
        policies.add_certificate(connection, made, by="lena", now=now)
        guard.begin(connection, made, now)


def change_policy(server: Running, **said: Any) -> Policy:
    with server.parts.database.writing() as connection:
        changed = policies.newest(connection).model_copy(update=said)
        return policies.add(connection, changed, author="lena", why="a test", now=NOON)


def routed(server: Running, one: Inspection, station: httpx.Client | None = None) -> Routing:
    station = station or server.station(one.station)
    assert put_photo(station).status_code in (200, 201)
    answered = put_inspection(station, one)
    assert answered.status_code == 201, answered.text
    return Acknowledgement.from_json(answered.content).routing


def rows(server: Running, table: str) -> list[Any]:
    with server.parts.database.reading() as connection:
        return list(connection.execute(select(getattr(tables, table))).all())


def kinds(server: Running) -> list[str]:
    return [case.kind for case in rows(server, "cases") if case.closed_at is None]


def raise_alarm(server: Running, certificate_id: str = "apparel-1") -> None:
    with server.parts.database.writing() as connection:
        row = {"kind": "risks", "sign": "{}", "raised_at": NOON}
        connection.execute(insert(tables.alarms).values(certificate_id=certificate_id, **row))


def test_the_shipped_costs_are_version_1_once(server: Running) -> None:
    with server.parts.database.writing() as connection:
        policies.install(connection, NOON)
        (first,) = policies.versions(connection)
    assert first.policy == default_policy()
    assert (first.author, first.policy.version) == ("secondlook", 1)


def test_without_a_certificate_resale_is_only_suggested(server: Running) -> None:
    told = routed(server, flawless())
    assert told.reasons == (Reason.NO_CERTIFICATE,)
    assert (told.risk, told.certificate) == (0.0, None)
    (ruling,) = rows(server, "rulings")
    assert (ruling.candidate, ruling.automatic, ruling.drawn) == (True, False, False)
    assert (ruling.grade, ruling.disposition, ruling.risk) == ("A", "resell", 0.0)


COVERED = [
    # what the certificate says → who decides
    ({}, Destination.AUTOMATIC),
    ({"station": "bench-1"}, Destination.AUTOMATIC),
    ({"station": "bench-2"}, Destination.REVIEW),
    ({"category": Category.PARCEL}, Destination.REVIEW),
    ({"releases": ("stain@3",)}, Destination.REVIEW),
    ({"standard": "apparel@2"}, Destination.REVIEW),
    ({"costs_sha256": "0" * 64}, Destination.REVIEW),
    ({"expires_at": NOON}, Destination.REVIEW),
]


@pytest.mark.parametrize(("said", "to"), COVERED)
def test_which_certificates_count(server: Running, said: dict[str, Any], to: Destination) -> None:
    certify(server, **said)
    told = routed(server, flawless())
    assert told.to is to
    assert told.certificate == ("apparel-1" if to is Destination.AUTOMATIC else None)


def test_a_certificate_ends_by_itself(server: Running) -> None:
    certify(server, expires_at=NOON + timedelta(hours=1))
    assert routed(server, flawless(1)).to is Destination.AUTOMATIC
    server.clock.pass_by(hours=1)
    assert routed(server, flawless(2)).reasons == (Reason.NO_CERTIFICATE,)


def test_a_revoked_certificate_and_one_on_hold_cover_nothing(server: Running) -> None:
    certify(server)
    with server.parts.database.writing() as connection:
        row = {"revoked_by": "lena", "reason": "x", "revoked_at": NOON}
        connection.execute(insert(tables.revocations).values(certificate_id="apparel-1", **row))
    assert routed(server, flawless(1)).to is Destination.REVIEW
    certify(server, certificate_id="apparel-2")
    assert routed(server, flawless(2)).to is Destination.AUTOMATIC
    raise_alarm(server, "apparel-2")
    assert routed(server, flawless(3)).to is Destination.REVIEW


def test_an_alarm_at_a_bench_is_not_passed_by_over_all_stations(server: Running) -> None:
    certify(server, certificate_id="all")
    certify(server, certificate_id="own", station="bench-1")
    raise_alarm(server, "own")
    assert routed(server, flawless(1)).to is Destination.REVIEW
    assert routed(server, flawless(2, station="bench-2")).certificate == "all"


def test_new_costs_end_the_certificates_of_their_category_only(server: Running) -> None:
    certify(server)
    costs = default_policy().costs
    parcel = costs[Category.PARCEL].model_copy(update={"delay_cost": 9.0})
    change_policy(server, costs=costs | {Category.PARCEL: parcel})
    told = routed(server, flawless(1))
    assert (told.to, told.policy) == (Destination.AUTOMATIC, "default@2")
    change_policy(server, review_cost=0.7)
    assert routed(server, flawless(2)).reasons == (Reason.NO_CERTIFICATE,)


def test_a_certificate_revoked_while_an_inspection_is_judged_does_not_count(
    server: Running,
) -> None:
    certify(server)
    one = flawless()
    with server.parts.database.writing() as connection:
        early = ruling.judged(one, ruling.terms_for(connection, one, NOON))
        assert early.is_automatic
        row = {"revoked_by": "lena", "reason": "x", "revoked_at": NOON}
        connection.execute(insert(tables.revocations).values(certificate_id="apparel-1", **row))
        late = ruling.still_valid(connection, one, early, NOON)
    assert late.routing.reasons == (Reason.NO_CERTIFICATE,)


def test_the_price_of_the_expected_return_counts(server: Running) -> None:
    with server.parts.database.writing() as connection:
        told = ExpectedReturn(return_code="RT-0001", category=APPAREL, value=400.0, currency="EUR")
        announce(connection, [told], by="ann", now=NOON)
    dear = routed(server, flawless(1))
    usual = routed(server, flawless(2))
    assert (dear.item_value, usual.item_value) == (400.0, None)
    # 36 of 40 is 360 of 400; less 2 of work and 5 % of 8 for coming back
    assert dear.by_machine == pytest.approx(360 - 2 - 0.4)
    assert usual.by_machine == pytest.approx(36 - 2 - 0.4)


def test_a_price_in_another_currency_does_not(server: Running) -> None:
    with server.parts.database.writing() as connection:
        told = ExpectedReturn(return_code="RT-0001", category=APPAREL, value=400.0, currency="CNY")
        announce(connection, [told], by="ann", now=NOON)
    assert routed(server, flawless(1)).item_value is None


def test_what_is_drawn_is_asked_blind_and_only_once(server: Running) -> None:
    change_policy(server, blind_share=1.0)
    told = routed(server, flawless())
    assert told.audit_probability == 1.0
    assert kinds(server) == [CaseKind.AUDIT]
    (ruling,) = rows(server, "rulings")
    assert (ruling.drawn, ruling.share) == (True, 1.0)
    assert ruling.number == draw(server.parts.audit_key, ruling.inspection_id)


def test_what_nobody_looked_at_is_never_drawn(server: Running) -> None:
    change_policy(server, blind_share=1.0, audit_share=1.0)
    routed(server, an_inspection())
    assert kinds(server) == [CaseKind.REVIEW]


def test_an_automatic_decision_stands_while_it_is_audited(server: Running) -> None:
    change_policy(server, audit_share=1.0)
    certify(server)
    told = routed(server, flawless())
    assert told.to is Destination.AUTOMATIC
    assert kinds(server) == [CaseKind.AUDIT]
    assert [one.state for one in rows(server, "standings")] == ["automatic"]


def test_the_acknowledgement_does_not_tell_who_is_audited(server: Running) -> None:
    change_policy(server, audit_share=0.5)
    certify(server)
    told = [routed(server, flawless(n)).model_dump_json() for n in range(1, 9)]
    assert len(set(told)) == 1
    assert {ruling.drawn for ruling in rows(server, "rulings")} == {True, False}


def test_rulings_are_append_only(server: Running) -> None:
    routed(server, flawless())
    for change in ("DELETE FROM rulings", "UPDATE policies SET why = ''"):
        with (
            pytest.raises(DBAPIError, match="append-only"),
            server.parts.database.writing() as connection,
        ):
            connection.execute(text(change))


def say(server: Running, inspection_id: str, grade: Grade, to: Disposition) -> None:
    """Commit a blind word on the inspection's open audit."""
    server.person("ann")
    with server.parts.database.writing() as connection:
        found = select(tables.cases.c.case_id).where(
            tables.cases.c.inspection_id == inspection_id, tables.cases.c.kind == CaseKind.AUDIT
        )
        row = {
            "case_id": connection.execute(found).scalar_one(),
            "reviewer": "ann",
            "grade": grade,
            "disposition": to,
            "committed_at": NOON,
        }
        connection.execute(insert(tables.commitments).values(**row))
        guard.after_blind_look(connection, inspection_id, NOON)


def looked(server: Running) -> list[Any]:
    with server.parts.database.reading() as connection:
        return looks(connection, Scope(category=APPAREL))


def test_a_blind_word_is_the_truth_and_a_wrong_one_goes_to_a_lead(server: Running) -> None:
    change_policy(server, blind_share=1.0)
    first, second = flawless(1), flawless(2)
    for one in (first, second):
        routed(server, one)
    assert all(look.waits and not look.wrong for look in looked(server))
    say(server, first.inspection_id, Grade.A, Disposition.RESELL)
    say(server, second.inspection_id, Grade.C, Disposition.REPAIR)
    good, bad = looked(server)
    assert (good.wrong, good.truth) == (False, Said(Grade.A, Disposition.RESELL))
    assert (bad.wrong, bad.disputed, bad.waits) == (True, True, False)
    assert kinds(server).count(CaseKind.DISPUTE) == 1


def test_what_nobody_could_judge_counts_against_the_machine(server: Running) -> None:
    change_policy(server, blind_share=1.0)
    routed(server, flawless())
    with server.parts.database.writing() as connection:
        connection.execute(tables.cases.update().values(closed_at=NOON))
    (look,) = looked(server)
    assert (look.lapsed, look.wrong) == (True, True)


def test_a_replaced_item_does_not_count(server: Running) -> None:
    change_policy(server, blind_share=1.0)
    routed(server, flawless(1))
    again = flawless(2, return_code="RT-0001", supersedes=flawless(1).inspection_id)
    routed(server, again)
    assert [look.inspection_id for look in looked(server)] == [again.inspection_id]


def test_audits_that_find_errors_put_the_certificate_on_hold(server: Running) -> None:
    change_policy(server, audit_share=1.0)
    certify(server)
    for n in (1, 2, 3):
        routed(server, flawless(n))
    say(server, flawless(1).inspection_id, Grade.A, Disposition.RESELL)
    assert rows(server, "alarms") == []
    say(server, flawless(2).inspection_id, Grade.C, Disposition.REPAIR)
    say(server, flawless(3).inspection_id, Grade.D, Disposition.DONATE)
    # 253 with 2 errors allow more than 2 %
    (alarm,) = rows(server, "alarms")
    assert (alarm.kind, alarm.certificate_id) == ("live_error", "apparel-1")
    assert routed(server, flawless(4)).reasons == (Reason.NO_CERTIFICATE,)


def keep_many(server: Running, first: int, count: int, **said: Any) -> None:
    """Without HTTP: a hundred are compared at once."""
    station = server.station()
    put_photo(station)
    for n in range(first, first + count):
        one = flawless(n, **said)
        service.keep_inspection(server.parts, "bench-1", one.inspection_id, one.to_json().encode())


def test_a_batch_with_other_photos_puts_the_certificate_on_hold(server: Running) -> None:
    keep_many(server, 1, 60)
    certify(server)
    keep_many(server, 61, BATCH - 1, photos=BOTH_SIDES[:1])
    assert rows(server, "alarms") == []
    assert [check.number for check in rows(server, "drift_checks")] == [0]
    keep_many(server, 160, 1)
    assert [check.number for check in rows(server, "drift_checks")] == [0, 1]
    assert {alarm.kind for alarm in rows(server, "alarms")} == {"photo_quality"}
    assert routed(server, flawless(161)).reasons == (Reason.NO_CERTIFICATE,)


def test_a_routing_is_judged_again_from_what_is_kept(server: Running) -> None:
    """By the version, the certificate and the price that it names, whatever counts today."""
    with server.parts.database.writing() as connection:
        told = ExpectedReturn(return_code="RT-0001", category=APPAREL, value=90.0, currency="EUR")
        announce(connection, [told], by="ann", now=NOON)
    certify(server)
    one = flawless()
    then = routed(server, one)
    change_policy(server, review_cost=0.9)
    with server.parts.database.reading() as connection:
        version = policies.version(connection, int(then.policy.rpartition("@")[2]))
        (kept,) = rows(server, "certificates")
        (entry,) = rows(server, "routings")
    assert version is not None
    policy = version.policy.certified_by([policies.certificate_of(kept.content)])
    terms = ruling.Terms(
        policy=policy.for_inspection(one, then.item_value),
        value=then.item_value,
        costs_sha256=policy.costs_sha256(APPAREL),
    )
    again = ruling.judged(one, terms)
    assert again.routing == then == Routing.from_json(entry.record)
    assert again.judgement.to_json() == entry.judgement


def test_two_servers_draw_the_same_cases(server: Running, tmp_path: Path) -> None:
    ids = [flawless(n).inspection_id for n in range(1, 200)]
    mine = {i for i in ids if draw(server.parts.audit_key, i) < 0.05}
    with serving(tmp_path / "other") as other:
        assert {i for i in ids if draw(other.parts.audit_key, i) < 0.05} == mine
