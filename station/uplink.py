"""From the outbox to the server: oldest first, as often as it takes, never a second copy.

What a reply means is decided by pure functions; `Uplink` gathers, sends and applies. Every request
is a PUT under the content's own name, so a repeat after a lost answer changes nothing there.
"""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, ValidationError

from models.errors import RecordInvalid
from models.record import Sha256
from models.records import Acknowledgement, Inspection
from station.errors import AcknowledgementWrong, PhotoLost
from station.outbox import Outbox, files_of
from station.wire import Reply, Send, Silence

FIRST_PAUSE_S = 0.5
IDLE_S = 0.25
# How often an idle station asks whether the server is there, so that the screen does not guess.
PING_S = 5.0
# A server may ask for patience, but not for a day.
MAX_ASKED_S = 120.0
_MAX_WORDS = 500
_MAX_STORED = 100_000


class Trouble(StrEnum):
    """Why nothing gets through just now."""

    UNREACHABLE = "unreachable"
    BAD_TOKEN = "bad_token"  # noqa: S105 - a word, not a password
    NOT_ALLOWED = "not_allowed"
    BUSY = "busy"
    FULL = "full"
    FAILING = "failing"
    STRANGE = "strange"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """The server has the photo."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """The server has the inspection."""

    acknowledgement: Acknowledgement
    """Its word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """The server lacks photos of the inspection."""

    hashes: frozenset[str]
    """Which."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """Sending it again as it is would change nothing: a person has to look."""

    words: str
    """The server's own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """Try again later."""

    trouble: Trouble
    """Why."""
    at_least_s: float = 0.0
    """What the server asked for."""
    blames_item: bool = False
    """Another inspection may get through meanwhile."""


class _Detail(BaseModel):
    model_config = ConfigDict(extra="ignore")
    detail: str


class _Lacking(BaseModel):
    model_config = ConfigDict(extra="ignore")
    missing: list[Sha256]


def after_photo(reply: Reply) -> Stored | Refused | Wait:
    """What a reply to a photo means."""
    if reply.status in {200, 201}:
        return Stored()
    # 422: the bytes were checked against their name before they left, so the wire changed them.
    return Refused(words=_words(reply)) if reply.status in {413, 415} else _wait(reply)


def after_inspection(reply: Reply, inspection: Inspection) -> Kept | Missing | Refused | Wait:
    """What a reply to an inspection means. A 2xx that is no acknowledgement of it is no success."""
    if reply.status in {200, 201}:
        return _kept(reply, inspection)
    if reply.status == 424:
        return _missing(reply, inspection)
    return Refused(words=_words(reply)) if reply.status in {409, 413, 422} else _wait(reply)


def _kept(reply: Reply, inspection: Inspection) -> Kept | Wait:
    try:
        told = Acknowledgement.from_json(reply.body)
    except RecordInvalid:
        return Wait(trouble=Trouble.STRANGE, blames_item=True)
    if told.inspection_id != inspection.inspection_id:
        return Wait(trouble=Trouble.STRANGE, blames_item=True)
    return Kept(acknowledgement=told)


def _missing(reply: Reply, inspection: Inspection) -> Missing | Wait:
    try:
        lacking = frozenset(_Lacking.model_validate_json(reply.body).missing)
    except ValidationError:
        lacking = frozenset()
    if not lacking or not lacking <= files_of(inspection).keys():
        return Wait(trouble=Trouble.STRANGE, blames_item=True)
    return Missing(hashes=lacking)


def _wait(reply: Reply) -> Wait:
    known = {
        401: Trouble.BAD_TOKEN,
        403: Trouble.NOT_ALLOWED,
        429: Trouble.BUSY,
        503: Trouble.BUSY,
        507: Trouble.FULL,
    }
    other = Trouble.FAILING if reply.status >= 500 else Trouble.STRANGE
    trouble = known.get(reply.status, other)
    return Wait(
        trouble=trouble,
        at_least_s=reply.retry_after_s,
        blames_item=reply.status not in known,
    )


def _words(reply: Reply) -> str:
    """What the server said, for people; garbage is shown as far as it can be read."""
    try:
        words = _Detail.model_validate_json(reply.body).detail
    except ValidationError:
        words = reply.body[:_MAX_WORDS].decode(errors="replace")
    clean = " ".join("".join(sign if sign.isprintable() else " " for sign in words).split())
    return f"{reply.status}: {clean or 'no reason given'}"[:_MAX_WORDS]


def back_off_s(failures: int, cap_s: float, jitter: float) -> float:
    """Pause after so many failures in a row: 0.5 s doubled each time up to the cap.

    `jitter` in 0..1 takes up to half of it away, so that stations do not come back all at once.
    """
    doubled: float = FIRST_PAUSE_S * 2 ** min(failures - 1, 16)
    return min(cap_s, doubled) * (1 - jitter / 2)


def choose(pending: Sequence[str], failures: dict[str, int]) -> str:
    """The next to send: the oldest of those that failed least, so that one bad item blocks no other."""
    return min(pending, key=lambda inspection_id: failures.get(inspection_id, 0))


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """What the screen says of the server."""

    trouble: Trouble | None = None
    """Why nothing gets through; none while it does."""
    is_known: bool = False
    """Whether anything was asked of it yet."""


class Uplink:
    """Empties the outbox; one thread calls `step` or `run`."""

    def __init__(
        self,
        outbox: Outbox,
        send: Send,
        *,
        retry_cap_s: float = 30.0,
        clock_s: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Send what is in `outbox` through `send`."""
        self._outbox = outbox
        self._send = send
        self._retry_cap_s = retry_cap_s
        self._clock_s = clock_s
        self._jitter = jitter
        self._stored: set[str] = set()
        self._item_failures: dict[str, int] = {}
        self._failures = 0
        self._pinged_s = float("-inf")
        self.link = Link()

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set; leaves after the request under way."""
        pause_s = 0.0
        while not stop.wait(pause_s):
            pause_s = self.step()

    def step(self) -> float:
        """Do one thing and say how many seconds to leave before the next."""
        pending = self._outbox.pending_ids()
        if not pending:
            return self._ping()
        inspection = self._outbox.inspection(choose(pending, self._item_failures))
        outcome = self._deliver(inspection)
        return self._apply(inspection, outcome)

    def _ping(self) -> float:
        if self._clock_s() - self._pinged_s < PING_S:
            return IDLE_S
        self._pinged_s = self._clock_s()
        try:
            reply = self._send("GET", "/healthz", b"", "")
        except Silence:
            return self._failed(Wait(trouble=Trouble.UNREACHABLE))
        if reply.status != 200:
            return self._failed(_wait(reply))
        return self._worked(IDLE_S)

    def _deliver(self, inspection: Inspection) -> Kept | Missing | Refused | Wait:
        """Photos first, then the record; photos that the server turns out to lack are sent once more."""
        body = self._outbox.record(inspection.inspection_id).encode()
        try:
            for _ in range(2):
                fault = self._send_photos(inspection)
                if isinstance(fault, Refused | Wait):
                    return fault
                path = f"/api/v1/inspections/{inspection.inspection_id}"
                reply = self._send("PUT", path, body, "application/json")
                outcome = after_inspection(reply, inspection)
                if not isinstance(outcome, Missing):
                    return outcome
                self._stored -= outcome.hashes
        except Silence:
            return Wait(trouble=Trouble.UNREACHABLE)
        # It took the photos and says that it has none: its disk or its database is not well.
        return Wait(trouble=Trouble.FAILING, blames_item=True)

    def _send_photos(self, inspection: Inspection) -> Stored | Refused | Wait:
        if len(self._stored) > _MAX_STORED:
            self._stored.clear()
        for sha256, media_type in files_of(inspection).items():
            if sha256 in self._stored:
                continue
            try:
                data = self._outbox.photo(sha256)
            except PhotoLost as error:
                return Refused(words=str(error))
            outcome = after_photo(self._send("PUT", f"/api/v1/photos/{sha256}", data, media_type))
            if not isinstance(outcome, Stored):
                return outcome
            self._stored.add(sha256)
        return Stored()

    def _apply(self, inspection: Inspection, outcome: Kept | Missing | Refused | Wait) -> float:
        name = inspection.inspection_id
        match outcome:
            case Kept():
                self._settle(outcome.acknowledgement)
            case Refused():
                self._outbox.refuse(name, outcome.words)
            case Wait(blames_item=True):
                self._item_failures[name] = self._item_failures.get(name, 0) + 1
                return self._failed(outcome)
            case Wait():
                return self._failed(outcome)
        self._item_failures.pop(name, None)
        return self._worked(0.0)

    def _settle(self, told: Acknowledgement) -> None:
        try:
            self._outbox.acknowledge(told)
        except AcknowledgementWrong as error:
            self._outbox.refuse(told.inspection_id, str(error))

    def _failed(self, wait: Wait) -> float:
        self._failures += 1
        self.link = Link(trouble=wait.trouble, is_known=True)
        pause_s = back_off_s(self._failures, self._retry_cap_s, self._jitter())
        return max(pause_s, min(wait.at_least_s, MAX_ASKED_S))

    def _worked(self, pause_s: float) -> float:
        self._failures = 0
        self.link = Link(is_known=True)
        return pause_s
