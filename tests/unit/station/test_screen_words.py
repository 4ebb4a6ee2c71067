"""Every sentence of the bench's page stands in both languages."""

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from jinja2 import UndefinedError

from models.vocabulary import Disposition, Language
from station.board import Step
from station.ledger import State
from station.screen.pages import LOCALES, TEMPLATES, _environment, render
from station.uplink import Trouble

MACROS = "{% import 'words.html' as words with context %}"


def sentences():
    found = extract_from_dir(TEMPLATES, [("**.html", "jinja2")], strip_comment_tags=True)
    for _, _, message, _, _ in found:
        yield message[0] if isinstance(message, tuple) else message


def chinese():
    with (LOCALES / "zh.po").open("rb") as file:
        return read_po(file, locale="zh")


def test_every_sentence_has_its_chinese():
    catalog = chinese()
    wanted = set(sentences())
    assert len(wanted) > 50
    assert sorted(one for one in wanted if one not in catalog or not catalog[one].string) == []


def test_no_chinese_is_left_over():
    ids = {m.id[0] if isinstance(m.id, tuple) else m.id for m in chinese() if m.id}
    assert sorted(ids - set(sentences())) == []


def test_placeholders_are_kept():
    faults = {message.id: list(errors) for message, errors in chinese().check()}
    assert faults == {}


def test_every_word_of_the_code_has_a_text():
    words = {
        "step": Step,
        "shelf": ["hold", *Disposition],
        "why_shelf": ["hold", *Disposition],
        "trouble": Trouble,
        "sent": State,
    }
    for language in Language:
        for macro, members in words.items():
            for member in members:
                assert render_macro(language, macro, str(member)).strip()


def render_macro(language, macro, name):
    template = _environment(language).from_string(f"{MACROS}{{{{ words.{macro}(name) }}}}")
    return template.render(name=name)


def test_a_page_needs_nothing_that_is_not_given():
    """StrictUndefined: a name that a template misspells fails instead of showing nothing."""
    with pytest.raises(UndefinedError):
        render("item.html", Language.EN)
