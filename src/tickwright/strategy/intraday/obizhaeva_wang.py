"""Obizhaeva–Wang: the least expected cost under transient impact that decays with a kernel G.

Trades n at times t cost ½ nᵀKn with K_ij = G(|t_i − t_j|), so the best ones for a total X are n = X K⁻¹1/(1ᵀK⁻¹1).
Source: Obizhaeva and Wang, "Optimal trading strategy and supply/demand dynamics", Journal of Financial Markets 16
(2013), 1–32; general kernels: Gatheral, Schied and Slynko, "Transient linear price impact and Fredholm integral
equations", Mathematical Finance 22 (2012). Naive in that impact is linear in size, the book's depth is constant, and
the risk of waiting has no price.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tickwright.core.errors import ConfigError
from tickwright.core.records import Mandate, Schedule
from tickwright.core.units import MINUTE, Lots, Nanos
from tickwright.strategy.intraday.grid import even_grid, schedule_of
from tickwright.strategy.options import require_positive

Kernel = Callable[[np.ndarray], np.ndarray]
_TOLERANCE = 1e-10


def exponential(half_life: float) -> Kernel:
    """G(t) = 2^(−t/half_life): impact halves every half-life. Raises ConfigError if that is not positive."""
    if not (math.isfinite(half_life) and half_life > 0.0):
        raise ConfigError("half_life", half_life, "a positive duration")
    return lambda lag: np.exp2(-lag / half_life)


def kernel_matrix(kernel: Kernel, times: np.ndarray) -> np.ndarray:
    """K_ij = G(|t_i − t_j|), float64 (N, N)."""
    return np.asarray(kernel(np.abs(times[:, None] - times[None, :])), np.float64)


def require_no_manipulation(matrix: np.ndarray) -> None:
    """Raise ConfigError unless K is positive semidefinite on trades that add up to zero.

    Otherwise a round trip would earn money from nothing but its own impact: price manipulation, under which no best
    schedule exists.
    """
    count = len(matrix)
    centred = np.eye(count) - 1.0 / count
    lowest = float(np.linalg.eigvalsh(centred @ matrix @ centred)[0])
    if lowest < -_TOLERANCE * max(1.0, float(np.abs(matrix).max())) * count:
        raise ConfigError(
            "impact kernel", f"lowest eigenvalue {lowest:.3g} on round trips", "none below 0 (price manipulation)"
        )


def optimal_trades(matrix: np.ndarray, quantity: float) -> np.ndarray:
    """n = X K⁻¹1/(1ᵀK⁻¹1), float64 (N,): the trades of least ½ nᵀKn that add up to X.

    Solved with the multiplier of the constraint as one more unknown, which needs K positive on round trips alone.
    Raises ConfigError as `require_no_manipulation`.
    """
    require_no_manipulation(matrix)
    count = len(matrix)
    system = np.ones((count + 1, count + 1))
    system[:count, :count] = matrix
    system[count, count] = 0.0
    target = np.zeros(count + 1)
    target[count] = quantity
    return np.asarray(np.linalg.lstsq(system, target, rcond=None)[0][:count], np.float64)


def obizhaeva_wang(start: Nanos, end: Nanos, slices: int, quantity: Lots, kernel: Kernel) -> Schedule:
    """The optimal trades at the beginnings of `slices` equal slices, in whole lots; `kernel` takes nanoseconds.

    Each trade is due by the end of its slice. Raises ConfigError for a kernel with price manipulation, or one whose
    best trades change sign (transaction-triggered manipulation), and as `even_grid`.
    """
    edges = even_grid(start, end, slices)
    times = np.array([edge - start for edge in edges[:-1]], np.float64)
    trades = optimal_trades(kernel_matrix(kernel, times), 1.0)
    if float(trades.min()) < -1e-9:
        raise ConfigError("impact kernel", f"trades {trades.round(4).tolist()}", "trades all of one sign")
    return schedule_of(edges, np.maximum(trades, 0.0), quantity)


@dataclass(frozen=True, slots=True)
class ObizhaevaWang:
    """Plans a mandate for impact that decays exponentially: a block, a constant rate, a block."""

    slices: int = 12
    half_life: Nanos = 5 * MINUTE

    notes: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        require_positive("ow", self, "slices", "half_life")

    def plan(self, mandate: Mandate) -> Schedule:
        """The schedule of a mandate. Raises ScheduleError, ConfigError."""
        kernel = exponential(float(self.half_life))
        return obizhaeva_wang(mandate.start, mandate.deadline, self.slices, mandate.quantity, kernel)
