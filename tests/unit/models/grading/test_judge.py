import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.grading.evidence import Evidence
from models.grading.grades import RANK
from models.grading.judge import judge, overall
from models.grading.policy import default_policy
from models.grading.standard import load
from models.records import Judgement
from models.vocabulary import Category, Defect, Dimension, Disposition, Grade, Shot
from tests.factories import answer, finding
from tests.unit.models.grading.evidences import answered, cases, findings, probabilities, seen

APPAREL = load(Category.APPAREL)
PHONE = load(Category.ELECTRONICS)
STAIN = Defect.STAIN


def judged(category: Category, evidence: Evidence) -> Judgement:
    return judge(evidence, load(category), default_policy())


def garment(*found, **but) -> Judgement:
    return judged(
        Category.APPAREL, Evidence(findings=found, answers=answered(Category.APPAREL, **but))
    )


def rank(judgement: Judgement) -> float:
    return math.fsum(RANK[grade] * p for grade, p in judgement.grade.items())


def test_a_flawless_garment():
    told = garment()
    assert set(told.scores.values()) == {100.0}
    assert told.grade == {Grade.A: 1, Grade.B: 0, Grade.C: 0, Grade.D: 0, Grade.E: 0}
    assert told.disposition is Disposition.RESELL
    assert told.gates == told.clauses == ()


SCORES = [
    # S = 100·exp(−D/4) with D = p · zone weight · points
    (seen(STAIN, Shot.FRONT, 1.0), math.exp(-1.5 / 4)),
    (seen(STAIN, Shot.FRONT, 0.8), math.exp(-1.2 / 4)),
    (seen(STAIN, Shot.BACK, 1.0), math.exp(-1.0 / 4)),
    (seen(STAIN, Shot.FRONT, 1.0, size_mm=100.0), math.exp(-3 / 4)),
    (seen(STAIN, Shot.FRONT, 1.0) + seen(STAIN, Shot.BACK, 0.5), math.exp(-2 / 4)),
]


@pytest.mark.parametrize(("found", "share"), SCORES)
def test_the_score_of_a_dimension(found, share):
    told = garment(*found)
    assert told.scores[Dimension.APPEARANCE] == pytest.approx(100 * share, abs=1e-6)
    assert told.scores[Dimension.FUNCTION] == 100.0


def test_an_answer_lowers_its_dimension():
    told = garment(function="faulty")
    assert told.scores[Dimension.FUNCTION] == pytest.approx(100 * math.exp(-2 / 4), abs=1e-6)
    assert told.scores[Dimension.APPEARANCE] == 100.0
    assert told.clauses == ("AP-3.4",)


LOOKED_AT = [
    # what was not looked at has no score
    (Evidence(), {"appearance"}),
    (Evidence(answers=(answer("tag", "attached"),)), {"appearance", "identity"}),
    (Evidence(not_assessable=(STAIN,)), set()),
    (Evidence(not_seen=(Shot.FRONT, Shot.BACK)), set()),
    (Evidence(not_seen=(Shot.BACK,)), {"appearance"}),
    # a finding was looked at, whatever else was not
    (Evidence(not_seen=(Shot.FRONT, Shot.BACK), findings=(finding(),)), {"appearance"}),
    # a choice that nobody knows is no answer
    (Evidence(answers=(answer("tag", "eaten"),)), {"appearance"}),
]


@pytest.mark.parametrize(("evidence", "dimensions"), LOOKED_AT)
def test_what_nobody_looked_at_has_no_score(evidence, dimensions):
    assert set(judged(Category.APPAREL, evidence).scores) == dimensions


DISPOSITIONS = [
    # apparel: found, answers → disposition
    (seen(STAIN, Shot.FRONT, 0.9), {}, Disposition.REPAIR),  # clearly stained: clean it
    (seen(STAIN, Shot.FRONT, 0.05), {}, Disposition.RESELL),
    (seen(STAIN, Shot.FRONT, 1.0, size_mm=300.0), {}, Disposition.DONATE),  # too large to clean
    (seen(STAIN, Shot.FRONT, 1.0, n=2, size_mm=300.0), {}, Disposition.SCRAP),
    ((), {"worn": "worn_or_washed"}, Disposition.REPAIR),
    ((), {"complete": "part_missing"}, Disposition.DONATE),
]


@pytest.mark.parametrize(("found", "but", "disposition"), DISPOSITIONS)
def test_the_disposition_is_what_is_worth_most(found, but, disposition):
    assert garment(*found, **but).disposition is disposition


def test_the_expected_value_weighs_the_grades():
    # resell: 0.6·33.6 (A) + 0.4·8 (C); repair: 0.6·29.6 + 0.4·13.2
    told = garment(*seen(STAIN, Shot.FRONT, 0.4)).expected_value
    assert told[Disposition.RESELL] == pytest.approx(23.36)
    assert told[Disposition.REPAIR] == pytest.approx(23.04)


GATES = [
    # category, answers → gates, best grade, what is still allowed
    (
        Category.APPAREL,
        {"worn": "worn_or_washed"},
        ("AP-4.2",),
        "C",
        {"repair", "donate", "scrap"},
    ),
    (Category.ELECTRONICS, {"lock": "locked"}, ("EL-4.1",), "E", {"repair", "scrap"}),
    (
        Category.ELECTRONICS,
        {"lock": "locked", "serial": "unreadable"},
        ("EL-4.1", "EL-4.3"),
        "E",
        {"repair", "scrap"},
    ),
    (Category.ELECTRONICS, {"repaired": "opened"}, ("EL-4.5",), "D", set(Disposition)),
    (Category.PARCEL, {"contents": "wrong_item"}, ("PA-4.1",), "E", {"repair", "scrap"}),
]


@pytest.mark.parametrize(("category", "but", "gates", "cap", "allowed"), GATES)
def test_gates_come_first(category, but, gates, cap, allowed):
    told = judged(category, Evidence(answers=answered(category, **but)))
    assert told.gates == gates
    assert told.grade[Grade(cap)] == 1.0
    assert set(told.expected_value) == allowed
    assert told.disposition in allowed


def test_clauses_come_worst_first():
    told = garment(*seen(STAIN, Shot.FRONT, 0.5), worn="worn_or_washed", function="faulty")
    assert told.clauses == ("AP-3.2", "AP-3.4", "AP-2.1")


def test_equally_bad_clauses_come_by_name():
    told = judged(
        Category.ELECTRONICS,
        Evidence(answers=answered(Category.ELECTRONICS, powers_on="no", lock="locked")),
    )
    assert told.clauses == ("EL-3.1", "EL-3.2")


def test_the_overall_score_is_the_weighted_mean_of_what_was_scored():
    assert overall({}, APPAREL) is None
    assert overall({Dimension.APPEARANCE: 40.0}, APPAREL) == pytest.approx(40)
    both = {Dimension.APPEARANCE: 40.0, Dimension.HYGIENE: 100.0}
    assert overall(both, APPAREL) == pytest.approx((0.35 * 40 + 0.25 * 100) / 0.6)


def test_a_thousand_findings_are_judged_exactly():
    found = seen(Defect.SCRATCH, Shot.FRONT, 0.004, n=1000, size_mm=2.0)
    told = judged(Category.ELECTRONICS, Evidence(findings=found))
    # At most 5 of 1,000 with 0.4 % each: the binomial distribution itself.
    fine = sum(math.comb(1000, k) * 0.004**k * 0.996 ** (1000 - k) for k in range(6))
    assert told.grade[Grade.A] == pytest.approx(fine, abs=1e-9)


def worse(before: Judgement, after: Judgement) -> None:
    """After is nowhere better than before."""
    assert set(before.scores) <= set(after.scores)
    assert all(after.scores[dimension] <= score for dimension, score in before.scores.items())
    assert rank(after) >= rank(before) - 1e-9
    for grade in Grade:
        better = [g for g in Grade if RANK[g] <= RANK[grade]]
        gained = math.fsum(after.grade[g] - before.grade[g] for g in better)
        assert gained <= 1e-9


@given(cases(), findings(at_most=4))
def test_more_findings_make_nothing_better(case, more):
    category, evidence = case
    renamed = tuple(f.model_copy(update={"finding_id": f"more-{f.finding_id}"}) for f in more)
    after = evidence.model_copy(update={"findings": evidence.findings + renamed})
    worse(judged(category, evidence), judged(category, after))


def _with_one_changed(evidence: Evidence, index: int, **said) -> Evidence:
    index %= len(evidence.findings)
    changed = [
        f.model_copy(update=said) if i == index else f for i, f in enumerate(evidence.findings)
    ]
    return evidence.model_copy(update={"findings": tuple(changed)})


@given(cases(), st.integers(0, 20), probabilities, probabilities)
def test_a_higher_probability_makes_nothing_better(case, index, one, other):
    category, evidence = case
    assume(evidence.findings)
    low, high = sorted((one, other))
    before = _with_one_changed(evidence, index, probability=low)
    after = _with_one_changed(evidence, index, probability=high)
    worse(judged(category, before), judged(category, after))


@given(cases(), st.integers(0, 20), st.floats(0, 400), st.floats(0, 400))
def test_a_larger_size_makes_nothing_better(case, index, one, other):
    category, evidence = case
    assume(evidence.findings)
    small, large = sorted((one, other))
    before = _with_one_changed(evidence, index, size_mm=small)
    after = _with_one_changed(evidence, index, size_mm=large)
    worse(judged(category, before), judged(category, after))


@given(cases(), st.integers(0, 20), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_of_the_photo_makes_nothing_better(case, index, one, other):
    category, evidence = case
    assume(evidence.findings)
    small, large = sorted((one, other))
    before = _with_one_changed(evidence, index, size_mm=None, size_share=small)
    after = _with_one_changed(evidence, index, size_mm=None, size_share=large)
    worse(judged(category, before), judged(category, after))


@given(cases(at_most=0), st.data())
def test_a_costlier_answer_makes_nothing_better(case, data):
    category, evidence = case
    question = data.draw(st.sampled_from(load(category).questions))
    one, other = data.draw(st.permutations(question.choices))[:2]
    good = question.choices[0].id  # the contract of the files: nothing is taken for the first
    for choice in (one, other):
        rest = tuple(a for a in evidence.answers if a.question != question.id)
        fine = evidence.model_copy(update={"answers": (*rest, answer(question.id, good))})
        bad = evidence.model_copy(update={"answers": (*rest, answer(question.id, choice.id))})
        worse(judged(category, fine), judged(category, bad))


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
    assert judged(category, shuffled).to_json() == judged(category, evidence).to_json()


@given(cases(at_most=40))
def test_a_judgement_is_sound(case):
    category, evidence = case
    told = judged(category, evidence)
    assert math.fsum(told.grade.values()) == pytest.approx(1, abs=1e-9)
    assert list(told.grade) == list(Grade)
    assert all(0 <= score <= 100 for score in told.scores.values())
    assert told.expected_value[told.disposition] == max(told.expected_value.values())
    known = set(load(category).clauses())
    assert {*told.clauses, *told.gates} <= known
    assert Judgement.from_json(told.to_json()) == told
