"""All cameras of one station: which takes which shot, and photos with what they were taken with."""

import time
from collections.abc import Callable, Mapping, Sequence

from models.errors import PhotoUnreadable
from models.records import CameraSetup
from models.vision.reference import Drift, Reference, moved_share
from models.vocabulary import Shot
from station.camera import Camera, Taken
from station.cameras.frame import turned
from station.cameras.genicam import check_installed
from station.cameras.grabber import Grabber, Make, Status
from station.cameras.isolated import IsolatedSource
from station.cameras.mjpeg import MjpegSource
from station.cameras.replayed import FolderSource, VideoSource
from station.cameras.source import Reported, Source
from station.cameras.spec import CameraSpec, Kind

_SOURCES: Mapping[Kind, Callable[[CameraSpec], Source]] = {
    Kind.MJPEG: MjpegSource,
    Kind.FOLDER: FolderSource,
    Kind.VIDEO: VideoSource,
    # Their drivers may hang or fall over when a cable is pulled.
    Kind.USB: IsolatedSource,
    Kind.RTSP: IsolatedSource,
    Kind.GENICAM: IsolatedSource,
}


def source_of(spec: CameraSpec) -> Source:
    """The source of a camera's kind, not yet opened."""
    return _SOURCES[spec.kind](spec)


class Rig:
    """The station's cameras; each has its thread, from `start` to `stop`."""

    def __init__(
        self,
        specs: Sequence[CameraSpec],
        references: Mapping[str, Reference] | None = None,
        make_source: Make = source_of,
    ) -> None:
        """Know the cameras. Raises DriverMissing where a declared kind cannot work here."""
        if any(spec.kind is Kind.GENICAM for spec in specs):
            check_installed()
        self._grabbers = {spec.name: Grabber(spec, make_source) for spec in specs}
        self._references = dict(references or {})
        self._drifts: dict[str, Drift] = {}
        self._takes = {shot: spec.name for spec in specs for shot in spec.shots}

    def start(self) -> None:
        """Begin to watch all of them."""
        for grabber in self._grabbers.values():
            grabber.start()

    def stop(self, patience_s: float = 1.0) -> bool:
        """End all of them together; whether all have ended within the patience."""
        for grabber in self._grabbers.values():
            grabber.stop()
        end_s = time.monotonic() + patience_s
        ended = [g.join(max(0.0, end_s - time.monotonic())) for g in self._grabbers.values()]
        return all(ended)

    def statuses(self) -> tuple[Status, ...]:
        """Each camera's state now, as declared."""
        return tuple(grabber.status() for grabber in self._grabbers.values())

    def grabber(self, name: str) -> Grabber | None:
        """One camera by its name."""
        return self._grabbers.get(name)

    def takes(self, shot: Shot) -> bool:
        """Whether a camera is declared for the shot."""
        return shot in self._takes

    def can_retake(self, shot: Shot) -> bool:
        """Whether a camera is declared for the shot: it gives another photo each time."""
        return self.takes(shot)

    def take(self, shot: Shot) -> Taken:
        """A photo by the shot's camera. Raises PhotoUnreadable, saying why there is none."""
        name = self._takes.get(shot)
        if name is None:
            raise PhotoUnreadable(f"no camera is declared for {shot}")
        return self.photo(name)

    def note(self, shot: Shot, drift: Drift | None) -> None:
        """Remember what a photo said of its camera; one that says nothing changes nothing."""
        if shot in self._takes:
            self.compare(self._takes[shot], drift)

    def compare(self, name: str, drift: Drift | None) -> None:
        """Remember how a camera's photo differs from its reference."""
        if drift is not None:
            self._drifts[name] = drift

    def drift(self, name: str) -> Drift | None:
        """What the last photo that could be compared said of a camera."""
        return self._drifts.get(name)

    def refer(self, name: str, reference: Reference) -> None:
        """From now on this is how the camera sees its empty bench."""
        self._references[name] = reference
        self._drifts.pop(name, None)

    def has_reference(self, name: str) -> bool:
        """Whether somebody took the camera's view of its empty bench."""
        return name in self._references

    def photo(self, name: str) -> Taken:
        """A photo by a camera that is declared. Raises PhotoUnreadable, saying why there is none."""
        grabber = self._grabbers[name]
        pair = grabber.capture()
        spec, frame = grabber.spec, pair.frame
        moved = moved_share(pair.before.glimpse, frame.glimpse) if pair.before else None
        return Taken(
            data=turned(frame.jpeg or b"", spec.rotation),
            setup=setup_of(spec, grabber.reported, frame.number),
            moved_share=moved,
            reference=self._references.get(name),
        )


class WithFiles:
    """Shots that a camera is declared for, from it; all others from files."""

    def __init__(self, rig: Rig, files: Camera) -> None:
        """Ask `rig` first."""
        self._rig = rig
        self._files = files

    def _of(self, shot: Shot) -> Camera:
        return self._rig if self._rig.takes(shot) else self._files

    def take(self, shot: Shot) -> Taken:
        """The photo. Raises PhotoUnreadable, saying why there is none."""
        return self._of(shot).take(shot)

    def can_retake(self, shot: Shot) -> bool:
        """Whether asking once more would give another photo."""
        return self._of(shot).can_retake(shot)

    def note(self, shot: Shot, drift: Drift | None) -> None:
        """Pass it on."""
        self._of(shot).note(shot, drift)


def setup_of(spec: CameraSpec, reported: Reported | None, frame: int) -> CameraSetup:
    """What a photo's record says of its camera: its own word, else what is declared."""
    told = reported or spec
    return CameraSetup(
        name=spec.name,
        frame=frame,
        exposure_ms=told.exposure_ms,
        gain=told.gain,
        white_balance_k=told.white_balance_k,
        focus=told.focus,
        is_reported=reported is not None,
    )
