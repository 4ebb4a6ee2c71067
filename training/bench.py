"""Ratios on this machine, in one run: the bare session, our whole pipeline, and a peer on the same work."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.vision.bundle import Bundle, open_release
from models.vision.decode import decode, read
from models.vision.detector import TILES_AT_ONCE, Detector, to_batch
from models.vision.geometry import Letterbox, resize
from models.vision.session import usable_cores
from models.vision.tiles import plan, reduced_size

Picture = NDArray[np.uint8]
Batch = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Work:
    """One photo, and exactly what the model is given of it."""

    bgr: Picture
    """Height × width × 3, decoded."""
    tiles: tuple[Picture, ...]
    """The cuts of the reduced photo, BGR, before letterboxing."""
    batches: tuple[Batch, ...]
    """The same as the model's input."""


def prepare(bgr: Picture, bundle: Bundle) -> Work:
    """Cut one photo as the pipeline does, so that everyone is timed on the same pixels."""
    card = bundle.card
    reduced = resize(bgr, *reduced_size(bgr.shape[1], bgr.shape[0], card.tiling.max_side_px))
    tiles = plan(reduced.shape[1], reduced.shape[0], card.input_side_px, card.tiling)
    fits = [Letterbox.fit(t.width, t.height, card.input_side_px) for t in tiles]
    starts = range(0, len(tiles), TILES_AT_ONCE)
    return Work(
        bgr=bgr,
        tiles=tuple(reduced[t.y : t.y + t.height, t.x : t.x + t.width] for t in tiles),
        batches=tuple(
            to_batch(reduced, tiles[at : at + TILES_AT_ONCE], fits[at : at + TILES_AT_ONCE])
            for at in starts
        ),
    )


def bench(
    release: Path, photos: Sequence[Path], *, rounds: int, peer: Callable[[Picture], object] | None
) -> dict[str, object]:
    """Milliseconds and ratios over all photos; `peer` looks at one tile. Raises SecondlookError.

    The contestants take turns on each photo, so that a slower minute of the machine meets all of
    them alike; the ratio is the median over the rounds.
    """
    bundle = open_release(release)
    detector = Detector(bundle)
    works = [prepare(decode(read(path)).bgr, bundle) for path in photos]
    contestants: dict[str, Callable[[Work], object]] = {
        "session": lambda work: [bundle.session.run(batch) for batch in work.batches],
        "pipeline": lambda work: detector.detect(work.bgr),
    }
    if peer:
        contestants["ultralytics"] = lambda work: [peer(tile) for tile in work.tiles]
    rows = [_round(contestants, works) for _ in range(rounds + 1)][1:]  # the first one warms
    return _report(rows, works, bundle)


def _round(
    contestants: dict[str, Callable[[Work], object]], works: Sequence[Work]
) -> dict[str, float]:
    spent_ms = dict.fromkeys(contestants, 0.0)
    for work in works:
        for name, run in contestants.items():
            start = time.perf_counter()
            run(work)
            spent_ms[name] += (time.perf_counter() - start) * 1000
    return spent_ms


def _ratio(rows: Sequence[dict[str, float]], above: str, below: str) -> float | None:
    if above not in rows[0]:
        return None
    return round(statistics.median(row[above] / row[below] for row in rows), 3)


def _report(
    rows: Sequence[dict[str, float]], works: Sequence[Work], bundle: Bundle
) -> dict[str, object]:
    tiles = sum(len(work.tiles) for work in works)
    per_tile = {name: statistics.median(row[name] for row in rows) / tiles for name in rows[0]}
    return {
        "pipeline_over_session": _ratio(rows, "pipeline", "session"),
        "ultralytics_over_pipeline": _ratio(rows, "ultralytics", "pipeline"),
        "backends": {"onnxruntime": round(per_tile["session"], 2)},
        "per_tile_ms": {name: round(ms, 2) for name, ms in per_tile.items()},
        "photos": len(works),
        "tiles": tiles,
        "rounds": len(rows),
        "threads": usable_cores(),
        "release": bundle.card.identifier,
    }
