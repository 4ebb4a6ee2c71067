import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.grading.evidence import Evidence, evidence_of
from models.grading.judge import judge
from models.grading.policy import Certificate, Policy, default_policy
from models.grading.routing import route
from models.grading.standard import load
from models.records import Inspection, Judgement, Routing
from models.vocabulary import Category, Defect, Destination, Disposition, Grade, Reason, Shot
from tests.factories import NOON, answer, finding, inspection, photo, sha256
from tests.unit.models.grading.evidences import answered, cases, seen

STAIN = Defect.STAIN
APPAREL = Category.APPAREL


def certified(risk_at_most: float = 1.0) -> Policy:
    """A policy under which everything may be resold automatically."""
    every = [
        Certificate(category=c, risk_at_most=risk_at_most, expires_at=NOON, ground="a test")
        for c in Category
    ]
    return default_policy().model_copy(update={"certificates": tuple(every)})


def routed(category: Category, evidence: Evidence, policy: Policy | None = None) -> Routing:
    policy = policy or default_policy()
    standard = load(category)
    return route(evidence, judge(evidence, standard, policy), standard, policy)


def garment(*found, policy: Policy | None = None, but: dict | None = None, **said) -> Routing:
    answers = answered(APPAREL, **(but or {}))
    return routed(APPAREL, Evidence(findings=found, answers=answers, **said), policy)


SURE = seen(STAIN, Shot.FRONT, 0.95)
REASONS = [
    # apparel with the default policy: clearly stained goes to cleaning without a person
    (SURE, {}, {}, ()),
    # worn: cleaning as well
    ((), {"worn": "worn_or_washed"}, {}, ()),
    # too large a stain: donated
    (seen(STAIN, Shot.FRONT, 0.99, size_mm=300.0), {}, {}, ()),
    # flawless, but automatic resale is not certified
    ((), {}, {}, ("no_certificate",)),
    # perhaps stained: to know is worth more than a look costs
    (seen(STAIN, Shot.FRONT, 0.5), {}, {}, ("close_call",)),
    # probably not: resale would be the choice, and a look still pays
    (seen(STAIN, Shot.FRONT, 0.3), {}, {}, ("close_call", "no_certificate")),
    # hardly: a look no longer pays
    (seen(STAIN, Shot.FRONT, 0.05), {}, {}, ("no_certificate",)),
    # clearly stained, and yet
    (SURE, {}, {"not_seen": (Shot.BACK,)}, ("not_seen",)),
    (SURE, {}, {"not_assessable": (STAIN,)}, ("not_assessable",)),
    (SURE, {}, {"insisted": True}, ("insisted",)),
    (SURE, {"tag": "nonsense"}, {}, ("unanswered",)),
    # the gate says that a person must look
    (SURE, {"tag": "unclear"}, {}, ("hard_gate",)),
    # this gate does not
    (SURE, {"tag": "removed"}, {}, ()),
    # beyond all use: nobody scraps without a ground
    (seen(STAIN, Shot.FRONT, 1.0, n=2, size_mm=300.0), {}, {}, ("scrap_needs_ground",)),
    # everything at once, in the vocabulary's order
    (
        (),
        {"tag": "unclear"},
        {"not_seen": (Shot.BACK,), "not_assessable": (STAIN,), "insisted": True},
        ("not_seen", "not_assessable", "hard_gate", "insisted"),
    ),
]


@pytest.mark.parametrize(("found", "but", "said", "reasons"), REASONS)
def test_why_a_person_looks(found, but, said, reasons):
    told = garment(*found, but=but, **said)
    assert told.reasons == reasons
    assert told.to is (Destination.REVIEW if reasons else Destination.AUTOMATIC)
    assert told.policy == "default@1"


CERTIFIED = [
    # λ of the certificate, probability of a stain → reasons
    (1.0, 0.0, ()),
    (1.0, 0.05, ()),
    (0.05, 0.05, ()),
    (0.04, 0.05, ("no_certificate",)),  # the risk is above λ
    (1.0, 0.3, ("close_call",)),  # certified, but a look pays
]


@pytest.mark.parametrize(("risk_at_most", "probability", "reasons"), CERTIFIED)
def test_automatic_resale_needs_a_certificate(risk_at_most, probability, reasons):
    found = seen(STAIN, Shot.FRONT, probability)
    assert garment(*found, policy=certified(risk_at_most)).reasons == reasons


def test_an_expired_certificate_does_not_count():
    assert garment(policy=certified()).to is Destination.AUTOMATIC
    assert garment(policy=certified().valid_at(NOON)).reasons == (Reason.NO_CERTIFICATE,)


def test_a_routing_keeps_its_numbers():
    told = garment(*seen(STAIN, Shot.FRONT, 0.05), policy=certified(0.05))
    # A with 0.95, else C, for which cleaning is better
    assert (told.risk, told.certificate) == (0.05, "unnamed")
    assert told.by_machine == pytest.approx(0.95 * 33.6 + 0.05 * 8)
    assert told.by_person < told.by_machine
    assert garment(policy=certified(), but={"tag": "unclear"}).certificate is None


RISKS = [
    # what is found → how probably reselling it is wrong
    ((), 0.0),
    (seen(STAIN, Shot.FRONT, 0.4), 0.4),
    # announced a C, which should be cleaned: wrong to resell though it is not worse than announced
    (seen(STAIN, Shot.FRONT, 1.0), 1.0),
]


@pytest.mark.parametrize(("found", "risk"), RISKS)
def test_the_risk_is_that_reselling_is_wrong(found, risk):
    assert garment(*found).risk == pytest.approx(risk)


AUDITED = [
    # the machine decides: the audit's share
    (SURE, {}, 0.05),
    # only the policy sends it to a person: the share that is decided blind
    ((), {}, 0.25),
    (seen(STAIN, Shot.FRONT, 0.5), {}, 0.25),
    # no policy would let the machine decide: never drawn
    ((), {"not_seen": (Shot.BACK,)}, 0.0),
    (SURE, {"insisted": True}, 0.0),
]


@pytest.mark.parametrize(("found", "said", "share"), AUDITED)
def test_how_probably_a_case_is_drawn_for_a_blind_look(found, said, share):
    policy = default_policy().model_copy(update={"blind_share": 0.25})
    assert garment(*found, **said, policy=policy).audit_probability == share


def test_who_looks_only_where_it_pays():
    found = seen(STAIN, Shot.FRONT, 0.5)
    dear = default_policy().model_copy(update={"review_cost": 1000.0})
    assert garment(*found, policy=dear).reasons == ()
    # Reviewers who always say C would send everything to cleaning, as the machine does.
    blind = {grade: {Grade.C: 1.0} for grade in Grade}
    useless = default_policy().model_copy(update={"reviewers": blind, "review_cost": 0.0})
    assert garment(*found, policy=useless).reasons == ()


@pytest.mark.parametrize(
    ("delay_cost", "reasons"),
    [
        # p 0.5: the truth is worth 2.0, careful reviewers find most of it
        (0.2, (Reason.CLOSE_CALL,)),
        (2.0, ()),  # waiting costs more than that
    ],
)
def test_waiting_costs_too(delay_cost, reasons):
    costs = default_policy().costs
    slow = costs[APPAREL].model_copy(update={"delay_cost": delay_cost})
    policy = default_policy().model_copy(update={"costs": costs | {APPAREL: slow}})
    assert garment(*seen(STAIN, Shot.FRONT, 0.5), policy=policy).reasons == reasons


def test_the_stake_is_what_the_truth_would_be_worth():
    # p 0.4, resell: as C it brings 8.0 instead of 13.2 by cleaning
    told = garment(*seen(STAIN, Shot.FRONT, 0.4))
    assert told.stake == pytest.approx(0.4 * (13.2 - 8.0))


def test_a_sure_item_stakes_nothing():
    assert garment(*seen(STAIN, Shot.FRONT, 1.0)).stake == 0.0


def test_what_was_not_looked_at_is_at_stake():
    # flawless so far, resell; unseen: C 0.20, D 0.07, E 0.03
    told = garment(not_seen=(Shot.BACK,))
    assert told.stake == pytest.approx(0.20 * (13.2 - 8) + 0.07 * (1.5 + 2.8) + 0.03 * (8.2 - 0.5))


def test_a_dearer_category_stakes_more():
    phone = Evidence(answers=answered(Category.ELECTRONICS), not_assessable=(Defect.SCRATCH,))
    assert routed(Category.ELECTRONICS, phone).stake > garment(not_seen=(Shot.BACK,)).stake


def test_a_disposition_that_a_gate_forbids_is_no_alternative():
    standard, policy = load(APPAREL), default_policy()
    # Worn, as good as new, and still not to be sold as it is: nobody need look for a better way.
    gates = [
        gate.model_copy(update={"cap": Grade.A}) if gate.forbids else gate
        for gate in standard.gates
    ]
    free = [
        q.model_copy(update={"choices": _without_points(q.choices)}) for q in standard.questions
    ]
    lenient = standard.model_copy(update={"gates": tuple(gates), "questions": tuple(free)})
    evidence = Evidence(answers=answered(APPAREL, worn="worn_or_washed"))
    judgement = judge(evidence, lenient, policy)
    assert judgement.grade[Grade.A] == 1.0
    assert judgement.disposition is Disposition.REPAIR
    told = route(evidence, judgement, lenient, policy)
    assert (told.reasons, told.stake) == ((), 0.0)


def _without_points(choices):
    return tuple(choice.model_copy(update={"points": 0.0}) for choice in choices)


@given(cases(), st.booleans())
def test_a_shot_that_was_not_seen_never_passes(case, trusted):
    category, evidence = case
    required = load(category).required_shots
    blind = evidence.model_copy(update={"not_seen": evidence.not_seen or required[:1]})
    told = routed(category, blind, certified() if trusted else None)
    assert told.to is Destination.REVIEW
    assert Reason.NOT_SEEN in told.reasons


@given(cases(), st.booleans())
def test_a_defect_that_nobody_can_see_never_passes(case, trusted):
    category, evidence = case
    defects = evidence.not_assessable or load(category).defects[:1]
    blind = evidence.model_copy(update={"not_assessable": defects})
    told = routed(category, blind, certified() if trusted else None)
    assert told.to is Destination.REVIEW
    assert Reason.NOT_ASSESSABLE in told.reasons


@given(cases(), st.data())
def test_an_open_question_never_passes(case, data):
    category, evidence = case
    left_out = data.draw(st.sampled_from(load(category).questions)).id
    answers = tuple(a for a in answered(category) if a.question != left_out)
    told = routed(category, evidence.model_copy(update={"answers": answers}), certified())
    assert Reason.UNANSWERED in told.reasons


@given(cases(), st.booleans())
def test_a_routing_is_sound(case, trusted):
    category, evidence = case
    policy = certified() if trusted else default_policy()
    judgement = judge(evidence, load(category), policy)
    told = route(evidence, judgement, load(category), policy)
    assert told.stake >= 0
    assert math.isfinite(told.stake)
    assert Routing.from_json(told.to_json()) == told
    if told.to is Destination.AUTOMATIC:
        assert judgement.disposition is not Disposition.SCRAP
        assert trusted or judgement.disposition is not Disposition.RESELL
        assert not evidence.insisted


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_evidence_changes_nothing(case, random):
    category, evidence = case
    shuffled = Evidence(
        findings=random.sample(evidence.findings, len(evidence.findings)),
        answers=random.sample(evidence.answers, len(evidence.answers)),
        not_seen=evidence.not_seen[::-1],
        not_assessable=evidence.not_assessable[::-1],
        insisted=evidence.insisted,
    )
    assert routed(category, shuffled) == routed(category, evidence)


def test_a_judgement_from_the_wire_routes_the_same():
    evidence = Evidence(findings=SURE + seen(STAIN, Shot.BACK, 0.4), answers=answered(APPAREL))
    standard, policy = load(APPAREL), default_policy()
    judgement = judge(evidence, standard, policy)
    again = Judgement.from_json(judgement.to_json())
    assert route(evidence, again, standard, policy) == route(evidence, judgement, standard, policy)


def test_an_inspection_is_replayed_to_the_same_verdict():
    front, back = photo(), photo(shot=Shot.BACK, sha256=sha256("back"))
    standard, policy = load(APPAREL), default_policy()
    evidence = Evidence(
        findings=(finding(probability=0.37, size_mm=81.0),), answers=answered(APPAREL)
    )
    judgement = judge(evidence, standard, policy)
    sent = inspection(
        photos=(front, back),
        findings=evidence.findings,
        answers=evidence.answers,
        judgement=judgement,
        routing=route(evidence, judgement, standard, policy),
    )
    got = Inspection.from_json(sent.to_json())
    again = judge(evidence_of(got, standard), standard, policy)
    assert again == got.judgement
    assert route(evidence_of(got, standard), again, standard, policy) == got.routing


def test_a_sender_that_hides_a_missing_photo_is_not_believed():
    standard, policy = load(APPAREL), certified()
    sent = inspection(
        photos=(photo(),), answers=answered(APPAREL), not_seen=(), releases=("stain@1",)
    )
    evidence = evidence_of(sent, standard)
    told = route(evidence, judge(evidence, standard, policy), standard, policy)
    assert told.reasons == (Reason.NOT_SEEN,)


def test_answers_of_another_standard_answer_nothing():
    told = routed(APPAREL, Evidence(answers=(answer("lock", "unlocked"),)), certified())
    assert Reason.UNANSWERED in told.reasons
