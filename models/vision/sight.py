"""All releases look at all photos of one item, and say what they could not see."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.record import XyXy
from models.records import Finding, Photo, Release
from models.vision.bundle import Bundle
from models.vision.detector import Detection, Detector, reaches
from models.vision.picture import Picture
from models.vision.presence import Absence, Trace, absence
from models.vocabulary import Category, Defect, Part, Shot

# Weak traces of an expected part count towards its being there, but not every box of the model.
_TRACE_FLOOR = 0.01


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class View:
    """A photo with its pixels, as large as the releases look at them."""

    photo: Photo
    """What is known of it, the gate's faults included."""
    picture: Picture
    """Its pixels at the sizes that Sight.sides_px asks for."""

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
        if Defect.MISSING_LABEL in defects:
            found += _missing(glances, category, expected_parts)
        shots = {view.photo.shot for _, view in usable}
        sought = {s for d in looking for s in _sought(d.card, category, defects)}
        if not _labels_known([d.card for d in looking], category, expected_parts):
            sought.discard(Defect.MISSING_LABEL)
        return Seen(
            findings=_numbered(found),
            not_seen=tuple(shot for shot in required if shot not in shots),
            not_assessable=tuple(defect for defect in defects if defect not in sought),
            releases=tuple(d.identifier for d in looking) if usable else (),
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
    parts = {part.value: _TRACE_FLOOR for part in Part if part in detector.card.classes}
    seen = detector.detect_all([view.picture for _, view in usable], floors=parts)
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


def _missing(
    glances: Sequence[_Glance], category: Category, expected_parts: Mapping[Shot, tuple[Part, ...]]
) -> Iterator[_Suspicion]:
    able = [g for g in glances if Defect.MISSING_LABEL in g.card.sees.get(category, ())]
    views = {glance.place: glance.view for glance in able}
    for shot, parts in expected_parts.items():
        on_shot = [glance for glance in able if glance.view.photo.shot == shot]
        for part in parts:
            traces = [_trace(glance, part) for glance in on_shot if part in glance.card.classes]
            if gone := absence(traces):
                yield _absent(gone, views[gone.place])


def _trace(glance: _Glance, part: Part) -> Trace:
    own = [detection for detection in glance.detections if detection.kind == part]
    threshold = glance.card.thresholds[part]
    return Trace(
        place=glance.place,
        probability=max((detection.probability for detection in own), default=0.0),
        is_seen=any(reaches(detection.raw, threshold) for detection in own),
        release=glance.release,
    )


def _absent(gone: Absence, view: View) -> _Suspicion:
    return _Suspicion(
        place=gone.place,
        view=view,
        defect=Defect.MISSING_LABEL,
        probability=gone.probability,
        xyxy=(0.0, 0.0, float(view.photo.width), float(view.photo.height)),
        release=gone.release,
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
