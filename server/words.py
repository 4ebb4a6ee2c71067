"""The index of the free text: words by their beginning, codes by their ending too, Chinese by pairs.

Both databases keep the same tokens, newest first at the same price however many there are: SQLite in
an FTS5 table, PostgreSQL in a tsvector under GIN; neither needs an extension or a superuser. Tokens
of a text are every beginning of every word, so a search for a beginning is one look-up.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from sqlalchemy import BigInteger, ColumnElement, Connection, FromClause, column, table, text

LONGEST = 16
"""Letters of a word's beginning that are kept; the rest of a longer word is compared afterwards."""
SHORTEST_ENDING, LONGEST_ENDING = 3, 12
"""Letters of a code's ending that are kept: people read out the last digits."""
MOST = 4000
"""Tokens kept of one text: a note has at most 2,000 letters, so only hostile texts reach it."""
ENDING = "~"
_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(f"([{_HAN}]+)|([^\\W_{_HAN}]+)")

words = table("standing_words", column("rowid", BigInteger), column("arrival", BigInteger))


def plain(said: str) -> str:
    """One spelling of everything: no capitals, no full-width digits, nothing that a database refuses."""
    return unicodedata.normalize("NFKC", said).casefold().replace("\0", "\ufffd")


def tokens(search_text: str) -> set[str]:
    """What a plain text can be found by."""
    found: set[str] = set()
    for token in _tokens(search_text):
        if len(found) == MOST:
            break
        found.add(token)
    return found


def _tokens(search_text: str) -> Iterator[str]:
    for run in _RUN.finditer(search_text):
        if han := run[1]:
            yield from han
            yield from _pairs(han)
        else:
            yield from _beginnings(run[2], 1, LONGEST)
            if _is_code(run[2]):
                endings = _beginnings(run[2][::-1], SHORTEST_ENDING, LONGEST_ENDING)
                yield from (ENDING + ending for ending in endings)


def _pairs(han: str) -> Iterator[str]:
    yield from (han[i : i + 2] for i in range(len(han) - 1))


def _beginnings(word: str, shortest: int, longest: int) -> Iterator[str]:
    yield from (word[:n] for n in range(shortest, min(len(word), longest) + 1))


def _is_code(word: str) -> bool:
    return len(word) > SHORTEST_ENDING and any(c.isdigit() for c in word)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What one typed word asks of the index and, where that cannot tell, of the text itself."""

    every: tuple[tuple[str, ...], ...]
    """Of each of these, one must be among the tokens."""
    within: str | None = None
    """Must stand in the text like this."""


def wanted(word: str) -> Wanted:
    """What a plain word without spaces asks for."""
    runs = list(_RUN.finditer(word))
    every = [choice for run in runs for choice in _choices(run, alone=len(runs) == 1)]
    longest = 2 if runs and runs[0][1] else LONGEST_ENDING
    exact = len(runs) == 1 and runs[0][0] == word and len(word) <= longest
    return Wanted(every=tuple(every), within=None if exact else word)


def _choices(run: re.Match[str], *, alone: bool) -> Iterator[tuple[str, ...]]:
    if han := run[1]:
        yield from ((pair,) for pair in (_pairs(han) if len(han) > 1 else han))
        return
    word, ending = run[2], run[2][::-1][:LONGEST_ENDING]
    if alone and len(word) >= SHORTEST_ENDING and any(c.isdigit() for c in word):
        yield (word[:LONGEST], ENDING + ending)
    else:
        yield (word[:LONGEST],)


def matching(
    connection: Connection, every: Iterable[tuple[str, ...]]
) -> tuple[FromClause, ColumnElement[int], tuple[ColumnElement[bool], ...]]:
    """The texts that have one of each choice: the index, its column of arrivals, the condition.

    Tokens are letters and digits, so nothing that was typed is read as a query language.
    """
    if connection.dialect.name == "sqlite":
        asked = " AND ".join(_choice(c, '"', " OR ") for c in every)
        arrival: ColumnElement[int] = words.c.rowid
        condition = text("standing_words MATCH :words").bindparams(words=asked)
    else:
        asked = " & ".join(_choice(c, "'", " | ") for c in every)
        arrival = words.c.arrival
        condition = text("standing_words.words @@ CAST(:words AS tsquery)").bindparams(words=asked)
    return words, arrival, (cast("ColumnElement[bool]", condition),)


def _choice(choice: tuple[str, ...], quote: str, either: str) -> str:
    return f"({either.join(f'{quote}{token}{quote}' for token in choice)})"


def add(connection: Connection, arrival: int, search_text: str) -> None:
    """Let the text be found."""
    said = sorted(tokens(search_text))
    if connection.dialect.name == "sqlite":
        statement, value = (
            "INSERT INTO standing_words (rowid, words) VALUES (:a, :w)",
            " ".join(said),
        )
        connection.execute(text(statement), {"a": arrival, "w": value})
    else:
        statement = "INSERT INTO standing_words VALUES (:a, array_to_tsvector(CAST(:w AS text[])))"
        connection.execute(text(statement), {"a": arrival, "w": said})


def remove(connection: Connection, arrival: int, search_text: str) -> None:
    """Let the text, which must be the one that was added, be found no longer."""
    if connection.dialect.name == "sqlite":
        # The index keeps no text: it is told what it holds.
        statement = (
            "INSERT INTO standing_words (standing_words, rowid, words) VALUES ('delete', :a, :w)"
        )
        value = " ".join(sorted(tokens(search_text)))
        connection.execute(text(statement), {"a": arrival, "w": value})
    else:
        connection.execute(text("DELETE FROM standing_words WHERE arrival = :a"), {"a": arrival})
