"""VWAP: a rate in proportion to predicted volume.

The curve has to be a prediction, made of earlier days alone; with the realised curve of the day a back-test would see
the future. Naive in that it commits to the prediction and does not react to the volume that comes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tickwright.core.errors import ConfigError, ScheduleError
from tickwright.core.records import Mandate, Schedule
from tickwright.core.units import Lots, Nanos
from tickwright.strategy.intraday.grid import even_grid, schedule_of
from tickwright.strategy.options import require_positive

FLAT_NOTE = "VWAP: no earlier day to predict the volume curve from; the curve is flat, as in TWAP"


@dataclass(frozen=True, slots=True)
class VolumeCurve:
    """Predicted share of the session's volume in each bin.

    `edges` are the bins' borders in nanoseconds UTC of the day that is predicted, one more than `fractions`; `source`
    says from what it was predicted.
    """

    edges: tuple[Nanos, ...]
    fractions: tuple[float, ...]
    source: str = ""

    def __post_init__(self) -> None:
        if len(self.edges) != len(self.fractions) + 1 or not self.fractions:
            raise ConfigError("volume curve", len(self.fractions), f"{len(self.edges)} edges, one more than fractions")
        if any(b <= a for a, b in zip(self.edges, self.edges[1:], strict=False)):
            raise ConfigError("volume curve edges", self.edges, "rising times")
        if not all(np.isfinite(f) and f >= 0.0 for f in self.fractions) or sum(self.fractions) <= 0.0:
            raise ConfigError("volume curve fractions", self.fractions, "finite, not negative, not all zero")

    def volume_until(self, times: tuple[Nanos, ...]) -> np.ndarray:
        """Cumulative predicted share at each time (float64): linear within a bin, constant outside the session."""
        origin = self.edges[0]
        known = np.array([edge - origin for edge in self.edges], np.float64)
        asked = np.array([time - origin for time in times], np.float64)
        shares = np.concatenate(([0.0], np.cumsum(self.fractions))) / sum(self.fractions)
        return np.interp(asked, known, shares)


def vwap(start: Nanos, end: Nanos, slices: int, quantity: Lots, curve: VolumeCurve) -> Schedule:
    """Lots in proportion to predicted volume in `slices` equal slices of time, in whole lots.

    Raises ScheduleError when the curve predicts no volume between start and end, and as `even_grid`.
    """
    edges = even_grid(start, end, slices)
    shares = np.maximum(np.diff(curve.volume_until(edges)), 0.0)
    if float(shares.sum()) <= 0.0:
        raise ScheduleError(f"the volume curve predicts no volume between {start} and {end}")
    return schedule_of(edges, shares, quantity)


@dataclass(frozen=True, slots=True)
class Vwap:
    """Plans a mandate as VWAP; without a curve the plan is flat, and `notes` says so."""

    slices: int = 12
    curve: VolumeCurve | None = None

    def __post_init__(self) -> None:
        require_positive("vwap", self, "slices")

    @property
    def notes(self) -> tuple[str, ...]:
        """What a report has to say about the plan."""
        return (FLAT_NOTE,) if self.curve is None else ()

    def plan(self, mandate: Mandate) -> Schedule:
        """The schedule of a mandate. Raises ScheduleError, ConfigError."""
        curve = self.curve or VolumeCurve((mandate.start, mandate.deadline), (1.0,), "flat")
        return vwap(mandate.start, mandate.deadline, self.slices, mandate.quantity, curve)
