from datetime import UTC, datetime, timedelta

import pytest
import yaml

from models.errors import PolicyInvalid
from models.grading.policy import POLICIES, Certificate, Policy, default_policy, read
from models.vocabulary import Category, Disposition, Grade
from tests.factories import NOON

DEFAULT = POLICIES / "default.yaml"


def test_the_default_policy_says_what_it_is():
    policy = default_policy()
    assert policy.identifier == "default@1"
    assert "assumption" in policy.notice
    assert policy.certificates == ()
    assert Policy.from_json(policy.to_json()) == policy


@pytest.mark.parametrize("category", Category)
def test_a_worse_item_is_never_worth_more_by_default(category):
    costs = default_policy().costs[category]
    for disposition in (Disposition.RESELL, Disposition.DONATE, Disposition.SCRAP):
        worth = [costs.utility(disposition, grade) for grade in Grade]
        assert worth == sorted(worth, reverse=True)


BEST = [
    # what the default costs make of a known grade: as new is sold, flawed goes to the workbench
    ("apparel", "A", "resell"),
    ("apparel", "B", "resell"),
    ("apparel", "C", "repair"),  # cleaning pays
    ("apparel", "D", "donate"),  # cleaning no longer pays
    ("apparel", "E", "scrap"),  # nobody would wear it
    ("electronics", "A", "resell"),
    ("electronics", "C", "repair"),
    ("electronics", "D", "repair"),  # a dead phone is still worth a repair
    ("electronics", "E", "scrap"),  # parts
    ("parcel", "B", "resell"),
    ("parcel", "C", "repair"),  # packed again
    ("parcel", "E", "scrap"),
]


@pytest.mark.parametrize(("category", "grade", "disposition"), BEST)
def test_what_the_default_costs_make_of_a_known_grade(category, grade, disposition):
    costs = default_policy().costs[Category(category)]
    assert costs.best({Grade(grade): 1.0}, Disposition) == disposition


def test_utility_is_value_less_all_costs():
    # apparel, resell, C: 12 − 2 − 0 − 0.25·8
    assert default_policy().costs[Category.APPAREL].utility(Disposition.RESELL, Grade.C) == 8.0
    # electronics, repair, D: 110 − 8 − 50 − 0.15·25
    assert default_policy().costs[Category.ELECTRONICS].utility(
        Disposition.REPAIR, Grade.D
    ) == pytest.approx(48.25)


def _with(change) -> dict:
    content = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
    change(content)
    return content


def test_of_equal_dispositions_the_more_cautious_wins():
    def level(content):
        for action in content["costs"]["apparel"]["actions"].values():
            action.update(content["costs"]["apparel"]["actions"]["scrap"])

    costs = Policy.model_validate(_with(level)).costs[Category.APPAREL]
    sure = {Grade.C: 1.0}
    assert costs.best(sure, Disposition) is Disposition.REPAIR
    assert costs.best(sure, reversed(Disposition)) is Disposition.REPAIR
    assert costs.best(sure, [Disposition.SCRAP, Disposition.RESELL]) is Disposition.RESELL


def test_noise_of_the_floating_point_is_a_tie():
    def nearly_level(content):
        actions = content["costs"]["apparel"]["actions"]
        for action in actions.values():
            action.update(actions["scrap"])
        actions["repair"] = actions["repair"] | {"value": dict.fromkeys("ABCDE", 0.3)}
        actions["resell"] = actions["resell"] | {"value": dict.fromkeys("ABCDE", 0.1 + 0.2)}

    costs = Policy.model_validate(_with(nearly_level)).costs[Category.APPAREL]
    assert costs.utility(Disposition.RESELL, Grade.C) > costs.utility(Disposition.REPAIR, Grade.C)
    assert costs.best({Grade.C: 1.0}, Disposition) is Disposition.REPAIR


def _put(*where, to):
    def change(content):
        for key in where[:-1]:
            content = content[key]
        content[where[-1]] = to

    return change


def _drop(*where):
    def change(content):
        for key in where[:-1]:
            content = content[key]
        del content[where[-1]]

    return change


RESELL = ("costs", "apparel", "actions", "resell")
BROKEN = [
    # a table, a row or a column is missing
    (_drop("costs", "parcel"), "costs should name apparel, electronics, parcel, got apparel, elec"),
    (_drop(*RESELL), "actions should be donate, repair, resell, scrap, got donate, repair, scrap"),
    (_drop(*RESELL, "value", "E"), "value: .*should name the grades A to E, got A, B, C, D"),
    (_drop(*RESELL, "rereturn", "A"), "rereturn: .*should name the grades A to E, got B"),
    (_drop("reviewers", "E"), "reviewers should name the grades A to E, got A, B, C, D"),
    (_drop("currency"), "currency: Field required"),
    # shares that are none
    (_put("reviewers", "A", "A", to=0.9), r"reviewers\.A: .*should sum to 1, got 0\.97"),
    (_put("reviewers", "A", "A", to=1.2), r"reviewers\.A\.A: .*less than or equal to 1, got '1\.2"),
    (_put("costs", "parcel", "unseen", "A", to=0), r"unseen: .*should sum to 1, got 0\.5"),
    (_put(*RESELL, "rereturn", "A", to=5), r"rereturn\.A: .*got '5'"),
    # amounts that cannot be meant
    (_put(*RESELL, "value", "E", to=100), "value of E should be at most that of D, 4, got 100"),
    (_put(*RESELL, "value", "A", to="36 EUR"), r"value\.A: .*number.*got '36 EUR'"),
    (_put(*RESELL, "value", "A", to=".inf"), r"value\.A: .*number, got '\.inf'"),
    (_put(*RESELL, "processing", to=-1), r"processing: .*greater than or equal to 0"),
    (_put("review_cost", to=-1), r"review_cost: .*greater than or equal to 0"),
    (_put("currency", to="euro"), r"currency: .*pattern.*got 'euro'"),
    # a word that nobody knows
    (_put("costs", "shoes", to={}), r"costs\.shoes"),
    (_put("reviewers", "F", to={"A": 1}), r"reviewers\.F"),
    (_put("thresholds", to={}), "thresholds: Extra inputs are not permitted"),
    # a certificate without an end, or with a naive one
    (
        _put("certificates", to=[{"category": "apparel", "risk_at_most": 0.1, "ground": "x"}]),
        r"certificates\.0\.expires_at: Field required",
    ),
    (
        _put(
            "certificates",
            to=[
                {
                    "category": "apparel",
                    "risk_at_most": 0.1,
                    "ground": "x",
                    "expires_at": "2027-01-01T00:00:00",
                }
            ],
        ),
        r"certificates\.0\.expires_at: .*timezone",
    ),
]


@pytest.mark.parametrize(("change", "told"), BROKEN)
def test_a_broken_policy_says_what_is_expected_and_what_stands(tmp_path, change, told):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(_with(change)), encoding="utf-8")
    with pytest.raises(PolicyInvalid, match=rf"mine\.yaml: .*{told}"):
        read(path)


def test_the_certificate_that_the_file_shows_can_be_used(tmp_path):
    text = DEFAULT.read_text(encoding="utf-8")
    path = tmp_path / "certified.yaml"
    shown = text.replace("# certificates:", "certificates:").replace("#   - {cat", "  - {cat")
    path.write_text(shown, encoding="utf-8")
    (certificate,) = read(path).certificates
    assert certificate.category is Category.APPAREL


def certificate(**said) -> Certificate:
    facts = {"category": Category.APPAREL, "risk_at_most": 0.05, "expires_at": NOON, "ground": "-"}
    return Certificate(**(facts | said))


COVERED = [
    # category, risk, covered
    (Category.APPAREL, 0.0, True),
    (Category.APPAREL, 0.05, True),  # λ itself is covered
    (Category.APPAREL, 0.0501, False),
    (Category.PARCEL, 0.0, False),  # another category's proof proves nothing here
]


@pytest.mark.parametrize(("category", "risk", "covered"), COVERED)
def test_what_a_certificate_covers(category, risk, covered):
    policy = default_policy().model_copy(update={"certificates": (certificate(),)})
    assert (policy.covering(category, risk) is not None) is covered


@pytest.mark.parametrize(
    ("moment", "left"),
    [
        (NOON - timedelta(seconds=1), 1),
        (NOON, 0),  # expired at that very moment
        (datetime(2030, 1, 1, tzinfo=UTC), 0),
    ],
)
def test_an_expired_certificate_is_dropped(moment, left):
    policy = default_policy().model_copy(update={"certificates": (certificate(),)})
    assert len(policy.valid_at(moment).certificates) == left
    assert policy.valid_at(moment).identifier == policy.identifier
