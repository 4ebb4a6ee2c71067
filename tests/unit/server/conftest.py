"""Every test that works on a database runs on SQLite and on PostgreSQL: see tests/databases.py.

`SECONDLOOK_TEST_DATABASE=sqlite` or `postgresql` takes one only, while developing.
"""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.unit.server.running import Running, serving


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with serving(tmp_path) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the developer's shell sets must not decide tests."""
    for name in [name for name in os.environ if name.startswith("SECONDLOOK_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True, scope="session")
def quiet() -> Iterator[None]:
    """Requests are not told one by one; what goes wrong still is."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    yield
    structlog.reset_defaults()
