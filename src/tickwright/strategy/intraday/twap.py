"""TWAP: a constant rate. Naive in that it ignores how volume and volatility vary over the day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tickwright.core.records import Mandate, Schedule
from tickwright.core.units import Lots, Nanos
from tickwright.strategy.intraday.grid import even_grid, schedule_of
from tickwright.strategy.options import require_positive


def twap(start: Nanos, end: Nanos, slices: int, quantity: Lots) -> Schedule:
    """Equal lots in `slices` equal slices of time, in whole lots. Raises as `even_grid`."""
    return schedule_of(even_grid(start, end, slices), np.ones(slices), quantity)


@dataclass(frozen=True, slots=True)
class Twap:
    """Plans a mandate as TWAP in `slices` slices."""

    slices: int = 12

    notes: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        require_positive("twap", self, "slices")

    def plan(self, mandate: Mandate) -> Schedule:
        """The schedule of a mandate. Raises ScheduleError, ConfigError."""
        return twap(mandate.start, mandate.deadline, self.slices, mandate.quantity)
