import inspect
from enum import StrEnum

import pytest
import yaml

from models import vocabulary
from models.errors import SecondlookError
from models.vocabulary import Defect, Grade, Language
from models.wording import WORDS, translator, word

ENUMS = [
    kind
    for _, kind in inspect.getmembers(vocabulary, inspect.isclass)
    if issubclass(kind, StrEnum) and kind is not StrEnum
]
MEMBERS = [member for kind in ENUMS for member in kind]

PO = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"

msgid "Next item"
msgstr "下一件"

msgid "%(num)s return"
msgid_plural "%(num)s returns"
msgstr[0] "%(num)s 件退货"

#, fuzzy
msgid "Guessed"
msgstr "猜的"
"""


def test_the_vocabulary_is_found():
    assert Defect in ENUMS
    assert len(ENUMS) >= 13


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("member", MEMBERS, ids=lambda m: f"{type(m).__name__}.{m.name}")
def test_every_member_has_words(member, language):
    text = word(member, language)
    assert text
    assert text == text.strip()


@pytest.mark.parametrize("member", MEMBERS, ids=lambda m: f"{type(m).__name__}.{m.name}")
def test_chinese_is_chinese_and_english_is_not(member):
    assert any("\u4e00" <= letter <= "\u9fff" for letter in word(member, Language.ZH))
    assert word(member, Language.EN).replace("–", "-").isascii()


def test_no_word_is_left_over():
    told = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    assert {kind: set(words) for kind, words in told.items()} == {
        kind.__name__.lower(): {member.value for member in kind} for kind in ENUMS
    }


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", ENUMS)
def test_no_two_members_of_a_kind_read_alike(kind, language):
    assert len({word(member, language) for member in kind}) == len(kind)


def test_stain_is_wuzi():
    assert word(Defect.STAIN, Language.ZH) == "污渍"


def test_a_grade_starts_with_its_letter():
    assert all(word(grade, language).startswith(grade) for grade in Grade for language in Language)


def test_a_word_from_elsewhere_is_refused():
    class Colour(StrEnum):
        RED = "red"

    with pytest.raises(KeyError):
        word(Colour.RED, Language.EN)


def test_chinese_comes_from_the_po_file(tmp_path):
    (tmp_path / "zh.po").write_text(PO, encoding="utf-8")
    texts = translator(tmp_path, Language.ZH)
    assert texts.gettext("Next item") == "下一件"
    assert texts.ngettext("%(num)s return", "%(num)s returns", 3) == "%(num)s 件退货"


def test_a_fuzzy_or_missing_text_stays_english(tmp_path):
    (tmp_path / "zh.po").write_text(PO, encoding="utf-8")
    texts = translator(tmp_path, Language.ZH)
    assert texts.gettext("Guessed") == "Guessed"
    assert texts.gettext("Never said") == "Never said"


def test_english_needs_no_file(tmp_path):
    texts = translator(tmp_path, Language.EN)
    assert texts.gettext("Next item") == "Next item"
    assert texts.ngettext("a return", "returns", 2) == "returns"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SecondlookError, match=r"zh\.po: there is no translation file for zh"):
        translator(tmp_path, Language.ZH)


def test_a_broken_file_is_named(tmp_path):
    (tmp_path / "zh.po").write_text('msgid "cut short\n', encoding="utf-8")
    with pytest.raises(SecondlookError, match=r"zh\.po: not a translation file"):
        translator(tmp_path, Language.ZH)
