"""Where photos come from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from models.errors import PhotoMissing
from models.vision.decode import read
from models.vocabulary import Shot


class Camera(Protocol):
    """Whatever can take one photo when it is asked to."""

    def take(self, shot: Shot) -> bytes:
        """The photo file's bytes. Raises PhotoUnreadable, saying why there is none."""


class FolderCamera:
    """Gives one item's photos from files, each once, in the order of its shots."""

    def __init__(self, photos: Sequence[tuple[Shot, Path]]) -> None:
        self._photos = list(photos)

    def take(self, shot: Shot) -> bytes:
        """The next file of that shot. Raises PhotoMissing where none is left, PhotoUnreadable."""
        place = next((i for i, (of, _) in enumerate(self._photos) if of is shot), None)
        if place is None:
            raise PhotoMissing(f"there is no further photo of {shot}")
        return read(self._photos.pop(place)[1])
