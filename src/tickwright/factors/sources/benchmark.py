"""`BenchmarkSource`: what betas are to. An instrument, an index series, or the weighted mean of all others.

A benchmark may have a calendar of its own. Its prices are laid on the grid of the assets by the moments at which their
bars begin, and returns are made of them there: from Friday to Tuesday where the assets have no Monday, and over two
bars, which pair with none over one, where they have. Bars that begin at other moments are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tickwright.core.errors import BenchmarkError, ConfigError
from tickwright.factors.grid import Grid
from tickwright.factors.records import RETURN, Status
from tickwright.factors.sources.reference import ReferenceSource
from tickwright.factors.sources.returns import ReturnSource

_OK = int(Status.OK)
_LEAST_PAIRS = 30
_BEYOND_CHANCE = 3.0
"""Standard errors."""
_LEAST_SIZE = 0.05
"""Of a correlation: on short bars assets do answer their benchmark a bar later, and weakly."""
_LAGS = (-1, 0, 1)


@dataclass(frozen=True)
class BenchmarkSource:
    """`returns` of an instrument or an index, on a grid that may be its own; None is a basket of all others.

    Of a basket: `weights`, by default alike, and `members`, whose statements say who is in it at a slot, by default
    all. Raises ConfigError.
    """

    name: str
    returns: ReturnSource | None = None
    weights: Mapping[str, float] | None = None
    members: ReferenceSource | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise ConfigError("benchmark", self.name, "a name")
        if self.returns is not None and (self.weights is not None or self.members is not None):
            raise ConfigError(f"weights of {self.name}", "some", "none: an instrument is no basket")

    def on(self, grid: Grid) -> ReturnSource:
        """Its returns on the grid of the assets. Raises ConfigError for a basket, and for bars of another length."""
        if self.returns is None:
            raise ConfigError(f"returns of {self.name}", "none", "an instrument: a basket has those of its members")
        own = self.returns.own or self.returns.grid
        return replace(self.returns, grid=grid, own=None if own == grid else own)


def check_alignment(assets: Sequence[np.ndarray], market: np.ndarray, step: str = "bar") -> float | None:
    """Raise BenchmarkError where returns go better with the benchmark's of one bar before or after than with its own.

    RETURN rows of each asset and of the benchmark, over a `step` each. Answers the mean size of the correlations
    without a shift; None where no asset has thirty returns in common with it. A benchmark that is stamped at the end of
    its bars, beside assets stamped at their beginning, is caught so. Sizes are averaged, for an asset may move against
    the benchmark.

    They must be more than chance: of n pairs that have nothing to do with each other a correlation is about
    N(0, 1/n), and beyond 3/√n once in 370. Assets that share something else are no better witnesses than one, so
    their mean is held to that too, however many they are. One of less than `_LEAST_SIZE` is no shift, however long.
    """
    base, told = _told(market), [_told(rows) for rows in assets]
    found = {lag: [c for one in told if (c := _correlation(one, base, lag)) is not None] for lag in _LAGS}
    if not found[0]:
        return None
    mean = {lag: float(np.mean([abs(c) for c, _ in pairs])) if pairs else 0.0 for lag, pairs in found.items()}
    best = max(mean, key=lambda lag: mean[lag])
    if best == 0:
        return mean[0]
    of_one = float(np.mean([_BEYOND_CHANCE / np.sqrt(n) for _, n in found[best]]))
    if mean[best] > 2 * mean[0] and mean[best] > max(of_one, _LEAST_SIZE):
        raise BenchmarkError(
            f"the benchmark is shifted by {best:+d} {step}: the mean size of correlations is {mean[best]:.3f} there, "
            f"{mean[0]:.3f} without; aligned=False, or --lagged, says that assets are to lag or lead it"
        )
    return mean[0]


def _told(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(slots, values) of those that are."""
    assert rows.dtype == RETURN
    there = rows["status"] == _OK
    return rows["slot"][there], rows["value"][there]


def _correlation(
    asset: tuple[np.ndarray, np.ndarray], market: tuple[np.ndarray, np.ndarray], lag: int
) -> tuple[float, int] | None:
    """(correlation, of how many pairs)."""
    _, i, j = np.intersect1d(asset[0], market[0] - lag, assume_unique=True, return_indices=True)
    if len(i) < _LEAST_PAIRS:
        return None
    x, y = asset[1][i], market[1][j]
    if x.min() == x.max() or y.min() == y.max():
        return None
    with np.errstate(all="ignore"):  # squares that are nought or no numbers
        x, y = x - x.mean(), y - y.mean()
        own, base = float(np.sqrt(x @ x)), float(np.sqrt(y @ y))
        return (float(x @ y) / (own * base), len(i)) if 0 < own * base < np.inf else None
