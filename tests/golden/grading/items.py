"""Whole items and their frozen verdicts.

A changed verdict is a changed rule: raise the standard's or the policy's version, then freeze anew
with `python -m tests.golden.grading.items` and read the difference before you commit it.
"""

import json
from pathlib import Path
from typing import Any

from models.grading.evidence import Evidence
from models.grading.judge import judge
from models.grading.policy import default_policy
from models.grading.routing import route
from models.grading.standard import load_version

FOLDER = Path(__file__).parent


def verdict(item: dict[str, Any]) -> dict[str, Any]:
    """The judgement and the routing of one item's evidence, as JSON would have them."""
    evidence = Evidence.from_json(json.dumps(item["evidence"]))
    standard, policy = load_version(item["standard"]), default_policy()
    judgement = judge(evidence, standard, policy)
    routing = route(evidence, judgement, standard, policy)
    return {
        "judgement": judgement.model_dump(mode="json"),
        "routing": routing.model_dump(mode="json"),
    }


def freeze() -> None:
    for path in sorted(FOLDER.glob("*.json")):
        item = json.loads(path.read_text(encoding="utf-8"))
        text = json.dumps(item | verdict(item), indent=2, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    freeze()
