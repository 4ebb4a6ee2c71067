"""Ratios on this machine, in one run: the bare session, our whole pipeline, its backends, and a peer on the same work."""

import contextlib
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import ReleaseRefused
from models.vision.backends import Backend, installed
from models.vision.bundle import Bundle, open_release
from models.vision.decode import decode, read
from models.vision.detector import Detector, fill
from models.vision.geometry import Letterbox
from models.vision.lanes import Lanes
from models.vision.picture import reduced
from models.vision.session import usable_cores
from models.vision.tiles import plan

Bgr = NDArray[np.uint8]
Batch = NDArray[np.float32]
Report = dict[str, Any]
Peer = Callable[[Bgr], object]
"""Looks at one picture, height × width × 3 BGR."""

# Two views, a label and a detail: what a station photographs of an item and looks at together.
PHOTOS_AN_ITEM = 4
# Threads that wait by spinning still take the processor when the next contestant has begun.
_REST_S = 0.01
SESSION, PIPELINE, SAME_TILES, WHOLE_PHOTOS = (
    "session",
    "pipeline",
    "ultralytics",
    "ultralytics_whole_photos",
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Work:
    """The photos of one item, and exactly what the model is given of them."""

    photos: tuple[Bgr, ...]
    """Decoded."""
    tiles: tuple[Bgr, ...]
    """The cuts of the reduced photos, before letterboxing."""
    inputs: tuple[Batch, ...]
    """The same as the model's input, [1, 3, side, side] each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """One release's times."""

    bundle: Bundle
    """What was timed."""
    rows: tuple[dict[str, float], ...]
    """Contestant → milliseconds, a round each."""
    photos: int
    """In one round."""
    tiles: int
    """In one round."""


def items(photos: Iterable[Path]) -> list[tuple[Bgr, ...]]:
    """The photos decoded, a few an item. Raises PhotoUnreadable."""
    decoded = [decode(read(path)).bgr for path in photos]
    starts = range(0, len(decoded), PHOTOS_AN_ITEM)
    return [tuple(decoded[at : at + PHOTOS_AN_ITEM]) for at in starts]


def prepare(photos: Sequence[Bgr], bundle: Bundle) -> Work:
    """Cut the photos as the pipeline does, so that everyone is timed on the same pixels."""
    card = bundle.card
    tiles = [
        small[t.y : t.y + t.height, t.x : t.x + t.width]
        for small in (reduced(bgr, card.tiling.max_side_px) for bgr in photos)
        for t in plan(small.shape[1], small.shape[0], card.input_side_px, card.tiling)
    ]
    side = card.input_side_px
    return Work(
        photos=tuple(photos),
        tiles=tuple(tiles),
        inputs=tuple(_input(tile, side) for tile in tiles),
    )


def _input(tile: Bgr, side_px: int) -> Batch:
    batch = np.empty((1, 3, side_px, side_px), np.float32)
    fill(batch[0], tile, Letterbox.fit(tile.shape[1], tile.shape[0], side_px))
    return batch


def bench(
    release: Path,
    photos: Sequence[Sequence[Bgr]],
    *,
    rounds: int,
    peer: Peer | None,
    backend: Backend | str,
) -> Timed:
    """Time everything on every item's photos. Raises SecondlookError.

    The contestants take turns on each item, so that a slower minute of the machine meets all of them
    alike. Of the pipeline and its bare session the backend is `backend`, AUTO for the quickest.
    """
    bundle = open_release(release, backend=backend)
    contestants = _contestants(bundle, release, peer)
    works = [prepare(item, bundle) for item in photos]
    # The first round warms.
    rows = [_round(contestants, works, number) for number in range(rounds + 1)][1:]
    return Timed(
        bundle=bundle,
        rows=tuple(rows),
        photos=sum(len(work.photos) for work in works),
        tiles=sum(len(work.tiles) for work in works),
    )


Contestants = Mapping[str, Callable[[Work], object]]


def _contestants(bundle: Bundle, release: Path, peer: Peer | None) -> Contestants:
    detector = Detector(bundle)
    found: dict[str, Callable[[Work], object]] = {
        SESSION: _runs(bundle),
        PIPELINE: lambda work: detector.detect_photos(work.photos),
    }
    if peer:
        found[SAME_TILES] = lambda work: [peer(tile) for tile in work.tiles]
        found[WHOLE_PHOTOS] = lambda work: [peer(photo) for photo in work.photos]
    return found | dict(_backends(bundle, release))


def _backends(bundle: Bundle, release: Path) -> Iterator[tuple[str, Callable[[Work], object]]]:
    """The sessions of all backends that this machine has, but for the one that is timed anyhow."""
    for backend in installed():
        if backend is bundle.backend:
            continue
        with contextlib.suppress(ReleaseRefused):
            yield backend.value, _runs(open_release(release, backend=backend))


def _runs(bundle: Bundle) -> Callable[[Work], object]:
    """The bare session over tiles that are ready, side by side as the pipeline's are."""
    lanes = Lanes(bundle.lanes)
    return lambda work: lanes.map(bundle.session.run, work.inputs)


def _round(contestants: Contestants, works: Sequence[Work], number: int) -> dict[str, float]:
    # Who begins changes from round to round: the first after another's work pays for its traces.
    names = list(contestants)
    order = names[number % len(names) :] + names[: number % len(names)]
    spent_ms = dict.fromkeys(names, 0.0)
    for work in works:
        for name in order:
            time.sleep(_REST_S)
            start = time.perf_counter()
            contestants[name](work)
            spent_ms[name] += (time.perf_counter() - start) * 1000
    return spent_ms


def report(timed: Sequence[Timed]) -> Report:
    """The contract of design.md: of one release, or of all together and each under `releases`.

    Every ratio is the median over the rounds.
    """
    together = _told(timed)
    if len(timed) == 1:
        return together
    return together | {"releases": {t.bundle.identifier: _told([t]) for t in timed}}


def _told(timed: Sequence[Timed]) -> Report:
    rows = [_summed(rows) for rows in zip(*(t.rows for t in timed), strict=True)]
    tiles, photos = sum(t.tiles for t in timed), sum(t.photos for t in timed)
    spent_ms = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    backends = [_by_backend(t) for t in timed]
    return {
        "pipeline_over_session": _ratio(rows, PIPELINE, SESSION),
        "ultralytics_over_pipeline": _ratio(rows, SAME_TILES, PIPELINE),
        "ultralytics_whole_photos_over_pipeline": _ratio(rows, WHOLE_PHOTOS, PIPELINE),
        "backends": {
            backend: round(sum(ms[backend] for ms in backends) / tiles, 2)
            for backend in backends[0]
            if all(backend in ms for ms in backends)
        },
        "backend": ", ".join(sorted({t.bundle.backend.value for t in timed})),
        "per_tile_ms": {
            name: round(spent_ms[name] / tiles, 2)
            for name in (SESSION, PIPELINE, SAME_TILES)
            if name in spent_ms
        },
        "photos_per_s": {
            name: round(photos / spent_ms[name] * 1000, 2)
            for name in (PIPELINE, SAME_TILES, WHOLE_PHOTOS)
            if name in spent_ms
        },
        "photos": photos,
        "tiles": tiles,
        "rounds": len(rows),
        "threads": usable_cores(),
        "release": ", ".join(t.bundle.identifier for t in timed),
    }


def _summed(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """One round over several releases: what each of them has been timed on."""
    shared = [name for name in rows[0] if all(name in row for row in rows)]
    return {name: sum(row[name] for row in rows) for name in shared}


def _by_backend(timed: Timed) -> dict[str, float]:
    """Backend → milliseconds of a round, in the order of the words."""
    own = {timed.bundle.backend.value: SESSION}
    names = {backend.value: own.get(backend.value, backend.value) for backend in Backend}
    return {
        backend: statistics.median(row[name] for row in timed.rows)
        for backend, name in names.items()
        if name in timed.rows[0]
    }


def _ratio(rows: Sequence[Mapping[str, float]], above: str, below: str) -> float | None:
    if above not in rows[0]:
        return None
    return round(statistics.median(row[above] / row[below] for row in rows), 3)


_RATIOS = {
    "pipeline_over_session": "our pipeline / its bare session",
    "ultralytics_over_pipeline": "Ultralytics on the same tiles / our pipeline",
    "ultralytics_whole_photos_over_pipeline": "Ultralytics, one look a photo / our pipeline",
}


def table(told: Report) -> str:
    """The report for people: ratios first."""
    parts = [*told.get("releases", {}).values(), told]
    return "\n\n".join(_lines(part) for part in parts)


def _lines(told: Mapping[str, Any]) -> str:
    def row(words: str, value: float | None) -> str:
        return f"  {words:<46}{'–' if value is None else value:>8}"

    head = (
        "{release}: {photos} photos, {tiles} tiles, {threads} threads, {backend}, {rounds} rounds"
    )
    return "\n".join(
        [
            head.format_map(told),
            *(row(words, told[name]) for name, words in _RATIOS.items()),
            *(row(f"ms a tile: {name}", ms) for name, ms in told["per_tile_ms"].items()),
            *(
                row(f"ms a tile in the session: {name}", ms)
                for name, ms in told["backends"].items()
            ),
        ]
    )
