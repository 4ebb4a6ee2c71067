"""How people grade here: every item whose grade was found by more than one word."""

from sqlalchemy import Connection

from models.grading.policy import Policy
from models.grading.reviewers import Graded, Row, measured
from models.vocabulary import Category
from server.assurance import queries
from server.rulings import Look, Scope, looks


def matrix(connection: Connection, policy: Policy) -> tuple[Row, ...]:
    """The reviewers' confusion matrix, with the policy's own as its prior."""
    drawn = [one for c in Category for one in looks(connection, Scope(category=c))]
    blind = [graded for one in drawn if (graded := _graded(one))]
    return measured([*blind, *queries.second_opinions(connection)], policy.reviewers)


def _graded(look: Look) -> Graded | None:
    """A blind word counts where a lead decided, or where it is the machine's own grade too."""
    if look.blind is None:
        return None
    if look.lead is not None:
        return Graded(look.lead.grade, look.blind.grade)
    agreed = look.blind.grade is look.machine.grade
    return Graded(look.blind.grade, look.blind.grade) if agreed else None
