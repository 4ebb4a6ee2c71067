"""All releases look at all photos of one item, and say what they could not see."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.record import XyXy
from models.records import Finding, Photo, Release
from models.vision.bundle import Bundle
from models.vision.codes import Code
from models.vision.detector import Detection, Detector
from models.vision.picture import Picture
from models.vision.presence import (
    Look,
    Presence,
    box_traces,
    code_traces,
    floors,
    overlooked,
    presence,
)
from models.vocabulary import Category, Cue, Defect, Part, Shot


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class View:
    """A photo with its pixels, as large as the releases look at them."""

    photo: Photo
    """What is known of it, the gate's faults included."""
    picture: Picture
    """Its pixels at the sizes that Sight.sides_px asks for."""
    codes: tuple[Code, ...] = ()
    """The codes on it, where its shot expects a part that carries some."""

    @property
    def is_usable(self) -> bool:
        """The gate passed it, or the operator insisted on it."""
        return not self.photo.faults or self.photo.insisted


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What all releases saw on all photos, and what stays unknown."""

    findings: tuple[Finding, ...]
    """In the order of the photos, then the most probable first: f1, f2, …"""
    not_seen: tuple[Shot, ...]
    """Required shots without a usable photo."""
    not_assessable: tuple[Defect, ...]
    """Defects of the standard that no release sees for this category."""
    releases: tuple[str, ...]
    """name@version of the models that looked."""
    presences: tuple[Presence, ...] = ()
    """Each expected part on each shot that was taken, with what speaks for its being there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Glance:
    """One release's look at one photo."""

    place: int
    view: View
    card: Release
    release: str
    detections: tuple[Detection, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Suspicion:
    """A finding before it has its number."""

    place: int
    view: View
    defect: Defect
    probability: float
    xyxy: XyXy
    release: str


class Sight:
    """The releases of one station, ready to look."""

    def __init__(self, bundles: Sequence[Bundle]) -> None:
        """Look through all of `bundles`."""
        self._detectors = [Detector(bundle) for bundle in bundles]
        self.sides_px = frozenset(b.card.tiling.max_side_px for b in bundles)
        """The longer sides at which pictures are wanted."""

    def look(
        self,
        views: Sequence[View],
        category: Category,
        *,
        required: Sequence[Shot],
        defects: Sequence[Defect],
        expected_parts: Mapping[Shot, tuple[Part, ...]],
    ) -> Seen:
        """Look at one item's photos for the defects that its standard asks for.

        A photo that the gate refused and nobody insisted on is not looked at: its shot is not seen.
        Raises ReleaseRefused when a model breaks its card's word.
        """
        usable = [(place, view) for place, view in enumerate(views) if view.is_usable]
        looking = [d for d in self._detectors if _sought(d.card, category, defects)]
        glances = [glance for d in looking for glance in _glances(usable, d)]
        found = [s for glance in glances for s in _seen_on(glance, category, defects)]
        able = [g for g in glances if Defect.MISSING_LABEL in g.card.sees.get(category, ())]
        wanted = expected_parts if Defect.MISSING_LABEL in defects else {}
        presences = tuple(_presences(usable, able, wanted))
        found += [gone for one in presences for gone in _missing(one, able)]
        shots = {view.photo.shot for _, view in usable}
        sought = {s for d in looking for s in _sought(d.card, category, defects)}
        if not _labels_known([d.card for d in looking], category, expected_parts):
            sought.discard(Defect.MISSING_LABEL)
        return Seen(
            findings=_numbered(found),
            not_seen=tuple(shot for shot in required if shot not in shots),
            not_assessable=tuple(defect for defect in defects if defect not in sought),
            releases=tuple(d.identifier for d in looking) if usable else (),
            presences=presences,
        )


def _sought(card: Release, category: Category, defects: Sequence[Defect]) -> set[Defect]:
    """Which of the defects this release may be trusted to look for."""
    return set(card.sees.get(category, ())) & set(defects)


def _labels_known(
    cards: Sequence[Release], category: Category, expected_parts: Mapping[Shot, tuple[Part, ...]]
) -> bool:
    """Whether each expected part would be missed by somebody: who knows barcodes misses no label."""
    able = [c for c in cards if Defect.MISSING_LABEL in c.sees.get(category, ())]
    known = {kind for card in able for kind in card.classes}
    expected = {part for parts in expected_parts.values() for part in parts}
    return Defect.MISSING_LABEL in known or expected <= known


def _glances(usable: Sequence[tuple[int, View]], detector: Detector) -> list[_Glance]:
    """One release's look at all photos of the item together, so that their tiles fill its batches."""
    pictures = [view.picture for _, view in usable]
    seen = detector.detect_all(pictures, floors=floors(detector.card))
    return [
        _Glance(
            place=place,
            view=view,
            card=detector.card,
            release=detector.identifier,
            detections=detections,
        )
        for (place, view), detections in zip(usable, seen, strict=True)
    ]


def _seen_on(
    glance: _Glance, category: Category, defects: Sequence[Defect]
) -> Iterator[_Suspicion]:
    sought = _sought(glance.card, category, defects)
    for detection in glance.detections:
        if detection.kind in sought:
            yield _Suspicion(
                place=glance.place,
                view=glance.view,
                defect=Defect(detection.kind),
                probability=detection.probability,
                xyxy=detection.xyxy,
                release=glance.release,
            )


def _presences(
    usable: Sequence[tuple[int, View]],
    able: Sequence[_Glance],
    expected_parts: Mapping[Shot, tuple[Part, ...]],
) -> Iterator[Presence]:
    """What nobody looked for and nothing speaks for is unknown, and left out."""
    for shot, parts in expected_parts.items():
        on_shot = [(place, view) for place, view in usable if view.photo.shot == shot]
        for part in parts:
            looks = [_for_part(part, place, view, able) for place, view in on_shot]
            found = presence(shot, part, looks)
            if found and (found.traces or _knowing(found, able)):
                yield found


def _for_part(part: Part, place: int, view: View, able: Sequence[_Glance]) -> Look:
    here = [glance for glance in able if glance.place == place]
    boxes = [t for g in here for t in box_traces(part, g.detections, g.card, g.release)]
    return Look(
        place=place,
        traces=(*boxes, *code_traces(view.codes)),
        overlooked=overlooked(part, [glance.card for glance in here]),
    )


def _knowing(of: Presence, able: Sequence[_Glance]) -> list[_Glance]:
    return [g for g in able if g.place == of.place and of.part in g.card.classes]


def _missing(of: Presence, able: Sequence[_Glance]) -> Iterator[_Suspicion]:
    """The part, missing from the whole photo, where it was looked for and is not seen."""
    knowing = _knowing(of, able)
    if of.is_seen or not knowing:
        return
    own = (trace.source for trace in of.traces if trace.cue is Cue.ITSELF)
    photo = knowing[0].view.photo
    yield _Suspicion(
        place=of.place,
        view=knowing[0].view,
        defect=Defect.MISSING_LABEL,
        probability=1.0 - of.probability,
        xyxy=(0.0, 0.0, float(photo.width), float(photo.height)),
        release=next(own, knowing[0].release),
    )


def _numbered(found: Sequence[_Suspicion]) -> tuple[Finding, ...]:
    ordered = sorted(found, key=lambda s: (s.place, -s.probability, s.defect, s.xyxy, s.release))
    return tuple(_finding(number, suspicion) for number, suspicion in enumerate(ordered, 1))


def _finding(number: int, suspicion: _Suspicion) -> Finding:
    x1, y1, x2, y2 = suspicion.xyxy
    photo = suspicion.view.photo
    return Finding(
        finding_id=f"f{number}",
        defect=suspicion.defect,
        probability=suspicion.probability,
        photo_sha256=photo.sha256,
        shot=photo.shot,
        xyxy=suspicion.xyxy,
        size_share=min(1.0, max(x2 - x1, y2 - y1) / max(photo.width, photo.height)),
        release=suspicion.release,
    )
