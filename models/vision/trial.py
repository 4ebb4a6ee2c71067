"""A short trial at the start: which backend is the quickest here, on this model, just now."""

import time
from collections.abc import Mapping

import numpy as np

from models.errors import ReleaseRefused
from models.vision.backends import Backend
from models.vision.lanes import Lanes
from models.vision.session import Batch, Rows, Session

TILES = 4  # enough for two lanes to stay busy; 640 px take 40 ms a tile and core
ROUNDS = 5
PATIENCE_S = 0.4
# Scores of one tile that differ by more are another answer; bf16 itself moves them by some 0.01.
_SAME_SCORE = 0.05


def trial_ms(
    sessions: Mapping[Backend, Session], side_px: int, lanes: Lanes
) -> dict[Backend, float]:
    """Milliseconds a tile of each, the best of a few rounds in turn, tiles side by side.

    Left out is who cannot do it, or gives other scores than the first, which is the reference.
    Raises ReleaseRefused where the reference itself cannot do it.
    """
    batch = _noise(side_px)
    one = batch[:1]
    reference = next(iter(sessions.values())).run(one)
    agreeing = {b: session for b, session in sessions.items() if _agrees(session, one, reference)}
    spent_ms = dict.fromkeys(agreeing, float("inf"))
    end = time.perf_counter() + PATIENCE_S
    tiles = [batch[at : at + 1] for at in range(len(batch))]
    for done in range(ROUNDS):
        if done and time.perf_counter() > end:
            break
        for backend, session in agreeing.items():
            start = time.perf_counter()
            lanes.map(session.run, tiles)
            spent = (time.perf_counter() - start) * 1000 / len(batch)
            spent_ms[backend] = min(spent_ms[backend], spent)
    return spent_ms


def _noise(side_px: int) -> Batch:
    return np.random.default_rng(0).random((TILES, 3, side_px, side_px), np.float32)


def _agrees(session: Session, tile: Batch, reference: Rows) -> bool:
    try:
        rows = session.run(tile)
    except ReleaseRefused:
        return False
    mine, others = np.sort(rows[..., 4]), np.sort(reference[..., 4])
    return mine.shape == others.shape and np.allclose(mine, others, rtol=0, atol=_SAME_SCORE)
