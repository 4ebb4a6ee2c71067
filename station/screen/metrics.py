"""The station's numbers for Prometheus, in its text format (version 0.0.4)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from station.cameras.watch import State
from station.screen.camera_view import CameraShown
from station.screen.view import State as Now

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX = "secondlook_station_"


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """One name with its values."""

    name: str
    """Without the prefix."""
    kind: str
    """gauge or counter."""
    help: str
    """What it counts."""
    samples: tuple[tuple[dict[str, str], int], ...]
    """Labels and value of each; whole numbers all of them."""


def exposition(now: Now) -> str:
    """Everything that is counted, one line a value."""
    lines = (line for metric in (*_outbox(now), *_cameras(now.cameras)) for line in _lines(metric))
    return "\n".join(lines) + "\n"


def _lines(metric: Metric) -> Iterator[str]:
    if not metric.samples:
        return
    name = _PREFIX + metric.name
    yield f"# HELP {name} {metric.help}"
    yield f"# TYPE {name} {metric.kind}"
    for labels, value in metric.samples:
        told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{'{' + told + '}' if told else ''} {int(value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _outbox(now: Now) -> Iterator[Metric]:
    states = {"pending": now.tally.pending, "acknowledged": now.tally.acknowledged}
    states["refused"] = now.tally.refused
    yield Metric(
        name="inspections",
        kind="gauge",
        help="Inspections in the outbox by state.",
        samples=tuple(({"state": name}, int(count)) for name, count in states.items()),
    )
    yield _single("free_bytes", "Free disk where the outbox lies.", now.free_bytes)
    yield _single("has_room", "1 while another item would be accepted.", now.has_room)
    yield _single(
        "server_reachable",
        "1 while the server answers.",
        now.link.is_known and not now.link.trouble,
    )


def _single(name: str, help_: str, value: int) -> Metric:
    return Metric(name=name, kind="gauge", help=help_, samples=(({}, int(value)),))


Value = Callable[[CameraShown], int]
_PER_CAMERA: tuple[tuple[str, str, str, Value], ...] = (
    ("live", "gauge", "1 while good frames come.", lambda c: c.state is State.LIVE),
    ("frames_total", "counter", "Frames processed.", lambda c: c.frames),
    ("good_frames_total", "counter", "Good frames.", lambda c: c.good),
    ("reopened_total", "counter", "How often it was opened again.", lambda c: c.reopened),
    ("drifted", "gauge", "1 where light, colour or focus drifted.", lambda c: bool(c.drifted)),
)


def _cameras(cameras: Sequence[CameraShown]) -> Iterator[Metric]:
    for name, kind, help_, value in _PER_CAMERA:
        samples = tuple(({"camera": c.name}, int(value(c))) for c in cameras)
        yield Metric(name=f"camera_{name}", kind=kind, help=help_, samples=samples)
    yield Metric(
        name="camera_state",
        kind="gauge",
        help="1 for the state that the camera is in.",
        samples=tuple(
            ({"camera": c.name, "state": s.value}, int(c.state is s))
            for c in cameras
            for s in State
        ),
    )
    yield Metric(
        name="camera_faults_total",
        kind="counter",
        help="Bad frames, failed openings and stalls by kind.",
        samples=tuple(
            ({"camera": c.name, "fault": s.value}, count) for c in cameras for s, count in c.faults
        ),
    )
    yield Metric(
        name="camera_frame_age_seconds",
        kind="gauge",
        help="Age of the newest good frame.",
        samples=tuple(({"camera": c.name}, c.quiet_s) for c in cameras if c.quiet_s is not None),
    )
