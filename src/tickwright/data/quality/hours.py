"""When a market is open, as far as a calendar says it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tickwright.core.units import Nanos


@dataclass(frozen=True, eq=False)
class Hours:
    """Sessions as half-open spans of time in order: int64 ns UTC, `opens[k] ≤ t < closes[k]`."""

    opens: np.ndarray
    closes: np.ndarray

    def within(self, moments: np.ndarray) -> np.ndarray:
        """Whether each moment lies in a session."""
        if not self.opens.size:
            return np.zeros(moments.size, bool)
        at = np.searchsorted(self.opens, moments, side="right") - 1
        inside: np.ndarray = (at >= 0) & (moments < self.closes[np.maximum(at, 0)])
        return inside

    def open_time(self, begin: Nanos, end: Nanos) -> Nanos:
        """How much of a span is session time."""
        opened = np.minimum(self.closes, end) - np.maximum(self.opens, begin)
        return int(opened[opened > 0].sum())
