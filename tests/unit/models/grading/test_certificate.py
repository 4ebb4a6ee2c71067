import pytest

from models.grading.certificate import Certificate
from models.grading.policy import Policy, default_policy
from models.vocabulary import Category, Disposition, Grade
from tests.factories import NOON, inspection

POLICY = default_policy()
OWN = POLICY.costs_sha256(Category.APPAREL)


def certificate(**said) -> Certificate:
    facts = {"category": Category.APPAREL, "risk_at_most": 0.1, "expires_at": NOON, "ground": "x"}
    return Certificate(**(facts | said))


ONE = inspection(station="bench-1", standard="apparel@1", releases=("stain@2", "label@1"))
SPEAKS = [
    # what the certificate says of the items it covers → does it speak of this one
    ({}, True),
    ({"category": Category.PARCEL}, False),
    ({"station": "bench-1"}, True),
    ({"station": "bench-2"}, False),
    ({"standard": "apparel@1"}, True),
    ({"standard": "apparel@2"}, False),
    ({"releases": ("label@1", "stain@2")}, True),
    ({"releases": ("stain@2",)}, False),  # one more looked than was proved
    ({"releases": ("label@1", "stain@3")}, False),
    ({"costs_sha256": OWN}, True),
    ({"costs_sha256": "0" * 64}, False),
]


@pytest.mark.parametrize(("said", "speaks"), SPEAKS)
def test_which_items_a_certificate_speaks_of(said, speaks):
    policy = POLICY.certified_by([certificate(**said)])
    assert bool(policy.for_inspection(ONE).certificates) is speaks


def test_of_several_the_one_that_lasts_longest_covers():
    later = NOON.replace(year=2030)
    both = [certificate(certificate_id="a"), certificate(certificate_id="b", expires_at=later)]
    policy = POLICY.certified_by(both)
    assert policy.covering(Category.APPAREL, 0.1).certificate_id == "b"
    assert policy.covering(Category.APPAREL, 0.11) is None
    assert policy.covering(Category.PARCEL, 0.0) is None


def changed(**said) -> Policy:
    return POLICY.model_copy(update=said)


def test_what_decides_is_in_the_costs_hash_and_the_rest_is_not():
    assert changed(version=2, audit_share=0.02, blind_share=0.5, notice="x").costs_sha256(Category.APPAREL) == OWN  # fmt: skip
    assert changed(review_cost=0.6).costs_sha256(Category.APPAREL) != OWN
    assert changed(reviewers={g: {g: 1.0} for g in Grade}).costs_sha256(Category.APPAREL) != OWN
    other = POLICY.costs[Category.PARCEL].model_copy(update={"delay_cost": 9.0})
    mine = POLICY.costs | {Category.PARCEL: other}
    assert changed(costs=mine).costs_sha256(Category.APPAREL) == OWN
    assert changed(costs=mine).costs_sha256(Category.PARCEL) != POLICY.costs_sha256(Category.PARCEL)


def test_costs_fit_the_items_price():
    costs = POLICY.costs[Category.APPAREL]
    dear = costs.for_item(400.0)  # ten times the list price
    resell, repair = dear.actions[Disposition.RESELL], dear.actions[Disposition.REPAIR]
    assert resell.value[Grade.A] == 360
    assert repair.value[Grade.C] == 220
    assert repair.refurbishment == costs.actions[Disposition.REPAIR].refurbishment
    assert dear.actions[Disposition.DONATE] == costs.actions[Disposition.DONATE]
    assert costs.for_item(None) == costs
    assert costs.model_copy(update={"list_price": None}).for_item(400.0).actions == costs.actions


def test_a_certificate_for_costs_holds_for_dear_items_too():
    policy = POLICY.certified_by([certificate(costs_sha256=OWN)]).for_inspection(ONE, 400.0)
    assert len(policy.certificates) == 1
    assert policy.costs[Category.APPAREL].actions[Disposition.RESELL].value[Grade.A] == 360
