"""One inspection asked for by hand: read the photos, look, judge, write the drawn photos, tell."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from models.errors import PhotoTooLarge, PhotoUnreadable, SecondlookError
from models.grading.policy import default_policy
from models.records import Finding
from models.vision.backends import AUTO, Backend
from models.vision.bundle import open_releases, read_cards
from models.vision.decode import decode, jpeg, read
from models.vision.decode import draw as drawn_on
from models.vision.sight import Sight
from models.vocabulary import Language
from models.wording import word
from station.errors import StationError
from station.examine import Capture, Examined, capture, conclude, refuse_repeat
from station.request import Request, Wanted, understand
from station.settings import Settings
from station.settings import load as load_settings
from station.telling import in_json, in_tables

EXPLAINED = (SecondlookError,)
"""What the command tells in one line instead of a traceback."""


# What was given is repeated in the words; of a screenful the ends say enough.
_END = 500


def run(
    category: str,
    photos: Sequence[str],
    answers: Sequence[str],
    *,
    draw: Path | None,
    releases: Path | None,
    as_json: bool,
) -> str:
    """What to print. Raises one of EXPLAINED for every kind of bad input."""
    request = understand(category, photos, answers)
    settings = load_settings()
    if draw:
        _make_folder(draw)
        _spare_photos(request.photos, draw)
    root = releases or settings.releases
    # Cards before photos, photos before models: what is wrong with them is told before the long part.
    sides_px = {card.tiling.max_side_px for card in read_cards(root)}
    captures = _captured(request, datetime.now(UTC), sides_px)
    sight = Sight(open_releases(root, backend=_backend(settings)))
    examined = _examined(captures, request, sight)
    if draw:
        _draw_all(request.photos, examined, draw)
    paths = [wanted.path for wanted in request.photos]
    if as_json:
        return in_json(paths, examined, request.standard)
    return in_tables(paths, examined, request.standard, settings.language)


def one_line(error: BaseException) -> str:
    """The error's words on one line, whatever stands in a file's name."""
    words = " ".join(str(error).split())
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in words)
    return line if len(line) <= 2 * _END else f"{line[:_END]} … {line[-_END:]}"


def _backend(settings: Settings) -> Backend:
    # For one item a trial takes longer than it saves, and the reference starts the quickest.
    return Backend.ONNXRUNTIME if settings.backend == AUTO else Backend(settings.backend)


def _captured(request: Request, now: datetime, sides_px: Collection[int]) -> list[Capture]:
    captures: list[Capture] = []
    expected = request.standard.expected_parts
    for wanted in request.photos:
        try:
            data, parts = read(wanted.path), expected.get(wanted.shot, ())
            taken = capture(data, wanted.shot, taken_at=now, sides_px=sides_px, expects=parts)
            refuse_repeat(taken, captures)
        except PhotoUnreadable as error:
            raise type(error)(f"{wanted.path}: {error}") from error
        captures.append(taken)
    return captures


def _examined(captures: Sequence[Capture], request: Request, sight: Sight) -> Examined:
    return conclude(
        captures,
        category=request.category,
        answers=request.answers,
        sight=sight,
        standard=request.standard,
        policy=default_policy().valid_at(datetime.now(UTC)),
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise _not_drawn(folder, error) from error


def _spare_photos(photos: Sequence[Wanted], folder: Path) -> None:
    for name in _names(photos):
        for given in photos:
            if _is_same_file(folder / name, given.path):
                raise StationError(
                    f"{given.path}: it would be overwritten by {name}; give --draw another folder"
                )


def _is_same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):  # one of them is not there: nothing to overwrite
        return False


def _draw_all(photos: Sequence[Wanted], examined: Examined, folder: Path) -> None:
    for name, taken in zip(_names(photos), examined.captures, strict=True):
        own = [f for f in examined.seen.findings if f.photo_sha256 == taken.photo.sha256]
        # Decoded once more: the full size was let go, and drawing is asked for now and then.
        marked = drawn_on(decode(taken.data).bgr, [(f.xyxy, _label(f)) for f in own])
        path = folder / name
        try:
            path.write_bytes(jpeg(marked))
        except (OSError, ValueError, PhotoTooLarge) as error:
            raise _not_drawn(path, error) from error


def _not_drawn(path: Path, error: Exception) -> StationError:
    reason = getattr(error, "strerror", None) or str(error)
    return StationError(f"{path}: it cannot be written ({reason}); give --draw another folder")


def _names(photos: Iterable[Wanted]) -> list[str]:
    """One name a photo; photos of the same name from different folders are numbered."""
    names: list[str] = []
    for wanted in photos:
        name, number = f"{wanted.path.stem}-findings.jpg", 2
        while name in names:
            name, number = f"{wanted.path.stem}-{number}-findings.jpg", number + 1
        names.append(name)
    return names


def _label(finding: Finding) -> str:
    # English whatever the language: the drawing font has no Chinese.
    return f"{word(finding.defect, Language.EN)} {finding.probability:.0%}"
