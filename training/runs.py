"""What a training run leaves behind: run.json with all that is needed to do it again, and to judge it."""

import hashlib
import json
import os
import platform
import re
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from models.vision.session import usable_cores
from training.errors import DatasetInvalid, RunInvalid
from training.recipe import TrainRecipe

RECORD = "run.json"
LAST = Path("weights/last.pt")
BEST = Path("weights/best.pt")
# Those whose versions change what a run gives.
_PACKAGES = (
    "ultralytics",
    "torch",
    "torchvision",
    "numpy",
    "opencv-python",
    "opencv-python-headless",
)


def write_record(recipe: TrainRecipe, data: Path, run: Path, weights: Path | None = None) -> None:
    """Begin run.json: what the run starts from. Raises DatasetInvalid."""
    record: dict[str, Any] = {
        "recipe": recipe.model_dump(mode="json"),
        "data": read_version(data),
        "weights": weights.name if weights else None,
        "weights_sha256": _sha256(weights) if weights else None,
        "code": code_version(),
        "packages": packages(),
        "machine": machine(),
        "started_at": now(),
        "sessions": [],
    }
    run.mkdir(parents=True, exist_ok=True)
    replace_file(run / RECORD, json.dumps(record, indent=1).encode())


def read_record(run: Path) -> dict[str, Any]:
    """The run's record. Raises RunInvalid."""
    try:
        record: dict[str, Any] = json.loads((run / RECORD).read_text())
    except (OSError, ValueError) as error:
        raise RunInvalid(f"{run}: should hold {RECORD} of a training run") from error
    return record


def update_record(run: Path, facts: Mapping[str, Any]) -> None:
    """Add to the record, which is whole at any moment. Raises RunInvalid."""
    replace_file(run / RECORD, json.dumps({**read_record(run), **facts}, indent=1).encode())


def read_version(data: Path) -> dict[str, Any]:
    """Which data set version a folder holds. Raises DatasetInvalid."""
    try:
        version: dict[str, Any] = json.loads((data / "version.json").read_text())
    except (OSError, ValueError) as error:
        raise DatasetInvalid(
            f"{data}: should be a folder written by assemble, with version.json"
        ) from error
    return version


def check_same(record: Mapping[str, Any], recipe: TrainRecipe, data: Path, run: Path) -> None:
    """Refuse to go on with another recipe or other data than the run began with.

    Raises RunInvalid, DatasetInvalid.
    """
    now_asked, begun = recipe.model_dump(mode="json"), dict(record.get("recipe", {}))
    changed = sorted(key for key in begun if begun[key] != now_asked.get(key))
    if changed:
        raise RunInvalid(
            f"{run}: was begun by another recipe ({', '.join(changed)}): name a new folder"
        )
    if (there := read_version(data)) != record.get("data"):
        told = dict(record.get("data") or {}).get("digest")
        raise RunInvalid(f"{run}: was begun on data {told}, {data} holds {there.get('digest')}")


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that at any moment there is the old one or the new one, whole."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def packages() -> dict[str, str]:
    """The versions of what trains, as far as it is installed."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = installed(name)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str | int]:
    """What the run's seconds were measured on; nothing that tells which machine it is."""
    return {
        "processor": _processor(Path("/proc/cpuinfo")),
        "cores": usable_cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor(facts: Path) -> str:
    """The processor's name, which Linux alone tells in words."""
    try:
        named = re.search(r"^model name\s*:\s*(.+)$", facts.read_text(), re.MULTILINE)
    except OSError:
        named = None
    return named.group(1) if named else platform.processor() or "unknown"


def code_version(ask: Callable[..., Any] = subprocess.run) -> str:
    """The commit that runs, with -dirty where files differ from it; unknown outside a repository."""
    try:
        asked = ask(
            ["git", "describe", "--always", "--dirty"],
            cwd=Path(__file__).parent, capture_output=True, text=True, check=False,
        )  # fmt: skip
    except OSError:  # there is no git here
        return "unknown"
    return str(asked.stdout.strip() or "unknown")
