"""The files that stations are offered: standards and releases as they are installed, the costs in force."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import yaml

import models
from models.errors import RecordInvalid
from models.grading.policy import Policy
from models.grading.standard import STANDARDS
from models.records import Release
from models.supply import Supplied, SuppliedFile

RELEASES = Path(models.__file__).parent / "releases"
CARD = "card.yaml"
Content = Path | bytes
"""A file that lies somewhere, or bytes that were made here."""


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Everything that is offered at one moment."""

    standards: tuple[Supplied, ...]
    policies: tuple[Supplied, ...]
    releases: tuple[Supplied, ...]
    contents: Mapping[str, Content] = field(repr=False)
    """Hash → what has it."""

    @property
    def fingerprint(self) -> str:
        """Another one means that something changed; 16 hex digits."""
        told = [
            [one.to_json() for one in kind]
            for kind in (self.standards, self.policies, self.releases)
        ]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def shelf(policy: Policy, *, standards: Path = STANDARDS, releases: Path = RELEASES) -> Shelf:
    """Look at what is there now; hashes are computed again only of files that changed."""
    contents: dict[str, Content] = {}
    text = policy.to_json().encode()
    mine = SuppliedFile(
        name=f"{policy.identifier}.json",
        sha256=hashlib.sha256(text).hexdigest(),
        size_bytes=len(text),
    )
    contents[mine.sha256] = text
    found = sorted(standards.glob("*@*.yaml"))
    return Shelf(
        standards=tuple(_supplied(path.stem, [path], contents) for path in found),
        policies=(Supplied(identifier=policy.identifier, files=(mine,)),),
        releases=tuple(
            _supplied(identifier, paths, contents) for identifier, paths in _releases(releases)
        ),
        contents=contents,
    )


def _releases(root: Path) -> Iterator[tuple[str, list[Path]]]:
    """Folders with a card that can be read; any other is not offered."""
    for card in sorted(root.glob(f"[!._]*/{CARD}")):
        try:
            content = yaml.safe_load(card.read_text(encoding="utf-8"))
            release = Release.from_json(json.dumps(content, default=str))
        except (OSError, ValueError, yaml.YAMLError, RecordInvalid):
            continue
        model = card.parent / Path(release.file).name
        if model.is_file():
            yield release.identifier, [card, model]


def _supplied(identifier: str, paths: list[Path], contents: dict[str, Content]) -> Supplied:
    files = []
    for path in paths:
        stat = path.stat()
        sha256 = _sha256(path, stat.st_mtime_ns, stat.st_size)
        contents[sha256] = path
        files.append(SuppliedFile(name=path.name, sha256=sha256, size_bytes=stat.st_size))
    return Supplied(identifier=identifier, files=tuple(files))


@lru_cache(maxsize=1000)
def _sha256(path: Path, _mtime_ns: int, _size_bytes: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
