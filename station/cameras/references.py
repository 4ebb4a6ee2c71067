"""Each camera's view of its empty bench, kept as a PNG in the station's home."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

import cv2

from models.errors import PhotoMissing, PhotoUnreadable
from models.vision.decode import decode, read
from models.vision.reference import Reference
from station.camera import Taken
from station.errors import ReferenceInvalid


class References:
    """The folder of reference views, one file a camera."""

    def __init__(self, folder: Path) -> None:
        """Keep them in `folder`, which is made with the first one."""
        self._folder = folder

    def path(self, name: str) -> Path:
        """Where a camera's view is kept."""
        return self._folder / f"{name}.png"

    def load(self, names: Iterable[str]) -> dict[str, Reference]:
        """Those of the cameras that have one. Raises ReferenceInvalid for a file that is no picture."""
        found: dict[str, Reference] = {}
        for name in names:
            try:
                found[name] = Reference.of(decode(read(self.path(name))).bgr)
            except PhotoMissing:
                continue
            except PhotoUnreadable as error:
                raise ReferenceInvalid(
                    f"{self.path(name)}: {error}; delete it and take the reference again"
                ) from error
        return found

    def keep(self, name: str, taken: Taken) -> Reference:
        """Make a photo the camera's reference. Raises PhotoUnreadable or ReferenceInvalid."""
        reference = Reference.of(decode(taken.data).bgr)
        png = cv2.imencode(".png", reference.view)[1].tobytes()
        beside = self.path(name).with_suffix(".new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with beside.open("wb") as file:
                file.write(png)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path(name))
        except OSError as error:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            raise ReferenceInvalid(
                f"{self.path(name)} cannot be written ({error.strerror})"
            ) from error
        return reference
