"""The watchdog as a function: a story of events, and what the camera is called at its end."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.cameras import watch as watching
from station.cameras.watch import Limits, Look, State, Watch

LIMITS = Limits(stall_s=3, frozen_s=10)
SIZE = (4000, 3000)
GOOD = Look(size=SIZE)
STILL = replace(GOOD, is_still=True)
BLACK = replace(GOOD, is_black=True)
SMALL = Look(size=(640, 480))


def told(*events, limits=LIMITS):
    """Events are (second, what): a Look, "open", "rubbish", "give up", or a State that it failed with."""
    watch = Watch(begun_s=0.0)
    for at_s, what in events:
        match what:
            case Look():
                watch = watching.saw(watch, what, limits, at_s)
            case "open":
                watch = watching.opened(watching.trying(watch), at_s)
            case "rubbish":
                watch = watching.spoiled(watch, "no picture", at_s)
            case "give up":
                watch = watching.given_up(watch, limits, at_s)
            case State():
                watch = watching.failed(watching.trying(watch), what, "words", at_s)
    return watch


def frames(look, since, until, every=1):
    return [(s, look) for s in range(since, until + 1, every)]


STORIES = [
    ("nothing happened yet", [], 1, State.STARTING),
    ("opened, the first frame may take a while", [(0, "open")], 2, State.STARTING),
    ("opened, and nothing came", [(0, "open")], 4, State.STALLED),
    ("refused", [(0, State.UNREACHABLE)], 1, State.UNREACHABLE),
    ("refused long ago, waiting for the next try", [(0, State.UNREACHABLE)], 9, State.UNREACHABLE),
    ("live", [(0, "open"), *frames(GOOD, 1, 5)], 6, State.LIVE),
    ("a frame is as old as it may be", [(0, "open"), (1, GOOD)], 4, State.LIVE),
    ("and older", [(0, "open"), (1, GOOD)], 4.1, State.STALLED),
    ("broke off a moment ago", [(0, "open"), (1, GOOD), (2, State.UNREACHABLE)], 3, State.LIVE),
    ("broke off", [(0, "open"), (1, GOOD), (2, State.UNREACHABLE)], 5, State.UNREACHABLE),
    ("one bad frame", [(0, "open"), (1, GOOD), (2, "rubbish")], 3, State.LIVE),
    ("bad frames only", [(0, "open"), (1, GOOD), *frames("rubbish", 2, 6)], 6, State.GARBAGE),
    ("bad frames, then silence", [(0, "open"), (1, "rubbish")], 5, State.STALLED),
    ("black", [(0, "open"), (1, GOOD), *frames(BLACK, 2, 6)], 6, State.BLACK),
    ("another size", [(0, "open"), (1, GOOD), *frames(SMALL, 2, 6)], 6, State.WRONG_SIZE),
    ("back to its size", [(0, "open"), (1, GOOD), (2, SMALL), (7, GOOD)], 8, State.LIVE),
    ("still, not for long", [(0, "open"), (1, GOOD), *frames(STILL, 2, 11)], 11, State.LIVE),
    ("still for ten seconds", [(0, "open"), (1, GOOD), *frames(STILL, 2, 12)], 12, State.FROZEN),
    ("moves again", [(0, "open"), (1, GOOD), *frames(STILL, 2, 12), (13, GOOD)], 13, State.LIVE),
    (
        "opened again, and the same picture",
        [(0, "open"), (1, GOOD), *frames(STILL, 2, 16), (16, "give up"), (17, "open"), (18, STILL)],
        18,
        State.FROZEN,
    ),
    (
        "given up, opened again, nothing yet",
        [(0, "open"), (1, GOOD), (5, "give up"), (6, "open")],
        7,
        State.STALLED,
    ),
    ("frozen, then unplugged", [(0, "open"), *frames(STILL, 0, 10), (11, State.UNREACHABLE)], 15, State.UNREACHABLE),
    ("rubbish, then unplugged", [(0, "open"), (1, "rubbish"), (2, State.UNREACHABLE)], 3, State.UNREACHABLE),
]  # fmt: skip


@pytest.mark.parametrize(("events", "at_s", "state"), [s[1:] for s in STORIES], ids=[s[0] for s in STORIES])  # fmt: skip
def test_a_camera_is_called_what_it_is(events, at_s, state):
    assert watching.state_at(told(*events), LIMITS, at_s) is state


def test_files_never_freeze():
    limits = replace(LIMITS, frozen_s=0)
    watch = told((0, "open"), *frames(STILL, 1, 100), limits=limits)
    assert watching.state_at(watch, limits, 100) is State.LIVE


def test_a_declared_size_counts_from_the_first_frame():
    limits = replace(LIMITS, size=SIZE)
    watch = told((0, "open"), *frames(SMALL, 1, 5), limits=limits)
    assert watching.state_at(watch, limits, 5) is State.WRONG_SIZE
    assert watch.words == "640 × 480 instead of 4000 × 3000"
    assert watch.good == 0


@pytest.mark.parametrize(
    ("events", "at_s", "hopeless"),
    [
        ([], 100, False),  # closed: nothing to close
        ([(0, "open")], 9, False),  # the first frame may take three times as long
        ([(0, "open")], 9.1, True),
        ([(0, "open"), (1, GOOD)], 4, False),
        ([(0, "open"), (1, GOOD)], 4.1, True),
        ([(0, "open"), *frames(BLACK, 1, 4)], 4, True),  # frames come, none is good
        ([(0, "open"), (1, GOOD), (10, "give up"), (11, "open")], 19, False),  # a new chance
    ],
)
def test_what_gives_nothing_good_is_opened_again(events, at_s, hopeless):
    assert watching.is_hopeless(told(*events), LIMITS, at_s) is hopeless


def test_pauses_double_up_to_the_cap_and_vary():
    watch = Watch(begun_s=0.0)
    pauses = []
    for _ in range(8):
        watch = watching.trying(watch)
        pauses.append(watching.pause_s(watch, LIMITS, 0.0))
    assert pauses == [0.5, 1, 2, 4, 8, 10, 10, 10]
    assert watching.pause_s(watch, LIMITS, 1.0) == 5
    # A week of tries later: no overflow, no end.
    assert watching.pause_s(replace(watch, tries=100_000), LIMITS, 0.0) == 10


def test_a_camera_that_flaps_is_not_opened_every_moment():
    flapping = told((0, "open"), (1, GOOD), (2, State.UNREACHABLE), (9, "open"), (10, GOOD))
    assert flapping.tries == 3
    steady = told((0, "open"), *frames(GOOD, 1, 6))
    assert steady.tries == 0


def test_everything_is_counted():
    watch = told(
        (0, State.UNREACHABLE),
        (1, "open"),
        (2, GOOD),
        (3, "rubbish"),
        (4, BLACK),
        (5, BLACK),
        (9, "give up"),
        (10, "open"),
        (11, GOOD),
    )
    assert (watch.frames, watch.good, watch.opened) == (5, 2, 2)
    assert dict(watch.faults) == {
        State.UNREACHABLE: 1,
        State.GARBAGE: 1,
        State.BLACK: 2,
        State.STALLED: 1,
    }


EVENTS = st.sampled_from(
    [GOOD, STILL, BLACK, SMALL, "open", "rubbish", "give up", State.UNREACHABLE, State.STALLED]
)


@given(st.lists(st.tuples(st.floats(0, 5), EVENTS), max_size=40))
def test_whatever_happened_good_frames_mend_it(steps):
    at_s, story = 0.0, []
    for pause_s, what in steps:
        at_s += pause_s
        story.append((at_s, what))
    wanted = told(*story).size or SIZE
    healthy = [(at_s + 1, "open"), (at_s + 2, Look(size=wanted)), (at_s + 3, Look(size=wanted))]
    watch = told(*story, *healthy)
    assert watching.state_at(watch, LIMITS, at_s + 3) is State.LIVE
    assert watch.trouble is None
    # And whatever is silent for long enough is never called live.
    assert watching.state_at(watch, LIMITS, at_s + 7) is not State.LIVE
