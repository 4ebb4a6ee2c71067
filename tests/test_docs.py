"""What a user can type, set, meet or be judged by is in the docs; links and targets there are true."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer.main
from pydantic_settings import BaseSettings

from models.errors import SecondlookError
from models.grading import standard
from models.vocabulary import Category, Defect
from tests.architecture import PACKAGES

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXT = "\n".join(page.read_text() for page in PAGES)
NEEDS_TRAINING = {"training.train", "training.export"}


def documented(word: str) -> bool:
    """The word stands in the docs as code, alone or within a command line."""
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", TEXT) is not None


def _modules() -> Iterator[str]:
    for package in PACKAGES:
        found = pkgutil.walk_packages([str(ROOT / package)], f"{package}.")
        yield from (
            m.name for m in found if m.name not in NEEDS_TRAINING and ".migrations" not in m.name
        )


def _subclasses(of: type) -> Iterator[type]:
    for child in of.__subclasses__():
        yield child
        yield from _subclasses(child)


@pytest.fixture(scope="module", autouse=True)
def everything_imported() -> None:
    for name in _modules():
        importlib.import_module(name)


def _commands(program: str) -> Iterator[tuple[str, click.Command]]:
    app = importlib.import_module(f"{program}.cli").app
    command = typer.main.get_command(app)
    assert isinstance(command, click.Group | typer.main.TyperGroup)
    for name, one in command.commands.items():
        yield f"secondlook-{program} {name}", one


@pytest.mark.parametrize("program", ["station", "server", "training"])
def test_every_command_is_documented_and_has_a_help_text(program: str) -> None:
    commands = dict(_commands(program))
    assert commands
    assert [name for name in commands if not documented(name)] == []
    assert [name for name, command in commands.items() if not command.help] == []


def test_every_setting_is_documented() -> None:
    classes = [c for c in _subclasses(BaseSettings) if c.__module__.split(".")[0] in PACKAGES]
    names = {
        f"{c.model_config.get('env_prefix', '')}{field}".upper()
        if not isinstance(info.validation_alias, str)
        else info.validation_alias
        for c in classes
        for field, info in c.model_fields.items()
    }
    assert {"SECONDLOOK_STATION_TOKEN_FILE", "SECONDLOOK_SERVER_PORT"} <= names
    assert sorted(name for name in names if not documented(name)) == []


@pytest.mark.parametrize("defect", Defect)
def test_every_defect_is_documented(defect: Defect) -> None:
    assert documented(defect)


@pytest.mark.parametrize("category", Category)
def test_every_standard_and_each_of_its_clauses_is_documented(category: Category) -> None:
    rules = standard.load(category)
    clauses = set(re.findall(r"\b[A-Z]{2}-\d+(?:\.\d+)*\b", rules.model_dump_json()))
    assert documented(rules.identifier)
    assert len(clauses) > 5
    assert sorted(clause for clause in clauses if not documented(clause)) == []


def test_every_error_is_documented() -> None:
    names = {error.__name__ for error in _subclasses(SecondlookError)}
    assert {"RecordInvalid", "ReleaseRefused"} <= names
    errors = (ROOT / "docs/errors.md").read_text()
    assert sorted(name for name in names if f"`{name}`" not in errors) == []


def test_every_make_target_is_documented() -> None:
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"run", "test", "lint", "format", "bench", "clean"} <= set(targets)
    assert sorted(target for target in targets if f"make {target}" not in TEXT) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
    local = [link for link in links if not link.startswith(("http://", "https://", "mailto:"))]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_docs_name_no_module_that_is_gone() -> None:
    named = set(re.findall(r"`((?:models|station|server|training)(?:/[\w.-]+)+)`", TEXT))
    assert sorted(path for path in named if not (ROOT / path).exists()) == []
