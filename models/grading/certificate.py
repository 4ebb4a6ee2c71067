"""Proof that automatic resale keeps its promise, and which items it speaks of."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from models.grading.files import Rule
from models.record import Identifier, Probability, Sha256, Text
from models.records import Inspection
from models.vocabulary import Category

Count = Annotated[int, Field(ge=0)]


class Basis(Rule):
    """The numbers that a certificate rests on."""

    alpha: Probability
    """α: at most this share of automatic resales is wrong."""
    delta: Probability
    """δ: the promise may be broken by an unlucky sample with at most this probability."""
    look: Annotated[int, Field(ge=1)]
    """Which look at the growing labels it was."""
    look_delta: Probability
    """That look's part of δ."""
    labels: Count
    """Cases that people judged without seeing the machine."""
    accepted: Count
    """n: those with a risk up to λ."""
    errors: Count
    """Wrong resales among the accepted."""
    p: Probability
    """P(Bin(n, α) ≤ errors)."""
    share: Probability
    """e, the probability with which the labelled cases were drawn."""
    data_sha256: Sha256
    """Hash of the labelled cases, their risks and truths, in their order."""


class Certificate(Rule):
    """Proof that automatic resale of a category keeps its promise up to a risk."""

    certificate_id: Identifier = "unnamed"
    """Its name in routings."""
    category: Category
    """What it covers."""
    station: Identifier | None = None
    """The only station whose items it covers; none where stations are taken to be alike."""
    standard: Identifier | None = None
    """The only version of the standard that it holds for; none for any."""
    releases: tuple[Identifier, ...] | None = None
    """The very models that must have looked; none for any."""
    costs_sha256: Sha256 | None = None
    """The only costs that it holds for (`Policy.costs_sha256`); none for any."""
    risk_at_most: Probability
    """λ: the greatest probability of a wrong resale that it covers."""
    expires_at: AwareDatetime
    """When it has to be proved again."""
    ground: Text
    """How it was proved: method, α, δ, items and errors counted."""
    basis: Basis | None = None
    """The numbers behind it; none where somebody wrote it by hand."""

    def speaks_of(self, inspection: Inspection) -> bool:
        """The item is of the kind that it was proved on: category, station, standard and models."""
        alike = (
            (self.station, inspection.station),
            (self.standard, inspection.standard),
            (self.releases, tuple(sorted(set(inspection.releases)))),
        )
        is_own = self.category is inspection.category
        return is_own and all(mine is None or mine == its for mine, its in alike)
