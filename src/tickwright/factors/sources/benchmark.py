"""`BenchmarkSource`: what betas are to. An instrument, an index series, or the mean of all others.

A benchmark may have a calendar of its own: its returns are laid on the grid of the assets by the times at which they
begin, and span as many bars there as lie between; bars that begin at other moments are left out. A return over more
bars than the asset's does not pair with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tickwright.core.errors import BenchmarkError, ConfigError
from tickwright.factors.grid import OUTSIDE, Grid
from tickwright.factors.records import RETURN, Status
from tickwright.factors.sources.returns import ReturnSource

_OK = int(Status.OK)
_LEAST_PAIRS = 30
_LAGS = (-1, 0, 1)


@dataclass(frozen=True)
class BenchmarkSource:
    """`returns` of an instrument or an index, on a grid that may be its own; None is a basket of all others.

    `max_stale`: slots in a row that it may be missing before rows say so. Raises ConfigError.
    """

    name: str
    returns: ReturnSource | None = None
    max_stale: int = 0

    def __post_init__(self) -> None:
        if not self.name or self.max_stale < 0:
            raise ConfigError("benchmark", (self.name, self.max_stale), "a name, and a limit that is not negative")

    def on(self, grid: Grid, rows: np.ndarray) -> np.ndarray:
        """RETURN rows of its own grid → of another one. Raises ConfigError where bars are of another length."""
        own = grid if self.returns is None else self.returns.grid
        if own == grid:
            return rows
        if own.length != grid.length:
            raise ConfigError(f"grid of {self.name}", own.text, f"{grid.text}, the grid of the assets")
        slots = _beginning_at(grid, own.begins(rows["slot"]))
        begun = _beginning_at(grid, own.begins(np.maximum(rows["slot"] - rows["span"], 0)))
        out = rows.copy()
        out["slot"], out["span"] = slots, np.maximum(slots - begun, 0)
        # What begins where the assets have no slot is a return over no number of their bars.
        out["status"] = np.where((begun >= 0) & (out["span"] > 0), rows["status"], int(Status.GAP))
        out["ts_event"] = np.where(slots >= 0, grid.begins(np.maximum(slots, 0)), 0)
        return np.asarray(out[slots >= 0])


def _beginning_at(grid: Grid, times: np.ndarray) -> np.ndarray:
    """The slots that begin at these moments; OUTSIDE where none does."""
    slots = grid.slots(times)
    return np.where((slots >= 0) & (grid.begins(np.maximum(slots, 0)) == times), slots, OUTSIDE)


def check_alignment(assets: Sequence[np.ndarray], market: np.ndarray) -> float:
    """Raise BenchmarkError where returns go better with the benchmark's of one bar before or after than with its own.

    RETURN rows of each asset and of the benchmark. Answers the mean correlation without a shift. A benchmark that is
    stamped at the end of its bars, beside assets stamped at their beginning, is caught so.
    """
    found = {lag: [c for rows in assets if (c := _correlation(rows, market, lag)) is not None] for lag in _LAGS}
    if not found[0]:
        raise BenchmarkError(f"no asset has {_LEAST_PAIRS} returns in common with the benchmark")
    mean = {lag: float(np.mean(values)) if values else 0.0 for lag, values in found.items()}
    best = max(mean, key=lambda lag: abs(mean[lag]))
    if best != 0 and abs(mean[best]) > 2 * abs(mean[0]) and abs(mean[best]) > 3 / np.sqrt(_LEAST_PAIRS * len(found[0])):
        raise BenchmarkError(
            f"the benchmark is shifted by {best:+d} bar: mean correlation {mean[best]:.3f} there, {mean[0]:.3f} without"
        )
    return mean[0]


def _correlation(asset: np.ndarray, market: np.ndarray, lag: int) -> float | None:
    assert asset.dtype == market.dtype == RETURN
    a, m = asset[asset["status"] == _OK], market[market["status"] == _OK]
    _, i, j = np.intersect1d(a["slot"], m["slot"] - lag, return_indices=True)
    if len(i) < _LEAST_PAIRS:
        return None
    x, y = a["value"][i], m["value"][j]
    if x.std() == 0 or y.std() == 0:
        return None
    return float(np.corrcoef(x, y)[0, 1])
