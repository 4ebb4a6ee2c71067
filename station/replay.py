"""Sample returns in a folder, replayed one after the other as if somebody scanned them."""

import json
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml
from pydantic import Field, model_validator

from models.errors import RecordInvalid
from models.record import Code, Identifier, Record, Text
from models.records import Answer
from models.vocabulary import Category, Language, Shot
from station.errors import ReplayInvalid
from station.scanner import clean

RETURNS = "returns.yaml"


class SamplePhoto(Record):
    """One file of a sample return."""

    file: str = Field(min_length=1)
    """Path below the folder."""
    shot: Shot
    """The view that it shows."""


class SampleReturn(Record):
    """One item that comes back, as the folder camera and its operator know it."""

    code: Code
    """What the scan gun reads."""
    category: Category
    """Which standard applies."""
    note_en: Text = ""
    """What it is, in English."""
    note_zh: Text = ""
    """What it is, in Chinese."""
    photos: tuple[SamplePhoto, ...]
    """In the order in which they are taken."""
    answers: dict[Identifier, Identifier] = Field(default_factory=dict)
    """question id → choice id: what the operator answers."""

    @model_validator(mode="after")
    def _a_gun_can_send_it(self) -> "SampleReturn":
        if clean(self.code) != self.code:
            raise ValueError(f"code should be what a scan gun sends, printable, got {self.code!r}")
        return self

    def note(self, language: Language) -> str:
        """What it is."""
        return self.note_zh if language is Language.ZH else self.note_en

    def given(self) -> tuple[Answer, ...]:
        """The operator's answers."""
        return tuple(Answer(question=q, choice=c) for q, c in self.answers.items())


class _Returns(Record):
    returns: tuple[SampleReturn, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _codes_differ(self) -> "_Returns":
        codes = [one.code for one in self.returns]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise ValueError(f"each code should stand once, got {twice[0]} more than once")
        return self


def read_returns(folder: Path) -> tuple[SampleReturn, ...]:
    """The folder's sample returns, in order. Raises ReplayInvalid, naming the file and the fault."""
    path = folder / RETURNS
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        # Through JSON, so that a code like 2026-01-05 is no date and a bad value is told as everywhere.
        told = _Returns.from_json(json.dumps({"returns": content}, default=str))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecordInvalid) as error:
        raise ReplayInvalid(f"{path}: {' '.join(str(error).split())}") from error
    for one in told.returns:
        for photo in one.photos:
            _stay_inside(path, photo.file)
    return told.returns


def _stay_inside(path: Path, file: str) -> None:
    parts = PurePosixPath(file)
    if parts.is_absolute() or ".." in parts.parts:
        raise ReplayInvalid(f"{path}: {file} should lie below the folder")


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One sample return in one round: what the replay does next."""

    round: int
    """Counted from 1."""
    place: int
    """Where it stands in the folder, counted from 1."""
    sample: SampleReturn
    """The item."""


def next_turn(
    returns: Sequence[SampleReturn], round_: int, accepted: Set[str], rounds: int
) -> Turn | None:
    """The first return that the newest round lacks, else the first of the next round, else none.

    `round_`, `accepted`: what the outbox says of the newest round; so the replay goes on where the
    last accepted item left it, whatever happened to the process. `rounds`: 0 means without end.
    """
    for place, sample in enumerate(returns, 1):
        if sample.code not in accepted:
            return Turn(round=round_, place=place, sample=sample)
    if rounds and round_ >= rounds:
        return None
    return Turn(round=round_ + 1, place=1, sample=returns[0])
