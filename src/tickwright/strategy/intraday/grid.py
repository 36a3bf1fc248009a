"""Time grids, and shares of a quantity in whole lots."""

from __future__ import annotations

import numpy as np

from tickwright.core.errors import ConfigError, ScheduleError
from tickwright.core.records import Schedule
from tickwright.core.units import Lots, Nanos


def even_grid(start: Nanos, end: Nanos, slices: int) -> tuple[Nanos, ...]:
    """The `slices + 1` edges of equal slices from start to end, exact to the nanosecond at both ends.

    Raises ScheduleError when the end does not lie after the start by at least a nanosecond a slice, ConfigError when
    there is not one slice.
    """
    if slices < 1:
        raise ConfigError("slices", slices, "at least 1")
    if end - start < slices:
        raise ScheduleError(f"{slices} slices do not fit between {start} and {end} (nanoseconds)")
    return tuple(start + (end - start) * j // slices for j in range(slices + 1))


def schedule_of(edges: tuple[Nanos, ...], shares: np.ndarray, quantity: Lots) -> Schedule:
    """A schedule in whole lots that follows the shares (float64, one a slice, not negative, any positive sum).

    The cumulative quantity at each edge is the exact one rounded to the nearest lot, half a lot upwards: never more
    than half a lot from the plan at any edge, and the total is the quantity. Raises ScheduleError for a share that is
    negative or not finite, and when the shares add up to nothing.
    """
    shares = np.asarray(shares, np.float64)
    if len(shares) != len(edges) - 1:
        raise ScheduleError(f"{len(shares)} shares for {len(edges) - 1} slices")
    if not np.all(np.isfinite(shares)) or np.any(shares < 0.0):
        raise ScheduleError(f"the shares of a schedule must be finite and not negative, got {shares.tolist()}")
    total = float(shares.sum())
    if total <= 0.0:
        raise ScheduleError("the shares of a schedule add up to nothing")
    planned = np.cumsum(shares) / total * quantity
    lots = np.minimum(np.floor(planned + 0.5), quantity).astype(np.int64)
    lots[-1] = quantity
    return Schedule(edges[1:], tuple(lots.tolist()))


def slice_lots(schedule: Schedule) -> tuple[Lots, ...]:
    """The lots of each slice: the differences of the cumulative quantities."""
    before = (0, *schedule.cumulative[:-1])
    return tuple(b - a for a, b in zip(before, schedule.cumulative, strict=True))
