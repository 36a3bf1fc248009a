"""Statistics of a series of profits or returns."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tickwright.core.errors import DataError


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall of an equity curve: `depth` ≥ 0 in its units, from row `peak` to row `trough`."""

    depth: int
    peak: int
    trough: int


def max_drawdown(equity: np.ndarray) -> Drawdown:
    """The deepest fall of an int64 equity curve (any unit) below its own earlier maximum. Raises DataError if empty."""
    if len(equity) == 0:
        raise DataError("equity: got no values, expected at least one")
    values = np.asarray(equity, np.int64)
    below = np.maximum.accumulate(values) - values
    trough = int(np.argmax(below))
    return Drawdown(int(below[trough]), int(np.argmax(values[: trough + 1])), trough)


def sharpe(returns: np.ndarray, periods_per_year: float = 1.0) -> float | None:
    """Mean over sample standard deviation (n - 1), times the root of the periods in a year (Sharpe 1994).

    `returns` are float64 excess returns of equal periods. None when there are fewer than two or they do not vary.
    """
    if len(returns) < 2:
        return None
    values = np.asarray(returns, np.float64)
    deviation = float(values.std(ddof=1))
    # A constant series leaves a rounding residue of about one unit in the last place, not always an exact zero.
    if deviation <= abs(float(values.mean())) * 1e-14:
        return None
    return float(values.mean()) / deviation * math.sqrt(periods_per_year)


@dataclass(frozen=True, slots=True)
class WinLoss:
    """Counts and sums of winning and losing results; zeros are neither."""

    wins: int
    losses: int
    gained: int
    lost: int

    @property
    def win_rate(self) -> float | None:
        """Wins over wins and losses; None without either."""
        decided = self.wins + self.losses
        return self.wins / decided if decided else None

    @property
    def profit_factor(self) -> float | None:
        """Gained over lost; None when nothing was lost."""
        return self.gained / self.lost if self.lost else None


def win_loss(profits: np.ndarray) -> WinLoss:
    """Wins and losses of int64 results, as profits of round trips or days in `Money`."""
    values = [int(v) for v in profits]
    up, down = [v for v in values if v > 0], [v for v in values if v < 0]
    return WinLoss(len(up), len(down), sum(up), -sum(down))
