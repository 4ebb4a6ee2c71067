"""Whether a camera is alive, judged by the frames that were processed: pure, from events to a state.

A camera is live while a good frame is not older than its patience. What is not good is named by the
newest evidence; a living thread, an open socket or bytes that trickle in prove nothing. Whatever the
trouble, the source is opened again, in paced tries that never end; the state stays what was found
until good frames come.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

# The first pause between two openings, and what it doubles up to; the cap is a setting of nobody, for
# who plugs a cable in again should not wait longer than this.
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
# Good for so long, and the next trouble is a new one: a camera that flaps is not opened every moment.
STEADY_S = 5.0
# A stream may have to wait for its next whole picture, a sensor for its light: so many times the patience.
FIRST_FRAME_FACTOR = 3.0


class State(StrEnum):
    """What a camera is doing."""

    STARTING = "starting"
    LIVE = "live"
    UNREACHABLE = "unreachable"
    STALLED = "stalled"
    GARBAGE = "garbage"
    WRONG_SIZE = "wrong_size"
    FROZEN = "frozen"
    BLACK = "black"


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a camera is allowed."""

    stall_s: float = 3.0
    """How old its newest good frame may be."""
    frozen_s: float = 10.0
    """How long the same picture may come; 0 is without end."""
    size: tuple[int, int] | None = None
    """Width and height that it should have; none for those of its first good frame."""
    any_size: bool = False
    """Each frame may have its own size: a folder of photos."""
    first_pause_s: float = FIRST_PAUSE_S
    """Before it is opened a second time."""
    longest_pause_s: float = LONGEST_PAUSE_S
    """What the pauses double up to."""
    steady_s: float = STEADY_S
    """Good for so long, pauses begin small again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What one processed frame showed."""

    size: tuple[int, int]
    """Width and height, as the camera gives them."""
    is_black: bool = False
    """Nothing can be told apart on it."""
    is_still: bool = False
    """It equals the frame before it, the noise of the sensor included."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """All that is remembered of one camera; times are of the monotonic clock."""

    begun_s: float
    """When it was first wanted."""
    opened_s: float | None = None
    """When it was last opened; none while it is closed."""
    seen_s: float | None = None
    """When the last frame that could be decoded was processed."""
    good_s: float | None = None
    """When the last good frame was processed."""
    run_since_s: float | None = None
    """When the present run of good frames began."""
    still_since_s: float | None = None
    """When the picture began to stay the same."""
    trouble: State | None = None
    """What was found since the last good frame."""
    trouble_s: float = 0.0
    """When that was found last."""
    words: str = ""
    """The trouble in the failing part's own words."""
    tries: int = 0
    """Openings since it was last steady."""
    size: tuple[int, int] | None = None
    """What its frames should have; none until the first one."""
    frames: int = 0
    """Frames processed."""
    good: int = 0
    """Good ones among them."""
    opened: int = 0
    """How often it was opened; one less is how often again."""
    faults: Mapping[State, int] = field(default_factory=lambda: MappingProxyType({}))
    """How often each trouble was met: frames that were not good, openings that failed, stalls."""


def opened(watch: Watch, now_s: float) -> Watch:
    """Its source is open."""
    return replace(watch, opened_s=now_s, seen_s=None, opened=watch.opened + 1)


def trying(watch: Watch) -> Watch:
    """Its source is about to be opened."""
    # While it is being opened nothing can come: that is no stall yet.
    return replace(watch, tries=watch.tries + 1)


def failed(watch: Watch, trouble: State, words: str, now_s: float) -> Watch:
    """Its source could not be opened, or broke."""
    return replace(_found(watch, trouble, words, now_s), opened_s=None)


def spoiled(watch: Watch, words: str, now_s: float) -> Watch:
    """Something came that is no picture."""
    return replace(_found(watch, State.GARBAGE, words, now_s), frames=watch.frames + 1)


def saw(watch: Watch, look: Look, limits: Limits, now_s: float) -> Watch:
    """A frame was processed."""
    still_since_s = (watch.still_since_s or now_s) if look.is_still else None
    watch = replace(watch, frames=watch.frames + 1, seen_s=now_s, still_since_s=still_since_s)
    trouble, words = _fault(watch, look, limits, now_s)
    return _found(watch, trouble, words, now_s) if trouble else _good(watch, look, limits, now_s)


def given_up(watch: Watch, limits: Limits, now_s: float) -> Watch:
    """Its source is closed because nothing good came from it any more."""
    if state_at(watch, limits, now_s) is State.STALLED:
        watch = _found(watch, State.STALLED, "", now_s)
    return replace(watch, opened_s=None)


def state_at(watch: Watch, limits: Limits, now_s: float) -> State:
    """What it is doing at a moment, whatever its thread is doing."""
    if watch.trouble is State.FROZEN:
        return State.FROZEN
    if watch.good_s is not None and now_s - watch.good_s <= limits.stall_s:
        return State.LIVE
    if watch.opened_s is not None and now_s - _last_event_s(watch) > limits.stall_s:
        return State.STALLED
    if watch.trouble:
        return watch.trouble
    return State.STARTING if watch.good_s is None else State.STALLED


def is_hopeless(watch: Watch, limits: Limits, now_s: float) -> bool:
    """Whether it should be closed and opened again."""
    if watch.opened_s is None:
        return False
    patience_s = limits.stall_s * (FIRST_FRAME_FACTOR if watch.seen_s is None else 1)
    return now_s - max(watch.opened_s, watch.good_s or 0.0) > patience_s


def pause_s(watch: Watch, limits: Limits, chance: float) -> float:
    """How long to wait before the next opening; `chance`, 0 to 1, takes up to a half off.

    So that the cameras of one dead switch do not all come at once.
    """
    doubled = limits.first_pause_s * 2.0 ** min(max(watch.tries - 1, 0), 16)
    return min(limits.longest_pause_s, doubled) * (1 - chance / 2)


def _last_event_s(watch: Watch) -> float:
    return max(watch.opened_s or 0.0, watch.trouble_s, watch.good_s or 0.0)


def _fault(watch: Watch, look: Look, limits: Limits, now_s: float) -> tuple[State | None, str]:
    wanted = limits.size or watch.size
    if wanted and look.size != wanted and not limits.any_size:
        return State.WRONG_SIZE, "{} × {} instead of {} × {}".format(*look.size, *wanted)
    if look.is_black:
        return State.BLACK, ""
    since_s = watch.still_since_s
    if limits.frozen_s and since_s is not None and now_s - since_s >= limits.frozen_s:
        return State.FROZEN, ""
    return None, ""


def _good(watch: Watch, look: Look, limits: Limits, now_s: float) -> Watch:
    goes_on = state_at(watch, limits, now_s) is State.LIVE
    run_since_s = watch.run_since_s if goes_on and watch.run_since_s is not None else now_s
    is_steady = now_s - run_since_s >= limits.steady_s
    return replace(
        watch,
        good=watch.good + 1,
        good_s=now_s,
        run_since_s=run_since_s,
        trouble=None,
        words="",
        tries=0 if is_steady else watch.tries,
        size=watch.size or look.size,
    )


def _found(watch: Watch, trouble: State, words: str, now_s: float) -> Watch:
    faults = {**watch.faults, trouble: watch.faults.get(trouble, 0) + 1}
    return replace(
        watch,
        trouble=trouble,
        trouble_s=now_s,
        words=words,
        faults=MappingProxyType(faults),
    )
