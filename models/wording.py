"""What people read for a word of the vocabulary, and how pages find their translations."""

import gettext
import io
from enum import StrEnum
from functools import cache
from pathlib import Path

import yaml
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from models.errors import SecondlookError
from models.vocabulary import Language

WORDS = Path(__file__).with_name("words.yaml")


def word(member: StrEnum, language: Language) -> str:
    """What people read for one member of the vocabulary; KeyError for any other StrEnum."""
    return _words()[type(member).__name__.lower()][member.value][language.value]


@cache
def _words() -> dict[str, dict[str, dict[str, str]]]:
    # BaseLoader: every value stays the text that was written, also "no", "on" or "1.0".
    words: dict[str, dict[str, dict[str, str]]] = yaml.load(
        WORDS.read_text(encoding="utf-8"),
        Loader=yaml.BaseLoader,  # noqa: S506 - builds only str, list and dict: the safest loader
    )
    return words


@cache
def translator(folder: Path, language: Language) -> gettext.NullTranslations:
    """The texts of the pages under folder, from `<folder>/<language>.po`.

    English is what the templates say, so it has no file. Raises SecondlookError where another
    language's file is missing or broken.
    """
    if language is Language.EN:
        return gettext.NullTranslations()
    path = folder / f"{language}.po"
    try:
        with path.open("rb") as file:
            catalog = read_po(file, locale=language.value, abort_invalid=True)
    except FileNotFoundError as error:
        raise SecondlookError(f"{path}: there is no translation file for {language}") from error
    except PoFileError as error:
        raise SecondlookError(f"{path}: not a translation file: {error}") from error
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
