"""Photos and answers of one item to a verdict: vision and grading meet here, and nowhere else.

No I/O beside the processor's work: bytes come in, values go out.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from models.errors import PhotoUnreadable
from models.grading.evidence import Evidence
from models.grading.judge import judge
from models.grading.policy import Policy
from models.grading.routing import route
from models.grading.standard import Standard
from models.records import Answer, CameraSetup, Judgement, Photo, Routing
from models.vision.codes import read_codes
from models.vision.decode import decode, thumbnail_jpeg
from models.vision.picture import Picture
from models.vision.quality import NOTHING_KNOWN, Circumstances, faults_of
from models.vision.reference import Drift, look_for_drift
from models.vision.sight import Seen, Sight, View
from models.vocabulary import Category, Part, Shot


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Capture:
    """One photo that could be decoded, with all that is made where the pixels are."""

    view: View
    """The record and the pixels."""
    data: bytes
    """The file as it came."""
    thumbnail: bytes
    """The small JPEG for lists."""
    drift: Drift | None = None
    """How the bench on it differs from its camera's reference; none where nothing can be compared."""

    @property
    def photo(self) -> Photo:
        """The record alone."""
        return self.view.photo


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """A photo that could not be used at all; its shot is not seen unless another photo shows it."""

    place: int
    """Its place among the photos given, from 0."""
    shot: Shot
    """The view that it was taken for."""
    why: str
    """What was found, and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Examined:
    """What one look at one item gave: everything that its inspection record needs."""

    captures: tuple[Capture, ...]
    """The photos kept, in the order given."""
    left_out: tuple[LeftOut, ...]
    """The photos that could not be used."""
    seen: Seen
    """Findings, shots not seen, defects not assessable, releases that looked."""
    evidence: Evidence
    """What the judgement rests on."""
    judgement: Judgement
    """Scores, grade, disposition."""
    routing: Routing
    """Who decides next, by the station's policy."""

    @property
    def photos(self) -> tuple[Photo, ...]:
        """The records of the photos kept."""
        return tuple(capture.photo for capture in self.captures)

    @property
    def files(self) -> Mapping[str, bytes]:
        """SHA-256 → bytes of every photo and every thumbnail kept."""
        small = {c.photo.thumbnail_sha256: c.thumbnail for c in self.captures}
        whole = {c.photo.sha256: c.data for c in self.captures}
        return {sha256: data for sha256, data in small.items() if sha256} | whole


def capture(
    data: bytes,
    shot: Shot,
    *,
    taken_at: datetime,
    sides_px: Iterable[int],
    expects: Collection[Part] = (),
    insisted: bool = False,
    known: Circumstances = NOTHING_KNOWN,
    setup: CameraSetup | None = None,
) -> Capture:
    """Decode one photo, put it through the gate, and keep it as small as it will be looked at.

    `sides_px` is Sight.sides_px; the full size is in `data` for who wants it again. Codes are read
    where the shot `expects` a part. `insisted` marks a photo that the gate refuses as kept by the
    operator; one that passes needs no insisting. `known` and `setup` are what its camera knows of it.
    `taken_at` is aware. Raises PhotoUnreadable.
    """
    decoded = decode(data)
    faults = faults_of(decoded.bgr, known)
    thumbnail = thumbnail_jpeg(decoded.bgr)
    height, width = decoded.bgr.shape[:2]
    photo = Photo(
        sha256=hashlib.sha256(data).hexdigest(),
        thumbnail_sha256=hashlib.sha256(thumbnail).hexdigest(),
        shot=shot,
        width=width,
        height=height,
        size_bytes=len(data),
        media_type=decoded.media_type,
        taken_at=taken_at,
        faults=faults,
        insisted=insisted and bool(faults),
        camera=setup,
    )
    view = View(photo=photo, picture=Picture.of(decoded.bgr, sides_px))
    if expects and view.is_usable:
        # Here, where the full size is: small bars are lost in what the models look at.
        view = replace(view, codes=read_codes(decoded.bgr))
    drift = look_for_drift(known.reference, decoded.bgr) if known.reference else None
    return Capture(view=view, data=data, thumbnail=thumbnail, drift=drift)


def examine(
    shots: Sequence[tuple[Shot, bytes]],
    *,
    category: Category,
    answers: Sequence[Answer],
    sight: Sight,
    standard: Standard,
    policy: Policy,
    taken_at: datetime,
    insisted: bool = False,
) -> Examined:
    """Examine one item from its photos' bytes, in the order taken.

    A photo that cannot be decoded, or that repeats another one byte by byte, is left out: what it
    should have shown is not seen. Raises ReleaseRefused when a model breaks its card's word.
    """
    captures: list[Capture] = []
    left_out: list[LeftOut] = []
    for place, (shot, data) in enumerate(shots):
        try:
            taken = capture(
                data,
                shot,
                taken_at=taken_at,
                sides_px=sight.sides_px,
                expects=standard.expected_parts.get(shot, ()),
                insisted=insisted,
            )
            refuse_repeat(taken, captures)
            captures.append(taken)
        except PhotoUnreadable as error:
            left_out.append(LeftOut(place=place, shot=shot, why=str(error)))
    return conclude(
        captures,
        left_out=left_out,
        category=category,
        answers=answers,
        sight=sight,
        standard=standard,
        policy=policy.valid_at(taken_at),
    )


def refuse_repeat(taken: Capture, before: Iterable[Capture]) -> None:
    """One file cannot be two views of an item. Raises PhotoUnreadable, naming the first one's shot."""
    for other in before:
        if other.photo.sha256 == taken.photo.sha256:
            raise PhotoUnreadable(
                f"it is the same file as the photo for {other.photo.shot}; take its own photo"
            )


def conclude(
    captures: Sequence[Capture],
    *,
    category: Category,
    answers: Sequence[Answer],
    sight: Sight,
    standard: Standard,
    policy: Policy,
    left_out: Sequence[LeftOut] = (),
) -> Examined:
    """Look at the photos kept and judge what was seen. The policy's certificates count as valid."""
    seen = sight.look(
        [taken.view for taken in captures],
        category,
        required=standard.required_shots,
        defects=standard.defects,
        expected_parts=standard.expected_parts,
    )
    evidence = Evidence(
        findings=seen.findings,
        answers=tuple(answers),
        not_seen=seen.not_seen,
        not_assessable=seen.not_assessable,
        insisted=any(taken.photo.insisted for taken in captures),
    )
    judgement = judge(evidence, standard, policy)
    return Examined(
        captures=tuple(captures),
        left_out=tuple(left_out),
        seen=seen,
        evidence=evidence,
        judgement=judgement,
        routing=route(evidence, judgement, standard, policy),
    )
