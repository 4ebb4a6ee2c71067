import json
import math
from pathlib import Path

import pytest

from models.grading import grades
from models.grading.certificate import Basis, Certificate
from models.grading.evidence import Evidence
from models.grading.judge import judge
from models.grading.policy import CostTable, Policy, default_policy
from models.grading.routing import route
from models.grading.standard import load
from models.vocabulary import Category, Dimension, Disposition, Grade, Reason
from tests.golden.grading.items import FOLDER

PAGE = (Path(__file__).parents[4] / "docs/grading.md").read_text(encoding="utf-8")
EXAMPLE = PAGE.split("## A worked example")[1].split("\n## ")[0].replace("−", "-")


@pytest.fixture(scope="module")
def shirt():
    item = json.loads((FOLDER / "shirt-worked-example.json").read_text(encoding="utf-8"))
    evidence = Evidence.from_json(json.dumps(item["evidence"]))
    standard, policy = load(Category.APPAREL), default_policy()
    judgement = judge(evidence, standard, policy)
    return judgement, route(evidence, judgement, standard, policy)


def test_the_example_scores_what_it_says(shirt):
    score = shirt[0].scores[Dimension.APPEARANCE]
    assert score == pytest.approx(100 * math.exp(-(0.8 * 1.5 + 0.3 * 2) / 4), abs=1e-6)
    assert f"exp(-1.8 / 4) = {score:.2f}" in EXAMPLE


def test_the_example_grades_what_it_says(shirt):
    told = shirt[0].grade
    assert told == pytest.approx({"A": 0.014, "B": 0, "C": 0.746, "D": 0.24, "E": 0})
    assert "0.2 · 0.1 · 0.7 = 0.014, an A" in EXAMPLE
    assert "0.8 · 0.3 = 0.24" in EXAMPLE
    assert f"C, {told[Grade.C]:g}" in EXAMPLE
    letter = grades.announced(told)
    assert f"announced grade is {letter}." in EXAMPLE


@pytest.mark.parametrize("disposition", Disposition)
def test_the_example_is_worth_what_it_says(shirt, disposition):
    costs = default_policy().costs[Category.APPAREL]
    row = next(line for line in EXAMPLE.splitlines() if line.startswith(f"| {disposition} |"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    worth = [round(costs.utility(disposition, g), 6) for g in (Grade.A, Grade.C, Grade.D)]
    assert cells[1:4] == [f"{amount:g}" for amount in worth]
    assert cells[4].endswith(f"{shirt[0].expected_value[disposition]:g}")


def test_the_example_is_routed_as_it_says(shirt):
    judgement, routing = shirt
    assert (judgement.disposition, routing.reasons) == (Disposition.REPAIR, ())
    assert f"(1.5 + 2.6) = {routing.stake:g}." in EXAMPLE
    assert routing.risk == pytest.approx(0.746 + 0.24)
    assert f"0.746 + 0.24 = {routing.risk:g}" in EXAMPLE
    assert routing.by_machine == judgement.expected_value[Disposition.REPAIR]


def test_reviewers_bring_what_the_example_says(shirt):
    policy = default_policy()
    costs = policy.costs[Category.APPAREL]
    brings = {
        g: math.fsum(
            share * costs.utility(costs.best({h: 1.0}, Disposition), g)
            for h, share in policy.reviewers[g].items()
        )
        for g in Grade
    }
    total = math.fsum(p * brings[g] for g, p in shirt[0].grade.items())
    parts = " + ".join(f"{shirt[0].grade[g]:g} · {round(brings[g], 4):g}" for g in "ACD")
    assert f"{parts} = {total:.4f}" in EXAMPLE
    assert f": {total - policy.review_cost - costs.delay_cost:.4f}." in EXAMPLE
    assert shirt[1].by_person == pytest.approx(total - policy.review_cost - costs.delay_cost)


@pytest.mark.parametrize("reason", Reason)
def test_the_page_names_every_reason(reason):
    assert f"| `{reason}` |" in PAGE


def test_the_page_names_every_key_of_the_policy():
    keys = {*Policy.model_fields, *CostTable.model_fields, *Certificate.model_fields}
    keys |= {*Basis.model_fields}
    assert sorted(key for key in keys if f"`{key}`" not in PAGE and f".{key}`" not in PAGE) == []
