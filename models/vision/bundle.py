"""Open a release: the model's file and its card agree, or nobody looks through it."""

import ast
import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from models.errors import RecordInvalid, ReleaseRefused
from models.records import Release
from models.vision.backends import AUTO, Backend, allowed, fastest, installed
from models.vision.lanes import Lanes, lanes_of
from models.vision.session import (
    OnnxSession,
    OpenVinoSession,
    Session,
    Shape,
    Signature,
    usable_cores,
)
from models.vision.trial import trial_ms
from models.vocabulary import Defect, Part

RELEASES = Path(__file__).parent.parent / "releases"
CARD = "card.yaml"
_COLUMNS = 6  # x1, y1, x2, y2, score, class


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Bundle:
    """A release that was opened and found to be what its card says."""

    card: Release
    """What it is."""
    session: Session
    """What it does."""
    backend: Backend = Backend.ONNXRUNTIME
    """How it does it."""
    lanes: int = 1
    """How many tiles it is given side by side, each from a thread of its own."""
    per_tile_ms: Mapping[Backend, float] = field(default_factory=dict)
    """What the backends took for a tile where the quickest was looked for; empty where one was named."""

    @property
    def identifier(self) -> str:
        """name@version, and +bf16 where it looks with fewer bits: what looked, so that it can again."""
        precision = self.backend.precision
        return self.card.identifier + ("" if precision == "fp32" else f"+{precision}")


def open_releases(
    root: Path, *, threads: int | None = None, backend: Backend | str = Backend.ONNXRUNTIME
) -> tuple[Bundle, ...]:
    """Every release in `root`, one folder each, by name. Raises ReleaseRefused at the first bad one."""
    return tuple(
        open_release(folder, threads=threads, backend=backend) for folder in _folders(root)
    )


def read_cards(root: Path) -> tuple[Release, ...]:
    """The cards alone of every release in `root`, by name. Raises ReleaseRefused."""
    return tuple(read_card(folder) for folder in _folders(root))


def _folders(root: Path) -> list[Path]:
    """Folders whose name begins with a dot or an underscore are passed over."""
    if not root.is_dir():
        raise ReleaseRefused(f"{root}: there is no such folder of releases")
    folders = sorted(folder for folder in root.iterdir() if folder.is_dir())
    return [folder for folder in folders if folder.name[0] not in "._"]


def open_release(
    folder: Path, *, threads: int | None = None, backend: Backend | str = Backend.ONNXRUNTIME
) -> Bundle:
    """Open one release folder with card.yaml and the model's file, and warm the model.

    The backend is the reference by default, with which figures are made; AUTO measures those that
    are installed and allowed and takes the quickest. One that is named is taken, whatever the card
    says of its precision. Raises ReleaseRefused, naming the file, what the card says and what was
    found.
    """
    card = read_card(folder)
    _check_hash(folder / card.file, card)
    if backend == AUTO:
        return _quickest(folder, card, threads)
    if backend not in set(Backend):
        raise ReleaseRefused(
            f"there is no backend {backend!r}; there are: {AUTO}, {', '.join(Backend)}"
        )
    return _opened(folder, card, threads, Backend(backend))


def _opened(folder: Path, card: Release, threads: int | None, backend: Backend) -> Bundle:
    path = folder / card.file
    side, check = card.input_side_px, _checked_against(card, path)
    session: Session
    if backend is Backend.ONNXRUNTIME:
        session = OnnxSession(path, threads=threads, side_px=side, check=check)
    else:
        bf16 = backend is Backend.OPENVINO_BF16
        session = OpenVinoSession(path, bf16=bf16, threads=threads, side_px=side, check=check)
    lanes, _ = lanes_of(threads or usable_cores())
    return Bundle(card=card, session=session, backend=backend, lanes=lanes)


def _quickest(folder: Path, card: Release, threads: int | None) -> Bundle:
    reference = _opened(folder, card, threads, Backend.ONNXRUNTIME)
    opened = {Backend.ONNXRUNTIME: reference}
    for backend in installed():
        if backend is not Backend.ONNXRUNTIME and allowed(card, backend):
            # What this machine cannot do, another backend does: the reference is already open.
            with contextlib.suppress(ReleaseRefused):
                opened[backend] = _opened(folder, card, threads, backend)
    if len(opened) == 1:
        return reference
    sessions = {backend: bundle.session for backend, bundle in opened.items()}
    spent_ms = trial_ms(sessions, card.input_side_px, Lanes(reference.lanes))
    return replace(opened[fastest(spent_ms)], per_tile_ms=spent_ms)


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
            parts.issuperset(card.presence),
            f"presence should name parts among its classes, {_list(parts)}, got {_list(card.presence)}",
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
            _fits(shape, (1, 3, side, side)),
            f"its input should be [1 or free, 3, {side}, {side}], got {_shown(shape)}",
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


def _fits(shape: Shape | None, expected: tuple[int | None, ...]) -> bool:
    """Whether every axis is free on either side or the same on both."""
    if shape is None or len(shape) != len(expected):
        return False
    return all(
        not isinstance(axis, int) or wanted in {None, axis}
        for axis, wanted in zip(shape, expected, strict=True)
    )


def _shown(shape: Shape | None) -> str:
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
