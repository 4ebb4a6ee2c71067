"""What `secondlook-station inspect` was asked for: its arguments, checked before anything is loaded."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from models.errors import CategoryUnknown
from models.grading.standard import Standard, load
from models.records import Answer
from models.vocabulary import Category, Shot
from station.errors import StationError

_NAMED = re.compile(r"(\w+)=(.+)", re.DOTALL)


class Wanted(NamedTuple):
    """One photo to look at."""

    shot: Shot
    """What it shows."""
    path: Path
    """Where it is."""


class Request(NamedTuple):
    """What was asked for, all of it known."""

    category: Category
    """Of the item."""
    standard: Standard
    """The category's newest."""
    photos: tuple[Wanted, ...]
    """In the order given."""
    answers: tuple[Answer, ...]
    """Each question at most once."""


def understand(category: str, photos: Sequence[str], answers: Sequence[str]) -> Request:
    """Check everything that can be checked without opening a file.

    A photo is a path or SHOT=PATH; plain paths take the standard's shots in order, skipping those
    that were named, and further ones are details. Raises CategoryUnknown or StationError, naming
    what was given and what there is.
    """
    if not category:
        raise StationError(f"no category was given; give --category {' or '.join(Category)}")
    standard = load(category)
    if category not in set(Category):
        raise CategoryUnknown(f"there is no category {category!r}; there are: {_list(Category)}")
    if not photos:
        raise StationError(f"no photo was given; give at least {standard.required_shots[0]}")
    return Request(
        category=Category(category),
        standard=standard,
        photos=_assigned(photos, standard),
        answers=_answers(answers, standard),
    )


def _assigned(photos: Sequence[str], standard: Standard) -> tuple[Wanted, ...]:
    known = [rule.id for rule in standard.shots]
    named = [_named(photo, known) for photo in photos]
    taken = [wanted.shot for wanted in named if isinstance(wanted, Wanted)]
    for wanted in named:
        if isinstance(wanted, Wanted) and wanted.shot is not Shot.DETAIL:
            _refuse_second(wanted, taken)
    free = iter([shot for shot in known if shot not in {*taken, Shot.DETAIL}])
    return tuple(
        wanted if isinstance(wanted, Wanted) else Wanted(next(free, Shot.DETAIL), wanted)
        for wanted in named
    )


def _named(photo: str, known: Sequence[Shot]) -> Wanted | Path:
    """SHOT=PATH, or a path; a file whose own name has an = in it is taken as it is."""
    match = _NAMED.fullmatch(photo)
    if not match:
        return Path(photo)
    if match[1] in known:
        return Wanted(Shot(match[1]), Path(match[2]))
    try:
        if Path(photo).exists():
            return Path(photo)
    except (OSError, ValueError):
        pass
    raise StationError(f"{photo}: there is no shot {match[1]!r} here; there are: {_list(known)}")


def _refuse_second(wanted: Wanted, taken: Sequence[Shot]) -> None:
    if taken.count(wanted.shot) > 1:
        raise StationError(
            f"{wanted.path}: {wanted.shot} was given more than once; give one, others as detail"
        )


def _answers(answers: Sequence[str], standard: Standard) -> tuple[Answer, ...]:
    questions = {question.id: question for question in standard.questions}
    given: dict[str, Answer] = {}
    for answer in answers:
        name, _, choice = answer.partition("=")
        if name not in questions:
            raise StationError(
                f"--answer {answer}: there is no question {name!r}; there are: {_list(questions)}"
            )
        choices = [known.id for known in questions[name].choices]
        if choice not in choices:
            raise StationError(
                f"--answer {answer}: there is no choice {choice!r}; there are: {_list(choices)}"
            )
        if name in given:
            raise StationError(f"--answer {answer}: {name} was answered before; answer it once")
        given[name] = Answer(question=name, choice=choice)
    return tuple(given.values())


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)
