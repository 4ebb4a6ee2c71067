"""Labels as Pascal VOC XML: a file a photo, in Annotations/ or beside the photos."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET
from xml.parsers import expat

from models.record import XyXy
from training.boxes import Box, check_size, inside, number
from training.photos import SUFFIXES, first_with, image_files, photo_named

NAME = "Pascal VOC"
# The largest of VOC2012 has 14 kB; what is far above describes no photo.
_MAX_BYTES = 5_000_000


def files_in(folder: Path) -> list[Path]:
    """The label files of a folder."""
    return first_with((folder / "Annotations", folder, folder / "images"), "*.xml")


def is_in(folder: Path) -> bool:
    """Whether the folder says that its labels are of this kind."""
    return bool(files_in(folder))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sheet:
    """One label file."""

    file: Path
    """Where it is."""
    root: ET.Element
    """What it says."""

    def photo(self, folder: Path) -> Path:
        """The photo that it names, or the one of its own name. Raises LookupError."""
        named = (self.root.findtext("filename") or "").strip()
        try:
            return photo_named(folder, named)
        except LookupError as error:
            if named and "leads out" in str(error):
                raise
            return self._of_its_own_name(folder, error)

    def _of_its_own_name(self, folder: Path, error: LookupError) -> Path:
        for suffix in sorted(SUFFIXES | {suffix.upper() for suffix in SUFFIXES}):
            try:
                return photo_named(folder, f"{self.file.stem}{suffix}")
            except LookupError:
                continue
        raise error


class VocLabels:
    """A folder's labels; files that are broken are told and left out."""

    def __init__(self, folder: Path) -> None:
        """Raises DatasetInvalid where there are no photos."""
        self.complaints: list[str] = []
        self._sheets: dict[Path, _Sheet] = {}
        for file in files_in(folder):
            try:
                sheet = _Sheet(file=file, root=parse(file))
                photo = sheet.photo(folder)
            except (LookupError, ValueError) as error:
                self.complaints.append(f"{file.name}: {error}")
                continue
            if (first := self._sheets.setdefault(photo, sheet)) is not sheet:
                self.complaints.append(f"{file.name}: {photo.name} is {first.file.name}'s already")
        self.photos: Sequence[Path] = sorted({*image_files(folder), *self._sheets})

    def of(self, photo: Path, width: int, height: int) -> Iterator[Box]:
        """The boxes of a photo, cut at its border; objects that have none are told."""
        if photo not in self._sheets:
            raise LookupError("no usable label file names it")
        sheet = self._sheets[photo]
        check_size(_size(sheet.root), width, height)
        for place, thing in enumerate(sheet.root.findall("object"), start=1):
            try:
                kind = (thing.findtext("name") or "").strip()
                if not kind:
                    raise ValueError("should have a name")  # noqa: TRY301 - told with the others
                yield Box(kind=kind, xyxy=inside(_edges(thing), width, height))
            except ValueError as error:
                self.complaints.append(f"{sheet.file.name}: object {place}: {error}")


def parse(file: Path) -> ET.Element:
    """The file's root element. Raises ValueError.

    Files with a document type are refused: entities in one can grow without end, and no labelling
    tool writes any.
    """
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise ValueError(f"should have at most {_MAX_BYTES:,} bytes")
        return _parsed(file.read_bytes())
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror}") from error
    except (expat.ExpatError, LookupError, AssertionError) as error:
        raise ValueError(f"it is no XML: {error}") from error


def _parsed(data: bytes) -> ET.Element:
    builder = ET.TreeBuilder()
    parser = expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse
    parser.Parse(data, True)  # noqa: FBT003 - expat takes no keywords
    root = builder.close()
    if root.tag != "annotation":
        raise ValueError(f"should be an <annotation>, got <{root.tag[:40]}>")
    return root


def _refuse(*_: object) -> None:
    raise ValueError("should have no document type")


def _size(root: ET.Element) -> tuple[float, float] | None:
    told = [number((root.findtext(f"size/{name}") or "0").strip()) for name in ("width", "height")]
    return (told[0], told[1]) if all(told) else None


def _edges(thing: ET.Element) -> XyXy:
    """VOC counts pixels from 1 and its box includes both ends (devkit_doc, "Annotation")."""
    told = [thing.findtext(f"bndbox/{name}") for name in ("xmin", "ymin", "xmax", "ymax")]
    if None in told:
        raise ValueError("should have a bndbox with xmin, ymin, xmax and ymax")
    x1, y1, x2, y2 = (number((text or "").strip()) for text in told)
    if x2 <= x1 or y2 <= y1:
        raise ValueError(f"box should have an area, got {x1:g}, {y1:g}, {x2:g}, {y2:g}")
    return x1 - 1, y1 - 1, x2, y2
