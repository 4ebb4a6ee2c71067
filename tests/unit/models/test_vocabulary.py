import inspect
from enum import StrEnum

import pytest

from models import vocabulary
from models.vocabulary import Destination, Disposition, Grade

ENUMS = [
    kind
    for _, kind in inspect.getmembers(vocabulary, inspect.isclass)
    if issubclass(kind, StrEnum) and kind is not StrEnum
]


@pytest.mark.parametrize("kind", ENUMS)
def test_a_value_is_its_name_in_small_letters(kind):
    for member in kind:
        assert member.value.replace(":", "_") == (
            member.name if kind is Grade else member.name.lower()
        )


@pytest.mark.parametrize("kind", ENUMS)
def test_every_word_says_what_it_means(kind):
    assert (kind.__doc__ or "").strip().endswith(".")


@pytest.mark.parametrize("kind", ENUMS)
def test_a_word_nobody_knows_is_refused(kind):
    with pytest.raises(ValueError, match="'never said' is not a valid"):
        kind("never said")


def test_what_stands_on_the_wire_is_never_renamed():
    # Records are kept for ever: these words stand in databases and files.
    assert list(Grade) == ["A", "B", "C", "D", "E"]
    assert list(Disposition) == ["resell", "repair", "donate", "scrap"]
    assert list(Destination) == ["automatic", "review"]
