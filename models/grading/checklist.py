"""What the operator's answers say, and which questions are still open."""

from collections.abc import Iterable

from models.grading.rules import Choice, Gate, Question
from models.grading.standard import Standard
from models.records import Answer


def chosen(question: Question, answers: Iterable[Answer]) -> tuple[Choice, ...]:
    """The choices given to one question; more than one where the answers contradict each other."""
    given = {answer.choice for answer in answers if answer.question == question.id}
    return tuple(choice for choice in question.choices if choice.id in given)


def unanswered(standard: Standard, answers: Iterable[Answer]) -> tuple[str, ...]:
    """Ids of the questions that are open: not answered, answered twice, or with an unknown choice."""
    answers = tuple(answers)
    return tuple(q.id for q in standard.questions if _is_open(q, answers))


def _is_open(question: Question, answers: tuple[Answer, ...]) -> bool:
    given = {answer.choice for answer in answers if answer.question == question.id}
    if not given:
        return question.required
    return len(given) > 1 or not chosen(question, answers)


def points(question: Question, answers: Iterable[Answer]) -> float:
    """Points of the answer; the worst of them where the answers contradict each other."""
    return max((choice.points for choice in chosen(question, answers)), default=0.0)


def closed_gates(standard: Standard, answers: Iterable[Answer]) -> tuple[Gate, ...]:
    """Hard gates that the answers close, in the order of the standard."""
    answers = tuple(answers)
    picked = (chosen(question, answers) for question in standard.questions)
    closed = {choice.gate for choices in picked for choice in choices}
    return tuple(gate for gate in standard.gates if gate.clause in closed)
