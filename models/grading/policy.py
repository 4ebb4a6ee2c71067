"""What things cost and how far the machine is trusted: the operator's own numbers, versioned."""

import math
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, Field, FiniteFloat, model_validator

from models.errors import PolicyInvalid
from models.grading.files import Rule, read_rules
from models.grading.standard import STANDARDS
from models.record import Identifier, Probability, Text
from models.vocabulary import Category, Disposition, Grade

POLICIES = STANDARDS / "policies"
Distribution = Mapping[Grade, float]
"""How probable each grade is; a grade that is left out has none."""
CAUTION = (Disposition.REPAIR, Disposition.DONATE, Disposition.RESELL, Disposition.SCRAP)
"""Who wins where two dispositions are worth the same: what can still be changed comes first."""


def _every_grade(amounts: dict[Grade, float]) -> dict[Grade, float]:
    if set(amounts) != set(Grade):
        raise ValueError(f"should name the grades A to E, got {', '.join(sorted(amounts))}")
    return amounts


def _sums_to_one(shares: dict[Grade, float]) -> dict[Grade, float]:
    total = math.fsum(shares.values())
    if abs(total - 1) > 1e-9:
        raise ValueError(f"should sum to 1, got {total:g}")
    return shares


Cost = Annotated[FiniteFloat, Field(ge=0)]
Shares = Annotated[dict[Grade, Probability], AfterValidator(_sums_to_one)]


class Action(Rule):
    """What one disposition brings and costs, in the policy's currency."""

    value: Annotated[dict[Grade, FiniteFloat], AfterValidator(_every_grade)]
    """What an item of the grade brings in the end; what must be paid to be rid of it is negative."""
    processing: Cost
    """Work and handling, whatever the grade."""
    refurbishment: Annotated[dict[Grade, Cost], AfterValidator(_every_grade)]
    """Cleaning, repair, parts and packing that the grade needs first."""
    rereturn: Annotated[dict[Grade, Probability], AfterValidator(_every_grade)]
    """How probably it comes back once more."""

    @model_validator(mode="after")
    def _worse_is_not_worth_more(self) -> Self:
        for better, worse in pairwise(Grade):
            if self.value[worse] > self.value[better]:
                raise ValueError(
                    f"value of {worse} should be at most that of {better}, "
                    f"{self.value[better]:g}, got {self.value[worse]:g}"
                )
        return self


class CostTable(Rule):
    """The costs of one category."""

    actions: dict[Disposition, Action]
    """Each disposition's own."""
    rereturn_cost: Cost
    """What it costs when an item comes back once more."""
    delay_cost: Cost
    """What waiting for a person costs one item."""
    unseen: Shares
    """How items turn out of which nothing is known yet: what may hide where nobody looked."""

    @model_validator(mode="after")
    def _every_disposition(self) -> Self:
        if set(self.actions) != set(Disposition):
            named = ", ".join(sorted(self.actions)) or "none"
            raise ValueError(f"actions should be {', '.join(sorted(Disposition))}, got {named}")
        return self

    def utility(self, disposition: Disposition, grade: Grade) -> float:
        """U(a, g): value minus processing, refurbishment and P(re-return)·cost (domain.md §4.5)."""
        action = self.actions[disposition]
        again = action.rereturn[grade] * self.rereturn_cost
        return action.value[grade] - action.processing - action.refurbishment[grade] - again

    def expected(self, disposition: Disposition, grades: Distribution) -> float:
        """Σ_g π(g)·U(a, g), the same for every order of the grades."""
        return math.fsum(p * self.utility(disposition, grade) for grade, p in grades.items())

    def best(self, grades: Distribution, allowed: Iterable[Disposition]) -> Disposition:
        """The allowed disposition that is worth most; CAUTION breaks a tie."""
        ordered = sorted(allowed, key=CAUTION.index)
        # A difference below a millionth is the floating point's, not the cost table's.
        return max(ordered, key=lambda a: round(self.expected(a, grades), 6))


class Certificate(Rule):
    """Proof that automatic resale of a category keeps its promise up to a risk."""

    category: Category
    """What it covers."""
    risk_at_most: Probability
    """λ: the greatest probability of a grade worse than the announced one that it covers."""
    expires_at: AwareDatetime
    """When it has to be proved again."""
    ground: Text
    """How it was proved: method, α, δ, items and errors counted."""


class Policy(Rule):
    """One version of the operator's costs and certified thresholds."""

    name: Identifier
    """Whose it is or what it is for."""
    version: int = Field(ge=1)
    """Rises with every change."""
    notice: Text
    """What people should know about the numbers."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    """ISO 4217 code of all amounts."""
    review_cost: Cost
    """What one look by a person costs."""
    reviewers: dict[Grade, Shares]
    """H: true grade → how often a person gives which grade."""
    costs: dict[Category, CostTable]
    """Each category's own."""
    certificates: tuple[Certificate, ...] = ()
    """Without one that covers an item it is never resold automatically."""

    @property
    def identifier(self) -> str:
        """name@version, as routings name it."""
        return f"{self.name}@{self.version}"

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if set(self.reviewers) != set(Grade):
            named = ", ".join(sorted(self.reviewers)) or "none"
            raise ValueError(f"reviewers should name the grades A to E, got {named}")
        if set(self.costs) != set(Category):
            named = ", ".join(sorted(self.costs)) or "none"
            raise ValueError(f"costs should name {', '.join(sorted(Category))}, got {named}")
        return self

    def valid_at(self, moment: AwareDatetime) -> Self:
        """The same policy without the certificates that have expired by then (an aware time)."""
        valid = tuple(c for c in self.certificates if c.expires_at > moment)
        return self.model_copy(update={"certificates": valid})

    def certifies(self, category: Category, risk: float) -> bool:
        """Some certificate covers this category at this risk."""
        return any(c.category is category and risk <= c.risk_at_most for c in self.certificates)


def read(path: Path) -> Policy:
    """Read one policy's file. Raises PolicyInvalid, naming what it expects and what stands."""
    return read_rules(path, Policy, PolicyInvalid)


@cache
def default_policy() -> Policy:
    """The policy that comes with the house: assumptions to be replaced by the operator's own."""
    return read(POLICIES / "default.yaml")
