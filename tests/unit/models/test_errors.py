import inspect
import re

import pytest

from models import errors
from models.errors import (
    CategoryUnknown,
    PhotoMissing,
    PhotoTooLarge,
    PhotoUnreadable,
    SecondlookError,
    StandardInvalid,
)

CLASSES = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, SecondlookError)
]


@pytest.mark.parametrize("kind", CLASSES)
def test_the_docstring_is_the_default_message(kind):
    assert str(kind()) == inspect.getdoc(kind)
    assert str(kind()).endswith(".")
    assert "\n" not in str(kind())


@pytest.mark.parametrize("kind", CLASSES)
def test_a_message_of_its_own_wins(kind):
    assert str(kind("box.jpg: no such photo")) == "box.jpg: no such photo"


def test_the_tree_is_drawn_at_the_top():
    drawn = re.findall(r"^\s*[│├└─\s]*([A-Z]\w+)$", errors.__doc__ or "", re.MULTILINE)
    assert sorted(drawn) == sorted(kind.__name__ for kind in CLASSES)


@pytest.mark.parametrize(
    ("kind", "caught_as"),
    [
        (PhotoMissing, PhotoUnreadable),
        (PhotoTooLarge, PhotoUnreadable),
        (CategoryUnknown, StandardInvalid),
        (StandardInvalid, SecondlookError),
    ],
)
def test_who_catches_whom(kind, caught_as):
    assert issubclass(kind, caught_as)
