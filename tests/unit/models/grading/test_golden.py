import json

import pytest

from tests.golden.grading.items import FOLDER, verdict

ITEMS = sorted(FOLDER.glob("*.json"))


def test_there_are_items_of_every_standard():
    told = {json.loads(path.read_text(encoding="utf-8"))["standard"] for path in ITEMS}
    assert told == {"apparel@1", "electronics@1", "parcel@1"}


@pytest.mark.parametrize("path", ITEMS, ids=lambda path: path.stem)
def test_the_verdict_is_the_frozen_one(path):
    item = json.loads(path.read_text(encoding="utf-8"))
    assert verdict(item) == {"judgement": item["judgement"], "routing": item["routing"]}
