"""Where photos come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from models.errors import PhotoMissing
from models.records import CameraSetup
from models.vision.decode import read
from models.vision.reference import Drift, Reference
from models.vocabulary import Shot


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Taken:
    """One photo, with what its camera knows of it."""

    data: bytes
    """The file's bytes as the camera gave them."""
    setup: CameraSetup | None = None
    """What it was taken with; none for a file."""
    moved_share: float | None = None
    """Share of the picture that changed since the frame before; none where there was none."""
    reference: Reference | None = None
    """The camera's view of its empty bench, where somebody took one."""


class Camera(Protocol):
    """Whatever can take one photo when it is asked to."""

    def take(self, shot: Shot) -> Taken:
        """The photo. Raises PhotoUnreadable, saying why there is none."""

    def can_retake(self, shot: Shot) -> bool:
        """Whether asking once more would give another photo."""

    def note(self, shot: Shot, drift: Drift | None) -> None:
        """Hear how the bench on the shot's photo differs from the camera's reference."""


class FolderCamera:
    """Gives one item's photos from files, each once, in the order of its shots."""

    def __init__(self, photos: Sequence[tuple[Shot, Path]]) -> None:
        self._photos = list(photos)

    def can_retake(self, shot: Shot) -> bool:  # noqa: ARG002 - as every camera is asked
        """Never: a file stays what it is."""
        return False

    def note(self, shot: Shot, drift: Drift | None) -> None:
        """A file has no bench."""

    def take(self, shot: Shot) -> Taken:
        """The next file of that shot. Raises PhotoMissing where none is left, PhotoUnreadable."""
        place = next((i for i, (of, _) in enumerate(self._photos) if of is shot), None)
        if place is None:
            raise PhotoMissing(f"there is no further photo of {shot}")
        return Taken(data=read(self._photos.pop(place)[1]))
