"""What can be wrong with a row, and how it is said in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from models.vocabulary import Language
from models.wording import translator
from server.errors import ContentInvalid, ServerError
from server.pages import LOCALES

MAX_SHOWN = 120
"""Letters of what came that a complaint repeats."""

TITLES = {
    "sku": "SKU",
    "serial": "Serial number",
    "tracking": "Tracking number",
    "reason": "Customer's reason",
}
"""Fields that pages call by more than their name."""


class Complaint(StrEnum):
    """What is wrong; the value is what people read, in English, and the key of its translation."""

    MISSING = "%(column)s is missing."
    UNKNOWN_CATEGORY = "category should be one of %(known)s, got %(got)s."
    TOO_LONG = "%(column)s should have at most %(limit)s characters, got %(got)s."
    UNPRINTABLE = "%(column)s should be printable text on one line, got %(got)s."
    NO_ADDRESS = "return_code should hold no . or .. between slashes, got %(got)s."
    NOT_AN_AMOUNT = "value should be an amount like 1234.50, got %(got)s."
    AMBIGUOUS_AMOUNT = "value %(got)s may mean thousands or decimals; write it with two decimals."
    TOO_MUCH = "value should be from 0 to %(limit)s, got %(got)s."
    OTHER_CURRENCY = "currency should be %(expected)s, the policy's, got %(got)s."
    TWO_CURRENCIES = "value and currency name two currencies, %(got)s and %(other)s."
    SHORTENED = "%(column)s was shortened by a spreadsheet to %(got)s; format its cells as text and fill it in again."
    TOO_MANY_CELLS = "The row has %(got)s cells and the header %(expected)s; put texts that hold the separator into quotation marks."
    TWICE = "This return code stands in line %(line)s already, with another content."
    NOT_JSON = "The line should be a JSON object, got %(got)s."
    OTHER_CODE = "return_code should be the one in the address, got %(got)s."
    INVALID = "%(column)s cannot be used: %(got)s."
    UNKNOWN_SHOT = "shot should be one of %(known)s, got %(got)s."
    NO_SKU = "sku should be 1 to 200 printable characters on one line, without . or .. between slashes, got %(got)s."
    NO_FILE_NAME = "file should be the name of a file, without folders, got %(got)s."
    FILE_MISSING = "There is no file %(got)s beside the list."
    PHOTO_UNREADABLE = "The photo cannot be used: %(got)s."
    PHOTO_IMPOSSIBLE = "The photo should be one picture of at most 100 megapixels, got %(got)s."
    PHOTO_TOO_LARGE = "A photo may have %(limit)s MB, not more."
    NO_ARCHIVE = "The second file should be a ZIP with the photos: %(got)s."
    ARCHIVE_TOO_LARGE = "The ZIP should hold at most %(limit)s files."
    EMPTY_FILE = "The file is empty; its first line should name the columns."
    NO_TEXT = "The file should be CSV text in UTF-8, UTF-16, GB18030 or Windows-1252; in a spreadsheet, save it as CSV UTF-8."
    NO_COLUMN = "The first line should name the columns, %(column)s among them; got %(got)s."
    COLUMN_TWICE = "Each column should stand once; %(got)s mean the same, %(column)s."
    OPEN_QUOTE = "The quotation mark that opens in line %(line)s should be closed."
    TOO_MANY_ROWS = "A file may have %(limit)s rows, not more; split it."
    TOO_MANY_BYTES = "A file may have %(limit)s MB, not more; split it."


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One complaint about one row."""

    complaint: Complaint
    column: str | None
    """The field that it is about; none for the whole row."""
    facts: Mapping[str, object] = field(default_factory=dict)
    """What the words name."""

    def told(self, language: Language) -> str:
        """In words."""
        texts = translator(LOCALES, language)
        column = self.column if language is Language.EN else texts.gettext(self._title)
        return texts.gettext(self.complaint.value) % {"column": column, **self.facts}

    @property
    def _title(self) -> str:
        """What pages call the field, in English; programs and English files call it by its name."""
        name = (self.column or "row").replace("_", " ")
        return TITLES.get(self.column or "", name.capitalize())


class Complained(ServerError):
    """A row of expected returns cannot be used; it is handed back with the reason."""

    def __init__(self, complaint: Complaint, *, column: str | None = None, **facts: object) -> None:
        """Say what is wrong with which field; long texts are cut."""
        shown = {name: _short(value) for name, value in facts.items()}
        self.fault = Fault(complaint=complaint, column=column, facts=shown)
        super().__init__(self.fault.told(Language.EN))


class FileRefused(ContentInvalid):
    """A file of rows cannot be read at all; nothing of it was kept."""

    def __init__(self, complaint: Complaint, *, column: str | None = None, **facts: object) -> None:
        """Say what is wrong with it."""
        self.fault = Complained(complaint, column=column, **facts).fault
        super().__init__(self.fault.told(Language.EN))


def _short(value: object) -> object:
    text = value if isinstance(value, str) else None
    if text is None:
        return value
    clean = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return clean if len(clean) <= MAX_SHOWN else clean[: MAX_SHOWN - 1] + "…"
