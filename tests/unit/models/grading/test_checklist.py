import pytest

from models.grading import checklist
from models.grading.standard import load
from models.vocabulary import Category
from tests.factories import answer
from tests.unit.models.grading.evidences import GOOD, answered

PHONE = load(Category.ELECTRONICS)
LOCK = next(q for q in PHONE.questions if q.id == "lock")
POWERS_ON = next(q for q in PHONE.questions if q.id == "powers_on")

OPEN = [
    # answers to a phone's five questions → questions that are still open
    ((), ("powers_on", "lock", "serial", "accessories", "repaired")),
    (answered(Category.ELECTRONICS), ()),
    (answered(Category.ELECTRONICS)[1:], ("powers_on",)),
    # the same answer twice is one answer
    (answered(Category.ELECTRONICS) * 2, ()),
    # two answers that contradict each other are none
    ((*answered(Category.ELECTRONICS), answer("lock", "locked")), ("lock",)),
    # a choice that this version does not know is none
    (answered(Category.ELECTRONICS, lock="half"), ("lock",)),
    ((*answered(Category.ELECTRONICS), answer("lock", "half")), ("lock",)),
    # a question of another standard is nobody's business
    ((*answered(Category.ELECTRONICS), answer("tag", "removed")), ()),
]


@pytest.mark.parametrize(("answers", "questions"), OPEN)
def test_open_questions(answers, questions):
    assert checklist.unanswered(PHONE, answers) == questions
    assert checklist.unanswered(PHONE, reversed(answers)) == questions


def test_an_optional_question_may_stay_open_but_not_contradict_itself():
    optional = LOCK.model_copy(update={"required": False})
    standard = PHONE.model_copy(update={"questions": (optional,)})
    assert checklist.unanswered(standard, ()) == ()
    both = (answer("lock", "locked"), answer("lock", "unlocked"))
    assert checklist.unanswered(standard, both) == ("lock",)


POINTS = [
    ((), 0),
    ((answer("powers_on", "yes"),), 0),
    ((answer("powers_on", "no"),), 4),
    # contradicting: the worst counts
    ((answer("powers_on", "yes"), answer("powers_on", "no")), 4),
    ((answer("powers_on", "maybe"),), 0),
]


@pytest.mark.parametrize(("answers", "points"), POINTS)
def test_points_of_an_answer(answers, points):
    assert checklist.points(POWERS_ON, answers) == points


GATES = [
    # category, question, choice → gate
    ("apparel", "tag", "removed", "AP-4.1"),
    ("apparel", "worn", "worn_or_washed", "AP-4.2"),
    ("apparel", "tag", "unclear", "AP-4.3"),
    ("electronics", "lock", "locked", "EL-4.1"),
    ("electronics", "serial", "differs", "EL-4.2"),
    ("electronics", "serial", "unreadable", "EL-4.3"),
    ("electronics", "powers_on", "not_tested", "EL-4.4"),
    ("electronics", "repaired", "opened", "EL-4.5"),
    ("parcel", "contents", "wrong_item", "PA-4.1"),
]


@pytest.mark.parametrize(("category", "question", "choice", "clause"), GATES)
def test_the_answer_closes_its_gate(category, question, choice, clause):
    answers = answered(Category(category), **{question: choice})
    assert [g.clause for g in checklist.closed_gates(load(category), answers)] == [clause]


def test_every_gate_is_in_the_table():
    told = {clause for *_, clause in GATES}
    assert told == {gate.clause for category in Category for gate in load(category).gates}


@pytest.mark.parametrize("category", Category)
def test_good_answers_close_nothing(category):
    assert set(GOOD[category]) == {q.id for q in load(category).questions}
    assert checklist.closed_gates(load(category), answered(category)) == ()


def test_gates_come_in_the_order_of_the_standard():
    answers = answered(Category.ELECTRONICS, serial="differs", lock="locked")
    told = [gate.clause for gate in checklist.closed_gates(PHONE, reversed(answers))]
    assert told == ["EL-4.1", "EL-4.2"]
