import re
from pathlib import Path

import pytest

from models.grading.standard import Standard, load
from models.vocabulary import Category
from tests.unit.models.grading import tables

PAGE = (Path(__file__).parents[4] / "docs/standards.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("category", Category)
def test_the_page_says_of_each_clause_what_the_file_says(category):
    rows = list(tables.rows(load(category)))
    assert len(rows) == len(load(category).clauses())
    assert [row for row in rows if row not in PAGE] == []


def test_the_page_names_no_clause_that_is_gone():
    known = {clause for category in Category for clause in load(category).clauses()}
    assert set(re.findall(r"\b[A-Z]{2}-\d+\.\d+\b", PAGE)) == known


def test_the_page_says_where_bands_end_on_a_photo():
    assert [row for row in tables.shares() if row not in PAGE] == []


def _keys(model):
    for name, field in model.model_fields.items():
        yield name
        for kind in getattr(field.annotation, "__args__", ()):
            yield from _keys(kind) if hasattr(kind, "model_fields") else ()


def test_the_page_names_every_key():
    keys = set(_keys(Standard))
    assert {"up_to_mm", "cap", "tau", "hint"} <= keys
    assert sorted(key for key in keys if not re.search(rf"[`.]{key}`", PAGE)) == []
