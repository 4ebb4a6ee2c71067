"""What follows from an opinion. Pure: the rules of second opinions, disputes and audits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.grading.grades import RANK
from models.opinions import Opinion
from models.records import Decision
from models.vocabulary import Action, CaseKind

GRADES_APART = 1
"""Two opinions disagree when their grades are at least this many steps apart, or their dispositions differ."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What to do once an opinion is kept; the case it answers is closed in any case."""

    rests_on: tuple[str, ...] = ()
    """Opinions that the new decision names, oldest first; none where nothing new is decided."""
    opens: CaseKind | None = None
    """Who is asked next, if anybody."""
    to_the_bench: bool = False
    """The item is to be photographed again."""


def disagree(one: Opinion, other: Opinion) -> bool:
    """Tells whether two answers are so different that a lead has to choose."""
    if one.grade is None or other.grade is None:
        return True
    apart = abs(RANK[one.grade] - RANK[other.grade])
    return apart >= GRADES_APART or one.disposition != other.disposition


def outcome(opinion: Opinion, earlier: Sequence[Opinion], counts: Decision | None) -> Outcome:
    """Decide what follows; `earlier` are the item's opinions, oldest first, `counts` what counts so far."""
    if opinion.action is Action.RETAKE:
        return Outcome(to_the_bench=True)
    asked = asked_for([one for one in earlier if one.opinion_id != opinion.corrects])
    if opinion.kind is CaseKind.DISPUTE:
        return _decided(*asked, opinion)
    if opinion.action is Action.SECOND:
        # Who is asked second and is not sure either leaves it to a lead.
        second = opinion.kind is CaseKind.SECOND
        return Outcome(opens=CaseKind.DISPUTE if second else CaseKind.SECOND)
    if opinion.kind is CaseKind.SECOND and asked:
        if disagree(asked[0], opinion):
            return Outcome(opens=CaseKind.DISPUTE)
        return _decided(asked[0], opinion)
    if confirms(opinion, counts):
        return Outcome()
    return _decided(opinion)


def asked_for(earlier: Sequence[Opinion]) -> tuple[Opinion, ...]:
    """The opinion whose giver wanted a second one, and what was answered to it; the newest such pair."""
    taken_back = {one.corrects for one in earlier}
    stand = [one for one in earlier if one.opinion_id not in taken_back]
    asked = [o for o in stand if o.action is Action.SECOND and o.kind is not CaseKind.SECOND]
    if not asked:
        return ()
    first = max(asked, key=_given)
    answers = [o for o in stand if o.kind is CaseKind.SECOND and o.given_at >= first.given_at]
    return (first, *sorted(answers, key=_given))


def _given(opinion: Opinion) -> datetime:
    return opinion.given_at


def confirms(opinion: Opinion, counts: Decision | None) -> bool:
    """An audit that agrees with the machine leaves the machine's decision standing."""
    return (
        opinion.kind is CaseKind.AUDIT
        and counts is not None
        and (counts.grade, counts.disposition) == (opinion.grade, opinion.disposition)
    )


def _decided(*opinions: Opinion) -> Outcome:
    return Outcome(rests_on=tuple(one.opinion_id for one in opinions))
