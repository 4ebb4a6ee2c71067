import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.errors import RecordInvalid
from models.supply import ExpectedReturn
from models.vocabulary import Category

lines = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=30).filter(
    str.strip
)


@given(
    code=lines.filter(lambda c: not set(c.strip().split("/")) & {".", ".."}),
    reason=st.none() | lines,
    value=st.none() | st.floats(0, 1e6),
)
def test_what_goes_to_json_comes_back(code, reason, value):
    one = ExpectedReturn(
        return_code=code,
        category=Category.PARCEL,
        reason=reason,
        value=value,
        currency=None if value is None else "EUR",
    )
    assert ExpectedReturn.from_json(one.to_json()) == one


@pytest.mark.parametrize(
    "said",
    [
        {"return_code": ""},
        {"return_code": "  "},
        {"return_code": "a\nb"},  # a code is one line
        {"return_code": "a\x00b"},
        {"return_code": "a/../b"},  # a browser would ask for b
        {"return_code": "."},
        {"return_code": "x" * 201},
        {"category": "furniture"},
        {"value": -1, "currency": "EUR"},
        {"value": float("nan"), "currency": "EUR"},
        {"value": 1e12, "currency": "EUR"},
        {"value": 5},  # five what?
        {"currency": "EUR"},
        {"value": 5, "currency": "euro"},
        {"reason": "a\x00"},
        {"reason": "x" * 2001},
    ],
)
def test_what_is_no_expected_return(said):
    with pytest.raises(ValidationError):
        ExpectedReturn(**({"return_code": "RT-1", "category": "apparel"} | said))


def test_the_message_names_the_field():
    with pytest.raises(RecordInvalid, match=r"category.*apparel.*got 'x'"):
        ExpectedReturn.from_json('{"return_code": "RT-1", "category": "x"}')


def test_stations_get_no_contact():
    one = ExpectedReturn(return_code="RT-1", category=Category.PARCEL, contact="ann@example.org")
    assert "ann" not in one.without_contact().to_json()
