"""Templates with the page's texts in either language."""

import html
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from models.vocabulary import Grade, Language
from models.wording import translator, word
from station.screen import view

ROOT = Path(__file__).parent
TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"
LOCALES = ROOT / "locales"


@cache
def _environment(language: Language) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    texts = translator(LOCALES, language)
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
        texts.gettext, texts.ngettext, newstyle=True
    )
    environment.filters["word"] = lambda member: word(member, language)
    environment.globals.update(
        view=view, language=language, other=_other(language), grades=tuple(Grade)
    )
    return environment


def _other(language: Language) -> Language:
    return Language.EN if language is Language.ZH else Language.ZH


def said(macro: str, name: str, language: Language) -> str:
    """What words.html says for one of the station's own words, without markup: for a terminal."""
    words: Any = _environment(language).get_template("words.html").module
    return html.unescape(str(getattr(words, macro)(name))).strip()


def render(name: str, language: Language, **facts: Any) -> str:  # noqa: ANN401 - whatever the template asks for
    """One template in one language."""
    return _environment(language).get_template(name).render(facts)
