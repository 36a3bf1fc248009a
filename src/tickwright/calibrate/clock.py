"""The facts in clock time, from the mids sampled on the clock of a pass: numpy over at most a million samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tickwright.calibrate import layout as at
from tickwright.calibrate.day import DaySums
from tickwright.calibrate.estimators import correlation, hill_of, kurtosis, relative, signature_of

if TYPE_CHECKING:
    from tickwright.calibrate.facts import Fact

HORIZONS = np.array([1, 2, 5, 10, 20, 30, 60, 120, 300], np.int64)
"""Steps of the clock over which returns are taken; they do not overlap."""
CLUSTER_STEPS = 10
CLUSTER_LAGS = np.array([1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100], np.int64)
"""In returns of CLUSTER_STEPS."""
HILL_SHARES = (0.02, 0.05, 0.1)
LARGEST = 4096
"""Half ticks; larger returns count as this."""


def clock_facts(day: DaySums, fact: type[Fact]) -> list[Fact]:
    """Signature, kurtosis, tail, clustering and the volatility curve of the day."""
    mids, known = day.clock["mid2"], day.clock["known"].astype(bool)
    blocks = day.settings.blocks
    lags = at.LAGS
    signature = np.zeros((blocks, 3 * lags.size))
    for i, lag in enumerate(lags):
        moves, good, block = _moves(day, mids, known, int(lag), 1)
        signature[:, i] = _by_block(block, blocks, moves**2 * good)
        signature[:, lags.size + i] = _by_block(block, blocks, moves * good)
        signature[:, 2 * lags.size + i] = _by_block(block, blocks, good)
    moments = np.zeros((blocks, 5 * HORIZONS.size))
    for i, step in enumerate(HORIZONS):
        moves, good, block = _moves(day, mids, known, int(step), int(step))
        for power in range(5):
            moments[:, (power - 1) % 5 * HORIZONS.size + i] = _by_block(block, blocks, moves**power * good)
    moves, good, block = _moves(day, mids, known, CLUSTER_STEPS, CLUSTER_STEPS)
    sizes = np.minimum(np.abs(moves), LARGEST).astype(np.int64)
    tail = np.zeros((blocks, LARGEST))
    counted = good & (sizes > 0)
    np.add.at(tail, (block[counted], sizes[counted] - 1), 1)
    curve = np.zeros((at.PARTS, blocks))
    np.add.at(curve, (np.arange(moves.size) % at.PARTS, block), moves**2 * good)
    reference = int(np.flatnonzero(lags == 100)[0])
    return [
        fact("signature-clock", "curve", lags, signature, signature_of(lags, reference)),
        fact("kurtosis-clock", "curve", HORIZONS, moments, kurtosis),
        *(
            fact(f"tail-{share:g}", "curve", np.array([share]), tail, hill_of(share))
            for share in HILL_SHARES
        ),
        fact("clustering", "curve", CLUSTER_LAGS, _clustering(np.abs(moves), good, block, blocks), correlation),
        fact("volatility-curve", "curve", (np.arange(blocks) + 0.5) / blocks, curve, relative),
    ]  # fmt: skip


def _moves(
    day: DaySums, mids: np.ndarray, known: np.ndarray, lag: int, every: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Moves of the mid over `lag` samples, half ticks, begun at each `every`-th: (moves, whether known, block)."""
    begin = np.arange(0, max(0, mids.size - lag), every)
    good = known[begin] & known[begin + lag]
    moves = np.where(good, mids[begin + lag] - mids[begin], 0).astype(np.float64)
    return moves, good, begin * day.settings.step // day.settings.width


def _clustering(sizes: np.ndarray, good: np.ndarray, block: np.ndarray, blocks: int) -> np.ndarray:
    columns = np.zeros((6, CLUSTER_LAGS.size, blocks))
    for i, lag in enumerate(CLUSTER_LAGS):
        if lag >= sizes.size:
            continue
        x, y = sizes[:-lag], sizes[lag:]
        both, at_block = good[:-lag] & good[lag:], block[lag:]
        parts = (x * y, x, y, x * x, y * y, np.ones_like(x))
        for k, part in enumerate(parts):
            columns[k, i] = _by_block(at_block, blocks, part * both)
    return np.asarray(np.moveaxis(columns, 2, 0).reshape(blocks, -1))


def _by_block(block: np.ndarray, blocks: int, values: np.ndarray) -> np.ndarray:
    return np.bincount(block, weights=values, minlength=blocks)
