"""What the page, the command line and programs are told of each camera: numbers and words, no HTML."""

from dataclasses import dataclass

from models.vision.reference import Drifted
from models.vocabulary import Shot
from station.cameras.grabber import Status
from station.cameras.rig import Rig, setup_of
from station.cameras.watch import State

_UNITS = {"exposure_ms": " ms", "gain": "", "white_balance_k": " K", "focus": ""}
_FINE = frozenset({State.LIVE, State.STARTING})


@dataclass(frozen=True, kw_only=True, slots=True)
class CameraShown:
    """One camera at one moment."""

    name: str
    """As declared."""
    kind: str
    """How frames come."""
    place: str
    """Where from, without passwords."""
    shots: tuple[Shot, ...]
    """What it takes."""
    state: State
    """What it is doing."""
    words: str
    """Why, in the failing part's own words."""
    quiet_s: int | None
    """How many seconds old its newest good frame is."""
    frame: int
    """Which frame that is; 0 before the first."""
    size: tuple[int, int] | None
    """What its frames should have; none until the first one."""
    frames: int
    """How many were processed."""
    good: int
    """How many of them were good."""
    reopened: int
    """How often it was opened again."""
    faults: tuple[tuple[State, int], ...]
    """How often each trouble was met."""
    settings: tuple[tuple[str, str], ...]
    """Exposure, gain, white balance and focus, as far as known."""
    has_reference: bool
    """Whether there is a view of its empty bench."""
    drifted: tuple[Drifted, ...]
    """What is no longer as it was then."""

    @property
    def is_trouble(self) -> bool:
        """Whether somebody has to do something."""
        return self.state not in _FINE


def cameras_of(rig: Rig) -> tuple[CameraShown, ...]:
    """All cameras of a station, as declared."""
    return tuple(_shown(rig, status) for status in rig.statuses())


def _shown(rig: Rig, status: Status) -> CameraShown:
    spec, watch = status.spec, status.watch
    grabber, drift = rig.grabber(spec.name), rig.drift(spec.name)
    latest = grabber.latest() if grabber else None
    return CameraShown(
        name=spec.name,
        kind=spec.kind.value,
        place=spec.place,
        shots=spec.shots,
        state=status.state,
        words=watch.words,
        quiet_s=None if status.quiet_s is None else int(status.quiet_s),
        frame=latest.number if latest else 0,
        size=spec.size or watch.size,
        frames=watch.frames,
        good=watch.good,
        reopened=max(0, watch.opened - 1),
        faults=tuple(sorted(watch.faults.items())),
        settings=_settings(rig, status),
        has_reference=rig.has_reference(spec.name),
        drifted=drift.drifted if drift else (),
    )


def _settings(rig: Rig, status: Status) -> tuple[tuple[str, str], ...]:
    grabber = rig.grabber(status.spec.name)
    setup = setup_of(status.spec, grabber.reported if grabber else None, 0)
    values = ((name, getattr(setup, name), unit) for name, unit in _UNITS.items())
    return tuple((name, f"{value:g}{unit}") for name, value, unit in values if value is not None)
