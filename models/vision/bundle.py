"""Open a release: the model's file and its card agree, or nobody looks through it."""

import ast
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from models.errors import RecordInvalid, ReleaseRefused
from models.records import Release
from models.vision.session import OnnxSession, Session, Signature
from models.vocabulary import Defect, Part

RELEASES = Path(__file__).parent.parent / "releases"
CARD = "card.yaml"
_COLUMNS = 6  # x1, y1, x2, y2, score, class
_Shape = tuple[int | str | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Bundle:
    """A release that was opened and found to be what its card says."""

    card: Release
    """What it is."""
    session: Session
    """What it does."""


def open_releases(root: Path, *, threads: int | None = None) -> tuple[Bundle, ...]:
    """Every release in `root`, one folder each, by name. Raises ReleaseRefused at the first bad one.

    Folders whose name begins with a dot or an underscore are passed over.
    """
    if not root.is_dir():
        raise ReleaseRefused(f"{root}: there is no such folder of releases")
    folders = sorted(folder for folder in root.iterdir() if folder.is_dir())
    return tuple(
        open_release(folder, threads=threads) for folder in folders if folder.name[0] not in "._"
    )


def open_release(folder: Path, *, threads: int | None = None) -> Bundle:
    """Open one release folder with card.yaml and the model's file, and warm the model.

    Raises ReleaseRefused, naming the file, what the card says and what was found.
    """
    card = read_card(folder)
    path = folder / card.file
    _check_hash(path, card)
    session = OnnxSession(
        path, threads=threads, side_px=card.input_side_px, check=_checked_against(card, path)
    )
    return Bundle(card=card, session=session)


def read_card(folder: Path) -> Release:
    """The card alone, checked for sense in itself. Raises ReleaseRefused."""
    path = folder / CARD
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        card = Release.from_json(json.dumps(content, default=str))
    except FileNotFoundError as error:
        raise ReleaseRefused(f"{path}: there is no card beside the model") from error
    except (OSError, ValueError, yaml.YAMLError, RecordInvalid) as error:
        raise ReleaseRefused(f"{path}: {' '.join(str(error).split())}") from error
    for fault in _faults(card, folder.resolve().name):
        raise ReleaseRefused(f"{path}: {fault}")
    return card


def _faults(card: Release, folder: str) -> list[str]:
    """What in the card contradicts itself or this version's words."""
    words = {*Defect, *Part}
    parts = set(card.classes) & set(Part)
    seen = {defect for defects in card.sees.values() for defect in defects}
    blind = {d for d in seen - set(card.classes) if not (d is Defect.MISSING_LABEL and parts)}
    rules = (
        (card.name == folder, f"name should be its folder's, {folder!r}, got {card.name!r}"),
        (Path(card.file).name == card.file, f"file should lie beside the card, got {card.file!r}"),
        (
            words.issuperset(card.classes),
            f"classes should be among {_list(words)}, got {_list(card.classes)}",
        ),
        (
            len(set(card.classes)) == len(card.classes),
            f"classes should differ, got {_list(card.classes)}",
        ),
        (not blind, f"sees should name defects that its classes can show, got {_list(blind)}"),
        (
            set(card.thresholds) == set(card.classes),
            f"thresholds should name each class once, {_list(card.classes)}, got {_list(card.thresholds)}",
        ),
        (
            set(card.classes).issuperset(card.calibration),
            f"calibration should name classes, {_list(card.classes)}, got {_list(card.calibration)}",
        ),
        (
            2 * card.tiling.overlap_px <= card.input_side_px,
            f"overlap_px should be at most half of {card.input_side_px}, got {card.tiling.overlap_px}",
        ),
    )
    return [message for holds, message in rules if not holds]


def _list(words: Iterable[str]) -> str:
    return ", ".join(sorted(map(str, words))) or "none"


def _check_hash(path: Path, card: Release) -> None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ReleaseRefused(f"{path}: it cannot be read ({error.strerror})") from error
    if found != card.sha256:
        raise ReleaseRefused(f"{path}: its SHA-256 should be {card.sha256}, got {found}")


def _checked_against(card: Release, path: Path) -> Callable[[Signature], None]:
    def check(file: Signature) -> None:
        for fault in _signature_faults(card, file):
            raise ReleaseRefused(f"{path}: {fault}")

    return check


def _signature_faults(card: Release, file: Signature) -> list[str]:
    """Where the file and its card disagree."""
    side = card.input_side_px
    shape = file.inputs.get(card.input_name)
    output = file.outputs.get(card.output_name)
    first_output = next(iter(file.outputs), None)
    types = {*file.input_types.values(), file.output_types.get(card.output_name, "")}
    rules = (
        (
            list(file.inputs) == [card.input_name],
            f"its only input should be {card.input_name!r}, got {_list(file.inputs)}",
        ),
        (
            _fits(shape, (None, 3, side, side)),
            f"its input should be [batch, 3, {side}, {side}], got {_shown(shape)}",
        ),
        (
            first_output == card.output_name,
            f"its first output should be {card.output_name!r}, got {first_output!r}",
        ),
        (
            _fits(output, (None, None, _COLUMNS)),
            f"its output should be [batch, boxes, {_COLUMNS}], got {_shown(output)}",
        ),
        (types == {"tensor(float)"}, f"its values should be float32, got {_list(types)}"),
        _names_rule(card, file.metadata.get("names")),
    )
    return [message for holds, message in rules if not holds]


def _fits(shape: _Shape | None, expected: tuple[int | None, ...]) -> bool:
    """Whether every axis is free on either side or the same on both."""
    if shape is None or len(shape) != len(expected):
        return False
    return all(
        not isinstance(axis, int) or wanted in {None, axis}
        for axis, wanted in zip(shape, expected, strict=True)
    )


def _shown(shape: _Shape | None) -> str:
    return "none" if shape is None else f"[{', '.join(map(str, shape))}]"


def _names_rule(card: Release, names: str | None) -> tuple[bool, str]:
    """Ultralytics writes the classes into the file's `names` as a Python dict: {0: 'stain'}."""
    if names is None:
        return True, ""
    try:
        told = ast.literal_eval(names)
        found = tuple(told[index] for index in range(len(told)))
    except (ValueError, SyntaxError, TypeError, KeyError):
        return False, f"its notes' names should be a dict of classes, got {names[:80]!r}"
    return found == card.classes, f"its classes should be {card.classes}, got {found}"
