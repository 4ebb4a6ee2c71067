"""The house rules as functions of a folder, so that they can be tried on a broken copy of the house."""

import ast
import importlib.metadata
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

PACKAGES = ("models", "station", "server", "training")
MAX_FILE_LINES = 350
MAX_MEDIAN_LINES = 8
MAX_NINTH_DECILE_LINES = 25
MAX_FUNCTION_LINES = 40

# Who alone may import what; everything else of ours may not.
GUARDED = {
    "onnxruntime": {"models/vision/session.py"},
    "openvino": {"models/vision/session.py"},
    "ultralytics": {"training/train.py", "training/export.py", "training/warm.py"},
    "torch": {"training/train.py", "training/export.py", "training/warm.py"},
    "zxingcpp": {"models/vision/codes.py"},
    "harvesters": {"station/cameras/genicam.py"},
}
AGPL_NOTE = "AGPL-3.0"


def python_files(root: Path) -> list[Path]:
    found = (path for package in PACKAGES for path in sorted((root / package).rglob("*.py")))
    return [path for path in found if "migrations/versions" not in path.as_posix()]


def broken_import_contracts(root: Path) -> str:
    """What lint-imports says when it is run in root; empty when every contract is kept."""
    lint_imports = Path(sys.executable).with_name("lint-imports")
    told = subprocess.run(
        [lint_imports, "--no-cache"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if told.returncode == 0 else told.stdout + told.stderr


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def guarded_imports(root: Path) -> list[str]:
    return [
        f"{where} imports {name}, which only {sorted(GUARDED[name])} may"
        for path in python_files(root)
        for where in [path.relative_to(root).as_posix()]
        for name in sorted(set(_imported(ast.parse(path.read_text()))) & set(GUARDED))
        if where not in GUARDED[name]
    ]


def unmarked_agpl(root: Path) -> list[str]:
    """Files that import Ultralytics and do not say under which licence it is."""
    return [
        path.relative_to(root).as_posix()
        for path in python_files(root)
        if "ultralytics" in set(_imported(ast.parse(path.read_text())))
        and AGPL_NOTE not in path.read_text()[:1500]
    ]


def python_in_datasets(root: Path) -> list[str]:
    return [str(path.relative_to(root)) for path in (root / "datasets").rglob("*.py")]


def foreign_providers() -> dict[str, list[str]]:
    """Installed distributions, other than ours, that bring one of our four package names."""
    provided = importlib.metadata.packages_distributions()
    strangers = {name: sorted(set(provided.get(name, [])) - {"secondlook"}) for name in PACKAGES}
    return {name: them for name, them in strangers.items() if them}


def brought_by(extra: str) -> set[str]:
    """Names of all distributions that installing secondlook[extra] brings, as far as installed here."""
    found: set[str] = set()
    open_ends = [("secondlook", extra)]
    while open_ends:
        name, wanted = open_ends.pop()
        try:
            texts = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # not installed: another platform's
        needed = (Requirement(text) for text in texts)
        for requirement in needed:
            if requirement.marker and not requirement.marker.evaluate({"extra": wanted}):
                continue
            if requirement.name.lower() not in found:
                found.add(requirement.name.lower())
                open_ends += [(requirement.name, one) for one in ("", *requirement.extras)]
    return found


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from def to the end, without the docstring and blank decorators."""
    docstring = ast.get_docstring(function, clean=False)
    end = function.end_lineno or function.lineno
    return end - function.lineno + 1 - (len(docstring.splitlines()) if docstring else 0)


def function_lengths(root: Path) -> dict[str, int]:
    return {
        f"{path.relative_to(root).as_posix()}:{node.lineno} {node.name}": _length(node)
        for path in python_files(root)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def oversized(root: Path) -> list[str]:
    files = {
        p.relative_to(root).as_posix(): len(p.read_text().splitlines()) for p in python_files(root)
    }
    lengths = function_lengths(root)
    told = [
        f"{f}: {n} lines, at most {MAX_FILE_LINES}" for f, n in files.items() if n > MAX_FILE_LINES
    ]
    told += [
        f"{f}: {n} lines, at most {MAX_FUNCTION_LINES}"
        for f, n in lengths.items()
        if n > MAX_FUNCTION_LINES
    ]
    median = statistics.median(lengths.values())
    ninth = statistics.quantiles(lengths.values(), n=10)[-1]
    if median > MAX_MEDIAN_LINES:
        told.append(f"functions: median {median} lines, at most {MAX_MEDIAN_LINES}")
    if ninth > MAX_NINTH_DECILE_LINES:
        told.append(f"functions: ninth decile {ninth:.0f} lines, at most {MAX_NINTH_DECILE_LINES}")
    return told
