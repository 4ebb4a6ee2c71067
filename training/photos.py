"""Where the photos of a set lie. A name in a label file never leads out of the set's folder."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from training.errors import DatasetInvalid

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
# Ours and YOLO's, Pascal VOC's; COCO names its folder as it likes.
_FOLDERS = ("images", "JPEGImages")


def image_files(folder: Path) -> list[Path]:
    """The photos in images/ (or JPEGImages/, or beside the labels), by name.

    Raises DatasetInvalid where there are none of these.
    """
    for name in _FOLDERS:
        if (folder / name).is_dir():
            return _photos_in(folder / name)
    beside = _photos_in(folder) if folder.is_dir() else []
    if not beside:
        raise DatasetInvalid(f"{folder}: should hold a folder images/ with photos")
    return beside


def _photos_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def photo_named(folder: Path, name: object) -> Path:
    """The photo that a label file names, in images/, JPEGImages/ or the folder itself.

    Raises LookupError where it is not there, is no photo or would lie outside the folder.
    """
    told = repr(name)[:80]
    if not isinstance(name, str) or not name or "\0" in name:
        raise LookupError(f"should name a photo, got {told}")
    relative = PurePosixPath(name.replace("\\", "/"))
    if relative.is_absolute() or PureWindowsPath(name).drive or ".." in relative.parts:
        raise LookupError(f"{told} leads out of the folder")
    if relative.suffix.lower() not in SUFFIXES:
        raise LookupError(f"{told} is no photo ({', '.join(sorted(SUFFIXES))})")
    for base in (*(folder / part for part in _FOLDERS), folder):
        if _is_file(base / relative):
            return _kept_inside(base, base / relative, told)
    raise LookupError(f"{told} is not there")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than the disk allows
        return False


def _kept_inside(base: Path, path: Path, told: str) -> Path:
    """A link to somewhere else is no photo of this set."""
    if not path.resolve().is_relative_to(base.resolve()):
        raise LookupError(f"{told} leads out of the folder")
    return path


def first_with(folders: Sequence[Path], pattern: str) -> list[Path]:
    """The files of the first folder that has some, by name."""
    for folder in folders:
        if found := sorted(path for path in folder.glob(pattern) if path.is_file()):
            return found
    return []
