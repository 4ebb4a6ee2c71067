"""What all tests share: those that work on a server's database work on each kind of it."""

from collections.abc import Iterator

import pytest

from tests.databases import KINDS, databases

AT_WORK = {"serving", "databases", "Running"}
"""A module that knows one of these works with databases; its tests that need a place run twice."""
PLACES = {"server", "database", "home", "tmp_path", "tmp_path_factory"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    works = AT_WORK & vars(metafunc.module).keys() and "server" in metafunc.module.__name__
    if works and PLACES & set(metafunc.fixturenames):
        once = next(metafunc.definition.iter_markers("one_database"), None)
        metafunc.parametrize("kind", KINDS[:1] if once else KINDS, indirect=True, scope="module")


@pytest.fixture(autouse=True, scope="module")
def kind(request: pytest.FixtureRequest) -> Iterator[str]:
    """Which kind of database the tests work on; a module's server asks for it to begin anew with it."""
    with databases.of(getattr(request, "param", "sqlite")):
        yield databases.kind


@pytest.fixture(autouse=True)
def forgotten(kind: str) -> Iterator[None]:
    """A test's databases end with it."""
    assert kind
    before = databases.count()
    yield
    databases.forget_since(before)
