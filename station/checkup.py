"""`secondlook-station cameras`: each camera's state and a test picture, told in a table."""

import time
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from models.errors import PhotoUnreadable
from models.vision.decode import decode
from models.vision.reference import look_for_drift
from models.vocabulary import Language
from models.wording import word
from station.cameras.references import References
from station.cameras.rig import Rig
from station.cameras.watch import State
from station.errors import StationError
from station.screen.camera_view import CameraShown, cameras_of
from station.screen.pages import said
from station.settings import Settings

_COLUMNS = ("camera", "kind", "state", "shots", "size", "reopened", "settings")
_LOOK_EVERY_S = 0.05
_MARKS = {State.LIVE: "●", State.STARTING: "…"}


def run(
    settings: Settings, *, keep_reference: bool, pictures: Path | None, patience_s: float
) -> tuple[str, bool]:
    """What to print, and whether all cameras are live.

    Raises StationError where none is declared, DriverMissing, or ReferenceInvalid.
    """
    if not settings.cameras:
        raise StationError("no camera is declared; docs/cameras.md shows a [[cameras]] table")
    references = References(settings.folder / "references")
    rig = Rig(settings.cameras, references.load(spec.name for spec in settings.cameras))
    rig.start()
    try:
        _wait(rig, patience_s)
        folder = pictures or settings.folder / "test-pictures"
        taken = [_test_picture(rig, spec.name, folder) for spec in settings.cameras]
        if keep_reference:
            _refer(rig, references, settings)
        shown = cameras_of(rig)
    finally:
        rig.stop(2.0)
    is_live = all(camera.state is State.LIVE for camera in shown)
    return _table(shown, taken, settings.language), is_live


def _wait(rig: Rig, patience_s: float) -> None:
    end_s = time.monotonic() + patience_s
    while time.monotonic() < end_s:
        if all(status.state is State.LIVE for status in rig.statuses()):
            return
        time.sleep(_LOOK_EVERY_S)


def _test_picture(rig: Rig, name: str, folder: Path) -> str:
    """Take one and compare it with the camera's reference; where it lies, or why there is none."""
    try:
        taken = rig.photo(name)
        if taken.reference is not None:
            rig.compare(name, look_for_drift(taken.reference, decode(taken.data).bgr))
        path = folder / f"{name}.jpg"
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(taken.data)
    except PhotoUnreadable as error:
        return str(error)
    except OSError as error:
        raise StationError(
            f"{folder}: test pictures cannot be written ({error.strerror})"
        ) from error
    return str(path)


def _refer(rig: Rig, references: References, settings: Settings) -> None:
    for spec in settings.cameras:
        try:
            rig.refer(spec.name, references.keep(spec.name, rig.photo(spec.name)))
        except PhotoUnreadable as error:
            raise StationError(f"no reference was taken: {error}") from error


def _table(shown: Sequence[CameraShown], taken: Sequence[str], language: Language) -> str:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in _COLUMNS:
        table.add_column(said("camera_column", column, language), overflow="fold")
    console = Console(highlight=False)
    for camera in shown:
        table.add_row(*(escape(cell) for cell in _row(camera, language)))
    title = said("camera_column", "test_picture", language)
    with console.capture() as captured:
        console.print(table)
        for camera, picture in zip(shown, taken, strict=True):
            for line in (*_advice(camera, language), f"{title}: {picture}"):
                console.print(escape(f"{camera.name}: {line}"), soft_wrap=True)
    return captured.get()


def _row(camera: CameraShown, language: Language) -> tuple[str, ...]:
    state = said("camera_state", camera.state.value, language)
    settings = (f"{said('setting', name, language)} {value}" for name, value in camera.settings)
    shots = ", ".join(word(shot, language) for shot in camera.shots)
    return (
        camera.name,
        f"{camera.kind} {camera.place}",
        f"{_MARKS.get(camera.state, '▲')} {state}",
        shots or said("camera_column", "none", language),
        "{} × {}".format(*camera.size) if camera.size else "–",
        str(camera.reopened),
        ", ".join(settings) or "–",
    )


def _advice(camera: CameraShown, language: Language) -> list[str]:
    told = [said("drifted", what.value, language) for what in camera.drifted]
    if camera.is_trouble:
        told.insert(0, said("camera_help", camera.state.value, language))
        told += [camera.words] if camera.words else []
    return told
