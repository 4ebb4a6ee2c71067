"""What things cost and how far the machine is trusted: the operator's own numbers, versioned."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, Field, FiniteFloat, model_validator

from models.errors import PolicyInvalid
from models.grading.certificate import Certificate
from models.grading.files import Rule, read_rules
from models.grading.standard import STANDARDS
from models.record import Identifier, Probability, Text
from models.records import Inspection
from models.vocabulary import Category, Disposition, Grade

POLICIES = STANDARDS / "policies"
Distribution = Mapping[Grade, float]
"""How probable each grade is; a grade that is left out has none."""
CAUTION = (Disposition.REPAIR, Disposition.DONATE, Disposition.RESELL, Disposition.SCRAP)
"""Who wins where two dispositions are worth the same: what can still be changed comes first."""

PRICED = frozenset({Disposition.RESELL, Disposition.REPAIR})
"""Dispositions after which the item is sold: their values grow with its price."""


def _every_grade(amounts: dict[Grade, float]) -> dict[Grade, float]:
    if set(amounts) != set(Grade):
        raise ValueError(f"should name the grades A to E, got {', '.join(sorted(amounts))}")
    return amounts


def _sums_to_one(shares: dict[Grade, float]) -> dict[Grade, float]:
    total = math.fsum(shares.values())
    if abs(total - 1) > 1e-9:
        raise ValueError(f"should sum to 1, got {total:g}")
    return shares


MOST = 1e9
"""Far above any returned item: greater amounts are slips, and sums of them could leave the floats."""
Amount = Annotated[FiniteFloat, Field(ge=-MOST, le=MOST)]
Cost = Annotated[FiniteFloat, Field(ge=0, le=MOST)]
Shares = Annotated[dict[Grade, Probability], AfterValidator(_sums_to_one)]


class Action(Rule):
    """What one disposition brings and costs, in the policy's currency."""

    value: Annotated[dict[Grade, Amount], AfterValidator(_every_grade)]
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
    list_price: Annotated[FiniteFloat, Field(ge=0.01, le=MOST)] | None = None
    """The price of an item as new that the values were written for; none: they fit every item."""

    @model_validator(mode="after")
    def _every_disposition(self) -> Self:
        if set(self.actions) != set(Disposition):
            named = ", ".join(sorted(self.actions)) or "none"
            raise ValueError(f"actions should be {', '.join(sorted(Disposition))}, got {named}")
        return self

    def for_item(self, value: float | None) -> Self:
        """The same costs for an item of that price as new: what resale and repair bring grows with it.

        Work, donation and scrap stay as they are. None, or no list price to compare with, changes
        nothing.
        """
        if value is None or self.list_price is None:
            return self
        scale = value / self.list_price
        scaled = {
            disposition: action.model_copy(
                update={"value": {g: round(v * scale, 6) for g, v in action.value.items()}}
            )
            for disposition, action in self.actions.items()
            if disposition in PRICED
        }
        return self.model_copy(update={"actions": self.actions | scaled})

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
    audit_share: Annotated[Probability, Field(ge=0.02)] = 0.05
    """The share of automatic decisions that a person looks at blind (domain.md §4.8: 2 to 5 %)."""
    blind_share: Probability = 0.0
    """The share of other cases that is decided blind: what certificates are proved on."""

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
        return self.certified_by(c for c in self.certificates if c.expires_at > moment)

    def certified_by(self, certificates: Iterable[Certificate]) -> Self:
        """The same policy with these certificates instead of its own."""
        return self.model_copy(update={"certificates": tuple(certificates)})

    def for_inspection(self, inspection: Inspection, value: float | None = None) -> Self:
        """What is left of it for one item: certificates that speak of it, costs for its price as new."""
        own = inspection.category
        fingerprint = self.costs_sha256(own)
        speaking = [
            c
            for c in self.certificates
            if c.speaks_of(inspection) and c.costs_sha256 in (None, fingerprint)
        ]
        costs = self.costs | {own: self.costs[own].for_item(value)}
        return self.certified_by(speaking).model_copy(update={"costs": costs})

    def covering(self, category: Category, risk: float) -> Certificate | None:
        """A certificate that covers this category at this risk: the one that lasts longest."""
        found = [c for c in self.certificates if c.category is category and risk <= c.risk_at_most]
        return max(found, key=lambda c: (c.expires_at, c.certificate_id), default=None)

    def costs_sha256(self, category: Category) -> str:
        """Hash of everything that decides on a category's items, certificates and shares left out."""
        told = {"review_cost": self.review_cost, "currency": self.currency}
        rules = self.model_dump(mode="json", include={"reviewers"}) | told
        content = rules | {"costs": self.costs[category].model_dump(mode="json")}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def read(path: Path) -> Policy:
    """Read one policy's file. Raises PolicyInvalid, naming what it expects and what stands."""
    return read_rules(path, Policy, PolicyInvalid)


@cache
def default_policy() -> Policy:
    """The policy that comes with the house: assumptions to be replaced by the operator's own."""
    return read(POLICIES / "default.yaml")
