"""The index finds what was said by the beginnings of words and the endings of codes, newest first."""

from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from server import words
from tests.unit.server.running import Running

TEXTS = {
    1: "RT-004711\nbench-1\nli.na\napparel@1\nStain\n污渍",
    2: "SN:ÄB-99887766\nbench-12\n左袖有一处污渍，很小",
    3: "ＲＴ－１２３\nstraße",  # full width, as some scanners and people write
    4: "100%_OFF\nbench-1",
}


def found(server: Running, word: str) -> list[int]:
    asked = words.wanted(words.plain(word))
    with server.parts.database.reading() as connection:
        _, arrival, condition = words.matching(connection, asked.every)
        return list(
            connection.execute(select(arrival).where(*condition).order_by(arrival)).scalars()
        )


@pytest.fixture
def kept(server: Running) -> Running:
    with server.parts.database.writing() as connection:
        for arrival, said in TEXTS.items():
            words.add(connection, arrival, words.plain(said))
    return server


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("stain", [1]),
        ("STA", [1]),
        ("tain", []),  # words are found by their beginning
        ("4711", [1]),  # and codes by their ending
        ("766", [2]),
        ("66", []),  # an ending has three letters at least
        ("rt-123", [3]),
        ("strasse", [3]),
        ("污渍", [1, 2]),
        ("污", [1, 2]),
        ("左袖有一处", [2]),
        ("渍污", []),
        ("bench", [1, 2, 4]),
        ("off", [4]),
        ("' OR 1", []),
        ('"', None),
        ("NEAR(", []),
    ],
)
def test_what_is_found(kept: Running, word: str, expected: list[int] | None) -> None:
    if expected is None:
        assert words.wanted(words.plain(word)).every == ()
        return
    assert found(kept, word) == expected


def test_what_was_removed_is_found_no_longer(kept: Running) -> None:
    with kept.parts.database.writing() as connection:
        words.remove(connection, 1, words.plain(TEXTS[1]))
    assert found(kept, "stain") == []
    assert found(kept, "污渍") == [2]


@pytest.mark.parametrize(
    ("word", "exact"),
    [("stain", True), ("污渍", True), ("bench-1", False), ("左袖有", False), ("a" * 13, False), ("%", False)],
)  # fmt: skip
def test_what_tokens_cannot_tell_is_compared_with_the_text(word: str, exact: bool) -> None:
    assert (words.wanted(word).within is None) == exact


@given(st.text(max_size=300))
def test_a_text_is_found_by_each_of_its_words(said: str) -> None:
    text = words.plain(said)
    tokens = words.tokens(text)
    for word in text.split():
        for choice in words.wanted(word).every:
            assert tokens & set(choice)


@given(st.text(max_size=300))
def test_tokens_are_letters_and_digits_so_no_query_language_reads_them(said: str) -> None:
    for token in words.tokens(words.plain(said)):
        assert all(c.isalnum() for c in token.removeprefix(words.ENDING) if c.isascii())


def test_a_hostile_text_costs_little() -> None:
    many = " ".join(f"{n:x}" for n in range(100_000))
    assert len(words.tokens(many)) == words.MOST


def test_the_step_that_fills_the_index_makes_the_same_tokens() -> None:
    step = import_module("server.migrations.versions.0005_search")
    for said in TEXTS.values():
        assert step._tokens(words.plain(said)) == words.tokens(words.plain(said))
