"""Whether ticks are told at a wrong time: the check of bars (`sources.benchmark`), on last prices of a minute or more.

Assets answer their benchmark seconds later, so on short stretches a lag is how a market is; a minute is far beyond.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tickwright.core.units import MINUTE
from tickwright.factors.grid import Grid
from tickwright.factors.sources.benchmark import check_alignment
from tickwright.factors.sources.returns import ReturnSource
from tickwright.factors.tick.ticks import in_order, usable

_ANY = 1 << 61
"""A patience that nothing is too late for."""


def check_tick_alignment(assets: Sequence[np.ndarray], market: np.ndarray, grid: Grid) -> float | None:
    """Raise BenchmarkError where TICK rows go better with the benchmark's of one stretch before or after.

    A stretch is a slot of the grid, and a minute at least. Answers as `check_alignment` does.
    """
    stretch = grid if grid.length >= MINUTE else Grid(MINUTE, grid.session)
    returns = [_returns(ticks, stretch) for ticks in (*assets, market)]
    return check_alignment(returns[:-1], returns[-1], f"stretch of {stretch.text}")


def _returns(ticks: np.ndarray, grid: Grid) -> np.ndarray:
    # Looked at is when prices were, not when they were known.
    ticks = in_order(usable(ticks, _ANY)[0])
    columns = {"ts_event": ticks["ts_event"], "ts_available": ticks["ts_event"], "close": ticks["price"]}
    return ReturnSource("", grid, whole=False).returns([columns])
