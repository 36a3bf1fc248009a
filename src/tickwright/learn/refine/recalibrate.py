"""A market's parameters corrected by what a run's fills say: one step of the method of simulated moments.

1. The run's orders are worked again in the market, on simulated days, by the same policy; `moments` reads the same
   figures off both. So what the policy does to the figures cancels, and the market remains.
2. Every parameter is moved by `STEP` (log) on the same days: the slope of the figures in it. One whose slope is surely
   in no figure is refused: the run cannot tell of it.
3. Weighted least squares of recorded less simulated on the slopes; the error of a step follows from that of the figures
   of both. Steps that are not surely apart from none are left out, the least sure first; so noise moves nothing.
4. What remains is cut at `largest_factor`, simulated once more, and taken only if the figures got nearer.

Source: McFadden, "A method of simulated moments", Econometrica 1989. Orders count as independent, the error of the
slopes is left out, and a recorded day's own orders see no impact but that of the replay's law.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tickwright.learn.estimate import Z
from tickwright.learn.refine.config import RefineConfig
from tickwright.learn.refine.fills import Evidence
from tickwright.learn.refine.moments import FIGURES, known, mean_and_covariance, told
from tickwright.venue.sim.reactive.parameters import FP

PARAMETERS = ("impact", "informed", "market orders")
STEP = 0.3
_SURE_SLOPE = 2.5
"""Standard errors that the steepest of a parameter's slopes must be away from none; above Z, for there are several."""
_MOST_INFORMED = 0.95

Simulate = Callable[[FP, str], np.ndarray]
"""Figures of the run's orders in a market, a row an order and simulated day, the same days every time."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of a parameter; `factor` and its standard error are logarithms' in `log_error`."""

    name: str
    factor: float
    log_error: float | None
    status: str
    """`moved`, `stays` or `refused`."""
    why: str


@dataclass(frozen=True, eq=False)
class Recalibration:
    """The corrected market, and why."""

    market: FP
    moved: tuple[Moved, ...]
    figures: dict[str, Any]
    """Recorded, before and after: value and standard error of each."""
    distance: tuple[float | None, float | None]
    """Sum of squared differences over their variances, before and after."""
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Without the market."""
        return {
            "moved": [dataclasses.asdict(one) for one in self.moved], "figures": self.figures,
            "distance": list(self.distance), "notes": list(self.notes),
        }  # fmt: skip


def scaled(market: FP, name: str, factor: float) -> FP:
    """The market with a parameter multiplied."""
    if name == "impact":
        return dataclasses.replace(market, impact=market.impact * factor)
    if name == "informed":
        return dataclasses.replace(market, informed=min(market.informed * factor, _MOST_INFORMED))
    assert name == "market orders"
    rates = tuple(rate * factor for rate in market.queues.market)
    return dataclasses.replace(market, queues=dataclasses.replace(market.queues, market=rates))


def with_factors(market: FP, moved: tuple[Moved, ...]) -> FP:
    """The market after its correction."""
    for one in moved:
        if one.factor != 1.0:
            market = scaled(market, one.name, one.factor)
    return market


def unchanged(market: FP, why: str) -> Recalibration:
    """No correction, for a reason."""
    moved = tuple(Moved(name, 1.0, None, "refused", why) for name in PARAMETERS)
    return Recalibration(market, moved, {}, (None, None), (why,))


def recalibrate(market: FP, evidence: Evidence, config: RefineConfig, simulate: Simulate) -> Recalibration:
    """The correction. Never raises for want of fills: it says that there are too few."""
    recorded = known(evidence.figures)
    if evidence.fills < config.least_fills or len(recorded) < config.least_orders:
        return unchanged(
            market,
            f"too few: {evidence.fills:,} fills, {len(recorded):,} orders that have every figure of "
            f"{len(evidence.figures):,}; {config.least_fills:,} and {config.least_orders:,} are asked for",
        )
    base = simulate(market, "as it is")
    if len(known(base)) < config.least_orders:
        return unchanged(market, f"too few: {len(known(base)):,} simulated orders have every figure")
    slopes, errors = np.zeros((2, len(FIGURES), len(PARAMETERS)))
    for k, name in enumerate(PARAMETERS):
        other = simulate(scaled(market, name, math.exp(STEP)), f"with more {name}")
        apart = known((other - base) / STEP)  # the same orders on the same days
        slopes[:, k], covariance = mean_and_covariance(apart)
        errors[:, k] = np.sqrt(np.diag(covariance))
    found = estimate(recorded, known(base), slopes, errors)
    most = math.log(config.largest_factor)
    moved = tuple(
        dataclasses.replace(one, factor=math.exp(np.clip(math.log(one.factor), -most, most))) for one in found
    )
    wanted, spread = mean_and_covariance(recorded)
    before = mean_and_covariance(known(base))
    figures = {"recorded": told(wanted, spread), "before": told(*before)}
    near = _distance(wanted - before[0], spread + before[1])
    if all(one.factor == 1.0 for one in moved):
        return Recalibration(market, moved, figures, (near, near), ())
    corrected = with_factors(market, moved)
    after = mean_and_covariance(known(simulate(corrected, "corrected")))
    figures["after"] = told(*after)
    nearer = _distance(wanted - after[0], spread + after[1])
    if nearer < near:
        return Recalibration(corrected, moved, figures, (near, nearer), ())
    why = f"the corrected market is no nearer to the fills: {nearer:.2f} against {near:.2f}"
    stays = tuple(dataclasses.replace(one, factor=1.0, status="refused", why=why) for one in moved)
    return Recalibration(market, stays, figures, (near, near), (why,))


def estimate(recorded: np.ndarray, simulated: np.ndarray, slopes: np.ndarray, errors: np.ndarray) -> tuple[Moved, ...]:
    """Factors of the parameters from figures (orders, figures) of both sides, and slopes (figures, parameters) with
    their standard errors."""
    (wanted, of_recorded), (found, of_simulated) = mean_and_covariance(recorded), mean_and_covariance(simulated)
    gap, covariance = wanted - found, of_recorded + of_simulated
    variance = np.maximum(np.diag(covariance), 1e-300)
    with np.errstate(divide="ignore", invalid="ignore"):
        steep = np.nanmax(np.where(slopes == 0.0, 0.0, np.abs(slopes) / errors), axis=0)
    told_of = {
        k: Moved(name, 1.0, None, "refused", "no figure of the run surely moves with it")
        for k, name in enumerate(PARAMETERS) if not steep[k] > _SURE_SLOPE
    }  # fmt: skip
    left = [k for k in range(len(PARAMETERS)) if k not in told_of]
    while left:
        weighted = slopes[:, left] / variance[:, None]
        gain = np.linalg.pinv(weighted.T @ slopes[:, left]) @ weighted.T
        step, error = gain @ gap, np.sqrt(np.diag(gain @ covariance @ gain.T))
        sure = np.abs(step) / np.maximum(error, 1e-300)
        if sure.min() > Z:
            for k, x, e in zip(left, step, error, strict=True):
                why = f"{math.exp(x):.3f} times, {abs(x) / e:.1f} standard errors from as it is"
                told_of[k] = Moved(PARAMETERS[k], math.exp(x), float(e), "moved", why)
            break
        k = left.pop(int(sure.argmin()))
        x, e = step[int(sure.argmin())], error[int(sure.argmin())]
        why = f"not surely another: {math.exp(x):.3f} times, {abs(x) / e:.1f} standard errors from as it is"
        told_of[k] = Moved(PARAMETERS[k], 1.0, float(e), "stays", why)
    return tuple(told_of[k] for k in range(len(PARAMETERS)))


def _distance(gap: np.ndarray, covariance: np.ndarray) -> float:
    return float((gap**2 / np.maximum(np.diag(covariance), 1e-300)).sum())
